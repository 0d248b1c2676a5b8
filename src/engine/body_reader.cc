#include "engine/body_reader.h"

#include <algorithm>

namespace weft::engine {

using Op = wabt::Opcode;
using wasm::ValType;

namespace {

ValType val_type(int64_t code) {
  switch (code) {
    case -1:
      return ValType::i32;
    case -2:
      return ValType::i64;
    case -3:
      return ValType::f32;
    case -4:
      return ValType::f64;
    case -5:
      return ValType::v128;
    case -16:
      return ValType::funcref;
    case -17:
      return ValType::externref;
    default:
      break;
  }
  CHECK(false, "value type {} in a validated module", code);
}

int64_t sign_extended(uint8_t code) { return static_cast<int64_t>(code) - 128; }

}  // namespace

BodyReader::BodyReader(const wasm::Module& module, uint32_t function)
    : module_(module),
      in_(module.view(module.functions[function].body)),
      start_(module.functions[function].body.offset) {
  uint32_t groups = in_.u32();
  for (uint32_t i = 0; i < groups; ++i) {
    uint32_t count = in_.u32();
    ValType type = val_type(sign_extended(in_.u8()));
    CHECK(in_.ok() && locals_.size() + count <= wasm::max_locals);
    locals_.insert(locals_.end(), count, type);
  }
}

BlockType BodyReader::block_type(int64_t encoded) const {
  if (encoded == -64) {
    return {};
  }
  if (encoded < 0) {
    return {{}, {val_type(encoded)}};
  }
  const auto& type = module_.types[static_cast<size_t>(encoded)];
  return {type.params, type.results};
}

const Instruction& BodyReader::next() {
  current_ = Instruction();
  current_.offset = offset();
  uint8_t byte = in_.u8();
  if (byte >= 0xfc && byte <= 0xfe) {
    current_.code = in_.u32();
    current_.op = Op::FromCode(byte, current_.code);
    prefixed_immediates(byte);
  } else {
    current_.code = byte;
    current_.op = Op::FromCode(byte);
    immediates();
  }
  CHECK(in_.ok() && current_.op < Op::Invalid, "instruction {:#x} in a validated module", byte);
  return current_;
}

void BodyReader::memory_argument() {
  in_.u32();  // alignment: a hint
  current_.memory_offset = in_.u32();
}

void BodyReader::immediates() {
  switch (current_.op) {
    case Op::Block:
    case Op::Loop:
    case Op::If:
    case Op::Try:
      current_.block_type = in_.s33();
      break;
    case Op::Br:
    case Op::BrIf:
    case Op::Call:
    case Op::ReturnCall:
    case Op::LocalGet:
    case Op::LocalSet:
    case Op::LocalTee:
    case Op::GlobalGet:
    case Op::GlobalSet:
    case Op::TableGet:
    case Op::TableSet:
    case Op::RefFunc:
    case Op::Throw:
    case Op::Rethrow:
    case Op::Catch:
    case Op::Delegate:
      current_.index = in_.u32();
      break;
    case Op::CallIndirect:
    case Op::ReturnCallIndirect:
      current_.index = in_.u32();
      current_.index2 = in_.u32();
      break;
    case Op::BrTable: {
      uint32_t count = in_.u32();
      targets_.clear();
      for (uint32_t i = 0; i <= count && in_.ok(); ++i) {
        targets_.push_back(in_.u32());
      }
      break;
    }
    case Op::SelectT: {
      uint32_t count = in_.u32();
      in_.bytes(count);
      break;
    }
    case Op::RefNull:
      in_.s33();
      break;
    case Op::MemorySize:
    case Op::MemoryGrow:
      in_.u8();
      break;
    case Op::I32Const:
      current_.constant = static_cast<uint32_t>(in_.s32());
      break;
    case Op::I64Const:
      current_.constant = static_cast<uint64_t>(in_.s64());
      break;
    case Op::F32Const:
      current_.constant = in_.fixed<uint32_t>();
      break;
    case Op::F64Const:
      current_.constant = in_.fixed<uint64_t>();
      break;
    default:
      if (current_.code >= 0x28 && current_.code <= 0x3e) {
        memory_argument();
      }
      break;
  }
}

void BodyReader::prefixed_immediates(uint8_t prefix) {
  uint32_t code = current_.code;
  if (prefix == 0xfc) {
    if (code < 8) {
      return;
    }
    current_.index = in_.u32();
    switch (current_.op) {
      case Op::MemoryInit:
        in_.u8();
        break;
      case Op::MemoryCopy:
        in_.u8();
        break;
      case Op::TableInit:
      case Op::TableCopy:
        current_.index2 = in_.u32();
        break;
      default:
        break;
    }
  } else if (prefix == 0xfe) {
    if (current_.op == Op::AtomicFence) {
      in_.u8();
    } else {
      memory_argument();
    }
  } else if (code <= 11 || code == 92 || code == 93) {
    memory_argument();
  } else if (code == 12 || code == 13) {
    auto bytes = in_.bytes(16);
    CHECK(bytes.size() == 16);
    std::copy(bytes.begin(), bytes.end(), current_.bytes.begin());
  } else if (code >= 84 && code <= 91) {
    memory_argument();
    current_.lane = in_.u8();
  } else if (code >= 21 && code <= 34) {
    current_.lane = in_.u8();
  }
}

}  // namespace weft::engine
