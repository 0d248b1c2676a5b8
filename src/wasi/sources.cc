#include "wasi/sources.h"

#include <sys/random.h>

#include <algorithm>
#include <cerrno>
#include <ctime>

namespace weft::wasi {

namespace {

clockid_t host_clock(ClockId id) {
  switch (id) {
    case ClockId::realtime:
      return CLOCK_REALTIME;
    case ClockId::monotonic:
      return CLOCK_MONOTONIC;
    case ClockId::process_cputime:
      return CLOCK_PROCESS_CPUTIME_ID;
    case ClockId::thread_cputime:
      return CLOCK_THREAD_CPUTIME_ID;
  }
  return CLOCK_REALTIME;
}

uint64_t nanoseconds(const timespec& t) {
  return static_cast<uint64_t>(t.tv_sec) * 1'000'000'000u + static_cast<uint64_t>(t.tv_nsec);
}

class SystemClocks : public Clocks {
 public:
  uint64_t now_ns(ClockId id) const override {
    timespec t = {};
    CHECK(clock_gettime(host_clock(id), &t) == 0);
    return nanoseconds(t);
  }
  uint64_t resolution_ns(ClockId id) const override {
    timespec t = {};
    CHECK(clock_getres(host_clock(id), &t) == 0);
    return std::max<uint64_t>(1, nanoseconds(t));
  }
};

class SystemRandom : public Random {
 public:
  Errno fill(std::span<std::byte> bytes) const override {
    while (!bytes.empty()) {
      ssize_t n = getrandom(bytes.data(), bytes.size(), 0);
      if (n < 0) {
        if (errno == EINTR) {
          continue;
        }
        return errno_of(errno);
      }
      bytes = bytes.subspan(static_cast<size_t>(n));
    }
    return Errno::success;
  }
};

}  // namespace

const Clocks& system_clocks() {
  static const SystemClocks clocks;
  return clocks;
}

const Random& system_random() {
  static const SystemRandom random;
  return random;
}

}  // namespace weft::wasi
