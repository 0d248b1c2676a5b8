// The signal handlers: faults and ticks. Everything here runs on the alternate stack of a thread
// and calls nothing that is not safe there.
//
// Guest or host is decided by the program counter alone. A guest leaves by rewriting the frame that
// the kernel restores: the thread goes on in weft_cpu_leave on its own stack, and sigreturn puts
// the signal mask right.

#include <fmt/format.h>
#include <sys/syscall.h>
#include <ucontext.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <mutex>
#include <optional>

#include "cpu/core.h"
#include "cpu/save_area.h"
#include "slot/slot_pool.h"

#ifdef WEFT_HIDE_SIGNALS_FROM_SANITIZER
extern "C" int __sigaction(int, const struct sigaction*,
                           struct sigaction*);  // glibc's own, under the interceptor
#endif

namespace weft::cpu {

thread_local constinit Core* this_core = nullptr;

namespace {

using wasm::TrapKind;

constexpr int fault_signals[] = {SIGSEGV, SIGBUS, SIGFPE, SIGILL};
struct sigaction previous_handlers[std::size(fault_signals)];

constexpr uint64_t flag_direction = 1 << 10;
constexpr uint64_t flag_alignment_check = 1 << 18;
constexpr uint64_t kept_flags = 0xcd5;    // CF PF AF ZF SF DF OF
constexpr uint64_t always_flags = 0x202;  // IF and the bit that is always 1

struct Frame {
  explicit Frame(void* context) : mcontext(static_cast<ucontext_t*>(context)->uc_mcontext) {}
  uint64_t get(int index) const { return static_cast<uint64_t>(mcontext.gregs[index]); }
  void set(int index, uint64_t value) { mcontext.gregs[index] = static_cast<greg_t>(value); }
  uint64_t pc() const { return get(REG_RIP); }

  // The XSAVE image, or null when the kernel saved only the old 512 bytes.
  std::byte* xsave() const {
    auto* image = reinterpret_cast<std::byte*>(mcontext.fpregs);
    uint32_t magic = 0;
    if (image != nullptr) {
      std::memcpy(&magic, image + 464, sizeof magic);
    }
    return magic == 0x46505853 ? image : nullptr;  // FP_XSTATE_MAGIC1
  }

