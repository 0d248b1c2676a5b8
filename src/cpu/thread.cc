#include "cpu/thread.h"

#include <sys/auxv.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <optional>

#include "cpu/core.h"
#include "cpu/save_area.h"

namespace weft::cpu {
namespace {

// Handlers need little, but one that is chained (a sanitizer's report) may need a lot.
constexpr size_t handler_stack_bytes = size_t{256} << 10;
constexpr size_t page_bytes = 4096;

// What a stub or prepare() left on the guest stack, from its stack pointer upwards.
struct StackFrame {
  uint64_t r15, r14, r13, r12, rbx, rbp, return_address;
};
static_assert(sizeof(StackFrame) == 56);

Registers registers_at(uint64_t rsp) {
  const auto& frame = *reinterpret_cast<const StackFrame*>(rsp);
  return {.pc = frame.return_address,
          .rsp = rsp + sizeof(StackFrame),
          .rbp = frame.rbp,
          .rbx = frame.rbx,
          .r12 = frame.r12,
          .r13 = frame.r13,
          .r14 = frame.r14,
          .r15 = frame.r15,
          .is_return_address = true};
}

void clear_flag(InstanceHead* head) {
  std::atomic_ref(head->interrupt).store(0, std::memory_order_relaxed);
}

}  // namespace

struct Thread::State {
  Core core;
  pid_t tid = 0;
  std::optional<timer_t> timer;
  void* stack = MAP_FAILED;  // with a page of guard below
  size_t stack_bytes = 0;
  stack_t previous_stack = {};

