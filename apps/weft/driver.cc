#include "driver.h"

#include <poll.h>
#include <sys/eventfd.h>

#include <algorithm>
#include <cerrno>
#include <vector>

namespace weft::cli {

namespace {

// What poll(2) takes: -1 is for ever, and rounding is up, so that a deadline has passed when it
// returns.
timespec left_until(Driver::Deadline a, Driver::Deadline b) {
  Driver::Deadline first = a && b ? std::min(*a, *b) : a ? a : b;
  auto left = std::max(*first - host::Clock::now(), host::Clock::duration(0));
  auto seconds = std::chrono::floor<std::chrono::seconds>(left);
  return {.tv_sec = seconds.count(), .tv_nsec = (left - seconds).count()};
}

bool has_passed(Driver::Deadline deadline) { return deadline && host::Clock::now() >= *deadline; }

}  // namespace

Result<std::unique_ptr<Driver>> Driver::create(Signals& signals) {
  TRY(thread, cpu::Thread::attach());
  UniqueFd event(eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK));
  if (!event) {
    return io_error(errno, "making an event descriptor");
  }
  signals.guard(*thread, event.value());
  return std::unique_ptr<Driver>(new Driver(signals, std::move(thread), std::move(event)));
}

Result<Driver::Stop> Driver::run(faaslet::Faaslet& faaslet, Deadline deadline) {
  int event = event_.value();
  faaslet.on_wake([event] {
    uint64_t one = 1;
    (void)!write(event, &one, sizeof one);
  });
  TRY_VOID(set_tick(deadline));
  Result<Stop> stop = Stop::ended;
  while (faaslet.state() != faaslet::State::ended) {
    if (signals_.pending() != 0) {
      stop = Stop::signalled;
      break;
    }
    if (has_passed(deadline)) {
      stop = Stop::deadline;
      break;
    }
    if (faaslet.state() == faaslet::State::waiting) {
      TRY_VOID(wait(faaslet, deadline));
    } else if (faaslet.step(*thread_) == faaslet::State::ready) {
      TRY_VOID(set_tick(deadline));  // it was preempted, perhaps a little before the deadline
    }
  }
  faaslet.on_wake({});
  TRY_VOID(set_tick(std::nullopt));
  return stop;
}

Result<Driver::Stop> Driver::run(threads::Program& program, Deadline deadline) {
  while (!program.has_ended()) {
    if (signals_.pending() != 0) {
      return Stop::signalled;
    }
    if (has_passed(deadline)) {
      return Stop::deadline;
    }
    pollfd polled[] = {{event_.value(), POLLIN, 0}, {program.ended_event(), POLLIN, 0}};
    timespec limit = deadline ? left_until(deadline, std::nullopt) : timespec{};
    if (ppoll(polled, std::size(polled), deadline ? &limit : nullptr, nullptr) < 0 &&
        errno != EINTR) {
      return io_error(errno, "waiting for the program's end");
    }
  }
  return Stop::ended;
}

Result<void> Driver::set_tick(Deadline deadline) {
  if (!deadline) {
    return thread_->set_tick(std::chrono::nanoseconds(0));
  }
  auto left = *deadline - host::Clock::now();
  return thread_->set_tick(
      std::max<std::chrono::nanoseconds>(left, std::chrono::microseconds(100)));
}

// Makes the faaslet ready when something that it waits for has happened; returns early for a signal
// or our own deadline.
Result<void> Driver::wait(faaslet::Faaslet& faaslet, Deadline deadline) {
  const host::Wait& wanted = faaslet.waiting_for();
  if (wanted.fds.empty() && has_passed(wanted.deadline)) {  // it only gave others a turn
    faaslet.make_ready();
    return {};
  }
  std::vector<pollfd> polled;
  polled.reserve(wanted.fds.size() + 1);
  polled.push_back({event_.value(), POLLIN, 0});
  for (const host::FdWait& fd : wanted.fds) {
    polled.push_back({fd.fd, fd.events, 0});
  }
  bool bounded = wanted.deadline || deadline;
  timespec limit = bounded ? left_until(wanted.deadline, deadline) : timespec{};
  int happened = ppoll(polled.data(), polled.size(), bounded ? &limit : nullptr, nullptr);
  if (happened < 0 && errno != EINTR) {
    return io_error(errno, "waiting for the guest's descriptors");
  }
  bool woken = happened > 0 && polled[0].revents != 0;
  if (woken) {
    clear_event();
  }
  // A wake for nothing is allowed: the host call is made again and waits again.
  if (happened > 0 || has_passed(wanted.deadline)) {
    faaslet.make_ready();
  }
  return {};
}

void Driver::clear_event() const {
  uint64_t count = 0;
  (void)!read(event_.value(), &count, sizeof count);
}

}  // namespace weft::cli
