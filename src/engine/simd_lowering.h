// The parts of lower_simd (engine/simd.h) and what they share: typed views of the operands.
//
// Each part lowers the instructions it knows and returns null for the others, so that no
// instruction is in two places:
//
//   lower_simd ─► lanes (simd_lanes.cc) ─► integer (simd_integer.cc) ─► floating (simd_float.cc) ─►
//   relaxed (simd_relaxed.cc)
//
// Thread safety: none. One object per instruction.
#pragma once

#include <llvm/IR/IntrinsicsX86.h>

#include <initializer_list>

#include "engine/simd.h"

namespace weft::engine {

class SimdLowering {
 public:
  SimdLowering(llvm::IRBuilder<>& builder, SimdOp op, std::span<llvm::Value* const> operands,
               const SimdBytes& immediate, const SimdTarget& target)
      : b_(builder), op_(op), operands_(operands), immediate_(immediate), target_(target) {}

  llvm::Value* lanes();
  llvm::Value* integer();
  llvm::Value* floating();
  llvm::Value* relaxed();

 private:
  using Type = llvm::FixedVectorType;
  enum class Sign : uint8_t { is_signed, is_unsigned };
  enum class Half : uint8_t { low, high };
  enum class Extreme : uint8_t { min, max };

  // --- views ---
  Type* ints(unsigned bits) { return Type::get(b_.getIntNTy(bits), 128 / bits); }
  Type* floats(unsigned bits) {
    return Type::get(bits == 32 ? b_.getFloatTy() : b_.getDoubleTy(), 128 / bits);
  }
  llvm::Value* arg(unsigned i) { return operands_[i]; }
  llvm::Value* arg(unsigned i, Type* type) { return b_.CreateBitCast(operands_[i], type); }
  llvm::Value* v128(llvm::Value* vector) { return b_.CreateBitCast(vector, ints(64)); }
  llvm::Value* splat(Type* type, uint64_t value) { return llvm::ConstantInt::get(type, value); }
  llvm::Value* splat_float(Type* type, double value) { return llvm::ConstantFP::get(type, value); }
  llvm::Value* mask(llvm::Value* condition, Type* type) {  // all ones where true
    return v128(b_.CreateSExt(condition, type));
  }
  llvm::Value* x86(llvm::Intrinsic::ID id, std::initializer_list<llvm::Value*> args) {
    return b_.CreateIntrinsic(id, {}, llvm::ArrayRef<llvm::Value*>(args));
  }
  llvm::Value* unary(llvm::Intrinsic::ID id, llvm::Value* value) {
    return v128(b_.CreateUnaryIntrinsic(id, value));
  }
  llvm::Value* binary(llvm::Intrinsic::ID id, llvm::Value* x, llvm::Value* y) {
    return v128(b_.CreateBinaryIntrinsic(id, x, y));
  }

  // --- simd_lanes.cc ---
  llvm::Value* constant();
  llvm::Value* shuffle();
  llvm::Value* swizzle();
  llvm::Value* splat_scalar(Type* type);
  llvm::Value* extract(Type* type, Sign sign);
  llvm::Value* replace(Type* type);
  llvm::Value* any_true();

  // --- simd_integer.cc ---
  Type* result_shape();
  llvm::Value* arithmetic();
  llvm::Value* widening();
  llvm::Value* reduction();
  llvm::Value* compare_integer();
  llvm::Value* shift();
  llvm::Value* shift_bytes_right_signed();
  llvm::Value* average(Type* type);
  llvm::Value* q15_multiply_saturating();
  llvm::Value* narrow();
  llvm::Value* extended_half(unsigned operand, Type* to, Half half, Sign sign);
  llvm::Value* extend(Half half, Sign sign);
  llvm::Value* multiply_extended(Half half, Sign sign);
  llvm::Value* add_pairs();
  llvm::Value* dot();

  // --- simd_float.cc ---
  llvm::Value* compare_float();
  llvm::Value* float_unary();
  llvm::Value* float_arithmetic();
  llvm::Value* convert();
  llvm::Value* quiet(llvm::Value* value);
  llvm::Value* quiet_identity(llvm::Value* x, llvm::Value* y);
  llvm::Value* extreme(Type* type, Extreme which);
  llvm::Value* pseudo_extreme(Type* type, Extreme which);
  llvm::Value* machine_extreme(Extreme which, llvm::Value* x, llvm::Value* y);
  llvm::Value* machine_truncate_unsigned(llvm::Value* value);
  llvm::Value* truncate_f32_signed();
  llvm::Value* truncate_f32_unsigned();
  llvm::Value* truncate_f64_signed();
  llvm::Value* truncate_f64_unsigned();
  llvm::Value* max_zero(llvm::Value* value);
  llvm::Value* low_half(llvm::Value* vector);
  llvm::Value* zero_high_half(llvm::Value* half);

  // --- simd_relaxed.cc ---
  llvm::Value* multiply_add(Type* type, bool negated);
  llvm::Value* lane_select(Type* type);
  llvm::Value* bit_select();
  llvm::Value* dot_bytes();

  llvm::IRBuilder<>& b_;
  SimdOp op_;
  std::span<llvm::Value* const> operands_;
  const SimdBytes& immediate_;
  const SimdTarget& target_;
};

}  // namespace weft::engine
