#include "differential/machine.h"

#include <fmt/format.h>

#include <algorithm>

namespace weft::differential {

namespace {

// The finaliser of MurmurHash3 (Appleby), which spreads every bit over all.
uint64_t mix(uint64_t x) {
  x = (x ^ (x >> 33)) * 0xff51afd7ed558ccd;
  x = (x ^ (x >> 33)) * 0xc4ceb9fe1a85ec53;
  return x ^ (x >> 33);
}

}  // namespace

std::string to_string(const Value& value) {
  using wasm::ValType;
  switch (value.type) {
    case ValType::v128:
      return fmt::format("v128:{:#018x}{:016x}", value.high, value.low);
    case ValType::funcref:
    case ValType::externref:
      return value.low == 0 ? fmt::format("{}:null", wasm::name(value.type))
                            : fmt::format("{}:{}", wasm::name(value.type), value.low - 1);
    default:
      return fmt::format("{}:{:#x}", wasm::name(value.type), value.low);
  }
}

std::string to_string(const Values& values) {
  std::string text;
  for (const Value& value : values) {
    text += (text.empty() ? "" : ", ") + to_string(value);
  }
  return "(" + text + ")";
}

std::string to_string(const Ending& ending) {
  switch (ending.kind) {
    case Ending::Kind::returned:
      return "returned " + to_string(ending.results);
    case Ending::Kind::trapped:
      return "trapped: " + ending.note;
    case Ending::Kind::refused:
      return "refused: " + ending.note;
    case Ending::Kind::unknown:
      return "cannot tell: " + ending.note;
  }
  return "?";
}

bool agree(const Ending& one, const Ending& other) {
  if (one.kind != other.kind || one.results != other.results) {
    return false;
  }
  return one.kind != Ending::Kind::trapped ||
         std::find_first_of(one.traps.begin(), one.traps.end(), other.traps.begin(),
                            other.traps.end()) != one.traps.end();
}

Values Host::answer(std::string_view name, const wasm::FuncType& type, const Values& args) {
  for (char c : name) {
    digest_ = mix(digest_ ^ static_cast<uint8_t>(c));
  }
  for (const Value& arg : args) {
    digest_ = mix(mix(digest_ ^ arg.low) ^ arg.high);
  }
  Values results;
  for (wasm::ValType result : type.results) {
    digest_ = mix(digest_ + 1);
    Value value{result, digest_, 0};
    if (result == wasm::ValType::i32 || result == wasm::ValType::f32) {
      value.low >>= 32;
    } else if (result == wasm::ValType::v128) {
      value.high = mix(digest_ + 2);
    } else if (result == wasm::ValType::funcref || result == wasm::ValType::externref) {
      value.low = 0;
    }
    results.push_back(value);
  }
  return results;
}

}  // namespace weft::differential
