// What is known about a module before its first function is lowered: shared, read-only, by all
// compiling threads. Thread safety: immutable.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <unordered_map>
#include <vector>

#include "base/result.h"
#include "engine/layout.h"
#include "engine/options.h"
#include "wasm/module.h"

namespace weft::engine {

// How many conditional branches a function has, and how many of them have decided, at most, that an
// instruction is reached: as many as `if`s are nested, or as `br_if` follow each other in a block.
struct Branches {
  uint32_t count = 0;
  uint32_t depth = 0;
};

struct Plan {
  std::shared_ptr<const wasm::Module> module;
  CompileOptions options;
  Target target;
  Layout layout;

  std::vector<uint32_t> referenced;                         // functions that can become a funcref
  std::unordered_map<uint32_t, uint32_t> descriptor_index;  // function -> place in `referenced`
  std::vector<Branches> branches;                           // of each function
  std::vector<bool> throws;       // may a call of this function end with an exception in flight?
  bool indirect_throws = false;   // may a call through a table?
  std::vector<bool> table_grows;  // may the table's size change?
  uint32_t payload_values = 0;    // the most values an exception here can carry
  bool memory_grows = false;
  bool contracts = false;            // may a multiplication and an addition be fused?
  bool tail_calls = false;           // functions use the tailcc convention
  std::vector<std::string> symbols;  // of each function, unique: "quicksort.w12"

  // How far the memory may grow. That is one page less than it could, if the module lets us: then
  // no access that succeeds comes within 64 KiB of 2^32 (neighbours.h).
  uint64_t max_memory_pages() const;
  bool open() const { return options.linking == Linking::open; }
  const wasm::Module& wasm() const { return *module; }
};

// Scans every body once. Error exhausted when the layout does not fit.
Result<Plan> make_plan(std::shared_ptr<const wasm::Module> module, CompileOptions options,
                       Target target);

}  // namespace weft::engine