  mcontext_t& mcontext;
};

bool is_guest(const Activation& a, uint64_t pc) {
  for (const CodeRange& range : a.code) {
    if (pc >= range.code_begin && pc < range.code_end &&
        !(pc >= range.stubs_begin && pc < range.stubs_end)) {
      return true;
    }
  }
  return false;
}

bool is_stub(const Activation& a, uint64_t pc) {
  for (const CodeRange& range : a.code) {
    if (pc >= range.stubs_begin && pc < range.stubs_end) {
      return true;
    }
  }
  return false;
}

// After a stub has looked at the flag: a tick there would go unnoticed until the next host call, so
// the guest is preempted as in its own code. The instructions are `jnz` (short and long) and `ret`,
// which occur nowhere else in the stubs.
bool is_stub_tail(const Activation& a, uint64_t pc) {
  if (!is_stub(a, pc)) {
    return false;
  }
  const auto* code = reinterpret_cast<const unsigned char*>(pc);
  return code[0] == 0xc3 || code[0] == 0x75 || (code[0] == 0x0f && code[1] == 0x85);
}

bool is_between(uint64_t pc, const char* begin, const char* end) {
  return pc >= reinterpret_cast<uint64_t>(begin) && pc < reinterpret_cast<uint64_t>(end);
}

void fill_registers(Activation& a, const Frame& frame) {
  a.registers = {.pc = frame.pc(),
                 .rsp = frame.get(REG_RSP),
                 .rbp = frame.get(REG_RBP),
                 .rbx = frame.get(REG_RBX),
                 .r12 = frame.get(REG_R12),
                 .r13 = frame.get(REG_R13),
                 .r14 = frame.get(REG_R14),
                 .r15 = frame.get(REG_R15),
                 .is_return_address = false};
}

// The thread goes on in enter(). Its vector registers start afresh: the guest's are saved or dead,
// and state that stays in use makes every later switch of the kernel dearer.
void leave(Frame& frame, InstanceHead* head, uint64_t code) {
  frame.set(REG_RIP, reinterpret_cast<uint64_t>(weft_cpu_leave));
  frame.set(REG_RSP, head->host_rsp);
  frame.set(REG_RAX, code | registers_are_filled);
  frame.set(REG_RDX, reinterpret_cast<uint64_t>(base_of(head)));
  frame.set(REG_EFL, frame.get(REG_EFL) & ~(flag_direction | flag_alignment_check));
  if (std::byte* image = frame.xsave()) {
    uint64_t in_use = 0;
    std::memcpy(&in_use, image + 512, sizeof in_use);
    in_use &= ~extended_state().mask;
    std::memcpy(image + 512, &in_use, sizeof in_use);
  }
}

void save_extended_state(SaveArea& area, const Frame& frame) {
  const ExtendedState& machine = extended_state();
  const std::byte* image = frame.xsave();
  uint64_t in_use = 0;
  std::memcpy(&in_use, image + 512, sizeof in_use);
  in_use &= machine.mask;
  std::memcpy(area.xsave, image, 464);
  std::memset(area.xsave + 464, 0, 512 + 64 - 464);
  std::memcpy(area.xsave + 512, &in_use, sizeof in_use);
  for (const ExtendedState::Part& part : machine.parts) {
    if ((in_use >> part.bit & 1) != 0) {
      std::memcpy(area.xsave + part.offset, image + part.offset, part.bytes);
    }
  }
}

void save(SaveArea& area, const Frame& frame) {
  area.magic = save_area_magic;
  area.version = save_area_version;
  area.state_mask = extended_state().mask;
  area.layout = extended_state_layout();
  area.rax = frame.get(REG_RAX);
  area.rbx = frame.get(REG_RBX);
  area.rcx = frame.get(REG_RCX);
  area.rdx = frame.get(REG_RDX);
  area.rsi = frame.get(REG_RSI);
  area.rdi = frame.get(REG_RDI);
  area.rbp = frame.get(REG_RBP);
  area.rsp = frame.get(REG_RSP);
  area.r8 = frame.get(REG_R8);
  area.r9 = frame.get(REG_R9);
  area.r10 = frame.get(REG_R10);
  area.r11 = frame.get(REG_R11);
  area.r12 = frame.get(REG_R12);
  area.r13 = frame.get(REG_R13);
  area.r14 = frame.get(REG_R14);
  area.r15 = frame.get(REG_R15);
  area.rip = frame.get(REG_RIP);
  area.rflags = (frame.get(REG_EFL) & kept_flags) | always_flags;
  save_extended_state(area, frame);
}

void preempt(Activation& a, Frame& frame) {
  save(*reinterpret_cast<SaveArea*>(a.head->save_area), frame);
  fill_registers(a, frame);
  leave(frame, a.head, static_cast<uint64_t>(Leave::preempted));
}

void set_flag(InstanceHead* head) {
  std::atomic_ref(head->interrupt).store(1, std::memory_order_relaxed);
}

void on_tick(int, siginfo_t* info, void* context) {
  Core* core = this_core;
  if (core == nullptr) {
    return;
  }
  if (info->si_code == SI_TKILL) {
    core->interrupt_sent.store(false);
    core->interrupt_pending.store(true, std::memory_order_relaxed);
  }
  Activation* a = core->running.load(std::memory_order_relaxed);
  if (a == nullptr) {
    return;
  }
  Frame frame(context);
  if (is_between(frame.pc(), weft_cpu_enter_window, weft_cpu_enter_window_end)) {
    frame.set(REG_RIP, frame.get(REG_RCX));
    preempt(*a, frame);
  } else if (is_between(frame.pc(), weft_cpu_resume_window, weft_cpu_resume_window_end)) {
    leave(frame, a->head, static_cast<uint64_t>(Leave::preempted));
  } else if (is_guest(*a, frame.pc()) || is_stub_tail(*a, frame.pc())) {
    preempt(*a, frame);
  } else {
    // In a host function r14 may hold anything, so every instance that could be the one gets the
    // flag.
    set_flag(a->head);
    for (InstanceHead* peer : a->peers) {
      set_flag(peer);
    }
  }
}

bool is_in_memory(const InstanceHead* head, uint64_t address) {
  auto base = reinterpret_cast<uint64_t>(head) + sizeof(InstanceHead);
  return address >= base && address < base + slot::memory_bytes + slot::guard_bytes;
}

std::optional<TrapKind> classify(const Activation& a, int signal, const siginfo_t& info) {
  if (signal == SIGFPE) {
    return info.si_code == FPE_INTDIV   ? std::optional(TrapKind::integer_divide_by_zero)
           : info.si_code == FPE_INTOVF ? std::optional(TrapKind::integer_overflow)
                                        : std::nullopt;
  }
  if ((signal != SIGSEGV && signal != SIGBUS) || info.si_code == SI_KERNEL) {
    return std::nullopt;  // SI_KERNEL: a general protection fault, which has no address
  }
  auto address = reinterpret_cast<uint64_t>(info.si_addr);
  if (address >= a.guard_low && address < a.stack_low) {
    return TrapKind::stack_exhausted;
  }
  bool in_memory = is_in_memory(a.head, address);
  for (const InstanceHead* peer : a.peers) {
    in_memory = in_memory || is_in_memory(peer, address);
  }
  return in_memory ? std::optional(TrapKind::out_of_bounds_memory) : std::nullopt;
}

// Lets the signal do what it would without us. A fault happens again when the handler returns; a
// signal that was sent has to be sent again.
void fall_to_default(int signal, const siginfo_t& info) {
  struct sigaction action = {};
  action.sa_handler = SIG_DFL;
  ::sigaction(signal, &action, nullptr);
  if (info.si_code <= 0) {
    ::syscall(SYS_tgkill, ::getpid(), ::syscall(SYS_gettid), signal);
  }
}

void complain(int signal, const siginfo_t& info, uint64_t pc) {
  char text[160];
  auto end = fmt::format_to_n(
      text, sizeof text,
      "weft: signal {} in guest code at {:#x}, address {:#x}: generated code is wrong\n", signal,
      pc, reinterpret_cast<uint64_t>(info.si_addr));
  [[maybe_unused]] ssize_t written =
      ::write(STDERR_FILENO, text, static_cast<size_t>(end.out - text));
}

void pass_on(int signal, siginfo_t* info, void* context) {
  const struct sigaction* previous = nullptr;
  for (size_t i = 0; i < std::size(fault_signals); ++i) {
    if (fault_signals[i] == signal) {
      previous = &previous_handlers[i];
    }
  }
  if ((previous->sa_flags & SA_SIGINFO) != 0 && previous->sa_sigaction != nullptr) {
    previous->sa_sigaction(signal, info, context);
  } else if (previous->sa_handler != SIG_DFL && previous->sa_handler != SIG_IGN) {
    previous->sa_handler(signal);
  } else if (previous->sa_handler == SIG_DFL || info->si_code > 0) {
    fall_to_default(signal, *info);
  }
}

void on_fault(int signal, siginfo_t* info, void* context) {
  Core* core = this_core;
  Activation* a = core != nullptr ? core->running.load(std::memory_order_relaxed) : nullptr;
  if (a == nullptr || info->si_code <= 0) {
    return pass_on(signal, info, context);
  }
  Frame frame(context);
  InstanceHead* head = a->head;
  std::optional<TrapKind> kind;
  if (is_guest(*a, frame.pc())) {
    kind = classify(*a, signal, *info);
    if (!kind) {
      complain(signal, *info, frame.pc());
      return fall_to_default(signal, *info);
    }
  } else if (is_stub(*a, frame.pc())) {
    kind = classify(*a, signal, *info);  // pushes are all that can fail there
    head = reinterpret_cast<InstanceHead*>(frame.get(REG_R14) - sizeof(InstanceHead));
  }
  if (!kind || (head != a->head && kind != TrapKind::stack_exhausted)) {
    return pass_on(signal, info, context);
  }
  core->fault_address = reinterpret_cast<uint64_t>(info->si_addr);
  fill_registers(*a, frame);
  leave(frame, head, static_cast<uint64_t>(Leave::trapped) | static_cast<uint64_t>(*kind) << 8);
}

Result<void> install(int signal, void (*handler)(int, siginfo_t*, void*),
                     struct sigaction* previous) {
  struct sigaction action = {};
  action.sa_sigaction = handler;
  action.sa_flags = SA_SIGINFO | SA_ONSTACK | SA_RESTART;
  sigemptyset(&action.sa_mask);
  sigaddset(&action.sa_mask, tick_signal());
#ifdef WEFT_HIDE_SIGNALS_FROM_SANITIZER
  int failed = signal == tick_signal() ? __sigaction(signal, &action, previous)
                                       : ::sigaction(signal, &action, previous);
#else
  int failed = ::sigaction(signal, &action, previous);
#endif
  if (failed != 0) {
    return io_error(errno, fmt::format("installing a handler for signal {}", signal));
  }
  return {};
}

}  // namespace

int tick_signal() { return SIGRTMIN + 3; }

Result<void> install_handlers() {
  static std::mutex mutex;
  static bool is_done = false;
  std::lock_guard lock(mutex);
  if (is_done) {
    return {};
  }
  for (size_t i = 0; i < std::size(fault_signals); ++i) {
    TRY_VOID(install(fault_signals[i], on_fault, &previous_handlers[i]));
  }
  TRY_VOID(install(tick_signal(), on_tick, nullptr));
  is_done = true;
  return {};
}

}  // namespace weft::cpu
