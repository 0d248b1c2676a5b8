// A tick at every instruction between the call of enter() and its return: the trap flag steps the
// processor, and the handler of a step sends the tick that the kernel then delivers exactly there.
// No window of the switches can hide from it.

#include <gtest/gtest.h>
#include <signal.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <atomic>

#include "cpu/core.h"
#include "cpu/testguest/test_guest.h"
#include "cpu/thread.h"

#ifdef WEFT_HIDE_SIGNALS_FROM_SANITIZER
extern "C" int __sigaction(int, const struct sigaction*,
                           struct sigaction*);  // glibc's own, under the interceptor
#endif

namespace weft::cpu {
namespace {

using testguest::TestGuest;

constexpr uint64_t trap_flag = 1 << 8;

// A sanitizer makes thousands of instructions of enter(), and what is tried for each of them takes
// all that come before it. There only every so many are tried.
#ifdef WEFT_HIDE_SIGNALS_FROM_SANITIZER
constexpr long stride = 61;
constexpr long beyond_enter = 6000;  // instructions; a guest runs by then
#else
constexpr long stride = 1;
constexpr long beyond_enter = 200;
#endif

enum class Kind { tick, interrupt };

// What the handler of a step must reach.
std::atomic<long> steps_left = 0;
std::atomic<Kind> kind_to_send = Kind::tick;

void send(Kind kind) {
  if (kind == Kind::interrupt) {
    ::syscall(SYS_tgkill, ::getpid(), ::syscall(SYS_gettid), tick_signal());
  } else {
    siginfo_t info = {};
    info.si_signo = tick_signal();
    info.si_code = SI_QUEUE;
    ::syscall(SYS_rt_tgsigqueueinfo, ::getpid(), ::syscall(SYS_gettid), tick_signal(), &info);
  }
}

void on_step(int, siginfo_t*, void* context) {
  auto& flags = static_cast<ucontext_t*>(context)->uc_mcontext.gregs[REG_EFL];
  if (--steps_left == 0) {
    flags &= ~static_cast<greg_t>(trap_flag);
    send(kind_to_send);  // blocked until this handler has returned
  } else {
    flags |= static_cast<greg_t>(trap_flag);  // `popfq` clears it on the way
  }
}

// Steps come in the middle of a sanitizer's runtime too, which then must not be entered again.
void set_step_handler(const struct sigaction& action, struct sigaction* previous) {
#ifdef WEFT_HIDE_SIGNALS_FROM_SANITIZER
  ASSERT_EQ(__sigaction(SIGTRAP, &action, previous), 0);
#else
  ASSERT_EQ(::sigaction(SIGTRAP, &action, previous), 0);
#endif
}

class EveryInstructionTest : public ::testing::TestWithParam<Kind> {
 protected:
  void SetUp() override {
    pool_ = *slot::SlotPool::reserve(2);
    thread_ = *Thread::attach();
    struct sigaction action = {};
    action.sa_sigaction = on_step;
    action.sa_flags = SA_SIGINFO | SA_ONSTACK;
    sigemptyset(&action.sa_mask);
    sigaddset(&action.sa_mask, tick_signal());
    set_step_handler(action, &previous_);
  }
  void TearDown() override { set_step_handler(previous_, nullptr); }

  // enter() with a tick after `step` instructions. False when it took fewer.
  bool enter_with_tick_at(long step, Activation& activation, Exit& exit) {
    kind_to_send = GetParam();
    steps_left = step;
    __builtin_ia32_writeeflags_u64(__builtin_ia32_readeflags_u64() | trap_flag);
    exit = thread_->enter(activation);
    __builtin_ia32_writeeflags_u64(__builtin_ia32_readeflags_u64() & ~trap_flag);
    return steps_left <= 0;
  }
  Exit finish(TestGuest& guest, Exit exit) {
    while (exit.reason == Leave::preempted || exit.reason == Leave::interrupted) {
      exit = thread_->enter(guest.activation);
    }
    return exit;
  }

