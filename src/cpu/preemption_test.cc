#include <gtest/gtest.h>
#include <time.h>

#include <algorithm>
#include <atomic>
#include <chrono>
#include <deque>
#include <random>
#include <thread>

#include "cpu/testguest/cpu_fixture.h"

namespace weft::cpu {
namespace {

using namespace std::chrono_literals;
using testguest::CpuTest;
using testguest::identity;
using testguest::TestGuest;
using testguest::waits;
using wasm::TrapKind;

using CpuPreemption = CpuTest;

TEST_F(CpuPreemption, a_tick_during_a_host_call_leaves_at_its_end_and_keeps_the_result) {
  TestGuest guest(*pool_);
  auto tick = [](void* object, uint64_t a0, uint64_t, uint64_t, uint64_t, uint64_t) {
    static_cast<Thread*>(object)->interrupt();  // delivered before it returns
    return HostReturn{a0, Action::go_on};
  };
  guest.host(1, tick, thread_.get());
  guest.arg(0) = 100;
  guest.arg(1) = 0;
  guest.prepare(guest_call_loop);
  uint64_t left = 0;
  EXPECT_EQ(run(guest, &left).reason, Leave::returned);
  EXPECT_EQ(left, 100u);
  EXPECT_EQ(guest.arg(1), 5050u);
}

TEST_F(CpuPreemption, an_interrupt_before_the_guest_is_entered_is_not_lost) {
  TestGuest guest(*pool_);
  guest.prepare(guest_endless);
  thread_->interrupt();
  EXPECT_EQ(thread_->enter(guest.activation).reason, Leave::interrupted);
  guest.arg(0) = guest.arg(1) = 1;
  guest.prepare(guest_add);
  EXPECT_EQ(thread_->enter(guest.activation).reason, Leave::returned);
}

TEST_F(CpuPreemption, a_flag_from_before_does_not_stop_progress) {
  TestGuest guest(*pool_);
  guest.head->interrupt = 1;
  guest.prepare(guest_add);
  EXPECT_EQ(thread_->enter(guest.activation).reason, Leave::returned);
}

TEST_F(CpuPreemption, preemption_at_any_instruction_changes_no_result) {
  struct Case {
    const char* function;
    const char* name;
    bool runs_here;
  };
  const bool has_avx512 = __builtin_cpu_supports("avx512f") && __builtin_cpu_supports("avx512dq");
  const Case cases[] = {{guest_scalar, "scalar", true},
                        {guest_avx2, "avx2", __builtin_cpu_supports("avx2") != 0},
                        {guest_avx512, "avx512", has_avx512}};
  constexpr uint64_t rounds = 4'000'000;
  std::deque<TestGuest> guests;
  std::vector<uint64_t> expected;
  std::vector<const char*> names;
  for (const Case& c : cases) {
    if (c.runs_here) {
      TestGuest& guest = guests.emplace_back(*pool_);
      expected.push_back(result_of(guest, c.function, rounds));
      guest.arg(0) = rounds;
      guest.prepare(c.function);
      names.push_back(c.name);
    }
  }
  // All take turns on this thread, so that each finds the others' registers in the machine.
  for (auto period : {100us, 40us}) {
    ASSERT_TRUE(thread_->set_tick(period));
    for (size_t i = 0; i < guests.size(); ++i) {
      guests[i].arg(0) = rounds;
      guests[i].prepare(names[i] == cases[0].name   ? guest_scalar
                        : names[i] == cases[1].name ? guest_avx2
                                                    : guest_avx512);
    }
    std::vector<bool> ended(guests.size());
    uint64_t preemptions = 0;
    for (size_t live = guests.size(), i = 0; live > 0; i = (i + 1) % guests.size()) {
      if (ended[i]) {
        continue;
      }
      Exit exit = thread_->enter(guests[i].activation);
      preemptions += exit.reason == Leave::preempted ? 1 : 0;
      if (exit.reason == Leave::returned) {
        ended[i] = true;
        --live;
        EXPECT_EQ(guests[i].arg(0), expected[i]) << names[i] << " after " << preemptions;
      }
    }
    ASSERT_TRUE(thread_->set_tick(0ns));
    EXPECT_GT(preemptions, 100u);
    RecordProperty("preemptions", static_cast<int>(preemptions));
  }
}

TEST_F(CpuPreemption, a_preempted_guest_is_saved_in_a_form_that_passes_its_check) {
  TestGuest guest(*pool_);
  guest.prepare(guest_endless);
  ASSERT_TRUE(thread_->set_tick(100us));
  while (thread_->enter(guest.activation).reason != Leave::preempted) {
  }
  ASSERT_TRUE(thread_->set_tick(0ns));
  EXPECT_EQ(guest.activation.registers.pc, reinterpret_cast<uint64_t>(guest_endless));
  EXPECT_EQ(guest.saved().rip, reinterpret_cast<uint64_t>(guest_endless));
  EXPECT_EQ(guest.saved().r14, reinterpret_cast<uint64_t>(guest.base()));
  EXPECT_TRUE(check_save_area(guest.saved()));
  SaveArea damaged = guest.saved();
  damaged.rflags |= 1 << 12;  // the I/O privilege level
  EXPECT_EQ(check_save_area(damaged).error().kind(), Error::Kind::corrupt);
  damaged = guest.saved();
  damaged.xsave[520] = std::byte{0x80};  // XCOMP_BV, which XRSTOR would fault on
  EXPECT_EQ(check_save_area(damaged).error().kind(), Error::Kind::corrupt);
  damaged = guest.saved();
  damaged.layout ^= 64;
  EXPECT_EQ(check_save_area(damaged).error().kind(), Error::Kind::unsupported);
}

TEST_F(CpuPreemption, a_guest_full_of_host_calls_shares_fairly_with_an_endless_loop) {
  TestGuest calls(*pool_);
  TestGuest loop(*pool_);
  calls.host(1, identity);
  calls.prepare(guest_endless_calls);
  loop.prepare(guest_endless);
  ASSERT_TRUE(thread_->set_tick(200us));
  auto cpu_now = [] {
    timespec t{};
    clock_gettime(CLOCK_THREAD_CPUTIME_ID, &t);
    return t.tv_sec * 1'000'000'000 + t.tv_nsec;
  };
  int64_t spent[2] = {};
  for (int i = 0; i < 2000; ++i) {
    TestGuest& guest = i % 2 == 0 ? calls : loop;
    int64_t before = cpu_now();
    Exit exit = thread_->enter(guest.activation);
    ASSERT_TRUE(exit.reason == Leave::preempted || exit.reason == Leave::interrupted);
    spent[i % 2] += cpu_now() - before;
  }
  ASSERT_TRUE(thread_->set_tick(0ns));
  double share = static_cast<double>(spent[0]) / static_cast<double>(spent[0] + spent[1]);
  EXPECT_GT(share, 0.3);
  EXPECT_LT(share, 0.7);
}

TEST_F(CpuPreemption, a_storm_of_traps_and_ticks_confuses_nothing) {
  TestGuest guest(*pool_);
  guest.host(1, identity);
  guest.host(2, waits);
  ASSERT_TRUE(thread_->set_tick(30us));
  std::mt19937 random(7);
  for (int i = 0; i < 20'000; ++i) {
    Exit exit;
    switch (random() % 6) {
      case 0:
        guest.arg(0) = slot::page_bytes + random() % 1000;
        guest.prepare(guest_load);
        exit = run(guest);
        ASSERT_EQ(exit.reason, Leave::trapped);
        ASSERT_EQ(exit.trap, TrapKind::out_of_bounds_memory);
        break;
      case 1:
        guest.arg(1) = 0;
        guest.prepare(guest_divide);
        exit = run(guest);
        ASSERT_EQ(exit.reason, Leave::trapped);
        ASSERT_EQ(exit.trap, TrapKind::integer_divide_by_zero);
        break;
      case 2:
        guest.arg(0) = guest.activation.stack_low + 8 * (random() % 7);
        guest.prepare(guest_call_at);
        exit = run(guest);
        ASSERT_EQ(exit.reason, Leave::trapped);
        ASSERT_EQ(exit.trap, TrapKind::stack_exhausted);
        break;
      case 3:
        guest.arg(0) = i % wasm::trap_kinds;
        guest.prepare(guest_trap);
        exit = run(guest);
        ASSERT_EQ(exit.reason, Leave::trapped);
        ASSERT_EQ(static_cast<int>(exit.trap), i % wasm::trap_kinds);
        break;
      case 4:
        guest.arg(0) = 1000;
        guest.arg(1) = 0;
        guest.prepare(guest_call_loop);
        ASSERT_EQ(run(guest).reason, Leave::returned);
        ASSERT_EQ(guest.arg(1), 500'500u);
        break;
      default:
        guest.arg(0) = 2000;
        std::memset(guest.base(), 0, 8);
        guest.prepare(guest_spin);
        ASSERT_EQ(run(guest).reason, Leave::returned);
        ASSERT_EQ(*reinterpret_cast<uint64_t*>(guest.base()), 2000u);
    }
  }
  ASSERT_TRUE(thread_->set_tick(0ns));
}

TEST_F(CpuPreemption, an_interrupt_from_another_thread_ends_an_endless_loop) {
  TestGuest loop(*pool_);
  TestGuest calls(*pool_);
  calls.host(1, identity);
  loop.prepare(guest_endless);
  calls.prepare(guest_endless_calls);
  std::atomic<int> round = 0;
  std::atomic<int> done = 0;
  constexpr int rounds = 200;
  std::jthread killer([&] {  // asks, waits for the answer, asks again, with no timer running
    for (int i = 1; i <= rounds; ++i) {
      while (round.load() < i) {
        std::this_thread::yield();
      }
      thread_->interrupt();
      while (done.load() < i) {
        std::this_thread::yield();
      }
    }
  });
  for (int i = 1; i <= rounds; ++i) {
    round = i;
    Exit exit = thread_->enter(i % 2 == 0 ? loop.activation : calls.activation);
    EXPECT_TRUE(exit.reason == Leave::preempted || exit.reason == Leave::interrupted);
    done = i;
  }
}

}  // namespace
}  // namespace weft::cpu
