// Arguments, environment, clocks, randomness, and the end of the program.
#include <algorithm>

#include "wasi/wasi.h"

namespace weft::wasi {

namespace {

constexpr uint32_t random_step_bytes = 1 << 20;  // about 2 ms of a core

uint64_t bytes_of(const std::vector<std::string>& strings) {
  uint64_t bytes = 0;
  for (const std::string& s : strings) {
    bytes += s.size() + 1;
  }
  return bytes;
}

// The number of a preview 1 signal on Linux when its action is to end the process; 0 when it is
// ignored, -1 when it stops. In the order of preview 1: none hup int quit ill trap abrt bus fpe
// kill usr1 segv usr2 pipe alrm term chld cont stop tstp ttin ttou urg xcpu xfsz vtalrm prof winch
// poll pwr sys.
constexpr int signal_numbers[] = {0, 1, 2,  3,  4,  5,  6, 7,  8,  9,  10, 11, 12, 0,  14, 15,
                                  0, 0, -1, -1, -1, -1, 0, 24, 25, 26, 27, 0,  29, 30, 31};

}  // namespace

Answer<Errno> Wasi::string_sizes(const std::vector<std::string>& strings, GuestAddress count,
                                 GuestAddress bytes) const {
  host::Memory m = memory();
  if (!m.bytes(count, 4) || !m.bytes(bytes, 4)) {
    return Errno::fault;
  }
  (void)m.store(count, static_cast<uint32_t>(strings.size()));
  (void)m.store(bytes, static_cast<uint32_t>(bytes_of(strings)));
  return Errno::success;
}

Answer<Errno> Wasi::copy_strings(const std::vector<std::string>& strings, GuestAddress pointers,
                                 GuestAddress buf) const {
  host::Memory m = memory();
  if (!m.bytes(pointers, strings.size() * 4) || !m.bytes(buf, bytes_of(strings))) {
    return Errno::fault;
  }
  for (const std::string& s : strings) {
    auto target = m.bytes(buf, s.size() + 1);
    std::memcpy(target->data(), s.c_str(), s.size() + 1);
    (void)m.store(pointers, static_cast<uint32_t>(buf));
    pointers = pointers + 4;
    buf = buf + static_cast<uint32_t>(s.size() + 1);
  }
  return Errno::success;
}

Answer<Errno> Wasi::args_get(GuestAddress argv, GuestAddress argv_buf) {
  return copy_strings(args_, argv, argv_buf);
}

Answer<Errno> Wasi::args_sizes_get(GuestAddress count, GuestAddress bytes) {
  return string_sizes(args_, count, bytes);
}

Answer<Errno> Wasi::environ_get(GuestAddress environ, GuestAddress environ_buf) {
  return copy_strings(env_, environ, environ_buf);
}

Answer<Errno> Wasi::environ_sizes_get(GuestAddress count, GuestAddress bytes) {
  return string_sizes(env_, count, bytes);
}

uint64_t Wasi::now_ns(ClockId id) const {
  return clocks_->now_ns(id) + clock_offsets_ns_[static_cast<size_t>(id)];
}

Answer<Errno> Wasi::clock_res_get(uint32_t id, GuestAddress resolution) {
  if (id >= clock_ids) {
    return Errno::inval;
  }
  return memory().store(resolution, clocks_->resolution_ns(ClockId{id})) ? Errno::success
                                                                         : Errno::fault;
}

Answer<Errno> Wasi::clock_time_get(uint32_t id, uint64_t, GuestAddress time) {
  if (id >= clock_ids) {
    return Errno::inval;
  }
  return memory().store(time, now_ns(ClockId{id})) ? Errno::success : Errno::fault;
}

Answer<Errno> Wasi::random_get(GuestAddress buf, uint32_t length) {
  auto bytes = memory().bytes(buf, length);
  if (!bytes) {
    return Errno::fault;
  }
  CallState& state = call();
  auto left = bytes->subspan(std::min<uint64_t>(state.done, length));
  size_t step = std::min<size_t>(left.size(), random_step_bytes);
  if (Errno e = random_->fill(left.first(step)); e != Errno::success) {
    return e;
  }
  state.done += step;
  if (state.done < length) {
    return give_way();
  }
  return Errno::success;
}

Answer<Errno> Wasi::sched_yield() {
  if (guest().resumed()) {
    return Errno::success;
  }
  return give_way();
}

Answer<void> Wasi::proc_exit(uint32_t code) { return guest().exit(code); }

Answer<Errno> Wasi::proc_raise(uint32_t signal) {
  if (signal >= std::size(signal_numbers)) {
    return Errno::inval;
  }
  int number = signal_numbers[signal];
  if (number < 0) {
    return Errno::notsup;
  }
  if (number == 0) {
    return Errno::success;
  }
  return guest().exit(
      128 + static_cast<uint32_t>(number));  // what a shell says of a program that a signal ended
}

}  // namespace weft::wasi
