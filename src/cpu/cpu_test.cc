#include <gtest/gtest.h>

#include <algorithm>
#include <chrono>
#include <deque>
#include <thread>

#include "cpu/testguest/cpu_fixture.h"

namespace weft::cpu {
namespace {

using namespace std::chrono_literals;
using testguest::CpuTest;
using testguest::identity;
using testguest::stops;
using testguest::TestGuest;
using testguest::waits;
using wasm::TrapKind;

TEST_F(CpuTest, a_guest_returns_its_results) {
  TestGuest guest(*pool_);
  for (uint64_t i = 0; i < 1000; ++i) {
    guest.arg(0) = i;
    guest.arg(1) = 1000;
    guest.prepare(guest_add);
    ASSERT_EQ(thread_->enter(guest.activation).reason, Leave::returned);
    ASSERT_EQ(guest.arg(0), i + 1000);
    ASSERT_EQ(guest.activation.head, guest.head);
  }
}

TEST_F(CpuTest, a_host_function_gets_its_object_and_all_arguments) {
  TestGuest guest(*pool_);
  for (uint64_t i = 5; i < 9; ++i) {
    guest.arg(i) = i + 1;
  }
  auto collect = [](void* object, uint64_t a0, uint64_t a1, uint64_t a2, uint64_t a3, uint64_t a4) {
    auto& g = *static_cast<TestGuest*>(object);
    EXPECT_EQ(g.head->call_index, 0u);
    EXPECT_EQ(reinterpret_cast<uint64_t>(__builtin_frame_address(0)) % 16, 0u);
    uint64_t digits = (((a0 * 10 + a1) * 10 + a2) * 10 + a3) * 10 + a4;
    for (size_t i = 5; i < 9; ++i) {
      digits = digits * 10 + g.arg(i);
    }
    return HostReturn{digits, Action::go_on};
  };
  guest.host(0, collect, &guest);
  guest.prepare(guest_host_arguments);
  EXPECT_EQ(thread_->enter(guest.activation).reason, Leave::returned);
  EXPECT_EQ(guest.arg(0), 123456789u);
}

TEST_F(CpuTest, a_host_call_keeps_the_registers_of_the_c_convention) {
  TestGuest guest(*pool_);
  guest.host(1, identity);
  guest.prepare(guest_kept_registers);
  EXPECT_EQ(thread_->enter(guest.activation).reason, Leave::returned);
  EXPECT_EQ(guest.arg(0), 1u);
  EXPECT_EQ(guest.arg(1), 7u);

  guest.host(1, waits);  // and so does a wait
  guest.prepare(guest_kept_registers);
  EXPECT_EQ(thread_->enter(guest.activation).reason, Leave::suspended);
  guest.head->result = 77;
  EXPECT_EQ(guest.activation.registers.rbx, 0x1111u);
  EXPECT_EQ(guest.activation.registers.rbp, 0x2222u);
  EXPECT_EQ(guest.activation.registers.r12, 0x3333u);
  EXPECT_EQ(guest.activation.registers.r13, 0x4444u);
  EXPECT_EQ(guest.activation.registers.r14, reinterpret_cast<uint64_t>(guest.base()));
  EXPECT_EQ(guest.activation.registers.r15, 0x5555u);
  EXPECT_EQ(thread_->enter(guest.activation).reason, Leave::returned);
  EXPECT_EQ(guest.arg(0), 1u);
  EXPECT_EQ(guest.arg(1), 77u);
}

TEST_F(CpuTest, no_host_address_stays_in_a_register_of_the_guest) {
  TestGuest guest(*pool_);
  auto litter = [](void*, uint64_t a0, uint64_t, uint64_t, uint64_t, uint64_t) {
    asm volatile(
        "mov $-1, %%rcx; mov %%rcx, %%rsi; mov %%rcx, %%rdi; mov %%rcx, %%r8; mov %%rcx, %%r9;"
        "mov %%rcx, %%r10; mov %%rcx, %%r11" ::
            : "rcx", "rsi", "rdi", "r8", "r9", "r10", "r11");
    return HostReturn{a0, Action::go_on};
  };
  guest.host(1, litter);
  guest.arg(0) = guest.arg(1) = 1;
  guest.prepare(guest_clean_registers);
  EXPECT_EQ(thread_->enter(guest.activation).reason, Leave::returned);
  EXPECT_EQ(guest.arg(0), 0u);
  EXPECT_EQ(guest.arg(1), 0u);
  for (auto* word = reinterpret_cast<uint64_t*>(guest.activation.stack_low);
       word < reinterpret_cast<uint64_t*>(guest.activation.stack_high); ++word) {
    // The test's own code, which plays the guest's, lies below 4 GiB; the host's stack and heap do
    // not.
    bool is_of_slot =
        *word >= slot::pool_address && *word < slot::pool_address + 8 * slot::stride_bytes;
    EXPECT_TRUE(*word < uint64_t{1} << 32 || is_of_slot) << std::hex << *word;
  }
}

TEST_F(CpuTest, a_stopped_guest_is_abandoned_and_tells_where_it_was) {
  TestGuest guest(*pool_);
  guest.host(1, stops);
  guest.prepare(guest_kept_registers);
  EXPECT_EQ(thread_->enter(guest.activation).reason, Leave::stopped);
  EXPECT_EQ(guest.activation.registers.rbx, 0x1111u);
  EXPECT_TRUE(guest.activation.registers.is_return_address);
  EXPECT_GT(guest.activation.registers.pc, reinterpret_cast<uint64_t>(guest_kept_registers));
  EXPECT_LT(guest.activation.registers.pc, reinterpret_cast<uint64_t>(guest_clean_registers));
  guest.host(1, identity);
  EXPECT_EQ(result_of(guest, guest_kept_registers, 0), 1u);
}

TEST_F(CpuTest, each_kind_of_trap_leaves_with_its_kind_and_registers) {
  TestGuest guest(*pool_);
  for (int kind = 0; kind < wasm::trap_kinds; ++kind) {
    guest.arg(0) = static_cast<uint64_t>(kind);
    guest.prepare(guest_trap);
    Exit exit = thread_->enter(guest.activation);
    ASSERT_EQ(exit.reason, Leave::trapped);
    ASSERT_EQ(exit.trap, static_cast<TrapKind>(kind));
    const Registers& r = guest.activation.registers;
    EXPECT_EQ(r.rbx, 0xbu);
    EXPECT_EQ(r.rbp, 0xbbu);
    EXPECT_EQ(r.r12, 0xcu);
    EXPECT_EQ(r.r13, 0xdu);
    EXPECT_EQ(r.r15, 0xfu);
    EXPECT_GT(r.pc, reinterpret_cast<uint64_t>(guest_trap));
    EXPECT_LT(r.pc, reinterpret_cast<uint64_t>(guest_endless));
    EXPECT_EQ(r.rsp, guest.activation.stack_high - 16);
    EXPECT_EQ(*reinterpret_cast<uint64_t*>(r.rsp + 8), reinterpret_cast<uint64_t>(weft_finish));
  }
}

TEST_F(CpuTest, a_load_beyond_the_memory_traps_as_out_of_bounds) {
  TestGuest guest(*pool_);
  for (uint64_t offset : {uint64_t{slot::page_bytes}, uint64_t{0xffff'ffff},
                          uint64_t{0x1'ffff'fff0}, uint64_t{0x2'0000'0008}}) {
    guest.arg(0) = offset;
    guest.prepare(guest_load);
    Exit exit = thread_->enter(guest.activation);
    ASSERT_EQ(exit.reason, Leave::trapped);
    EXPECT_EQ(exit.trap, TrapKind::out_of_bounds_memory);
    EXPECT_EQ(exit.fault_address, reinterpret_cast<uint64_t>(guest.base()) + offset);
    EXPECT_FALSE(guest.activation.registers.is_return_address);
    EXPECT_EQ(guest.activation.registers.rsp, guest.activation.stack_high - 8);
  }
  *reinterpret_cast<uint64_t*>(guest.base() + 16) = 42;
  EXPECT_EQ(result_of(guest, guest_load, 16), 42u);
}

TEST_F(CpuTest, a_division_fault_traps) {
  TestGuest guest(*pool_);
  guest.arg(1) = 0;
  guest.arg(0) = 5;
  guest.prepare(guest_divide);
  Exit exit = thread_->enter(guest.activation);
  EXPECT_EQ(exit.reason, Leave::trapped);
  EXPECT_EQ(exit.trap, TrapKind::integer_divide_by_zero);
  guest.arg(1) = 2;
  EXPECT_EQ(result_of(guest, guest_divide, 10), 5u);
}

TEST_F(CpuTest, infinite_recursion_exhausts_the_stack) {
  TestGuest guest(*pool_, 1 << 20);
  guest.prepare(guest_recurse);
  Exit exit = thread_->enter(guest.activation);
  EXPECT_EQ(exit.reason, Leave::trapped);
  EXPECT_EQ(exit.trap, TrapKind::stack_exhausted);
}

TEST_F(CpuTest, a_stack_that_ends_inside_a_stub_is_exhausted_there) {
  TestGuest guest(*pool_);
  guest.host(2, waits);
  for (uint64_t words = 0; words < 12; ++words) {
    guest.arg(0) = guest.activation.stack_low + 8 * words;
    guest.prepare(guest_call_at);
    Exit exit = thread_->enter(guest.activation);
    if (words < 7) {  // the return address and six registers
      ASSERT_EQ(exit.reason, Leave::trapped) << words;
      ASSERT_EQ(exit.trap, TrapKind::stack_exhausted);
    } else {
      ASSERT_EQ(exit.reason, Leave::suspended) << words;
    }
  }
}

TEST_F(CpuTest, instances_call_each_other_and_the_one_that_runs_is_told) {
  TestGuest a(*pool_);
  TestGuest b(*pool_);
  InstanceHead* peers[] = {a.head, b.head};
  a.activation.peers = peers;
  a.host(1, identity);
  b.host(1, waits);
  a.arg(0) = reinterpret_cast<uint64_t>(b.base());
  a.prepare(guest_peer);
  ASSERT_EQ(thread_->enter(a.activation).reason, Leave::suspended);
  EXPECT_EQ(a.activation.head, b.head);
  b.head->result = 100;
  ASSERT_EQ(thread_->enter(a.activation).reason, Leave::returned);
  EXPECT_EQ(a.activation.head, a.head);
  EXPECT_EQ(a.arg(1), 120u);
}

TEST(CpuThreads, two_threads_run_guests_at_once) {
  auto pool = *slot::SlotPool::reserve(8);
  auto work = [&] {
    auto thread = *Thread::attach();
    TestGuest guest(*pool);
    TestGuest spinner(*pool);
    auto run = [&](uint64_t rounds) {
      guest.arg(0) = rounds;
      guest.prepare(guest_avx2);
      Exit exit;
      do {
        exit = thread->enter(guest.activation);
      } while (exit.reason == Leave::preempted || exit.reason == Leave::interrupted);
      ASSERT_EQ(exit.reason, Leave::returned);
    };
    run(500'000);
    uint64_t expected = guest.arg(0);
    ASSERT_TRUE(thread->set_tick(50us));
    for (int i = 0; i < 10; ++i) {
      run(500'000);
      EXPECT_EQ(guest.arg(0), expected);
      spinner.arg(0) = slot::page_bytes;
      spinner.prepare(guest_load);
      Exit exit;
      do {
        exit = thread->enter(spinner.activation);
      } while (exit.reason == Leave::preempted || exit.reason == Leave::interrupted);
      EXPECT_EQ(exit.trap, TrapKind::out_of_bounds_memory);
    }
    ASSERT_TRUE(thread->set_tick(0ns));
  };
  std::jthread a(work);
  std::jthread b(work);
}

TEST(CpuThreads, ten_thousand_guests_wait_on_one_thread) {
  const uint32_t count = std::min(10'000u, slot::max_slots);
  auto pool = *slot::SlotPool::reserve(count);
  auto thread = *Thread::attach();
  std::deque<TestGuest> guests;
  for (uint32_t i = 0; i < count; ++i) {
    TestGuest& guest = guests.emplace_back(*pool);
    guest.host(1, waits);
    guest.arg(0) = 3;
    guest.prepare(guest_call_loop);
  }
  for (int round = 1; round <= 3; ++round) {
    for (TestGuest& guest : guests) {
      ASSERT_EQ(thread->enter(guest.activation).reason, Leave::suspended);
      guest.head->result = guest.activation.stack_high + static_cast<uint64_t>(round);
    }
  }
  for (TestGuest& guest : guests) {
    ASSERT_EQ(thread->enter(guest.activation).reason, Leave::returned);
    ASSERT_EQ(guest.arg(1), 3 * guest.activation.stack_high + 6);
  }
}

TEST(CpuThreads, a_thread_can_be_attached_again_after_it_was_detached) {
  for (int i = 0; i < 100; ++i) {
    auto thread = Thread::attach();
    ASSERT_TRUE(thread);
    ASSERT_TRUE((*thread)->set_tick(20us));
  }
}

using CpuDeathTest = CpuTest;

TEST_F(CpuDeathTest, a_wrong_instruction_in_guest_code_ends_the_process_with_a_line) {
  TestGuest guest(*pool_);
  auto crash = [&] {
    std::unique_ptr<Thread> thread;  // the child of a death test is the thread that attached
    guest.prepare(guest_undefined);
    thread_->enter(guest.activation);
  };
  EXPECT_DEATH(crash(), "signal 4 in guest code");
}

TEST_F(CpuDeathTest, a_wild_load_of_guest_code_ends_the_process) {
  TestGuest guest(*pool_);
  auto crash = [&] {
    guest.arg(0) = -reinterpret_cast<uint64_t>(guest.base()) + 64;  // address 64
    guest.prepare(guest_load);
    thread_->enter(guest.activation);
  };
  EXPECT_DEATH(crash(), "generated code is wrong");
}

TEST_F(CpuDeathTest, a_fault_of_the_host_is_not_taken_for_the_guests) {
  TestGuest guest(*pool_);
  auto fault = [](void*, uint64_t, uint64_t, uint64_t, uint64_t, uint64_t) {
    *reinterpret_cast<volatile int*>(uint64_t{slot::pool_address} + slot::front_bytes + 65536) = 1;
    return HostReturn{0, Action::go_on};
  };
  guest.host(1, fault);
  guest.arg(0) = 1;
  guest.prepare(guest_call_loop);
  EXPECT_DEATH(thread_->enter(guest.activation), "");
}

}  // namespace
}  // namespace weft::cpu
