// Where things lie in the instance block of one module: offsets from the memory base, all negative.
//
//     base - instance_bytes base | save area | arguments | table elements | descriptors | segment
//     sizes | links | imports | tables | globals | head |
//
// What is used most lies nearest to the head, so that a small instance touches one page.
// Thread safety: immutable.
#pragma once

#include <algorithm>
#include <cstdint>
#include <vector>

#include "base/result.h"
#include "cpu/instance_head.h"
#include "engine/options.h"
#include "wasm/module.h"

namespace weft::engine {

// Host functions that generated code calls on its own behalf; they come first in the import vector,
// before the module's own imports. Parameters are those of the instruction (core
// specification 4.4), table and segment indices first, packed as noted.
enum class Builtin : uint32_t {
  memory_grow,    // (pages) -> old size or -1
  table_grow,     // (table, ref, count) -> old size or -1
  table_fill,     // (table, start, ref, count)
  table_copy,     // (destination table | source table << 32, destination, source, count)
  table_init,     // (table | segment << 32, destination, source, count)
  atomic_wait32,  // (address 64 bits, expected, timeout_ns) -> 0 ok, 1 not equal, 2 timed out
  atomic_wait64,
  atomic_notify,  // (address 64 bits, count) -> woken
  count
};
inline constexpr uint32_t builtin_count = static_cast<uint32_t>(Builtin::count);

inline constexpr uint32_t max_table_elements = 10'000'000;       // the JS API's limit
inline constexpr uint64_t max_table_bytes = uint64_t{32} << 20;  // of all tables of an instance
inline constexpr uint32_t min_args = 16;  // values in the argument area, at least
// Open linking: other instances' results and exceptions come this way, too.
inline constexpr uint32_t open_args = std::max(wasm::max_params, wasm::max_results);

struct Layout {
  std::vector<int64_t> globals;         // own: the value; imported: the address of the value
  std::vector<int64_t> tables;          // own: cpu::TableHead; imported: the address of one
  std::vector<int64_t> table_elements;  // own tables: first element
  std::vector<uint32_t> table_reserve;  // own tables: elements there is room for
  int64_t imports = 0;                  // cpu::ImportEntry[builtin_count + imported functions]
  int64_t links = 0;                    // open: {code, base} of each imported function
  int64_t types = 0;                    // open: identity (u32) of each type
  int64_t tags = 0;                     // open: identity (u64) of each tag
  int64_t data_sizes = 0;               // u32 of each data segment, 0 when dropped
  int64_t element_sizes = 0;            // u32 of each element segment
  int64_t descriptors = 0;              // open: cpu::FuncRef of each function in `referenced`
  int64_t args = 0;  // wasm::Value[args_count]; the 16 bytes below hold the callee of an entry
  uint32_t args_count = 0;
  int64_t save_area = 0;
  uint64_t instance_bytes = 0;  // multiple of the page size
};

// Error exhausted when the tables or the rest do not fit in the front of a slot.
Result<Layout> lay_out(const wasm::Module& module, const std::vector<uint32_t>& referenced,
                       Linking linking);

inline uint32_t table_entry_bytes(wasm::ValType element) {
  return element == wasm::ValType::funcref ? sizeof(cpu::FuncEntry) : sizeof(uint64_t);
}

}  // namespace weft::engine
