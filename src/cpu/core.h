// What the signal handlers of a thread must reach: the one thread-local of this module, and the
// seams between C++ and assembly. Private to src/cpu.
//
// Thread safety: a Core belongs to its thread and to the handlers that run on it; `interrupt_sent`
// is shared.
#pragma once

#include <signal.h>

#include <atomic>
#include <cstdint>

#include "base/result.h"
#include "cpu/instance_head.h"
#include "cpu/thread.h"

namespace weft::cpu {

// Written by the thread and read by a handler on it, or the other way round: relaxed atomics with
// signal fences suffice.
struct Core {
  std::atomic<Activation*> running = nullptr;
  // An interrupt() has arrived and no guest has left because of it yet. Unlike a tick it may not
  // get lost while no guest is entered: whoever sent it saw to it beforehand that the host will
  // look again before it enters one.
  std::atomic<bool> interrupt_pending = false;
  std::atomic<bool> interrupt_sent = false;  // a signal is under way, another would say the same
  uint64_t fault_address = 0;
};

extern thread_local constinit Core* this_core;

// Installs the handlers of the process, the first time that it is called.
[[nodiscard]] Result<void> install_handlers();
int tick_signal();

// How assembly answers enter() and resume(): `code` is Leave, TrapKind << 8, and this bit when a
// handler filled in Activation::registers. `base` is r14 of the guest at that time.
inline constexpr uint64_t registers_are_filled = 1 << 16;
struct Left {
  uint64_t code;
  std::byte* base;
};

// From the extended state of a signal frame into the save area of a guest, and how much of it this
// machine has.
struct ExtendedState {
  uint64_t mask = 0;
  struct Part {
    uint32_t bit;
    uint32_t offset;
    uint32_t bytes;
  };
  Part parts[4] = {};  // AVX, opmask, ZMM_Hi256, Hi16_ZMM; bytes is 0 where the machine has none
  static ExtendedState detect();
};
const ExtendedState& extended_state();

}  // namespace weft::cpu

extern "C" {
// enter_x86_64.S. `peers` gets the host's stack pointer like `head`.
weft::cpu::Left weft_cpu_enter(weft::cpu::InstanceHead* head, weft::cpu::InstanceHead* const* peers,
                               uint64_t peer_count);
weft::cpu::Left weft_cpu_resume(weft::cpu::InstanceHead* head,
                                weft::cpu::InstanceHead* const* peers, uint64_t peer_count,
                                uint64_t state_mask);
extern const char weft_cpu_leave[];  // where handlers send a thread whose guest leaves
extern const char
    weft_cpu_enter_window[];  // the guest's registers are loaded, rcx is where it goes on
extern const char weft_cpu_enter_window_end[];
extern const char
    weft_cpu_resume_window[];  // registers are half loaded, the save area still has them all
extern const char weft_cpu_resume_window_end[];
}
