// Vector instructions on integer lanes.
//
// The sequences for instructions that x86-64 lacks follow the published ones of V8 and Wasmtime;
// each is stated where it stands.
#include "engine/simd_lowering.h"

namespace weft::engine {

using llvm::CmpInst;
using llvm::Value;
using llvm::Intrinsic::ID;

Value* SimdLowering::integer() {
  for (auto part :
       {&SimdLowering::arithmetic, &SimdLowering::reduction, &SimdLowering::compare_integer,
        &SimdLowering::shift, &SimdLowering::widening}) {
    if (Value* result = (this->*part)()) {
      return result;
    }
  }
  return nullptr;
}

// Opcodes 0x60 to 0xdf: four groups of 0x20, for results of 8, 16, 32 and 64-bit lanes.
SimdLowering::Type* SimdLowering::result_shape() {
  return ints(8U << ((static_cast<unsigned>(op_) - 0x60) / 0x20));
}

Value* SimdLowering::arithmetic() {
  using enum SimdOp;
  const auto x = [this] { return arg(0, result_shape()); };
  const auto y = [this] { return arg(1, result_shape()); };
  switch (op_) {
    case i8x16_abs:
    case i16x8_abs:
    case i32x4_abs:
    case i64x2_abs:
      return v128(b_.CreateBinaryIntrinsic(llvm::Intrinsic::abs, x(), b_.getFalse()));
    case i8x16_neg:
    case i16x8_neg:
    case i32x4_neg:
    case i64x2_neg:
      return v128(b_.CreateNeg(x()));
    case i8x16_popcnt:
      return unary(llvm::Intrinsic::ctpop, x());
    case i8x16_add:
    case i16x8_add:
    case i32x4_add:
    case i64x2_add:
      return v128(b_.CreateAdd(x(), y()));
    case i8x16_sub:
    case i16x8_sub:
    case i32x4_sub:
    case i64x2_sub:
      return v128(b_.CreateSub(x(), y()));
    case i16x8_mul:
    case i32x4_mul:
    case i64x2_mul:
      return v128(b_.CreateMul(x(), y()));
    case i8x16_add_sat_s:
    case i16x8_add_sat_s:
      return binary(llvm::Intrinsic::sadd_sat, x(), y());
    case i8x16_add_sat_u:
    case i16x8_add_sat_u:
      return binary(llvm::Intrinsic::uadd_sat, x(), y());
    case i8x16_sub_sat_s:
    case i16x8_sub_sat_s:
      return binary(llvm::Intrinsic::ssub_sat, x(), y());
    case i8x16_sub_sat_u:
    case i16x8_sub_sat_u:
      return binary(llvm::Intrinsic::usub_sat, x(), y());
    case i8x16_min_s:
    case i16x8_min_s:
    case i32x4_min_s:
      return binary(llvm::Intrinsic::smin, x(), y());
    case i8x16_min_u:
    case i16x8_min_u:
    case i32x4_min_u:
      return binary(llvm::Intrinsic::umin, x(), y());
    case i8x16_max_s:
    case i16x8_max_s:
    case i32x4_max_s:
      return binary(llvm::Intrinsic::smax, x(), y());
    case i8x16_max_u:
    case i16x8_max_u:
    case i32x4_max_u:
      return binary(llvm::Intrinsic::umax, x(), y());
    case i8x16_avgr_u:
    case i16x8_avgr_u:
      return average(result_shape());
    case i16x8_q15mulr_sat_s:
      return q15_multiply_saturating();
    default:
      return nullptr;
  }
}

Value* SimdLowering::average(Type* type) {
  const ID id =
      type == ints(8) ? llvm::Intrinsic::x86_sse2_pavg_b : llvm::Intrinsic::x86_sse2_pavg_w;
  return v128(x86(id, {arg(0, type), arg(1, type)}));
}

Value* SimdLowering::q15_multiply_saturating() {
  // pmulhrsw wraps in one case only: 0x8000 * 0x8000 gives 0x8000 instead of 0x7fff, and nothing
  // else gives 0x8000.
  Value* product =
      x86(llvm::Intrinsic::x86_ssse3_pmul_hr_sw_128, {arg(0, ints(16)), arg(1, ints(16))});
  Value* wrapped = b_.CreateSExt(b_.CreateICmpEQ(product, splat(ints(16), 0x8000)), ints(16));
  return v128(b_.CreateXor(product, wrapped));
}

Value* SimdLowering::reduction() {
  using enum SimdOp;
  Value* lanes = nullptr;
  switch (op_) {
    case i8x16_all_true:
    case i16x8_all_true:
    case i32x4_all_true:
    case i64x2_all_true:
      lanes = b_.CreateIsNull(arg(0, result_shape()));
      break;
    case i8x16_bitmask:
    case i16x8_bitmask:
    case i32x4_bitmask:
    case i64x2_bitmask:
      lanes = b_.CreateICmpSLT(arg(0, result_shape()), splat(result_shape(), 0));
      break;
    default:
      return nullptr;
  }
  Value* bits = b_.CreateBitCast(lanes, b_.getIntNTy(result_shape()->getNumElements()));
  const bool all_true = (static_cast<uint32_t>(op_) & 0x1f) == 0x03;
  return b_.CreateZExt(all_true ? b_.CreateIsNull(bits) : bits, b_.getInt32Ty());
}

Value* SimdLowering::compare_integer() {
  using enum SimdOp;
  static constexpr CmpInst::Predicate kOrder[] = {
      CmpInst::ICMP_EQ,  CmpInst::ICMP_NE,  CmpInst::ICMP_SLT, CmpInst::ICMP_ULT,
      CmpInst::ICMP_SGT, CmpInst::ICMP_UGT, CmpInst::ICMP_SLE, CmpInst::ICMP_ULE,
      CmpInst::ICMP_SGE, CmpInst::ICMP_UGE};
  static constexpr CmpInst::Predicate kOrder64[] = {CmpInst::ICMP_EQ,  CmpInst::ICMP_NE,
                                                    CmpInst::ICMP_SLT, CmpInst::ICMP_SGT,
                                                    CmpInst::ICMP_SLE, CmpInst::ICMP_SGE};
  const auto code = static_cast<unsigned>(op_);
  Type* type = nullptr;
  CmpInst::Predicate predicate{};
  if (op_ >= i8x16_eq && op_ <= i32x4_ge_u) {
    const unsigned index = code - static_cast<unsigned>(i8x16_eq);
    type = ints(8U << (index / std::size(kOrder)));
    predicate = kOrder[index % std::size(kOrder)];
  } else if (op_ >= i64x2_eq && op_ <= i64x2_ge_s) {
    type = ints(64);
    predicate = kOrder64[code - static_cast<unsigned>(i64x2_eq)];
  } else {
    return nullptr;
  }
  return mask(b_.CreateICmp(predicate, arg(0, type), arg(1, type)), type);
}

Value* SimdLowering::shift() {
  using enum SimdOp;
  llvm::Instruction::BinaryOps shift{};
  switch (op_) {
    case i8x16_shl:
    case i16x8_shl:
    case i32x4_shl:
    case i64x2_shl:
      shift = llvm::Instruction::Shl;
      break;
    case i8x16_shr_s:
      if (!llvm::isa<llvm::Constant>(arg(1))) {
        return shift_bytes_right_signed();
      }
      [[fallthrough]];
    case i16x8_shr_s:
    case i32x4_shr_s:
    case i64x2_shr_s:
      shift = llvm::Instruction::AShr;
      break;
    case i8x16_shr_u:
    case i16x8_shr_u:
    case i32x4_shr_u:
    case i64x2_shr_u:
      shift = llvm::Instruction::LShr;
      break;
    default:
      return nullptr;
  }
  Type* type = result_shape();
  Value* amount = b_.CreateAnd(arg(1), b_.getInt32(type->getScalarSizeInBits() - 1));
  amount = b_.CreateZExtOrTrunc(amount, type->getElementType());
  return v128(
      b_.CreateBinOp(shift, arg(0, type), b_.CreateVectorSplat(type->getNumElements(), amount)));
}

Value* SimdLowering::shift_bytes_right_signed() {
  // Every byte is put into both halves of a 16-bit lane (the upper half counts), shifted by 8 more,
  // and packed again.
  Value* amount = b_.CreateOr(b_.CreateAnd(arg(1), b_.getInt32(7)), b_.getInt32(8));
  amount = b_.CreateVectorSplat(8, b_.CreateTrunc(amount, b_.getInt16Ty()));
  const auto shifted = [&](int first) {
    std::array<int, 16> twice{};
    for (int i = 0; i < 16; ++i) {
      twice[i] = first + i / 2;
    }
    Value* wide = b_.CreateShuffleVector(arg(0, ints(8)), twice);
    return b_.CreateAShr(b_.CreateBitCast(wide, ints(16)), amount);
  };
  return v128(x86(llvm::Intrinsic::x86_sse2_packsswb_128, {shifted(0), shifted(8)}));
}

// --- between lane widths ---

Value* SimdLowering::widening() {
  using enum SimdOp;
  switch (op_) {
    case i8x16_narrow_i16x8_s:
    case i8x16_narrow_i16x8_u:
    case i16x8_narrow_i32x4_s:
    case i16x8_narrow_i32x4_u:
      return narrow();
    case i16x8_extend_low_i8x16_s:
    case i32x4_extend_low_i16x8_s:
    case i64x2_extend_low_i32x4_s:
      return extend(Half::low, Sign::is_signed);
    case i16x8_extend_high_i8x16_s:
    case i32x4_extend_high_i16x8_s:
    case i64x2_extend_high_i32x4_s:
      return extend(Half::high, Sign::is_signed);
    case i16x8_extend_low_i8x16_u:
    case i32x4_extend_low_i16x8_u:
    case i64x2_extend_low_i32x4_u:
      return extend(Half::low, Sign::is_unsigned);
    case i16x8_extend_high_i8x16_u:
    case i32x4_extend_high_i16x8_u:
    case i64x2_extend_high_i32x4_u:
      return extend(Half::high, Sign::is_unsigned);
    case i16x8_extmul_low_i8x16_s:
    case i32x4_extmul_low_i16x8_s:
    case i64x2_extmul_low_i32x4_s:
      return multiply_extended(Half::low, Sign::is_signed);
    case i16x8_extmul_high_i8x16_s:
    case i32x4_extmul_high_i16x8_s:
    case i64x2_extmul_high_i32x4_s:
      return multiply_extended(Half::high, Sign::is_signed);
    case i16x8_extmul_low_i8x16_u:
    case i32x4_extmul_low_i16x8_u:
    case i64x2_extmul_low_i32x4_u:
      return multiply_extended(Half::low, Sign::is_unsigned);
    case i16x8_extmul_high_i8x16_u:
    case i32x4_extmul_high_i16x8_u:
    case i64x2_extmul_high_i32x4_u:
      return multiply_extended(Half::high, Sign::is_unsigned);
    case i16x8_extadd_pairwise_i8x16_s:
    case i16x8_extadd_pairwise_i8x16_u:
    case i32x4_extadd_pairwise_i16x8_s:
    case i32x4_extadd_pairwise_i16x8_u:
      return add_pairs();
    case i32x4_dot_i16x8_s:
      return dot();
    default:
      return nullptr;
  }
}

Value* SimdLowering::narrow() {
  using enum SimdOp;
  switch (op_) {
    case i8x16_narrow_i16x8_s:
      return v128(
          x86(llvm::Intrinsic::x86_sse2_packsswb_128, {arg(0, ints(16)), arg(1, ints(16))}));
    case i8x16_narrow_i16x8_u:
      return v128(
          x86(llvm::Intrinsic::x86_sse2_packuswb_128, {arg(0, ints(16)), arg(1, ints(16))}));
    case i16x8_narrow_i32x4_s:
      return v128(
          x86(llvm::Intrinsic::x86_sse2_packssdw_128, {arg(0, ints(32)), arg(1, ints(32))}));
    default:
      return v128(x86(llvm::Intrinsic::x86_sse41_packusdw, {arg(0, ints(32)), arg(1, ints(32))}));
  }
}

// The low or high lanes of an operand, each widened to the lane of `to`.
Value* SimdLowering::extended_half(unsigned operand, Type* to, Half half, Sign sign) {
  const unsigned count = to->getNumElements();
  std::array<int, 8> picked{};
  for (unsigned i = 0; i < count; ++i) {
    picked[i] = static_cast<int>(half == Half::high ? count + i : i);
  }
  Value* lanes = b_.CreateShuffleVector(arg(operand, ints(64 / count)),
                                        llvm::ArrayRef<int>(picked.data(), count));
  return sign == Sign::is_signed ? b_.CreateSExt(lanes, to) : b_.CreateZExt(lanes, to);
}

Value* SimdLowering::extend(Half half, Sign sign) {
  return v128(extended_half(0, result_shape(), half, sign));
}

Value* SimdLowering::multiply_extended(Half half, Sign sign) {
  Type* to = result_shape();
  return v128(b_.CreateMul(extended_half(0, to, half, sign), extended_half(1, to, half, sign)));
}

Value* SimdLowering::add_pairs() {
  // Multiply-add by ones. pmaddubsw takes its first operand as unsigned and its second as signed;
  // pmaddwd is signed only, so unsigned 16-bit lanes are moved down by 0x8000 first, and each sum
  // up by twice that.
  using enum SimdOp;
  switch (op_) {
    case i16x8_extadd_pairwise_i8x16_s:
      return v128(
          x86(llvm::Intrinsic::x86_ssse3_pmadd_ub_sw_128, {splat(ints(8), 1), arg(0, ints(8))}));
    case i16x8_extadd_pairwise_i8x16_u:
      return v128(
          x86(llvm::Intrinsic::x86_ssse3_pmadd_ub_sw_128, {arg(0, ints(8)), splat(ints(8), 1)}));
    case i32x4_extadd_pairwise_i16x8_s:
      return v128(x86(llvm::Intrinsic::x86_sse2_pmadd_wd, {arg(0, ints(16)), splat(ints(16), 1)}));
    default: {
      Value* moved = b_.CreateXor(arg(0, ints(16)), splat(ints(16), 0x8000));
      Value* sums = x86(llvm::Intrinsic::x86_sse2_pmadd_wd, {moved, splat(ints(16), 1)});
      return v128(b_.CreateAdd(sums, splat(ints(32), 0x10000)));
    }
  }
}

Value* SimdLowering::dot() {
  // Also right for four times -32768: pmaddwd wraps 2^31 as the specification does.
  return v128(x86(llvm::Intrinsic::x86_sse2_pmadd_wd, {arg(0, ints(16)), arg(1, ints(16))}));
}

}  // namespace weft::engine
