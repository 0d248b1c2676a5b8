// Where a guest's time and randomness come from: two narrow interfaces, the machine's own, and a
// fake of each for tests.
//
// Thread safety: the system's are safe from any thread; the fakes belong to one test.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <random>
#include <span>

#include "base/result.h"
#include "wasi/abi.h"

namespace weft::wasi {

// Nanoseconds. `monotonic` counts like host::Clock (std::chrono::steady_clock), so that a deadline
// means the same in both.
class Clocks {
 public:
  virtual ~Clocks() = default;
  virtual uint64_t now_ns(ClockId id) const = 0;
  virtual uint64_t resolution_ns(ClockId id) const = 0;  // never 0
};

// Fills with bytes nobody can predict; never blocks once the machine's generator is seeded.
class Random {
 public:
  virtual ~Random() = default;
  [[nodiscard]] virtual Errno fill(std::span<std::byte> bytes) const = 0;
};

const Clocks& system_clocks();
const Random& system_random();

class FakeClocks : public Clocks {
 public:
  uint64_t now_ns(ClockId id) const override { return now_[static_cast<size_t>(id)]; }
  uint64_t resolution_ns(ClockId) const override { return 1000; }
  void set(ClockId id, uint64_t ns) { now_[static_cast<size_t>(id)] = ns; }
  void advance(uint64_t ns) {  // the two clocks of the wall; a guest that waits uses no processor
    now_[0] += ns;
    now_[1] += ns;
  }

 private:
  std::array<uint64_t, clock_ids> now_ = {1'700'000'000'000'000'000u, 5'000'000'000u, 0, 0};
};

class FakeRandom : public Random {
 public:
  explicit FakeRandom(uint64_t seed) : engine_(seed) {}
  Errno fill(std::span<std::byte> bytes) const override {
    for (std::byte& b : bytes) {
      b = static_cast<std::byte>(engine_());
    }
    return Errno::success;
  }

 private:
  mutable std::mt19937_64 engine_;
};

}  // namespace weft::wasi
