// Vector instructions: operands and addresses here, the instructions themselves in simd.h.

#include "engine/lowering.h"
#include "engine/simd.h"

namespace weft::engine {

bool FunctionLowering::simd(const Instruction& in) {
  wabt::Opcode op(in.op);
  if (op.GetPrefix() != 0xfd) {
    return false;
  }
  SimdTarget target{plan_.target.avx, plan_.target.avx2, plan_.target.fma, plan_.target.avx512};
  bool is_store = in.code == 11 || (in.code >= 88 && in.code <= 91);
  bool is_load =
      in.code <= 10 || (in.code >= 84 && in.code <= 87) || in.code == 92 || in.code == 93;
  if (is_store || is_load) {
    Values operands;
    if (is_store || (in.code >= 84 && in.code <= 87)) {
      operands.push_back(pop());
    }
    llvm::Value* address = pointer(in.memory_offset);
    std::vector<llvm::Instruction*> accesses;
    if (is_store) {
      lower_simd_store(builder_, in.code, address, operands, in.lane, accesses);
    } else {
      push(lower_simd_load(builder_, in.code, address, operands, in.lane, accesses));
    }
    for (auto* access : accesses) {
      partition_.touches_memory(access);
    }
    return true;
  }
  size_t count = 0;
  while (count < 3 && op.GetParamType(static_cast<int>(count) + 1) != wabt::Type::Void) {
    ++count;
  }
  Values operands = pop_many(count);
  std::array<uint8_t, 16> immediate = in.bytes;
  if (in.code != 12 && in.code != 13) {
    immediate[0] = in.lane;
  }
  push(lower_simd(builder_, in.code, operands, immediate, target));
  return true;
}

}  // namespace weft::engine
