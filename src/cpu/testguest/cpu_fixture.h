// What the tests of this module share: a pool, an attached thread, and the plainest host functions.
//
// Thread safety: as a test, of one thread.
#pragma once

#include <gtest/gtest.h>

#include <memory>

#include "cpu/testguest/test_guest.h"
#include "cpu/thread.h"

namespace weft::cpu::testguest {

inline HostReturn identity(void*, uint64_t a0, uint64_t, uint64_t, uint64_t, uint64_t) {
  return {a0, Action::go_on};
}
inline HostReturn waits(void*, uint64_t, uint64_t, uint64_t, uint64_t, uint64_t) {
  return {0, Action::suspend};
}
inline HostReturn stops(void*, uint64_t, uint64_t, uint64_t, uint64_t, uint64_t) {
  return {0, Action::stop};
}

class CpuTest : public ::testing::Test {
 protected:
  void SetUp() override {
    pool_ = *slot::SlotPool::reserve(8);
    thread_ = *Thread::attach();
  }

  // Runs to an end that is not a tick.
  Exit run(TestGuest& guest, uint64_t* ticks = nullptr) {
    for (;;) {
      Exit exit = thread_->enter(guest.activation);
      if (exit.reason != Leave::preempted && exit.reason != Leave::interrupted) {
        return exit;
      }
      if (ticks != nullptr) {
        ++*ticks;
      }
    }
  }
  uint64_t result_of(TestGuest& guest, const char* function, uint64_t a0,
                     uint64_t* ticks = nullptr) {
    guest.arg(0) = a0;
    guest.prepare(function);
    EXPECT_EQ(run(guest, ticks).reason, Leave::returned);
    return guest.arg(0);
  }

  std::unique_ptr<slot::SlotPool> pool_;
  std::unique_ptr<Thread> thread_;
};

}  // namespace weft::cpu::testguest
