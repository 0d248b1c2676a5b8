// A guest for the tests and benches of this module: an instance in a slot, host functions, and the
// functions of guest_x86_64.S to enter.
//
// Thread safety: a TestGuest belongs to one thread.
#pragma once

#include <atomic>
#include <cstring>
#include <vector>

#include "cpu/save_area.h"
#include "cpu/thread.h"
#include "slot/slot_pool.h"

extern "C" {
extern const char guest_begin[], guest_end[], weft_stubs_begin[], weft_stubs_end[], weft_finish[];
#define WEFT_GUEST(name) extern const char guest_##name[];
// What each does is said in guest_x86_64.S.
WEFT_GUEST(add)
WEFT_GUEST(host_arguments)
WEFT_GUEST(call_loop)
WEFT_GUEST(plain_loop)
WEFT_GUEST(kept_registers)
WEFT_GUEST(clean_registers)
WEFT_GUEST(load)
WEFT_GUEST(divide)
WEFT_GUEST(recurse)
WEFT_GUEST(call_at)
WEFT_GUEST(trap)
WEFT_GUEST(endless)
WEFT_GUEST(endless_calls)
WEFT_GUEST(undefined)
WEFT_GUEST(peer)
WEFT_GUEST(scalar)
WEFT_GUEST(avx2)
WEFT_GUEST(avx512)
WEFT_GUEST(spin)
WEFT_GUEST(ticks)
#undef WEFT_GUEST
}

namespace weft::cpu::testguest {

inline constexpr size_t host_functions = 16;
inline constexpr int64_t import_offset = -8192;
inline constexpr int64_t args_offset = -12288;
inline constexpr uint64_t instance_bytes = 16384;
inline constexpr uint64_t default_stack_bytes = 64 << 10;

inline std::span<const CodeRange> code() {
  static const CodeRange range = {
      .stubs_begin = reinterpret_cast<uint64_t>(weft_stubs_begin),
      .stubs_end = reinterpret_cast<uint64_t>(weft_stubs_end),
      .code_begin = reinterpret_cast<uint64_t>(guest_begin),
      .code_end = reinterpret_cast<uint64_t>(guest_end),
  };
  return {&range, 1};
}

class TestGuest {
 public:
  explicit TestGuest(slot::SlotPool& pool, uint64_t stack_bytes = default_stack_bytes)
      : slot_(*pool.acquire()) {
    auto front = static_cast<int64_t>(instance_bytes + stack_bytes);
    auto opened = slot_.open(-front, instance_bytes + stack_bytes + slot::page_bytes);
    CHECK(opened.has_value(), "{}", opened.error().message());
    auto base = reinterpret_cast<uint64_t>(slot_.base());
    head = head_of(slot_.base());
    head->instance_bytes = instance_bytes;
    head->save_area = base - instance_bytes;
    head->args = base + static_cast<uint64_t>(args_offset);
    activation.head = head;
    activation.code = code();
    activation.stack_high = base - instance_bytes;
    activation.stack_low = activation.stack_high - stack_bytes;
    activation.guard_low = activation.stack_low - slot::page_bytes * 16;
  }

  void host(size_t n, HostFn fn, void* object = nullptr) {
    reinterpret_cast<ImportEntry*>(slot_.base() + import_offset)[n] = {fn, object};
  }
  uint64_t& arg(size_t n) { return reinterpret_cast<wasm::Value*>(head->args)[n].i64; }
  void prepare(const char* function) {
    activation.head = head;
    Thread::prepare(activation, reinterpret_cast<uint64_t>(function),
                    reinterpret_cast<uint64_t>(weft_finish));
  }
  std::byte* base() const { return slot_.base(); }
  const SaveArea& saved() const { return *reinterpret_cast<const SaveArea*>(head->save_area); }

  InstanceHead* head;
  Activation activation;

 private:
  slot::Slot slot_;
};

}  // namespace weft::cpu::testguest
