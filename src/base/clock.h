// What time of day it is: a seam, since that clock may jump in either direction.
//
// Durations on this machine are std::chrono::steady_clock's business. This clock is for times that
// are shown, kept and compared after a restart; whoever uses it says what a jump does.
//
// Thread safety: any thread.
#pragma once

#include <atomic>
#include <chrono>

namespace weft {

using WallTime = std::chrono::sys_time<std::chrono::microseconds>;

class Clock {
 public:
  virtual ~Clock() = default;
  virtual WallTime now() const = 0;
};

class SystemClock : public Clock {
 public:
  WallTime now() const override {
    return std::chrono::floor<std::chrono::microseconds>(std::chrono::system_clock::now());
  }
};

// Stands still until it is told otherwise.
class FakeClock : public Clock {
 public:
  explicit FakeClock(WallTime now = WallTime(std::chrono::seconds(1'800'000'000))) : now_(now) {}
  WallTime now() const override { return now_; }
  void advance(std::chrono::microseconds by) { now_ = now_.load() + by; }  // negative: a jump back

 private:
  std::atomic<WallTime> now_;
};

}  // namespace weft
