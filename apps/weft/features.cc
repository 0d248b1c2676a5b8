#include "features.h"

#include <algorithm>

#include "engine/body_reader.h"

namespace weft::cli {

namespace {

using wabt::Opcode;

const char* feature_of(Opcode::Enum op) {
  constexpr uint8_t simd_prefix = 0xfd;
  constexpr uint8_t atomic_prefix = 0xfe;
  constexpr uint32_t first_relaxed = 0x100;
  switch (op) {
    case Opcode::Try:
    case Opcode::Catch:
    case Opcode::CatchAll:
    case Opcode::Delegate:
    case Opcode::Throw:
    case Opcode::Rethrow:
      return "exception-handling";
    case Opcode::ReturnCall:
    case Opcode::ReturnCallIndirect:
      return "tail-call";
    case Opcode::I32Extend8S:
    case Opcode::I32Extend16S:
    case Opcode::I64Extend8S:
    case Opcode::I64Extend16S:
    case Opcode::I64Extend32S:
      return "sign-extension";
    case Opcode::I32TruncSatF32S:
    case Opcode::I32TruncSatF32U:
    case Opcode::I32TruncSatF64S:
    case Opcode::I32TruncSatF64U:
    case Opcode::I64TruncSatF32S:
    case Opcode::I64TruncSatF32U:
    case Opcode::I64TruncSatF64S:
    case Opcode::I64TruncSatF64U:
      return "saturating-truncation";
    case Opcode::MemoryInit:
    case Opcode::MemoryCopy:
    case Opcode::MemoryFill:
    case Opcode::DataDrop:
    case Opcode::TableInit:
    case Opcode::TableCopy:
    case Opcode::ElemDrop:
      return "bulk-memory";
    case Opcode::RefNull:
    case Opcode::RefIsNull:
    case Opcode::RefFunc:
    case Opcode::TableGet:
    case Opcode::TableSet:
    case Opcode::TableGrow:
    case Opcode::TableSize:
    case Opcode::TableFill:
      return "reference-types";
    default:
      break;
  }
  Opcode opcode(op);
  if (opcode.GetPrefix() == simd_prefix) {
    return opcode.GetCode() >= first_relaxed ? "relaxed-simd" : "simd";
  }
  return opcode.GetPrefix() == atomic_prefix ? "threads" : nullptr;
}

void add_body(const wasm::Module& module, uint32_t function, std::set<std::string>& features) {
  engine::BodyReader reader(module, function);
  while (!reader.at_end()) {
    const engine::Instruction& instruction = reader.next();
    if (const char* feature = feature_of(instruction.op)) {
      features.emplace(feature);
    }
    if (instruction.block_type >= 0 &&
        (instruction.op == Opcode::Block || instruction.op == Opcode::Loop ||
         instruction.op == Opcode::If || instruction.op == Opcode::Try)) {
      features.emplace("multi-value");
    }
  }
}

bool is_arithmetic(const wasm::ConstExpr& expr) {
  return std::ranges::any_of(
      expr, [](const wasm::ConstOp& op) { return op.kind >= wasm::ConstOp::Kind::i32_add; });
}

bool extends_constants(const wasm::Module& module) {
  auto in_offset = [](const auto& segment) { return is_arithmetic(segment.offset); };
  return std::ranges::any_of(module.globals,
                             [](const wasm::Global& g) { return is_arithmetic(g.init); }) ||
         std::ranges::any_of(module.elements, in_offset) ||
         std::ranges::any_of(module.data, in_offset);
}

bool shares_mutable_globals(const wasm::Module& module) {
  auto is_mutable = [&](const auto& external) {
    return external.kind == wasm::ExternKind::global && module.globals[external.index].is_mutable;
  };
  return std::ranges::any_of(module.imports, is_mutable) ||
         std::ranges::any_of(module.exports, is_mutable);
}

}  // namespace

std::set<std::string> features_of(const wasm::Module& module) {
  std::set<std::string> features;
  for (auto i = module.imported_functions; i < module.functions.size(); ++i) {
    add_body(module, i, features);
  }
  bool many = std::ranges::any_of(module.types,
                                  [](const wasm::FuncType& t) { return t.results.size() > 1; });
  if (many) {
    features.emplace("multi-value");
  }
  if (module.memory && module.memory->shared) {
    features.emplace("threads");
  }
  if (!module.tags.empty()) {
    features.emplace("exception-handling");
  }
  if (module.tables.size() > 1) {
    features.emplace("reference-types");
  }
  if (extends_constants(module)) {
    features.emplace("extended-const");
  }
  if (shares_mutable_globals(module)) {
    features.emplace("mutable-globals");
  }
  return features;
}

}  // namespace weft::cli
