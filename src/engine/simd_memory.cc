// Vector loads and stores.
#include "base/result.h"
#include "engine/simd.h"

namespace weft::engine {

using llvm::FixedVectorType;
using llvm::Value;

namespace {

// A lane access as load32_lane names it: how wide it is, and the vector of such lanes.
struct Lanes {
  unsigned bits;
  FixedVectorType* vector;
};

Lanes lanes_of(llvm::IRBuilder<>& builder, unsigned log2_bytes) {
  const unsigned bits = 8U << log2_bytes;
  return {bits, FixedVectorType::get(builder.getIntNTy(bits), 128 / bits)};
}

unsigned distance(SimdOp op, SimdOp first) {
  return static_cast<unsigned>(op) - static_cast<unsigned>(first);
}

class Loader {
 public:
  Loader(llvm::IRBuilder<>& builder, Value* pointer, std::vector<llvm::Instruction*>& accesses)
      : b_(builder), pointer_(pointer), accesses_(accesses) {}

  Value* load(llvm::Type* type) {
    llvm::LoadInst* access = b_.CreateAlignedLoad(type, pointer_, llvm::Align(1));
    accesses_.push_back(access);
    return access;
  }

  // Half a vector of `from_bits` lanes, each widened to twice its size.
  Value* load_extended(unsigned from_bits, bool is_signed) {
    const unsigned count = 64 / from_bits;
    Value* half = load(FixedVectorType::get(b_.getIntNTy(from_bits), count));
    auto* wide = FixedVectorType::get(b_.getIntNTy(2 * from_bits), count);
    return v128(is_signed ? b_.CreateSExt(half, wide) : b_.CreateZExt(half, wide));
  }

  Value* load_splat(const Lanes& lanes) {
    Value* scalar = load(b_.getIntNTy(lanes.bits));
    return v128(b_.CreateVectorSplat(128 / lanes.bits, scalar));
  }

  Value* load_zero(const Lanes& lanes) {
    Value* scalar = load(b_.getIntNTy(lanes.bits));
    return v128(
        b_.CreateInsertElement(llvm::Constant::getNullValue(lanes.vector), scalar, uint64_t{0}));
  }

  Value* load_lane(const Lanes& lanes, Value* vector, uint8_t lane) {
    Value* scalar = load(b_.getIntNTy(lanes.bits));
    return v128(
        b_.CreateInsertElement(b_.CreateBitCast(vector, lanes.vector), scalar, uint64_t{lane}));
  }

 private:
  Value* v128(Value* vector) {
    return b_.CreateBitCast(vector, FixedVectorType::get(b_.getInt64Ty(), 2));
  }

  llvm::IRBuilder<>& b_;
  Value* pointer_;
  std::vector<llvm::Instruction*>& accesses_;
};

}  // namespace

Value* lower_simd_load(llvm::IRBuilder<>& builder, uint32_t opcode, Value* pointer,
                       std::span<Value* const> operands, uint8_t lane,
                       std::vector<llvm::Instruction*>& accesses) {
  CHECK(operands.size() == simd_operand_count(opcode), "opcode 0xfd 0x{:x}", opcode);
  const SimdOp op{opcode};
  Loader loader(builder, pointer, accesses);
  switch (op) {
    case SimdOp::v128_load:
      return loader.load(FixedVectorType::get(builder.getInt64Ty(), 2));
    case SimdOp::v128_load8x8_s:
    case SimdOp::v128_load8x8_u:
    case SimdOp::v128_load16x4_s:
    case SimdOp::v128_load16x4_u:
    case SimdOp::v128_load32x2_s:
    case SimdOp::v128_load32x2_u: {
      const unsigned index = distance(op, SimdOp::v128_load8x8_s);  // signed and unsigned in turn
      return loader.load_extended(8U << (index / 2), index % 2 == 0);
    }
    case SimdOp::v128_load8_splat:
    case SimdOp::v128_load16_splat:
    case SimdOp::v128_load32_splat:
    case SimdOp::v128_load64_splat:
      return loader.load_splat(lanes_of(builder, distance(op, SimdOp::v128_load8_splat)));
    case SimdOp::v128_load32_zero:
      return loader.load_zero(lanes_of(builder, 2));
    case SimdOp::v128_load64_zero:
      return loader.load_zero(lanes_of(builder, 3));
    case SimdOp::v128_load8_lane:
    case SimdOp::v128_load16_lane:
    case SimdOp::v128_load32_lane:
    case SimdOp::v128_load64_lane:
      return loader.load_lane(lanes_of(builder, distance(op, SimdOp::v128_load8_lane)), operands[0],
                              lane);
    default:
      CHECK(false, "opcode 0xfd 0x{:x} is not a load", opcode);
  }
  return nullptr;
}

void lower_simd_store(llvm::IRBuilder<>& builder, uint32_t opcode, Value* pointer,
                      std::span<Value* const> operands, uint8_t lane,
                      std::vector<llvm::Instruction*>& accesses) {
  CHECK(simd_kind(opcode) == SimdKind::store && operands.size() == 1, "opcode 0xfd 0x{:x}", opcode);
  const SimdOp op{opcode};
  Value* value = operands[0];
  if (op != SimdOp::v128_store) {
    const Lanes lanes = lanes_of(builder, distance(op, SimdOp::v128_store8_lane));
    value =
        builder.CreateExtractElement(builder.CreateBitCast(value, lanes.vector), uint64_t{lane});
  }
  accesses.push_back(builder.CreateAlignedStore(value, pointer, llvm::Align(1)));
}

}  // namespace weft::engine
