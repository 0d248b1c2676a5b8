// A thread that runs guests: it enters them, and gets control back when they return, wait, trap, or
// are interrupted.
//
// Guest code runs on the guest's own stack, which holds nothing but guest frames; the thread's
// stack stays where enter() was called. So whatever ends or pauses a guest – a trap by signal, a
// tick of the timer, a host call that waits – is a switch of stacks in O(1), and nothing of the
// host is skipped or lost.
//
//     enter ──► guest code ──► stub ──► host function ──► back, or leave(suspended | stopped |
//     interrupted)
//                   │  signal: fault in guest code ──► leave(trapped)
//                   └  signal: tick in guest code  ──► registers to the save area, leave(preempted)
//
// Facts behind it: a synchronous signal in guest code rewrites RIP and RSP and lets sigreturn
// restore the signal mask; a preempted guest resumes in user mode with every register as it was
// (general purpose, flags, XSAVE image).
//
// Thread safety: a Thread belongs to the thread that made it; interrupt() may be called from any
// thread and from signal handlers.
#pragma once

#include <chrono>
#include <cstdint>
#include <memory>
#include <span>
#include <string>

#include "base/result.h"
#include "cpu/instance_head.h"
#include "wasm/types.h"

namespace weft::cpu {

// Where one code file's guest instructions and its stubs lie.
struct CodeRange {
  uint64_t stubs_begin;
  uint64_t stubs_end;
  uint64_t code_begin;
  uint64_t code_end;
};

enum class Leave : uint64_t {
  returned = 0,     // the entry function returned; results are in the argument area
  suspended = 1,    // a host function answered Action::suspend
  stopped = 2,      // a host function answered Action::stop
  preempted = 3,    // between two instructions; enter() goes on exactly there
  interrupted = 4,  // `interrupt` was set and seen at the end of a host call; enter() goes on
  trapped = 5,
};

// The general registers where the guest left, for backtraces: those that a function keeps for its
// caller.
struct Registers {
  uint64_t pc = 0;
  uint64_t rsp = 0;
  uint64_t rbp = 0, rbx = 0, r12 = 0, r13 = 0, r14 = 0, r15 = 0;
  bool is_return_address = true;  // pc is behind a call: look up pc - 1
};

struct Exit {
  Leave reason = Leave::returned;
  wasm::TrapKind trap = wasm::TrapKind::unreachable;  // when trapped
  uint64_t fault_address = 0;                         // when trapped by a memory fault
};

// One guest's activation: what enter() needs to run it and to tell its faults from ours. Owned by
// the faaslet.
struct Activation {
  // The instance that is entered; after a leave, the one that was running. Its save area and
  // guest_rsp hold the state.
  InstanceHead* head = nullptr;
  // Every instance that guest code may call into, this one among them (open linking), or nothing.
  std::span<InstanceHead* const> peers;
  std::span<const CodeRange> code;  // every code file that may run
  uint64_t stack_low = 0;           // lowest usable byte of the guest stack
  uint64_t stack_high = 0;
  uint64_t guard_low = 0;  // [guard_low, stack_low) faults as stack_exhausted
  bool preempted = false;  // how to go on: from the save area (true) or from the guest stack
  Registers registers;     // filled in when the guest left in any way but by returning
};

// A shorter period of ticks leaves no time for anything but the ticks; set_tick() rounds up to
// this.
inline constexpr std::chrono::nanoseconds min_tick = std::chrono::microseconds(20);

class Thread {
 public:
  // Makes the calling thread able to run guests: alternate signal stack, signal handlers of the
  // process (once), timer.
  static Result<std::unique_ptr<Thread>> attach();
  ~Thread();  // REQUIRES: on the same thread, no guest running
  Thread(const Thread&) = delete;
  Thread& operator=(const Thread&) = delete;

  // Prepares a call of `entry` (an entry stub of a code file, see engine::CodeFile::entry) on the
  // activation's stack. REQUIRES: arguments are in the argument area; no call is in progress.
  static void prepare(Activation& activation, uint64_t entry, uint64_t finish_stub);

  // Runs the guest until it leaves. An `interrupt` flag from before is dropped, so that the guest
  // makes progress; an interrupt() from before is not, and the guest leaves at once. Sent while the
  // host looks elsewhere, it means: look again before you enter. REQUIRES: no guest runs on this
  // thread; head is one of peers when there are any. The thread's floating-point control words are
  // the guest's as they are (round to nearest).
  Exit enter(Activation& activation);

  // Ticks preempt the guest that runs, or set its `interrupt` flag while it is in a host call. 0
  // stops them. The timer runs on wall time; a tick that finds no guest does nothing.
  [[nodiscard]] Result<void> set_tick(std::chrono::nanoseconds period);
  // A tick at once, from any thread: how a kill or a deadline reaches a guest. Never lost: the
  // guest that runs leaves, or the one that is entered next. Say first (to the host, in a variable)
  // why, then interrupt.
  void interrupt();

 private:
  Thread() = default;
  struct State;
  std::unique_ptr<State> state_;
};

// The assembly that is linked into every code file: one stub per host function and per kind of
// trap, and the place a guest returns to. `import_offset` is the offset of the import vector from
// the memory base. Symbols (hidden):
//   weft_call_<n>      standard C convention; arguments in rsi rdx rcx r8 r9 (rdi is filled in);
//   clobbers what C does weft_trap_<kind>   <kind> is the number of the TrapKind; called, never
//   returns; the return address tells the place weft_finish        return address of the entry
//   function weft_stubs_begin, weft_stubs_end
std::string stub_assembly(size_t host_functions, int64_t import_offset);

// Size in bytes of the save area in the instance block, a multiple of 64, the same on every
// machine.
inline constexpr uint64_t save_area_bytes = 4096;

// Which parts of the extended state this machine saves (XCR0, limited to x87, SSE, AVX, AVX-512): a
// frozen guest needs the same set where it is thawed.
uint64_t extended_state_mask();

}  // namespace weft::cpu
