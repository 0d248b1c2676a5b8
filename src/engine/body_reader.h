// Reads the instructions of one validated function body, one after the other (core
// specification 5.4 and 5.5.13). Opcodes have libwabt's names. The module has passed decode(), so
// structure is trusted; a reader that still runs off the end is a defect of ours and fails a CHECK.
// Thread safety: none; a reader per use. The module must outlive it.
#pragma once

#include <wabt/opcode.h>

#include <array>
#include <cstdint>
#include <vector>

#include "wasm/byte_reader.h"
#include "wasm/module.h"

namespace weft::engine {

// A block's type: nothing, one result, or a type index.
struct BlockType {
  std::vector<wasm::ValType> params;
  std::vector<wasm::ValType> results;
};

struct Instruction {
  wabt::Opcode::Enum op = wabt::Opcode::Invalid;
  uint32_t code = 0;      // the number after a prefix byte, or the opcode byte itself
  uint64_t offset = 0;    // of the opcode in the module
  uint64_t constant = 0;  // bits of i32/i64/f32/f64.const
  uint32_t index = 0;     // function, local, global, label, type, table, segment, tag
  uint32_t index2 = 0;    // table of call_indirect; source table of table.copy; table of table.init
  uint64_t memory_offset = 0;  // loads, stores, atomics
  uint8_t lane = 0;
  int64_t block_type = 0;           // as encoded: -64, a negative value type, or a type index
  std::array<uint8_t, 16> bytes{};  // v128.const, i8x16.shuffle
};

class BodyReader {
 public:
  BodyReader(const wasm::Module& module, uint32_t function);

  // All locals but the parameters.
  const std::vector<wasm::ValType>& locals() const { return locals_; }
  bool at_end() const { return in_.at_end(); }
  const Instruction& next();
  // Labels of the br_table that next() gave, the default last.
  const std::vector<uint32_t>& targets() const { return targets_; }
  uint64_t offset() const { return start_ + in_.position(); }

  BlockType block_type(int64_t encoded) const;

 private:
  void immediates();
  void prefixed_immediates(uint8_t prefix);
  void memory_argument();

  const wasm::Module& module_;
  wasm::ByteReader in_;
  uint64_t start_;
  std::vector<wasm::ValType> locals_;
  std::vector<uint32_t> targets_;
  Instruction current_;
};

}  // namespace weft::engine