  std::unique_ptr<slot::SlotPool> pool_;
  std::unique_ptr<Thread> thread_;
  struct sigaction previous_ = {};
};

INSTANTIATE_TEST_SUITE_P(Kinds, EveryInstructionTest,
                         ::testing::Values(Kind::tick, Kind::interrupt), [](const auto& info) {
                           return info.param == Kind::tick ? "tick" : "interrupt";
                         });

HostReturn identity(void*, uint64_t a0, uint64_t, uint64_t, uint64_t, uint64_t) {
  return {a0, Action::go_on};
}
HostReturn waits(void*, uint64_t, uint64_t, uint64_t, uint64_t, uint64_t) {
  return {0, Action::suspend};
}

TEST_P(EveryInstructionTest, a_tick_anywhere_changes_no_result) {
  TestGuest guest(*pool_);
  guest.host(1, identity);
  long steps = 1;
  int left = 0;
  for (Exit exit;; steps += stride) {
    guest.arg(0) = 3;
    guest.arg(1) = 0;
    guest.prepare(guest_call_loop);
    bool is_reached = enter_with_tick_at(steps, guest.activation, exit);
    left += exit.reason != Leave::returned ? 1 : 0;
    ASSERT_EQ(finish(guest, exit).reason, Leave::returned) << steps;
    ASSERT_EQ(guest.arg(1), 6u) << steps;
    if (!is_reached) {
      break;
    }
  }
  EXPECT_GT(steps, 150);  // it did step through the guest, not only up to it
  EXPECT_GT(left, 50 / stride);
}

TEST_P(EveryInstructionTest, a_tick_while_a_preempted_guest_resumes_changes_no_result) {
  TestGuest guest(*pool_);
  auto prepare = [&] {
    guest.arg(0) = 3;
    guest.prepare(guest_scalar);
  };
  prepare();
  Exit exit = thread_->enter(guest.activation);
  const uint64_t expected = guest.arg(0);
  for (long first = 1;; first += 23 * stride) {
    prepare();
    if (!enter_with_tick_at(first, guest.activation, exit)) {
      break;
    }
    for (long again = 1; exit.reason != Leave::returned; again += stride) {
      enter_with_tick_at(again, guest.activation, exit);
    }
    ASSERT_EQ(guest.arg(0), expected) << first;
  }
}

TEST_P(EveryInstructionTest, a_wait_meets_a_tick_anywhere) {
  TestGuest guest(*pool_);
  guest.host(1, waits);
  Exit exit;
  for (long step = 1;; step += stride) {
    guest.prepare(guest_kept_registers);
    bool is_reached = enter_with_tick_at(step, guest.activation, exit);
    exit = finish(guest, exit);
    ASSERT_EQ(exit.reason, Leave::suspended) << step;
    guest.head->result = 77;
    enter_with_tick_at(step, guest.activation, exit);
    ASSERT_EQ(finish(guest, exit).reason, Leave::returned) << step;
    ASSERT_EQ(guest.arg(0), 1u) << step;
    ASSERT_EQ(guest.arg(1), 77u) << step;
    if (!is_reached) {
      break;
    }
  }
}

TEST_P(EveryInstructionTest, an_interrupt_anywhere_ends_an_endless_guest) {
  if (GetParam() == Kind::tick) {
    GTEST_SKIP() << "a single tick may come while no guest is entered";
  }
  TestGuest guest(*pool_);
  guest.host(1, identity);
  for (const char* function : {guest_endless, guest_endless_calls}) {
    guest.prepare(function);
    for (long step = 1; step < beyond_enter; step += stride) {  // a lost one would hang here
      Exit exit;
      ASSERT_TRUE(enter_with_tick_at(step, guest.activation, exit));
      ASSERT_TRUE(exit.reason == Leave::preempted || exit.reason == Leave::interrupted);
    }
  }
}

}  // namespace
}  // namespace weft::cpu
