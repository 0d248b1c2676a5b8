#include "engine/simd.h"

#include "base/result.h"
#include "engine/simd_lowering.h"

namespace weft::engine {

using llvm::Value;

SimdKind simd_kind(uint32_t opcode) {
  const SimdOp op{opcode};
  if (op <= SimdOp::v128_load64_splat || op == SimdOp::v128_load32_zero ||
      op == SimdOp::v128_load64_zero ||
      (op >= SimdOp::v128_load8_lane && op <= SimdOp::v128_load64_lane)) {
    return SimdKind::load;
  }
  if (op == SimdOp::v128_store ||
      (op >= SimdOp::v128_store8_lane && op <= SimdOp::v128_store64_lane)) {
    return SimdKind::store;
  }
  switch (opcode) {  // the holes that the numbering leaves
    case 0x9a:
    case 0xa2:
    case 0xa5:
    case 0xa6:
    case 0xaf:
    case 0xb0:
    case 0xb2:
    case 0xb3:
    case 0xb4:
    case 0xbb:
    case 0xc2:
    case 0xc5:
    case 0xc6:
    case 0xcf:
    case 0xd0:
    case 0xd2:
    case 0xd3:
    case 0xd4:
    case 0xe2:
    case 0xee:
      return SimdKind::unknown;
    default:
      return op <= SimdOp::i32x4_dot_i8x16_i7x16_add_s ? SimdKind::compute : SimdKind::unknown;
  }
}

namespace {

bool takes_three(SimdOp op) {
  return op == SimdOp::v128_bitselect || op == SimdOp::i32x4_dot_i8x16_i7x16_add_s ||
         (op >= SimdOp::f32x4_relaxed_madd && op <= SimdOp::i64x2_relaxed_laneselect);
}

bool takes_one(SimdOp op) {
  switch (op) {
    case SimdOp::v128_not:
    case SimdOp::v128_any_true:
    case SimdOp::f32x4_demote_f64x2_zero:
    case SimdOp::f64x2_promote_low_f32x4:
    case SimdOp::i8x16_popcnt:
    case SimdOp::f32x4_ceil:
    case SimdOp::f32x4_floor:
    case SimdOp::f32x4_trunc:
    case SimdOp::f32x4_nearest:
    case SimdOp::f64x2_ceil:
    case SimdOp::f64x2_floor:
    case SimdOp::f64x2_trunc:
    case SimdOp::f64x2_nearest:
    case SimdOp::i16x8_extadd_pairwise_i8x16_s:
    case SimdOp::i16x8_extadd_pairwise_i8x16_u:
    case SimdOp::i32x4_extadd_pairwise_i16x8_s:
    case SimdOp::i32x4_extadd_pairwise_i16x8_u:
    case SimdOp::f32x4_abs:
    case SimdOp::f32x4_neg:
    case SimdOp::f32x4_sqrt:
    case SimdOp::f64x2_abs:
    case SimdOp::f64x2_neg:
    case SimdOp::f64x2_sqrt:
      return true;
    default:
      break;
  }
  if (op >= SimdOp::i32x4_relaxed_trunc_f32x4_s && op <= SimdOp::i32x4_relaxed_trunc_f64x2_u_zero) {
    return true;
  }
  if (op >= SimdOp::i32x4_trunc_sat_f32x4_s) {
    return op <= SimdOp::f64x2_convert_low_i32x4_u;
  }
  if (op >= SimdOp::i8x16_abs && op < SimdOp::f32x4_abs) {
    // The four integer shapes are numbered alike, 0x20 apart.
    const auto kind = static_cast<uint32_t>(op) & 0x1f;
    const bool extends = kind >= 0x07 && kind <= 0x0a;
    return kind <= 0x01 || kind == 0x03 || kind == 0x04 || extends;
  }
  return false;
}

}  // namespace

unsigned simd_operand_count(uint32_t opcode) {
  const SimdOp op{opcode};
  switch (simd_kind(opcode)) {
    case SimdKind::unknown:
      return 0;
    case SimdKind::load:
      return op >= SimdOp::v128_load8_lane && op <= SimdOp::v128_load64_lane ? 1 : 0;
    case SimdKind::store:
      return 1;
    case SimdKind::compute:
      break;
  }
  if (op == SimdOp::v128_const) {
    return 0;
  }
  if (op >= SimdOp::i8x16_splat && op <= SimdOp::f64x2_replace_lane) {
    switch (op) {
      case SimdOp::i8x16_replace_lane:
      case SimdOp::i16x8_replace_lane:
      case SimdOp::i32x4_replace_lane:
      case SimdOp::i64x2_replace_lane:
      case SimdOp::f32x4_replace_lane:
      case SimdOp::f64x2_replace_lane:
        return 2;
      default:
        return 1;
    }
  }
  return takes_three(op) ? 3 : takes_one(op) ? 1 : 2;
}

Value* lower_simd(llvm::IRBuilder<>& builder, uint32_t opcode, std::span<Value* const> operands,
                  const SimdBytes& immediate, const SimdTarget& target) {
  CHECK(operands.size() == simd_operand_count(opcode), "opcode 0xfd 0x{:x}", opcode);
  SimdLowering lowering(builder, SimdOp{opcode}, operands, immediate, target);
  Value* result = lowering.lanes();
  if (result == nullptr) {
    result = lowering.integer();
  }
  if (result == nullptr) {
    result = lowering.floating();
  }
  if (result == nullptr) {
    result = lowering.relaxed();
  }
  CHECK(result != nullptr, "no lowering for opcode 0xfd 0x{:x}", opcode);
  return result;
}

}  // namespace weft::engine
