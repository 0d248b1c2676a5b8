// A mutex for sections of some 10 µs: who finds it taken looks again for about 100 µs, and only
// then sleeps. Waking a sleeper would take longer than such a section.
//
// Thread safety: any thread; not recursive.
#pragma once

#include <immintrin.h>

#include <atomic>
#include <cstdint>

namespace weft {

class PatientMutex {
 public:
  void lock() {
    for (int looks = 0; looks < patience; ++looks) {
      uint32_t found = state_.load(std::memory_order_relaxed);
      if (found == free &&
          state_.compare_exchange_strong(found, taken, std::memory_order_acquire)) {
        return;
      }
      _mm_pause();
    }
    while (state_.exchange(awaited, std::memory_order_acquire) != free) {
      state_.wait(awaited, std::memory_order_relaxed);
    }
  }
  void unlock() {
    if (state_.exchange(free, std::memory_order_release) == awaited) {
      state_.notify_one();
    }
  }

 private:
  static constexpr int patience = 3000;
  static constexpr uint32_t free = 0;
  static constexpr uint32_t taken = 1;
  static constexpr uint32_t awaited = 2;  // taken, and somebody may sleep
  std::atomic<uint32_t> state_ = free;
};

}  // namespace weft
