// The vocabulary of WebAssembly that every part shares: value types, function types, limits, traps.
// Names are those of the WebAssembly core specification 2.0, sections 2.3 (types) and 4.2 (runtime
// structure). Thread safety: values.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace weft::wasm {

enum class ValType : uint8_t { i32, i64, f32, f64, v128, funcref, externref };

std::string_view name(ValType type);  // "i32", "externref", …

struct FuncType {
  std::vector<ValType> params;
  std::vector<ValType> results;
  bool operator==(const FuncType&) const = default;
};

std::string to_string(const FuncType& type);  // "(i32, i64) -> (f32)"

// min and max in pages of 64 KiB for memories, in elements for tables.
struct Limits {
  uint64_t min = 0;
  std::optional<uint64_t> max;
  bool shared = false;
  bool operator==(const Limits&) const = default;
};

inline constexpr uint64_t page_bytes = 65536;
inline constexpr uint64_t max_memory_pages = 65536;

// A value that crosses between host and guest, 16 bytes, little endian, unused bytes zero.
// References: funcref is the address of a cpu::FuncRef or 0; externref is a host handle, 0 is null.
union alignas(16) Value {
  uint32_t i32;
  uint64_t i64;
  float f32;
  double f64;
  uint64_t ref;
  uint8_t v128[16];
  uint64_t words[2];
};
static_assert(sizeof(Value) == 16);

inline Value value_i32(uint32_t v) {
  Value r{.words = {0, 0}};
  r.i32 = v;
  return r;
}
inline Value value_i64(uint64_t v) {
  Value r{.words = {0, 0}};
  r.i64 = v;
  return r;
}
inline Value value_f32(float v) {
  Value r{.words = {0, 0}};
  r.f32 = v;
  return r;
}
inline Value value_f64(double v) {
  Value r{.words = {0, 0}};
  r.f64 = v;
  return r;
}

// Why a guest was stopped. The texts are those that the specification's test scripts expect
// (name()).
enum class TrapKind : uint8_t {
  unreachable,
  out_of_bounds_memory,
  out_of_bounds_table,
  undefined_element,      // call_indirect: index beyond the table
  uninitialized_element,  // call_indirect: null entry
  indirect_call_type,
  integer_divide_by_zero,
  integer_overflow,
  invalid_conversion,
  stack_exhausted,
  unaligned_atomic,
  expected_shared_memory,
  uncaught_exception,
  host,  // a host function refused to go on; the Outcome's message says why
};
inline constexpr int trap_kinds = 14;

std::string_view name(TrapKind kind);  // "integer divide by zero", …

}  // namespace weft::wasm
