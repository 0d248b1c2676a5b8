// Vector instructions that move lanes or treat a vector as 128 bits.
#include <cstring>

#include "engine/simd_lowering.h"

namespace weft::engine {

using llvm::Value;

Value* SimdLowering::lanes() {
  switch (op_) {
    case SimdOp::v128_const:
      return constant();
    case SimdOp::i8x16_shuffle:
      return shuffle();
    case SimdOp::i8x16_swizzle:
      return swizzle();
    case SimdOp::i8x16_splat:
      return splat_scalar(ints(8));
    case SimdOp::i16x8_splat:
      return splat_scalar(ints(16));
    case SimdOp::i32x4_splat:
      return splat_scalar(ints(32));
    case SimdOp::i64x2_splat:
      return splat_scalar(ints(64));
    case SimdOp::f32x4_splat:
      return splat_scalar(floats(32));
    case SimdOp::f64x2_splat:
      return splat_scalar(floats(64));
    case SimdOp::i8x16_extract_lane_s:
      return extract(ints(8), Sign::is_signed);
    case SimdOp::i8x16_extract_lane_u:
      return extract(ints(8), Sign::is_unsigned);
    case SimdOp::i16x8_extract_lane_s:
      return extract(ints(16), Sign::is_signed);
    case SimdOp::i16x8_extract_lane_u:
      return extract(ints(16), Sign::is_unsigned);
    case SimdOp::i32x4_extract_lane:
      return extract(ints(32), Sign::is_signed);
    case SimdOp::i64x2_extract_lane:
      return extract(ints(64), Sign::is_signed);
    case SimdOp::f32x4_extract_lane:
      return extract(floats(32), Sign::is_signed);
    case SimdOp::f64x2_extract_lane:
      return extract(floats(64), Sign::is_signed);
    case SimdOp::i8x16_replace_lane:
      return replace(ints(8));
    case SimdOp::i16x8_replace_lane:
      return replace(ints(16));
    case SimdOp::i32x4_replace_lane:
      return replace(ints(32));
    case SimdOp::i64x2_replace_lane:
      return replace(ints(64));
    case SimdOp::f32x4_replace_lane:
      return replace(floats(32));
    case SimdOp::f64x2_replace_lane:
      return replace(floats(64));
    case SimdOp::v128_not:
      return b_.CreateNot(arg(0));
    case SimdOp::v128_and:
      return b_.CreateAnd(arg(0), arg(1));
    case SimdOp::v128_andnot:
      return b_.CreateAnd(arg(0), b_.CreateNot(arg(1)));
    case SimdOp::v128_or:
      return b_.CreateOr(arg(0), arg(1));
    case SimdOp::v128_xor:
      return b_.CreateXor(arg(0), arg(1));
    case SimdOp::v128_bitselect:
      return bit_select();
    case SimdOp::v128_any_true:
      return any_true();
    default:
      return nullptr;
  }
}

Value* SimdLowering::constant() {
  std::array<uint64_t, 2> words{};
  static_assert(sizeof words == sizeof immediate_);
  std::memcpy(words.data(), immediate_.data(), sizeof words);
  return llvm::ConstantDataVector::get(b_.getContext(), words);
}

Value* SimdLowering::shuffle() {
  std::array<int, 16> from{};
  for (size_t i = 0; i < from.size(); ++i) {
    from[i] = immediate_[i];
  }
  return v128(b_.CreateShuffleVector(arg(0, ints(8)), arg(1, ints(8)), from));
}

Value* SimdLowering::swizzle() {
  // pshufb gives zero for an index with its top bit set and ignores bits 4 to 6. A saturating
  // addition of 0x70 sets the top bit of every index from 16 on and leaves the low four bits of the
  // others alone.
  Value* index =
      b_.CreateBinaryIntrinsic(llvm::Intrinsic::uadd_sat, arg(1, ints(8)), splat(ints(8), 0x70));
  return v128(x86(llvm::Intrinsic::x86_ssse3_pshuf_b_128, {arg(0, ints(8)), index}));
}

Value* SimdLowering::splat_scalar(Type* type) {
  Value* scalar = arg(0);
  if (type->getElementType()->isIntegerTy()) {
    scalar = b_.CreateTrunc(scalar, type->getElementType());
  }
  return v128(b_.CreateVectorSplat(type->getNumElements(), scalar));
}

Value* SimdLowering::extract(Type* type, Sign sign) {
  Value* lane = b_.CreateExtractElement(arg(0, type), uint64_t{immediate_[0]});
  if (type->getScalarSizeInBits() >= 32) {
    return lane;
  }
  return sign == Sign::is_signed ? b_.CreateSExt(lane, b_.getInt32Ty())
                                 : b_.CreateZExt(lane, b_.getInt32Ty());
}

Value* SimdLowering::replace(Type* type) {
  Value* scalar = arg(1);
  if (type->getElementType()->isIntegerTy()) {
    scalar = b_.CreateTrunc(scalar, type->getElementType());
  }
  return v128(b_.CreateInsertElement(arg(0, type), scalar, uint64_t{immediate_[0]}));
}

Value* SimdLowering::any_true() {
  Value* bits = b_.CreateBitCast(arg(0), b_.getIntNTy(128));
  return b_.CreateZExt(b_.CreateIsNotNull(bits), b_.getInt32Ty());
}

Value* SimdLowering::bit_select() {
  Value* chosen = b_.CreateAnd(arg(0), arg(2));
  return b_.CreateOr(chosen, b_.CreateAnd(arg(1), b_.CreateNot(arg(2))));
}

}  // namespace weft::engine
