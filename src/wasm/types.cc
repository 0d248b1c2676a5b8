#include "wasm/types.h"

namespace weft::wasm {

std::string_view name(ValType type) {
  switch (type) {
    case ValType::i32:
      return "i32";
    case ValType::i64:
      return "i64";
    case ValType::f32:
      return "f32";
    case ValType::f64:
      return "f64";
    case ValType::v128:
      return "v128";
    case ValType::funcref:
      return "funcref";
    case ValType::externref:
      return "externref";
  }
  return "?";
}

namespace {
void append(std::string& out, const std::vector<ValType>& types) {
  out += '(';
  for (size_t i = 0; i < types.size(); ++i) {
    out += i == 0 ? "" : ", ";
    out += name(types[i]);
  }
  out += ')';
}
}  // namespace

std::string to_string(const FuncType& type) {
  std::string out;
  append(out, type.params);
  out += " -> ";
  append(out, type.results);
  return out;
}

std::string_view name(TrapKind kind) {
  switch (kind) {
    case TrapKind::unreachable:
      return "unreachable";
    case TrapKind::out_of_bounds_memory:
      return "out of bounds memory access";
    case TrapKind::out_of_bounds_table:
      return "out of bounds table access";
    case TrapKind::undefined_element:
      return "undefined element";
    case TrapKind::uninitialized_element:
      return "uninitialized element";
    case TrapKind::indirect_call_type:
      return "indirect call type mismatch";
    case TrapKind::integer_divide_by_zero:
      return "integer divide by zero";
    case TrapKind::integer_overflow:
      return "integer overflow";
    case TrapKind::invalid_conversion:
      return "invalid conversion to integer";
    case TrapKind::stack_exhausted:
      return "call stack exhausted";
    case TrapKind::unaligned_atomic:
      return "unaligned atomic";
    case TrapKind::expected_shared_memory:
      return "expected shared memory";
    case TrapKind::uncaught_exception:
      return "uncaught exception";
    case TrapKind::host:
      return "host error";
  }
  return "?";
}

}  // namespace weft::wasm
