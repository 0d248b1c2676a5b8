// Vector instructions on floating-point lanes, and conversions from and to them.
//
// x86-64 propagates NaNs as the specification wants it: quiet, and an operand's payload or the
// canonical one. Only the optimizer has to be kept from dropping an operation that changes nothing
// but signalling NaNs (quiet_identity).
#include <llvm/Analysis/ConstantFolding.h>

#include <utility>

#include "engine/simd_lowering.h"

namespace weft::engine {

using llvm::CmpInst;
using llvm::Value;

Value* SimdLowering::floating() {
  for (auto part : {&SimdLowering::compare_float, &SimdLowering::float_unary,
                    &SimdLowering::float_arithmetic, &SimdLowering::convert}) {
    if (Value* result = (this->*part)()) {
      return result;
    }
  }
  return nullptr;
}

Value* SimdLowering::compare_float() {
  using enum SimdOp;
  static constexpr CmpInst::Predicate kOrder[] = {CmpInst::FCMP_OEQ, CmpInst::FCMP_UNE,
                                                  CmpInst::FCMP_OLT, CmpInst::FCMP_OGT,
                                                  CmpInst::FCMP_OLE, CmpInst::FCMP_OGE};
  if (op_ < f32x4_eq || op_ > f64x2_ge) {
    return nullptr;
  }
  const unsigned index = static_cast<unsigned>(op_) - static_cast<unsigned>(f32x4_eq);
  const unsigned bits = index < std::size(kOrder) ? 32 : 64;
  Value* holds =
      b_.CreateFCmp(kOrder[index % std::size(kOrder)], arg(0, floats(bits)), arg(1, floats(bits)));
  return mask(holds, ints(bits));
}

Value* SimdLowering::float_unary() {
  using enum SimdOp;
  switch (op_) {
    case f32x4_abs:
      return unary(llvm::Intrinsic::fabs, arg(0, floats(32)));
    case f64x2_abs:
      return unary(llvm::Intrinsic::fabs, arg(0, floats(64)));
    case f32x4_neg:
      return v128(b_.CreateFNeg(arg(0, floats(32))));
    case f64x2_neg:
      return v128(b_.CreateFNeg(arg(0, floats(64))));
    case f32x4_sqrt:
      return unary(llvm::Intrinsic::sqrt, arg(0, floats(32)));
    case f64x2_sqrt:
      return unary(llvm::Intrinsic::sqrt, arg(0, floats(64)));
    case f32x4_ceil:
      return unary(llvm::Intrinsic::ceil, arg(0, floats(32)));
    case f64x2_ceil:
      return unary(llvm::Intrinsic::ceil, arg(0, floats(64)));
    case f32x4_floor:
      return unary(llvm::Intrinsic::floor, arg(0, floats(32)));
    case f64x2_floor:
      return unary(llvm::Intrinsic::floor, arg(0, floats(64)));
    case f32x4_trunc:
      return unary(llvm::Intrinsic::trunc, arg(0, floats(32)));
    case f64x2_trunc:
      return unary(llvm::Intrinsic::trunc, arg(0, floats(64)));
    case f32x4_nearest:
      return unary(llvm::Intrinsic::roundeven, arg(0, floats(32)));
    case f64x2_nearest:
      return unary(llvm::Intrinsic::roundeven, arg(0, floats(64)));
    default:
      return nullptr;
  }
}

Value* SimdLowering::float_arithmetic() {
  using enum SimdOp;
  llvm::Instruction::BinaryOps op{};
  switch (op_) {
    case f32x4_min:
      return extreme(floats(32), Extreme::min);
    case f64x2_min:
      return extreme(floats(64), Extreme::min);
    case f32x4_max:
      return extreme(floats(32), Extreme::max);
    case f64x2_max:
      return extreme(floats(64), Extreme::max);
    case f32x4_pmin:
      return pseudo_extreme(floats(32), Extreme::min);
    case f64x2_pmin:
      return pseudo_extreme(floats(64), Extreme::min);
    case f32x4_pmax:
      return pseudo_extreme(floats(32), Extreme::max);
    case f64x2_pmax:
      return pseudo_extreme(floats(64), Extreme::max);
    case f32x4_add:
    case f64x2_add:
      op = llvm::Instruction::FAdd;
      break;
    case f32x4_sub:
    case f64x2_sub:
      op = llvm::Instruction::FSub;
      break;
    case f32x4_mul:
    case f64x2_mul:
      op = llvm::Instruction::FMul;
      break;
    case f32x4_div:
    case f64x2_div:
      op = llvm::Instruction::FDiv;
      break;
    default:
      return nullptr;
  }
  Type* type = floats(op_ < f64x2_add ? 32 : 64);
  Value* x = arg(0, type);
  Value* y = arg(1, type);
  if (Value* identity = quiet_identity(x, y)) {
    return v128(identity);
  }
  return v128(b_.CreateBinOp(op, x, y));
}

// The value with its signalling NaNs made quiet, in one instruction that the optimizer does not see
// through: zeros whose sign changes nothing are added in odd lanes and subtracted in even ones.
Value* SimdLowering::quiet(Value* value) {
  const bool single = value->getType() == floats(32);
  llvm::Type* lane = single ? b_.getFloatTy() : b_.getDoubleTy();
  llvm::SmallVector<llvm::Constant*, 4> zeros;
  for (unsigned i = 0; i < floats(single ? 32 : 64)->getNumElements(); ++i) {
    zeros.push_back(llvm::ConstantFP::getZero(lane, /*Negative=*/i % 2 == 1));
  }
  return x86(single ? llvm::Intrinsic::x86_sse3_addsub_ps : llvm::Intrinsic::x86_sse3_addsub_pd,
             {value, llvm::ConstantVector::get(zeros)});
}

// x * 1, x / 1, x - 0 and x + -0 change signalling NaNs only, so LLVM takes them for x; and x * -1,
// x / -1 and -0 - x for a change of sign. Null if the operation is none of them.
Value* SimdLowering::quiet_identity(Value* x, Value* y) {
  using enum SimdOp;
  const auto is = [this](Value* value, double neutral) {
    auto* constant = llvm::dyn_cast<llvm::Constant>(value);
    if (constant == nullptr) {
      return false;
    }
    // A bitcast of v128.const stays an expression until it is folded with the data layout at hand.
    constant = llvm::ConstantFoldConstant(constant, b_.GetInsertBlock()->getDataLayout());
    auto* number = llvm::dyn_cast_or_null<llvm::ConstantFP>(constant->getSplatValue());
    return number != nullptr && number->isExactlyValue(neutral);
  };
  switch (op_) {
    case f32x4_mul:
    case f64x2_mul:
      if (is(x, 1.0) || is(x, -1.0)) {
        std::swap(x, y);
      }
      [[fallthrough]];
    case f32x4_div:
    case f64x2_div:
      return is(y, 1.0) ? quiet(x) : is(y, -1.0) ? quiet(b_.CreateFNeg(x)) : nullptr;
    case f32x4_sub:
    case f64x2_sub:
      return is(y, 0.0) ? quiet(x) : is(x, -0.0) ? quiet(b_.CreateFNeg(y)) : nullptr;
    case f32x4_add:
    case f64x2_add:
      return is(y, -0.0) ? quiet(x) : is(x, -0.0) ? quiet(y) : nullptr;
    default:
      return nullptr;
  }
}

Value* SimdLowering::extreme(Type* type, Extreme which) {
  using namespace llvm::Intrinsic;
  const bool single = type == floats(32);
  const bool is_min = which == Extreme::min;
  Value* x = arg(0, type);
  Value* y = arg(1, type);
  Value* number = nullptr;
  if (target_.avx512) {
    // vrange orders zeros by sign. Its bits 0-1 choose min or max, bits 2-3 = 1 keep the sign of
    // what was chosen.
    number = x86(single ? x86_avx512_mask_range_ps_128 : x86_avx512_mask_range_pd_128,
                 {x, y, b_.getInt32(is_min ? 0x4 : 0x5), llvm::Constant::getNullValue(type),
                  b_.getInt8(0xff)});
  } else {
    // minps gives its second operand for two zeros, so both orders together see a negative zero
    // wherever it stands.
    Value* one = b_.CreateBitCast(machine_extreme(which, x, y), ints(64));
    Value* other = b_.CreateBitCast(machine_extreme(which, y, x), ints(64));
    number = is_min ? b_.CreateOr(one, other) : b_.CreateAnd(one, other);
    number = b_.CreateBitCast(number, type);
  }
  // A sum with a NaN is the NaN that the specification wants.
  return v128(b_.CreateSelect(b_.CreateFCmpUNO(x, y), b_.CreateFAdd(x, y), number));
}

// pmin(x, y) = y < x ? y : x, which is minps with its operands exchanged, NaNs and zeros included.
Value* SimdLowering::pseudo_extreme(Type* type, Extreme which) {
  return v128(machine_extreme(which, arg(1, type), arg(0, type)));
}

// minps or its like: the second operand when both are zeros or one is a NaN.
Value* SimdLowering::machine_extreme(Extreme which, Value* x, Value* y) {
  using namespace llvm::Intrinsic;
  const bool single = x->getType() == floats(32);
  const ID id = which == Extreme::min ? (single ? x86_sse_min_ps : x86_sse2_min_pd)
                                      : (single ? x86_sse_max_ps : x86_sse2_max_pd);
  return x86(id, {x, y});
}

// --- conversions ---

Value* SimdLowering::convert() {
  using enum SimdOp;
  Type* half_float = Type::get(b_.getFloatTy(), 2);
  switch (op_) {
    case f32x4_convert_i32x4_s:
      return v128(b_.CreateSIToFP(arg(0, ints(32)), floats(32)));
    case f32x4_convert_i32x4_u:
      return v128(b_.CreateUIToFP(arg(0, ints(32)), floats(32)));
    case f64x2_convert_low_i32x4_s:
      return v128(b_.CreateSIToFP(low_half(arg(0, ints(32))), floats(64)));
    case f64x2_convert_low_i32x4_u:
      return v128(b_.CreateUIToFP(low_half(arg(0, ints(32))), floats(64)));
    case f64x2_promote_low_f32x4:
      return v128(b_.CreateFPExt(low_half(arg(0, floats(32))), floats(64)));
    case f32x4_demote_f64x2_zero:
      return v128(zero_high_half(b_.CreateFPTrunc(arg(0, floats(64)), half_float)));
    case i32x4_trunc_sat_f32x4_s:
      return truncate_f32_signed();
    case i32x4_trunc_sat_f32x4_u:
      return truncate_f32_unsigned();
    case i32x4_trunc_sat_f64x2_s_zero:
      return truncate_f64_signed();
    case i32x4_trunc_sat_f64x2_u_zero:
      return truncate_f64_unsigned();
    default:
      return nullptr;
  }
}

Value* SimdLowering::low_half(Value* vector) {
  return b_.CreateShuffleVector(vector, llvm::ArrayRef<int>{0, 1});
}

Value* SimdLowering::zero_high_half(Value* half) {
  return b_.CreateShuffleVector(half, llvm::Constant::getNullValue(half->getType()),
                                llvm::ArrayRef<int>{0, 1, 2, 3});
}

// max(value, 0) with zero for NaN.
Value* SimdLowering::max_zero(Value* value) {
  return machine_extreme(Extreme::max, value, llvm::Constant::getNullValue(value->getType()));
}

Value* SimdLowering::truncate_f32_signed() {
  // cvttps2dq gives 0x80000000 for all that does not fit: right below, turned over above, and NaNs
  // are made zero before.
  Value* x = arg(0, floats(32));
  Value* ordered = b_.CreateSExt(b_.CreateFCmpORD(x, x), ints(32));
  Value* number = b_.CreateBitCast(b_.CreateAnd(arg(0, ints(32)), ordered), floats(32));
  Value* whole = x86(llvm::Intrinsic::x86_sse2_cvttps2dq, {number});
  Value* above = b_.CreateFCmpOGE(number, splat_float(floats(32), 0x1p31));
  return v128(b_.CreateXor(whole, b_.CreateSExt(above, ints(32))));
}

Value* SimdLowering::truncate_f32_unsigned() {
  Value* x = max_zero(arg(0, floats(32)));
  if (target_.avx512) {
    return v128(machine_truncate_unsigned(x));
  }
  // From 2^31 on the conversion gives 0x80000000; the part above 2^31, saturated to 0x7fffffff, is
  // then added to it.
  Value* rest = b_.CreateFSub(x, splat_float(floats(32), 0x1p31));
  Value* too_large =
      b_.CreateSExt(b_.CreateFCmpOGE(rest, splat_float(floats(32), 0x1p31)), ints(32));
  Value* above = b_.CreateXor(x86(llvm::Intrinsic::x86_sse2_cvttps2dq, {rest}), too_large);
  above = b_.CreateBinaryIntrinsic(llvm::Intrinsic::smax, above, splat(ints(32), 0));
  return v128(b_.CreateAdd(x86(llvm::Intrinsic::x86_sse2_cvttps2dq, {x}), above));
}

// AVX-512 only: all ones for NaNs and for what does not fit.
Value* SimdLowering::machine_truncate_unsigned(Value* value) {
  using namespace llvm::Intrinsic;
  const ID id = value->getType() == floats(32) ? x86_avx512_mask_cvttps2udq_128
                                               : x86_avx512_mask_cvttpd2udq_128;
  return x86(id, {value, splat(ints(32), 0), b_.getInt8(0xff)});
}

Value* SimdLowering::truncate_f64_signed() {
  // The bound is zero in NaN lanes, and minpd gives its second operand there. Below, cvttpd2dq
  // gives 0x80000000 by itself.
  Value* x = arg(0, floats(64));
  Value* ordered = b_.CreateSExt(b_.CreateFCmpORD(x, x), ints(64));
  Value* largest = b_.CreateBitCast(splat_float(floats(64), 0x7fffffff), ints(64));
  Value* bound = b_.CreateBitCast(b_.CreateAnd(ordered, largest), floats(64));
  Value* bounded = machine_extreme(Extreme::min, x, bound);
  return v128(x86(llvm::Intrinsic::x86_sse2_cvttpd2dq, {bounded}));
}

Value* SimdLowering::truncate_f64_unsigned() {
  Value* x = max_zero(arg(0, floats(64)));
  if (target_.avx512) {
    return v128(machine_truncate_unsigned(x));
  }
  // A whole number below 2^32 added to 2^52 stands in the low half of the sum.
  x = machine_extreme(Extreme::min, x, splat_float(floats(64), 0xffffffff));
  x = b_.CreateUnaryIntrinsic(llvm::Intrinsic::trunc, x);
  Value* sum = b_.CreateBitCast(b_.CreateFAdd(x, splat_float(floats(64), 0x1p52)), ints(32));
  return v128(b_.CreateShuffleVector(sum, llvm::Constant::getNullValue(ints(32)),
                                     llvm::ArrayRef<int>{0, 2, 4, 5}));
}

}  // namespace weft::engine
