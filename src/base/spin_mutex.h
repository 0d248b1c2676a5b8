// A mutex for sections of a few dozen instructions: who finds it taken looks again rather than
// sleep, and gives the processor away when its holder seems to have lost it.
//
// Thread safety: any thread; not recursive.
#pragma once

#include <immintrin.h>

#include <atomic>
#include <thread>

namespace weft {

class SpinMutex {
 public:
  void lock() {
    for (int looks = 0; taken_.exchange(true, std::memory_order_acquire);) {
      while (taken_.load(std::memory_order_relaxed)) {
        if (++looks < patience) {
          _mm_pause();
        } else {
          std::this_thread::yield();
        }
      }
    }
  }
  void unlock() { taken_.store(false, std::memory_order_release); }

 private:
  static constexpr int patience = 300;  // some 10 µs
  std::atomic<bool> taken_ = false;
};

}  // namespace weft
