// Numeric instructions (core specification 4.3 and 4.4.1).
//
// Floating point is IEEE 754 without any fast-math liberty. LLVM may drop an operation that changes
// no number but would quiet a signalling NaN (x * 1, x - 0, a demotion of a promotion); where the
// operands show that, a fence keeps the operation.

#include <llvm/IR/Intrinsics.h>

#include "engine/lowering.h"

namespace weft::engine {

using Op = wabt::Opcode;
using llvm::CmpInst;
using wasm::TrapKind;

bool FunctionLowering::numeric(const Instruction& in) {
  return compare(in) || integer_unary(in) || integer(in) || floating(in) || convert(in);
}

bool FunctionLowering::compare(const Instruction& in) {
  // i32 and i64 comparisons are at 0x45 and 0x50, in this order, after eqz; f32 and f64 at 0x5b and
  // 0x61.
  constexpr CmpInst::Predicate integers[] = {
      CmpInst::ICMP_EQ,  CmpInst::ICMP_NE,  CmpInst::ICMP_SLT, CmpInst::ICMP_ULT,
      CmpInst::ICMP_SGT, CmpInst::ICMP_UGT, CmpInst::ICMP_SLE, CmpInst::ICMP_ULE,
      CmpInst::ICMP_SGE, CmpInst::ICMP_UGE};
  constexpr CmpInst::Predicate floats[] = {CmpInst::FCMP_OEQ, CmpInst::FCMP_UNE, CmpInst::FCMP_OLT,
                                           CmpInst::FCMP_OGT, CmpInst::FCMP_OLE, CmpInst::FCMP_OGE};
  if (wabt::Opcode(in.op).HasPrefix() || in.code < 0x45 || in.code > 0x66) {
    return false;
  }
  llvm::Value* result = nullptr;
  if (in.op == Op::I32Eqz || in.op == Op::I64Eqz) {
    result = builder_.CreateIsNull(pop());
  } else {
    llvm::Value* b = pop();
    llvm::Value* a = pop();
    if (in.code >= 0x5b) {
      result = builder_.CreateFCmp(floats[(in.code - 0x5b) % 6], a, b);
    } else {
      result = builder_.CreateICmp(integers[in.code - (in.code < 0x50 ? 0x46 : 0x51)], a, b);
    }
  }
  push(builder_.CreateZExt(result, builder_.getInt32Ty()));
  return true;
}

void FunctionLowering::intrinsic1(llvm::Intrinsic::ID id) {
  push(builder_.CreateUnaryIntrinsic(id, pop()));
}

void FunctionLowering::intrinsic2(llvm::Intrinsic::ID id) {
  llvm::Value* b = pop();
  llvm::Value* a = pop();
  push(builder_.CreateBinaryIntrinsic(id, a, b));
}

void FunctionLowering::rotate(llvm::Intrinsic::ID direction) {
  llvm::Value* count = pop();
  llvm::Value* value = pop();
  push(builder_.CreateIntrinsic(direction, {value->getType()}, {value, value, count}));
}

bool FunctionLowering::integer_unary(const Instruction& in) {
  auto count_zeros = [&](llvm::Intrinsic::ID id) {
    llvm::Value* value = pop();
    push(builder_.CreateIntrinsic(id, {value->getType()}, {value, builder_.getFalse()}));
    return true;
  };
  auto extend = [&](unsigned bits) {
    llvm::Value* value = pop();
    push(builder_.CreateSExt(builder_.CreateTrunc(value, builder_.getIntNTy(bits)),
                             value->getType()));
    return true;
  };
  switch (in.op) {
    case Op::I32Clz:
    case Op::I64Clz:
      return count_zeros(llvm::Intrinsic::ctlz);
    case Op::I32Ctz:
    case Op::I64Ctz:
      return count_zeros(llvm::Intrinsic::cttz);
    case Op::I32Popcnt:
    case Op::I64Popcnt:
      intrinsic1(llvm::Intrinsic::ctpop);
      return true;
    case Op::I32Extend8S:
    case Op::I64Extend8S:
      return extend(8);
    case Op::I32Extend16S:
    case Op::I64Extend16S:
      return extend(16);
    case Op::I64Extend32S:
      return extend(32);
    default:
      return false;
  }
}

bool FunctionLowering::integer(const Instruction& in) {
  auto binary = [&](auto make) {
    llvm::Value* b = pop();
    llvm::Value* a = pop();
    push(make(a, b));
    return true;
  };
  auto shift = [&](llvm::Instruction::BinaryOps op) {
    return binary([&](llvm::Value* a, llvm::Value* b) {
      auto* mask = llvm::ConstantInt::get(b->getType(), b->getType()->getIntegerBitWidth() - 1);
      return builder_.CreateBinOp(op, a, builder_.CreateAnd(b, mask));
    });
  };
  auto plain = [&](llvm::Instruction::BinaryOps op) {
    return binary([&](llvm::Value* a, llvm::Value* b) { return builder_.CreateBinOp(op, a, b); });
  };
  switch (in.op) {
    case Op::I32Add:
    case Op::I64Add:
      return plain(llvm::Instruction::Add);
    case Op::I32Sub:
    case Op::I64Sub:
      return plain(llvm::Instruction::Sub);
    case Op::I32Mul:
    case Op::I64Mul:
      return plain(llvm::Instruction::Mul);
    case Op::I32And:
    case Op::I64And:
      return plain(llvm::Instruction::And);
    case Op::I32Or:
    case Op::I64Or:
      return plain(llvm::Instruction::Or);
    case Op::I32Xor:
    case Op::I64Xor:
      return plain(llvm::Instruction::Xor);
    case Op::I32Shl:
    case Op::I64Shl:
      return shift(llvm::Instruction::Shl);
    case Op::I32ShrS:
    case Op::I64ShrS:
      return shift(llvm::Instruction::AShr);
    case Op::I32ShrU:
    case Op::I64ShrU:
      return shift(llvm::Instruction::LShr);
    case Op::I32Rotl:
    case Op::I64Rotl:
      rotate(llvm::Intrinsic::fshl);
      return true;
    case Op::I32Rotr:
    case Op::I64Rotr:
      rotate(llvm::Intrinsic::fshr);
      return true;
    case Op::I32DivS:
    case Op::I32DivU:
    case Op::I32RemS:
    case Op::I32RemU:
    case Op::I64DivS:
    case Op::I64DivU:
    case Op::I64RemS:
    case Op::I64RemU:
      divide(in);
      return true;
    default:
      return false;
  }
}

void FunctionLowering::divide(const Instruction& in) {
  llvm::Value* b = pop();
  llvm::Value* a = pop();
  llvm::Type* type = a->getType();
  auto* zero = llvm::ConstantInt::get(type, 0);
  auto* minus_one = llvm::ConstantInt::getAllOnesValue(type);
  auto* smallest =
      llvm::ConstantInt::get(type, llvm::APInt::getSignedMinValue(type->getIntegerBitWidth()));
  trap_if(builder_.CreateICmpEQ(b, zero), TrapKind::integer_divide_by_zero);
  switch (in.op) {
    case Op::I32DivU:
    case Op::I64DivU:
      push(builder_.CreateUDiv(a, b));
      return;
    case Op::I32RemU:
    case Op::I64RemU:
      push(builder_.CreateURem(a, b));
      return;
    case Op::I32DivS:
    case Op::I64DivS:
      trap_if(builder_.CreateAnd(builder_.CreateICmpEQ(a, smallest),
                                 builder_.CreateICmpEQ(b, minus_one)),
              TrapKind::integer_overflow);
      push(builder_.CreateSDiv(a, b));
      return;
    default: {
      // The smallest number modulo -1 is 0 here but a fault of the processor: divide by 1 instead.
      llvm::Value* is_minus_one = builder_.CreateICmpEQ(b, minus_one);
      llvm::Value* divisor =
          builder_.CreateSelect(is_minus_one, llvm::ConstantInt::get(type, 1), b);
      push(builder_.CreateSRem(a, divisor));
      return;
    }
  }
}

// An operation with this constant that LLVM would replace by the other operand or its negation, as
// numbers go. A signalling NaN has to come out quiet, so the operation has to happen: the fence
// hides the constant.
llvm::Value* FunctionLowering::fence(llvm::Value* value) {
  return builder_.CreateIntrinsic(llvm::Intrinsic::arithmetic_fence, {value->getType()}, {value});
}

llvm::Value* FunctionLowering::float_binary(llvm::Instruction::BinaryOps op, llvm::Value* a,
                                            llvm::Value* b) {
  auto* left = llvm::dyn_cast<llvm::ConstantFP>(a);
  auto* right = llvm::dyn_cast<llvm::ConstantFP>(b);
  auto is_one = [](const llvm::ConstantFP* c) {
    return c->isExactlyValue(1.0) || c->isExactlyValue(-1.0);
  };
  bool scales = op == llvm::Instruction::FMul || op == llvm::Instruction::FDiv;
  if (right != nullptr && left == nullptr) {
    bool adds_nothing =
        right->isZero() && ((op == llvm::Instruction::FAdd && right->isNegative()) ||
                            (op == llvm::Instruction::FSub && !right->isNegative()));
    if (adds_nothing || (scales && is_one(right))) {
      b = fence(b);
    }
  } else if (left != nullptr && right == nullptr) {
    bool adds_nothing = left->isZero() && left->isNegative() &&
                        (op == llvm::Instruction::FAdd || op == llvm::Instruction::FSub);
    if (adds_nothing || (op == llvm::Instruction::FMul && is_one(left))) {
      a = fence(a);
    }
  }
  return builder_.CreateBinOp(op, a, b);
}

// Where an operand is a NaN, LLVM's sequence may give it back as it came, signalling; the sum is
// quiet.
llvm::Value* FunctionLowering::float_extreme(llvm::Intrinsic::ID id, llvm::Value* a,
                                             llvm::Value* b) {
  auto* number = builder_.CreateBinaryIntrinsic(id, a, b);
  llvm::cast<llvm::CallInst>(number)->setHasNoNaNs(true);
  llvm::Value* sum = float_binary(llvm::Instruction::FAdd, a, b);
  return builder_.CreateSelect(builder_.CreateFCmpUNO(a, b), sum, number);
}

bool FunctionLowering::floating(const Instruction& in) {
  auto arithmetic = [&](llvm::Instruction::BinaryOps op) {
    llvm::Value* b = pop();
    llvm::Value* a = pop();
    push(float_binary(op, a, b));
    return true;
  };
  auto unary = [&](llvm::Intrinsic::ID id) {
    intrinsic1(id);
    return true;
  };
  auto binary = [&](llvm::Intrinsic::ID id) {
    intrinsic2(id);
    return true;
  };
  auto extreme = [&](llvm::Intrinsic::ID id) {
    llvm::Value* b = pop();
    llvm::Value* a = pop();
    push(float_extreme(id, a, b));
    return true;
  };
  switch (in.op) {
    case Op::F32Abs:
    case Op::F64Abs:
      return unary(llvm::Intrinsic::fabs);
    case Op::F32Neg:
    case Op::F64Neg:
      push(builder_.CreateFNeg(pop()));
      return true;
    case Op::F32Ceil:
    case Op::F64Ceil:
      return unary(llvm::Intrinsic::ceil);
    case Op::F32Floor:
    case Op::F64Floor:
      return unary(llvm::Intrinsic::floor);
    case Op::F32Trunc:
    case Op::F64Trunc:
      return unary(llvm::Intrinsic::trunc);
    case Op::F32Nearest:
    case Op::F64Nearest:
      return unary(llvm::Intrinsic::roundeven);
    case Op::F32Sqrt:
    case Op::F64Sqrt:
      return unary(llvm::Intrinsic::sqrt);
    case Op::F32Add:
    case Op::F64Add:
      return arithmetic(llvm::Instruction::FAdd);
    case Op::F32Sub:
    case Op::F64Sub:
      return arithmetic(llvm::Instruction::FSub);
    case Op::F32Mul:
    case Op::F64Mul:
      return arithmetic(llvm::Instruction::FMul);
    case Op::F32Div:
    case Op::F64Div:
      return arithmetic(llvm::Instruction::FDiv);
    case Op::F32Min:
    case Op::F64Min:
      return extreme(llvm::Intrinsic::minimum);
    case Op::F32Max:
    case Op::F64Max:
      return extreme(llvm::Intrinsic::maximum);
    case Op::F32Copysign:
    case Op::F64Copysign:
      return binary(llvm::Intrinsic::copysign);
    default:
      return false;
  }
}

bool FunctionLowering::convert(const Instruction& in) {
  auto* i32t = builder_.getInt32Ty();
  auto* i64t = builder_.getInt64Ty();
  auto* f32t = builder_.getFloatTy();
  auto* f64t = builder_.getDoubleTy();
  auto cast = [&](llvm::Instruction::CastOps op, llvm::Type* to) {
    push(builder_.CreateCast(op, pop(), to));
    return true;
  };
  auto saturate = [&](llvm::Intrinsic::ID id, llvm::Type* to) {
    llvm::Value* value = pop();
    push(builder_.CreateIntrinsic(id, {to, value->getType()}, {value}));
    return true;
  };
  using CastOps = llvm::Instruction;
  switch (in.op) {
    case Op::I32WrapI64:
      return cast(CastOps::Trunc, i32t);
    case Op::I64ExtendI32S:
      return cast(CastOps::SExt, i64t);
    case Op::I64ExtendI32U:
      return cast(CastOps::ZExt, i64t);
    case Op::I32TruncF32S:
    case Op::I32TruncF32U:
    case Op::I32TruncF64S:
    case Op::I32TruncF64U:
    case Op::I64TruncF32S:
    case Op::I64TruncF32U:
    case Op::I64TruncF64S:
    case Op::I64TruncF64U:
      truncate(in);
      return true;
    case Op::F32ConvertI32S:
    case Op::F32ConvertI64S:
      return cast(CastOps::SIToFP, f32t);
    case Op::F32ConvertI32U:
    case Op::F32ConvertI64U:
      return cast(CastOps::UIToFP, f32t);
    case Op::F64ConvertI32S:
    case Op::F64ConvertI64S:
      return cast(CastOps::SIToFP, f64t);
    case Op::F64ConvertI32U:
    case Op::F64ConvertI64U:
      return cast(CastOps::UIToFP, f64t);
    case Op::F32DemoteF64: {
      llvm::Value* value = pop();
      if (llvm::isa<llvm::FPExtInst>(value)) {
        value = fence(value);
      }
      push(builder_.CreateFPTrunc(value, f32t));
      return true;
    }
    case Op::F64PromoteF32:
      return cast(CastOps::FPExt, f64t);
    case Op::I32ReinterpretF32:
      return cast(CastOps::BitCast, i32t);
    case Op::I64ReinterpretF64:
      return cast(CastOps::BitCast, i64t);
    case Op::F32ReinterpretI32:
      return cast(CastOps::BitCast, f32t);
    case Op::F64ReinterpretI64:
      return cast(CastOps::BitCast, f64t);
    case Op::I32TruncSatF32S:
    case Op::I32TruncSatF64S:
      return saturate(llvm::Intrinsic::fptosi_sat, i32t);
    case Op::I32TruncSatF32U:
    case Op::I32TruncSatF64U:
      return saturate(llvm::Intrinsic::fptoui_sat, i32t);
    case Op::I64TruncSatF32S:
    case Op::I64TruncSatF64S:
      return saturate(llvm::Intrinsic::fptosi_sat, i64t);
    case Op::I64TruncSatF32U:
    case Op::I64TruncSatF64U:
      return saturate(llvm::Intrinsic::fptoui_sat, i64t);
    default:
      return false;
  }
}

// Traps unless the value, truncated, is in range. The bounds are the float neighbours outside of
// the range: for a double and 32 bits these are -2147483649 and 2147483648; where the format cannot
// hold the lower one, -2^n itself is in range.
void FunctionLowering::truncate(const Instruction& in) {
  llvm::Value* value = pop();
  bool to_64 = in.code >= 0xae;
  bool is_signed = (in.code & 1) == 0;
  unsigned bits = to_64 ? 64 : 32;
  llvm::Type* to = builder_.getIntNTy(bits);
  llvm::Type* from = value->getType();
  trap_if(builder_.CreateFCmpUNO(value, value), TrapKind::invalid_conversion);
  double limit = is_signed ? (to_64 ? 0x1p63 : 0x1p31) : (to_64 ? 0x1p64 : 0x1p32);
  bool exact = from->isDoubleTy() && !to_64;  // can the format hold limit - 1 below?
  llvm::Value* low = nullptr;
  if (!is_signed) {
    low = builder_.CreateFCmpOGT(value, llvm::ConstantFP::get(from, -1.0));
  } else if (exact) {
    low = builder_.CreateFCmpOGT(value, llvm::ConstantFP::get(from, -limit - 1));
  } else {
    low = builder_.CreateFCmpOGE(value, llvm::ConstantFP::get(from, -limit));
  }
  llvm::Value* high = builder_.CreateFCmpOLT(value, llvm::ConstantFP::get(from, limit));
  trap_if(builder_.CreateNot(builder_.CreateAnd(low, high)), TrapKind::integer_overflow);
  push(is_signed ? builder_.CreateFPToSI(value, to) : builder_.CreateFPToUI(value, to));
}

}  // namespace weft::engine
