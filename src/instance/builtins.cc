#include "instance/builtins.h"

#include <chrono>
#include <cstring>

#include "instance/instance.h"

namespace weft::instance {

using cpu::Action;
using cpu::HostReturn;
using engine::Builtin;

namespace {

constexpr uint64_t minus_one = 0xffff'ffff;

uint32_t low(uint64_t v) { return static_cast<uint32_t>(v); }
uint32_t high(uint64_t v) { return static_cast<uint32_t>(v >> 32); }

}  // namespace

struct Builtins {
  static Instance& self(void* object) { return *static_cast<Instance*>(object); }

  static HostReturn trap(Instance& instance, wasm::TrapKind kind) {
    instance.guest().trap(kind);
    return {0, Action::stop};
  }
  static HostReturn table_result(Instance& instance, bool in_bounds) {
    return in_bounds ? HostReturn{0, Action::go_on}
                     : trap(instance, wasm::TrapKind::out_of_bounds_table);
  }

  static HostReturn memory_grow(void* object, uint64_t pages, uint64_t, uint64_t, uint64_t,
                                uint64_t) {
    auto old = self(object).memory().grow(low(pages));
    return {old ? *old : minus_one, Action::go_on};
  }

  static HostReturn table_grow(void* object, uint64_t table, uint64_t ref, uint64_t count, uint64_t,
                               uint64_t) {
    auto old = self(object).table_grow(low(table), ref, low(count));
    return {old ? *old : minus_one, Action::go_on};
  }

  static HostReturn table_fill(void* object, uint64_t table, uint64_t start, uint64_t ref,
                               uint64_t count, uint64_t) {
    return table_result(self(object),
                        self(object).table_fill(low(table), low(start), ref, low(count)));
  }

  static HostReturn table_copy(void* object, uint64_t tables, uint64_t destination, uint64_t source,
                               uint64_t count, uint64_t) {
    return table_result(self(object),
                        self(object).table_copy(low(tables), high(tables), low(destination),
                                                low(source), low(count)));
  }

  static HostReturn table_init(void* object, uint64_t which, uint64_t destination, uint64_t source,
                               uint64_t count, uint64_t) {
    return table_result(self(object),
                        self(object).table_init(low(which), high(which), low(destination),
                                                low(source), low(count)));
  }

  // First time: compare and queue. Later: notified, timed out, or woken without reason.
  static HostReturn wait(void* object, uint64_t address, uint64_t expected, uint64_t timeout_ns,
                         int bytes) {
    Instance& instance = self(object);
    LinearMemory& memory = instance.memory();
    host::Guest& guest = instance.guest();
    if (!memory.limits().shared) {
      return trap(instance, wasm::TrapKind::expected_shared_memory);
    }
    std::optional<host::Clock::time_point> deadline;
    if (guest.resumed()) {
      deadline = guest.previous_wait().deadline;
      bool notified = instance.waiting_ != nullptr && memory.is_notified(*instance.waiting_);
      bool late = !notified && deadline && host::Clock::now() >= *deadline;
      if (late && instance.waiting_ != nullptr) {
        notified = !memory.cancel(instance.waiting_);
      }
      if (notified || late) {
        instance.waiting_ = nullptr;
        return {notified ? 0u : 2u, Action::go_on};
      }
      if (instance.waiting_ == nullptr) {  // thawed: queued anew, in the order of thawing
        auto now = bytes == 4 ? *reinterpret_cast<uint32_t*>(instance.slot().base() + address)
                              : *reinterpret_cast<uint64_t*>(instance.slot().base() + address);
        instance.waiting_ =
            memory.enqueue(instance.slot().base(), address, now, bytes, guest.waker());
      }
    } else {
      auto timeout = static_cast<int64_t>(timeout_ns);
      // A timeout of centuries is none: it would overflow the clock.
      constexpr int64_t forever = int64_t{1} << 62;
      if (timeout >= 0 && timeout < forever) {
        deadline = host::Clock::now() + std::chrono::nanoseconds(timeout);
      }
      uint64_t wanted = bytes == 4 ? low(expected) : expected;
      instance.waiting_ =
          memory.enqueue(instance.slot().base(), address, wanted, bytes, guest.waker());
      if (instance.waiting_ == nullptr) {
        return {1, Action::go_on};
      }
    }
    uint64_t again[5] = {address, expected, timeout_ns, 0, 0};
    std::memcpy(guest.head()->pending_args, again, sizeof again);
    guest.wait({.fds = {}, .deadline = deadline});
    return {0, Action::suspend};
  }

  static HostReturn wait32(void* object, uint64_t address, uint64_t expected, uint64_t timeout,
                           uint64_t, uint64_t) {
    return wait(object, address, expected, timeout, 4);
  }
  static HostReturn wait64(void* object, uint64_t address, uint64_t expected, uint64_t timeout,
                           uint64_t, uint64_t) {
    return wait(object, address, expected, timeout, 8);
  }

  static HostReturn notify(void* object, uint64_t address, uint64_t count, uint64_t, uint64_t,
                           uint64_t) {
    LinearMemory& memory = self(object).memory();
    return {memory.limits().shared ? memory.notify(address, low(count)) : 0, Action::go_on};
  }
};

cpu::HostFn builtin_function(Builtin builtin) {
  switch (builtin) {
    case Builtin::memory_grow:
      return &Builtins::memory_grow;
    case Builtin::table_grow:
      return &Builtins::table_grow;
    case Builtin::table_fill:
      return &Builtins::table_fill;
    case Builtin::table_copy:
      return &Builtins::table_copy;
    case Builtin::table_init:
      return &Builtins::table_init;
    case Builtin::atomic_wait32:
      return &Builtins::wait32;
    case Builtin::atomic_wait64:
      return &Builtins::wait64;
    case Builtin::atomic_notify:
      return &Builtins::notify;
    case Builtin::count:
      break;
  }
  CHECK(false, "no such builtin");
}

}  // namespace weft::instance
