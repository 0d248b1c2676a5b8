// poll_oneoff: looks once at everything that was subscribed to, and when nothing has happened the
// guest waits, not the thread. Then the call is made again and looks once more, until something
// did.
#include <poll.h>
#include <sys/ioctl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <map>

#include "wasi/host_io.h"
#include "wasi/wasi.h"

namespace weft::wasi {

namespace {

using Kind = Descriptor::Kind;

constexpr uint32_t max_subscriptions = 16'384;
constexpr uint64_t never = UINT64_MAX;

uint64_t saturating_add(uint64_t a, uint64_t b) { return a > never - b ? never : a + b; }

Event event_of(const Subscription& s, Errno error, uint64_t nbytes = 0, uint16_t flags = 0) {
  return {.userdata = s.userdata,
          .error = error,
          .type = static_cast<EventType>(s.tag),
          .reserved0 = {},
          .nbytes = nbytes,
          .flags = flags,
          .reserved1 = {}};
}

bool is_clock(const Subscription& s) { return s.tag == static_cast<uint8_t>(EventType::clock); }
bool is_read(const Subscription& s) { return s.tag == static_cast<uint8_t>(EventType::fd_read); }

bool valid_clock(const Subscription& s) {
  return s.clock.id < clock_ids && (s.clock.flags & ~subclock_abstime) == 0;
}

// A realtime deadline moves when the clock is set, so it is computed anew each time; the others
// stay.
bool follows_realtime(const Subscription& s) {
  return is_clock(s) && valid_clock(s) && s.clock.id == static_cast<uint32_t>(ClockId::realtime) &&
         s.clock.flags != 0;
}

uint64_t bytes_to_read(const Descriptor& d) {
  if (d.kind == Kind::file) {
    struct stat s = {};
    off_t position = lseek(d.fd, 0, SEEK_CUR);
    return fstat(d.fd, &s) == 0 && position >= 0 && s.st_size > position
               ? static_cast<uint64_t>(s.st_size - position)
               : 0;
  }
  int available = 0;
  return ioctl(d.fd, FIONREAD, &available) == 0 && available > 0 ? static_cast<uint64_t>(available)
                                                                 : 0;
}

// What the kernel said of one descriptor, or nothing when it is not ready.
std::optional<Event> polled_event(const Subscription& s, const Descriptor& d, const pollfd& p) {
  if ((p.revents & POLLNVAL) != 0) {
    return event_of(s, Errno::badf);
  }
  if ((p.revents & (p.events | POLLERR | POLLHUP) & ~POLLRDHUP) == 0) {
    return std::nullopt;
  }
  uint64_t nbytes = is_read(s) && d.kind != Kind::listener ? bytes_to_read(d) : 0;
  uint16_t flags = (p.revents & (POLLHUP | POLLRDHUP)) != 0 ? event_hangup : uint16_t{0};
  return event_of(s, Errno::success, nbytes, flags);
}

// One entry for each descriptor, however often it was subscribed to.
std::vector<host::FdWait> merged(const std::vector<pollfd>& polled) {
  std::map<int, short> events;
  for (const pollfd& p : polled) {
    if (p.fd >= 0) {
      events[p.fd] = static_cast<short>(events[p.fd] | (p.events & (POLLIN | POLLOUT)));
    }
  }
  std::vector<host::FdWait> waits;
  waits.reserve(events.size());
  for (auto [fd, wanted] : events) {
    waits.push_back({fd, wanted});
  }
  return waits;
}

}  // namespace

uint64_t Wasi::deadline_ns(const Subscription& s, uint64_t now) const {
  if (!is_clock(s) || !valid_clock(s)) {
    return never;
  }
  uint64_t left = s.clock.timeout;
  if (s.clock.flags == subclock_abstime) {
    uint64_t clock = now_ns(ClockId{s.clock.id});
    left = s.clock.timeout > clock ? s.clock.timeout - clock : 0;
  }
  return saturating_add(now, left);
}

std::optional<Event> Wasi::clock_event(const Subscription& s, uint64_t deadline,
                                       uint64_t now) const {
  if (!valid_clock(s)) {
    return event_of(s, Errno::inval);
  }
  return deadline <= now ? std::optional(event_of(s, Errno::success)) : std::nullopt;
}

// The event when it can be told without the kernel; else `polled` gets an entry, in every case
// exactly one.
std::optional<Event> Wasi::fd_event(const Subscription& s, std::vector<pollfd>& polled) const {
  polled.push_back({-1, 0, 0});
  const Descriptor* d = table_.find(s.fd_readwrite.fd);
  if (d == nullptr) {
    return event_of(s, Errno::badf);
  }
  if (!d->may(rights::poll_fd_readwrite | (is_read(s) ? rights::fd_read : rights::fd_write))) {
    return event_of(s, Errno::notcapable);
  }
  if (d->kind == Kind::file) {
    return event_of(s, Errno::success, is_read(s) ? bytes_to_read(*d) : 0);
  }
  if (d->kind == Kind::input_buffer) {
    uint64_t left = buffers_[0].size() - input_position_;
    return event_of(s, Errno::success, left, left == 0 ? event_hangup : uint16_t{0});
  }
  if (d->kind == Kind::output_buffer) {
    return event_of(s, Errno::success);
  }
  short events = is_read(s) ? POLLIN : POLLOUT;
  if (d->kind == Kind::socket) {
    events |= POLLRDHUP;
  }
  polled.back() = {d->fd, events, 0};
  return std::nullopt;
}

Answer<Errno> Wasi::poll_oneoff(GuestAddress in, GuestAddress out, uint32_t count,
                                GuestAddress events) {
  if (count == 0 || count > max_subscriptions) {
    return Errno::inval;
  }
  auto list = memory().bytes(in, uint64_t{count} * sizeof(Subscription));
  auto room = memory().bytes(out, uint64_t{count} * sizeof(Event));
  if (!list || !room || !memory().bytes(events, 4)) {
    return Errno::fault;
  }
  std::vector<Subscription> subscriptions(count);
  std::memcpy(subscriptions.data(), list->data(), list->size());
  auto unknown = [](const Subscription& s) {
    return s.tag > static_cast<uint8_t>(EventType::fd_write);
  };
  if (std::ranges::any_of(subscriptions, unknown)) {
    return Errno::inval;
  }
  uint64_t now = now_ns(ClockId::monotonic);
  std::vector<uint64_t>& deadlines = call().deadlines_ns;
  bool begins = deadlines.size() != count;
  deadlines.resize(count, never);
  std::vector<pollfd> polled;
  std::vector<std::optional<Event>> fired(count);
  for (size_t i = 0; i < count; ++i) {
    const Subscription& s = subscriptions[i];
    if (begins || follows_realtime(s)) {
      deadlines[i] = deadline_ns(s, now);
    }
    if (is_clock(s)) {
      polled.push_back({-1, 0, 0});
      fired[i] = clock_event(s, deadlines[i], now);
    } else {
      fired[i] = fd_event(s, polled);
    }
  }
  (void)uninterrupted([&] { return poll(polled.data(), polled.size(), 0); });
  std::byte* next = room->data();
  for (size_t i = 0; i < count; ++i) {
    if (polled[i].fd >= 0) {
      fired[i] =
          polled_event(subscriptions[i], *table_.find(subscriptions[i].fd_readwrite.fd), polled[i]);
    }
    if (fired[i]) {
      std::memcpy(next, &*fired[i], sizeof(Event));
      next += sizeof(Event);
    }
  }
  if (next != room->data()) {
    return finish(events, static_cast<uint64_t>(next - room->data()) / sizeof(Event));
  }
  host::Wait wait{.fds = merged(polled), .deadline = std::nullopt};
  if (uint64_t first = *std::ranges::min_element(deadlines);
      first < static_cast<uint64_t>(INT64_MAX)) {
    uint64_t host_ns = first - clock_offsets_ns_[static_cast<size_t>(ClockId::monotonic)];
    wait.deadline = host::Clock::time_point(std::chrono::nanoseconds(host_ns));
  }
  return guest().wait(std::move(wait));
}

}  // namespace weft::wasi
