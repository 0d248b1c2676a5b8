#include "wast/values.h"

#include <fmt/format.h>

#include <algorithm>
#include <cstring>

namespace weft::wast {

using wasm::ValType;
using wasm::Value;

namespace {

size_t size_of(ValType type) {
  switch (type) {
    case ValType::i32:
    case ValType::f32:
      return 4;
    case ValType::v128:
      return 16;
    default:
      return 8;
  }
}

size_t lane_size(const Literal& literal) {
  return literal.type == ValType::v128 ? literal.lane_bytes : size_of(literal.type);
}

uint64_t lane_of(const Value& value, size_t lane, size_t bytes) {
  uint64_t bits = 0;
  std::memcpy(&bits, value.v128 + lane * bytes, bytes);
  return bits;
}

// `bytes` is 4 for f32, 8 for f64.
bool matches_nan(Nan nan, uint64_t bits, size_t bytes) {
  uint64_t quiet = bytes == 4 ? 0x7fc0'0000 : 0x7ff8'0000'0000'0000;
  uint64_t sign = bytes == 4 ? 0x8000'0000 : 0x8000'0000'0000'0000;
  return nan == Nan::canonical ? (bits & ~sign) == quiet : (bits & quiet) == quiet;
}

bool is_reference(ValType type) { return type == ValType::funcref || type == ValType::externref; }

}  // namespace

bool matches(const Literal& pattern, ValType type, const Value& value) {
  if (pattern.type != type) {
    return false;
  }
  if (pattern.kind != Literal::Kind::bits) {
    return (value.ref == 0) == (pattern.kind == Literal::Kind::null);
  }
  size_t bytes = lane_size(pattern);
  for (size_t lane = 0; lane < size_of(type) / bytes; ++lane) {
    uint64_t bits = lane_of(value, lane, bytes);
    Nan nan = lane < pattern.nan.size() ? pattern.nan[lane] : Nan::none;
    bool good = nan == Nan::none ? bits == lane_of(pattern.value, lane, bytes)
                                 : matches_nan(nan, bits, bytes);
    if (!good) {
      return false;
    }
  }
  return true;
}

bool matches(const Expected& expected, ValType type, const Value& value) {
  return std::any_of(expected.alternatives.begin(), expected.alternatives.end(),
                     [&](const Literal& pattern) { return matches(pattern, type, value); });
}

std::string to_string(ValType type, const Value& value) {
  if (type == ValType::v128) {
    return fmt::format("v128:{:#018x}{:016x}", value.words[1], value.words[0]);
  }
  if (is_reference(type) && value.ref == 0) {
    return fmt::format("{}:null", wasm::name(type));
  }
  if (type == ValType::externref) {
    return fmt::format("externref:{}", value.ref - 1);
  }
  return fmt::format("{}:{:#x}", wasm::name(type), lane_of(value, 0, size_of(type)));
}

std::string to_string(const Literal& literal) {
  if (literal.kind == Literal::Kind::null) {
    return fmt::format("{}:null", wasm::name(literal.type));
  }
  if (literal.kind == Literal::Kind::not_null) {
    return fmt::format("{}:any", wasm::name(literal.type));
  }
  std::string text = to_string(literal.type, literal.value);
  for (size_t lane = 0; lane < literal.nan.size(); ++lane) {
    if (literal.nan[lane] != Nan::none) {
      text += fmt::format(" (lane {} nan:{})", lane,
                          literal.nan[lane] == Nan::canonical ? "canonical" : "arithmetic");
    }
  }
  return text;
}

std::string to_string(const Expected& expected) {
  std::string text;
  for (const Literal& literal : expected.alternatives) {
    text += (text.empty() ? "" : " or ") + to_string(literal);
  }
  return text;
}

}  // namespace weft::wast
