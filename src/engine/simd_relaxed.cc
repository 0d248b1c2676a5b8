// Relaxed vector instructions: of the results that the proposal allows, the one that is cheapest on
// the target.
#include "engine/simd_lowering.h"

namespace weft::engine {

using llvm::Value;

Value* SimdLowering::relaxed() {
  using enum SimdOp;
  switch (op_) {
    case i8x16_relaxed_swizzle:  // an index of 16 to 127 counts modulo 16
      return v128(x86(llvm::Intrinsic::x86_ssse3_pshuf_b_128, {arg(0, ints(8)), arg(1, ints(8))}));
    case i32x4_relaxed_trunc_f32x4_s:  // 0x80000000 for all that does not fit
      return v128(x86(llvm::Intrinsic::x86_sse2_cvttps2dq, {arg(0, floats(32))}));
    case i32x4_relaxed_trunc_f64x2_s_zero:
      return v128(x86(llvm::Intrinsic::x86_sse2_cvttpd2dq, {arg(0, floats(64))}));
    case i32x4_relaxed_trunc_f32x4_u:
      return target_.avx512 ? v128(machine_truncate_unsigned(arg(0, floats(32))))
                            : truncate_f32_unsigned();
    case i32x4_relaxed_trunc_f64x2_u_zero:
      return target_.avx512 ? v128(machine_truncate_unsigned(arg(0, floats(64))))
                            : truncate_f64_unsigned();
    case f32x4_relaxed_madd:
      return multiply_add(floats(32), /*negated=*/false);
    case f32x4_relaxed_nmadd:
      return multiply_add(floats(32), /*negated=*/true);
    case f64x2_relaxed_madd:
      return multiply_add(floats(64), /*negated=*/false);
    case f64x2_relaxed_nmadd:
      return multiply_add(floats(64), /*negated=*/true);
    case i8x16_relaxed_laneselect:
      return lane_select(ints(8));
    case i16x8_relaxed_laneselect:
      return lane_select(ints(16));
    case i32x4_relaxed_laneselect:
      return lane_select(ints(32));
    case i64x2_relaxed_laneselect:
      return lane_select(ints(64));
    case f32x4_relaxed_min:
      return pseudo_extreme(floats(32), Extreme::min);
    case f32x4_relaxed_max:
      return pseudo_extreme(floats(32), Extreme::max);
    case f64x2_relaxed_min:
      return pseudo_extreme(floats(64), Extreme::min);
    case f64x2_relaxed_max:
      return pseudo_extreme(floats(64), Extreme::max);
    case i16x8_relaxed_q15mulr_s:
      return v128(
          x86(llvm::Intrinsic::x86_ssse3_pmul_hr_sw_128, {arg(0, ints(16)), arg(1, ints(16))}));
    case i16x8_dot_i8x16_i7x16_s:
      return v128(dot_bytes());
    case i32x4_dot_i8x16_i7x16_add_s: {
      Value* sums = x86(llvm::Intrinsic::x86_sse2_pmadd_wd, {dot_bytes(), splat(ints(16), 1)});
      return v128(b_.CreateAdd(sums, arg(2, ints(32))));
    }
    default:
      return nullptr;
  }
}

// madd = x * y + z, nmadd = -(x * y) + z; rounded once where the target can, else twice.
Value* SimdLowering::multiply_add(Type* type, bool negated) {
  Value* x = negated ? b_.CreateFNeg(arg(0, type)) : arg(0, type);
  if (target_.fma) {
    return v128(b_.CreateIntrinsic(llvm::Intrinsic::fma, {type}, {x, arg(1, type), arg(2, type)}));
  }
  return v128(b_.CreateFAdd(b_.CreateFMul(x, arg(1, type)), arg(2, type)));
}

// Chooses by the top bit of each lane (blendv), or by every bit where that is one instruction
// (vpternlog). There is no blend of 16-bit lanes.
Value* SimdLowering::lane_select(Type* type) {
  if (target_.avx512 || type == ints(16)) {
    return bit_select();
  }
  Value* takes_first = b_.CreateICmpSLT(arg(2, type), splat(type, 0));
  return v128(b_.CreateSelect(takes_first, arg(0, type), arg(1, type)));
}

// Sums of two products, saturated to 16 bits: pmaddubsw takes the 7-bit operand as unsigned.
Value* SimdLowering::dot_bytes() {
  return x86(llvm::Intrinsic::x86_ssse3_pmadd_ub_sw_128, {arg(1, ints(8)), arg(0, ints(8))});
}

}  // namespace weft::engine
