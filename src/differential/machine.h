// What the two sides of the differential test show of themselves: a module's instance that can be
// called, and its whole state after each call.
//
//     Reference (wabt's interpreter) ──┐
//                                      ├─ the same calls ─► compare() ─► what differs, or nothing
//     Subject (weft's engine) ─────────┘
//
// Values are written the same way by both: bits, and references by number. Thread safety: a machine
// belongs to the thread that made it.
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "wasm/types.h"

namespace weft::differential {

// funcref: index of the function + 1; externref: a number; 0 is null for both.
struct Value {
  wasm::ValType type = wasm::ValType::i32;
  uint64_t low = 0;
  uint64_t high = 0;  // of v128
  bool operator==(const Value&) const = default;
};
using Values = std::vector<Value>;

std::string to_string(const Value& value);
std::string to_string(const Values& values);

// How an instantiation or a call ended.
struct Ending {
  enum class Kind : uint8_t {
    returned,  // `results`
    trapped,   // one of `traps`
    refused,   // the module is invalid
    unknown,   // the side cannot do what the module does: nothing is compared
  };
  Kind kind = Kind::returned;
  Values results;
  std::vector<wasm::TrapKind> traps;  // one, or those that the side does not tell apart
  std::string note;                   // its own words
};
std::string to_string(const Ending& ending);
// Do both say the same? REQUIRES: neither is unknown.
bool agree(const Ending& one, const Ending& other);

struct State {
  std::span<const std::byte> memory;  // valid until the machine's next call
  Values globals;
  std::vector<Values> tables;
  uint64_t host_calls = 0;  // Host::digest()
};

// The functions that modules import. They answer from a hash of all calls so far, so a call too
// many, too few, or with another argument changes everything that comes after.
class Host {
 public:
  Values answer(std::string_view name, const wasm::FuncType& type, const Values& args);
  uint64_t digest() const { return digest_; }

 private:
  uint64_t digest_ = 0;
};

class Machine {
 public:
  virtual ~Machine() = default;
  // Decodes, links, initialises, and runs the start function. When it did not return there is no
  // instance, and nothing else may be called. Again: a new instance in place of the last one.
  virtual Ending instantiate(std::span<const uint8_t> module) = 0;
  // Of all functions, imports among them; as decoded.
  virtual std::vector<wasm::FuncType> functions() const = 0;
  // Gives the last global, an i32, a new value: what the generator's modules count down to end.
  virtual void refuel(uint32_t fuel) = 0;
  // REQUIRES: args are of the function's type.
  virtual Ending call(uint32_t function, const Values& args) = 0;
  virtual State state() = 0;
};

}  // namespace weft::differential