  Result<void> use_own_stack();
  Result<void> make_timer();
  ~State();
};

Result<void> Thread::State::use_own_stack() {
  stack_bytes =
      page_bytes + handler_stack_bytes + (::getauxval(AT_MINSIGSTKSZ) & ~(page_bytes - 1));
  stack = ::mmap(nullptr, stack_bytes, PROT_READ | PROT_WRITE,
                 MAP_PRIVATE | MAP_ANONYMOUS | MAP_STACK, -1, 0);
  if (stack == MAP_FAILED) {
    return io_error(errno, "allocating a stack for signal handlers");
  }
  ::mprotect(stack, page_bytes, PROT_NONE);
  stack_t alternate = {};
  alternate.ss_sp = static_cast<std::byte*>(stack) + page_bytes;
  alternate.ss_size = stack_bytes - page_bytes;
  if (::sigaltstack(&alternate, &previous_stack) != 0) {
    return io_error(errno, "setting the stack for signal handlers");
  }
  return {};
}

Result<void> Thread::State::make_timer() {
  sigevent event = {};
  event.sigev_notify = SIGEV_THREAD_ID;
  event.sigev_signo = tick_signal();
  event._sigev_un._tid = tid;  // glibc has no other name for it
  timer_t made = {};
  if (::timer_create(CLOCK_MONOTONIC, &event, &made) != 0) {
    return io_error(errno, "making a timer for preemption");
  }
  timer = made;
  return {};
}

Thread::State::~State() {
  if (timer) {
    ::timer_delete(*timer);
  }
  this_core = nullptr;
  if (stack != MAP_FAILED) {
    ::sigaltstack(&previous_stack,
                  nullptr);  // whoever set it (a sanitizer) frees it at the end of the thread
    ::munmap(stack, stack_bytes);
  }
}

Result<std::unique_ptr<Thread>> Thread::attach() {
  CHECK(this_core == nullptr, "this thread is attached already");
  if (extended_state_mask() == 0) {
    return error(Error::Kind::unsupported, "this processor or kernel has no XSAVE");
  }
  std::unique_ptr<Thread> thread(new Thread);
  thread->state_ = std::make_unique<State>();
  State& state = *thread->state_;
  state.tid = static_cast<pid_t>(::syscall(SYS_gettid));
  TRY_VOID(state.use_own_stack());
  TRY_VOID(install_handlers());
  TRY_VOID(state.make_timer());
  this_core = &state.core;
  return thread;
}

Thread::~Thread() {
  CHECK(this_core == &state_->core, "a Thread ends on the thread that made it");
  CHECK(state_->core.running.load() == nullptr, "a guest is running");
}

void Thread::prepare(Activation& activation, uint64_t entry, uint64_t finish_stub) {
  // At the first instruction of a function the stack is 8 modulo 16, its return address on top
  // (System V ABI 3.2.2).
  uint64_t top = activation.stack_high & ~uint64_t{15};
  *reinterpret_cast<uint64_t*>(top - 8) = finish_stub;
  auto* frame = reinterpret_cast<StackFrame*>(top - 8 - sizeof(StackFrame));
  *frame = {.r14 = reinterpret_cast<uint64_t>(base_of(activation.head)), .return_address = entry};
  activation.head->guest_rsp = reinterpret_cast<uint64_t>(frame);
  activation.head->result = 0;
  activation.preempted = false;
}

Exit Thread::enter(Activation& a) {
  Core& core = state_->core;
  CHECK(core.running.load(std::memory_order_relaxed) == nullptr,
        "a guest is running on this thread");
  // A flag from before is dropped, so that the guest makes progress; then ticks find the guest,
  // then interrupts are asked for. Whatever comes later sets the flag, and the assembly looks at it
  // last.
  clear_flag(a.head);
  for (InstanceHead* peer : a.peers) {
    clear_flag(peer);
  }
  core.running.store(&a, std::memory_order_relaxed);
  std::atomic_signal_fence(std::memory_order_seq_cst);
  if (core.interrupt_pending.load(std::memory_order_relaxed)) [[unlikely]] {
    core.running.store(nullptr, std::memory_order_relaxed);
    core.interrupt_pending.store(false, std::memory_order_relaxed);
    return {.reason = a.preempted ? Leave::preempted : Leave::interrupted};
  }
  Left left = a.preempted
                  ? weft_cpu_resume(a.head, a.peers.data(), a.peers.size(), extended_state_mask())
                  : weft_cpu_enter(a.head, a.peers.data(), a.peers.size());
  std::atomic_signal_fence(std::memory_order_seq_cst);
  core.running.store(nullptr, std::memory_order_relaxed);
  std::atomic_signal_fence(std::memory_order_seq_cst);
  core.interrupt_pending.store(false, std::memory_order_relaxed);

  Exit exit{.reason = static_cast<Leave>(left.code & 0xff),
            .trap = static_cast<wasm::TrapKind>(left.code >> 8 & 0xff)};
  a.head = head_of(left.base);
  a.preempted = exit.reason == Leave::preempted;
  if ((left.code & registers_are_filled) != 0) {
    exit.fault_address = exit.reason == Leave::trapped ? core.fault_address : 0;
  } else if (exit.reason == Leave::trapped) {
    a.registers = registers_at(a.head->trap_stack);
  } else if (exit.reason != Leave::returned && exit.reason != Leave::preempted) {
    a.registers = registers_at(a.head->guest_rsp);
  }
  return exit;
}

Result<void> Thread::set_tick(std::chrono::nanoseconds period) {
  CHECK(period.count() >= 0, "a period of {} ns", period.count());
  if (period.count() > 0) {
    period = std::max(period, min_tick);
  }
  auto seconds = std::chrono::duration_cast<std::chrono::seconds>(period);
  itimerspec spec = {};
  spec.it_interval = {.tv_sec = seconds.count(), .tv_nsec = (period - seconds).count()};
  spec.it_value = spec.it_interval;
  if (::timer_settime(*state_->timer, 0, &spec, nullptr) != 0) {
    return io_error(errno, "setting the timer for preemption");
  }
  return {};
}

void Thread::interrupt() {
  if (!state_->core.interrupt_sent.exchange(true)) {
    ::syscall(SYS_tgkill, ::getpid(), state_->tid, tick_signal());
  }
}

}  // namespace weft::cpu
