// Values as scripts write them: arguments of actions, and the patterns that results are held
// against.
//
// References: a script's (ref.extern n) is the host handle n + 1, as 0 is null.
// Thread safety: values.
#pragma once

#include <array>
#include <cstdint>
#include <span>
#include <string>
#include <vector>

#include "wasm/types.h"

namespace weft::wast {

// A NaN of which only the kind is given: canonical has the top payload bit alone, arithmetic has it
// at least.
enum class Nan : uint8_t { none, canonical, arithmetic };

struct Literal {
  enum class Kind : uint8_t {
    bits,      // `value`, but for the lanes with a NaN
    null,      // a null reference
    not_null,  // any other reference; in patterns only
  };
  Kind kind = Kind::bits;
  wasm::ValType type = wasm::ValType::i32;
  wasm::Value value{.words = {0, 0}};
  uint8_t lane_bytes = 4;       // of v128; scalars are one lane
  std::array<Nan, 4> nan = {};  // of each floating-point lane

  // What is handed to a function. REQUIRES: kind is not not_null, and no lane is a NaN pattern.
  wasm::Value argument() const { return kind == Kind::null ? wasm::Value{.words = {0, 0}} : value; }
};

// A result is as expected when it matches any of these; most have one.
struct Expected {
  std::vector<Literal> alternatives;
};

inline uint64_t extern_handle(uint64_t number) { return number + 1; }

bool matches(const Literal& pattern, wasm::ValType type, const wasm::Value& value);
bool matches(const Expected& expected, wasm::ValType type, const wasm::Value& value);

// "i32:0x2a", "v128:0x…" with lane 0 last, "(ref.null)".
std::string to_string(wasm::ValType type, const wasm::Value& value);
std::string to_string(const Literal& literal);
std::string to_string(const Expected& expected);

}  // namespace weft::wast
