// The instance block: what generated code, trampolines and the host share about one instance.
//
// It lies directly below the linear memory, whose base stays in r14 while guest code runs. Its last
// 256 bytes are this head, at fixed negative offsets; below it the engine lays out globals, tables
// and imports for each module (src/engine/layout.h), and at the bottom the argument area and the
// register save area:
//
//     base - instance_bytes                                                             base - 256
//     base (r14) | save area (4 KiB) | arguments | tables ... | imports | descriptors | globals  |
//     InstanceHead | linear memory
//
// No host address lies here but in the fields that say so; they are written anew when a frozen
// guest is thawed. Thread safety: `interrupt` is written by any thread; all else belongs to the
// thread that runs the guest.
#pragma once

#include <cstddef>
#include <cstdint>

namespace weft::cpu {

struct alignas(16) InstanceHead {
  uint64_t reserved[16];
  uint64_t trap_stack;       // guest rsp after a trap stub pushed the callee-saved registers
  uint64_t pending_args[5];  // arguments of a host call that waits, to call it again
  uint64_t instance_bytes;   // size of the whole block, a multiple of the page size
  uint64_t save_area;        // address of the register save area (64-byte aligned), cpu::SaveArea
  uint64_t args;             // address of the argument area: wasm::Value[]
  uint64_t result;           // delivered in rax when a suspended host call goes on
  uint64_t context;          // host address: host::Guest*
  uint64_t memory_bytes;     // current size of linear memory
  uint32_t interrupt;        // not 0: leave the guest at the next host call
  uint32_t call_index;       // the host call in progress: index into the import vector
  uint64_t exception;        // identity of the tag of the exception in flight, 0 for none
  uint64_t host_rsp;         // host address: the stack of the core while the guest runs
  uint64_t guest_rsp;        // the guest's stack pointer while the host runs
};
static_assert(sizeof(InstanceHead) == 256);

// Offsets from the memory base, for generated code and assembly.
#define WEFT_HEAD_OFFSET(field)                                   \
  (static_cast<int>(offsetof(::weft::cpu::InstanceHead, field)) - \
   static_cast<int>(sizeof(::weft::cpu::InstanceHead)))
inline constexpr int head_guest_rsp = -8;
inline constexpr int head_host_rsp = -16;
inline constexpr int head_exception = -24;
inline constexpr int head_interrupt = -32;
inline constexpr int head_call_index = -28;
inline constexpr int head_memory_bytes = -40;
inline constexpr int head_context = -48;
inline constexpr int head_result = -56;
inline constexpr int head_args = -64;
inline constexpr int head_save_area = -72;
inline constexpr int head_trap_stack = -128;
static_assert(WEFT_HEAD_OFFSET(guest_rsp) == head_guest_rsp);
static_assert(WEFT_HEAD_OFFSET(host_rsp) == head_host_rsp);
static_assert(WEFT_HEAD_OFFSET(exception) == head_exception);
static_assert(WEFT_HEAD_OFFSET(interrupt) == head_interrupt);
static_assert(WEFT_HEAD_OFFSET(call_index) == head_call_index);
static_assert(WEFT_HEAD_OFFSET(memory_bytes) == head_memory_bytes);
static_assert(WEFT_HEAD_OFFSET(context) == head_context);
static_assert(WEFT_HEAD_OFFSET(result) == head_result);
static_assert(WEFT_HEAD_OFFSET(args) == head_args);
static_assert(WEFT_HEAD_OFFSET(save_area) == head_save_area);
static_assert(WEFT_HEAD_OFFSET(trap_stack) == head_trap_stack);

inline InstanceHead* head_of(std::byte* base) {
  return reinterpret_cast<InstanceHead*>(base - sizeof(InstanceHead));
}
inline std::byte* base_of(InstanceHead* head) {
  return reinterpret_cast<std::byte*>(head) + sizeof(InstanceHead);
}

// What a host function gives back to the trampoline, in rax and rdx.
enum class Action : uint64_t {
  go_on = 0,    // value is the first result
  suspend = 1,  // the guest waits; it is resumed later with InstanceHead::result in rax
  stop = 2,     // the guest is abandoned
};
struct HostReturn {
  uint64_t value;
  Action action;
};

// The import vector has one entry for each host function: generated code calls stub n, which calls
// fn(object, a0 … a4) on the core's stack. Arguments beyond the fifth and all v128 arguments are in
// the argument area at their own index; floats travel as their bits. A single result comes back in
// rax; several, or a v128, through the argument area from index 0.
using HostFn = HostReturn (*)(void* object, uint64_t, uint64_t, uint64_t, uint64_t, uint64_t);
struct ImportEntry {
  HostFn fn;     // host address
  void* object;  // host address
};
static_assert(sizeof(ImportEntry) == 16);

// What a funcref points to. `base` is the memory base of the instance that the function belongs to;
// modules compiled with closed linking have their descriptors in the code file, with base 0.
struct FuncRef {
  uint64_t code;
  uint64_t base;
  uint32_t type;
  uint32_t index;  // function index in its own module
};
static_assert(sizeof(FuncRef) == 24);

// A table as generated code sees it, and its elements.
struct TableHead {
  uint64_t elements;  // address of FuncEntry[] or of uint64_t[] (externref)
  uint32_t size;
  uint32_t reserved;
};
struct FuncEntry {
  uint64_t code;  // = ref->code, so that a call needs one load less; 0 when null
  uint64_t ref;   // address of a FuncRef, or 0
};
static_assert(sizeof(TableHead) == 16 && sizeof(FuncEntry) == 16);

}  // namespace weft::cpu
