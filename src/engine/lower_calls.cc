// Calls: direct, indirect, tail, and to host functions (core specification 4.4.8, tail-call
// proposal).

#include <llvm/IR/MDBuilder.h>

#include "engine/lowering.h"

namespace weft::engine {

using Op = wabt::Opcode;
using wasm::TrapKind;
using wasm::ValType;

bool FunctionLowering::calls(const Instruction& in) {
  switch (in.op) {
    case Op::Call:
      call_direct(in.index, false);
      return true;
    case Op::ReturnCall:
      call_direct(in.index, true);
      unreachable();
      return true;
    case Op::CallIndirect:
      call_indirect(in, false);
      return true;
    case Op::ReturnCallIndirect:
      call_indirect(in, true);
      unreachable();
      return true;
    default:
      return false;
  }
}

void FunctionLowering::call_direct(uint32_t function, bool tail) {
  const wasm::FuncType& type = plan_.wasm().type_of(function);
  Values args = pop_many(type.params.size());
  if (function >= plan_.wasm().imported_functions) {
    llvm::Function* callee = partition_.function(function);
    Callee own{{callee->getFunctionType(), callee}, base_, plan_.throws[function]};
    if (tail) {
      emit_own_tail_call(own, type, args);
    } else {
      emit_call(own, type, args, false);
    }
    return;
  }
  if (plan_.open()) {
    int64_t link = plan_.layout.links + static_cast<int64_t>(16 * function);
    llvm::Value* code = instance_load(builder_.getPtrTy(), instance(link));
    llvm::Value* base = instance_load(builder_.getPtrTy(), instance(link + 8));
    emit_call({{partition_.signature(type), code}, base, true}, type, args, tail);
    return;
  }
  call_import(function, args);
  if (tail) {
    branch_to(frames_.size() - 1);
  }
}

void FunctionLowering::call_indirect(const Instruction& in, bool tail) {
  const wasm::FuncType& type = plan_.wasm().types[in.index];
  llvm::Value* index = pop();
  Values args = pop_many(type.params.size());
  trap_if(builder_.CreateICmpUGE(index, table_size(in.index2)), TrapKind::undefined_element);
  llvm::Value* entry = table_entry(in.index2, index);
  llvm::Value* code = instance_load(builder_.getPtrTy(), entry);
  llvm::Value* ref = instance_load(builder_.getPtrTy(),
                                   builder_.CreateConstGEP1_64(builder_.getInt8Ty(), entry, 8));
  trap_if(builder_.CreateIsNull(ref), TrapKind::uninitialized_element);
  llvm::Value* actual = instance_load(
      builder_.getInt32Ty(),
      builder_.CreateConstGEP1_64(builder_.getInt8Ty(), ref, offsetof(cpu::FuncRef, type)));
  uint32_t canonical = plan_.wasm().canonical_types[in.index];
  llvm::Value* expected = i32(canonical);
  if (plan_.open()) {
    expected = instance_load(builder_.getInt32Ty(),
                             instance(plan_.layout.types + static_cast<int64_t>(4 * canonical)));
  }
  trap_if(builder_.CreateICmpNE(actual, expected), TrapKind::indirect_call_type);
  llvm::FunctionCallee callee(partition_.signature(type), code);
  if (!plan_.open()) {
    Callee own{callee, base_, plan_.indirect_throws};
    if (tail) {
      emit_own_tail_call(own, type, args);
    } else {
      emit_call(own, type, args, false);
    }
    return;
  }
  llvm::Value* base = instance_load(
      builder_.getPtrTy(),
      builder_.CreateConstGEP1_64(builder_.getInt8Ty(), ref, offsetof(cpu::FuncRef, base)));
  if (!tail) {
    emit_call({callee, base, true}, type, args, false);
    return;
  }
  // Only a call within the instance can give up this frame: another instance has another base in
  // r14.
  auto* same = block("same");
  auto* other = block("other");
  builder_.CreateCondBr(builder_.CreateICmpEQ(base, base_), same, other);
  builder_.SetInsertPoint(same);
  emit_own_tail_call({callee, base_, true}, type, args);
  builder_.SetInsertPoint(other);
  emit_call({callee, base, true}, type, args, true);
}

void FunctionLowering::emit_call(const Callee& callee, const wasm::FuncType& type,
                                 const Values& args, bool tail) {
  Values all{callee.base};
  all.insert(all.end(), args.begin(), args.end());
  auto* call = builder_.CreateCall(callee.code, all);
  call->setCallingConv(partition_.convention());
  call->addParamAttr(0, llvm::Attribute::SwiftAsync);
  finish_call(call, callee, type);
  if (tail) {
    branch_to(frames_.size() - 1);
  }
}

// A call that takes the place of this function's frame. An exception of the callee goes straight to
// our caller.
void FunctionLowering::emit_own_tail_call(const Callee& callee, const wasm::FuncType& type,
                                          const Values& args) {
  Values all{callee.base};
  all.insert(all.end(), args.begin(), args.end());
  auto* call = builder_.CreateCall(callee.code, all);
  call->setCallingConv(partition_.convention());
  call->addParamAttr(0, llvm::Attribute::SwiftAsync);
  call->setTailCallKind(llvm::CallInst::TCK_MustTail);
  if (type.results.empty()) {
    builder_.CreateRetVoid();
  } else {
    builder_.CreateRet(call);
  }
}

void FunctionLowering::finish_call(llvm::Value* first, const Callee& callee,
                                   const wasm::FuncType& type) {
  if (callee.throws) {
    check_exception(callee.base);
  }
  if (!type.results.empty()) {
    push(first);
  }
  if (type.results.size() < 2) {
    return;
  }
  llvm::Value* area = instance(plan_.layout.args);
  if (callee.base != base_) {  // another instance may have its argument area elsewhere
    auto* field = builder_.CreateConstGEP1_64(builder_.getInt8Ty(), callee.base,
                                              static_cast<uint64_t>(int64_t{cpu::head_args}));
    area = instance_load(builder_.getPtrTy(), field);
  }
  for (size_t i = 1; i < type.results.size(); ++i) {
    push(instance_load(partition_.type(type.results[i]),
                       builder_.CreateConstGEP1_64(builder_.getInt8Ty(), area, 16 * i)));
  }
}

llvm::Value* FunctionLowering::to_bits(llvm::Value* value) {
  llvm::Type* type = value->getType();
  if (type->isFloatTy()) {
    value = builder_.CreateBitCast(value, builder_.getInt32Ty());
  } else if (type->isDoubleTy()) {
    return builder_.CreateBitCast(value, builder_.getInt64Ty());
  }
  return value->getType()->isIntegerTy(32) ? builder_.CreateZExt(value, builder_.getInt64Ty())
                                           : value;
}

llvm::Value* FunctionLowering::from_bits(llvm::Value* bits, ValType type) {
  switch (type) {
    case ValType::i32:
      return builder_.CreateTrunc(bits, builder_.getInt32Ty());
    case ValType::f32:
      return builder_.CreateBitCast(builder_.CreateTrunc(bits, builder_.getInt32Ty()),
                                    builder_.getFloatTy());
    case ValType::f64:
      return builder_.CreateBitCast(bits, builder_.getDoubleTy());
    default:
      return bits;
  }
}

// The convention of cpu::HostFn: five values in registers, the others and all vectors in the
// argument area.
llvm::Value* FunctionLowering::call_host(uint32_t entry, std::span<llvm::Value* const> args,
                                         std::optional<ValType> result) {
  auto* poison = llvm::PoisonValue::get(builder_.getInt64Ty());
  Values all(7, poison);
  all[0] = base_;
  for (size_t i = 0; i < args.size(); ++i) {
    bool vector = args[i]->getType()->isVectorTy();
    if (i < 5 && !vector) {
      all[2 + i] = to_bits(args[i]);
    } else {
      instance_store(vector ? args[i] : to_bits(args[i]),
                     instance(plan_.layout.args + static_cast<int64_t>(16 * i)));
    }
  }
  auto* call = builder_.CreateCall(partition_.host_stub(entry), all);
  call->addParamAttr(0, llvm::Attribute::SwiftAsync);
  if (!result) {
    return nullptr;
  }
  if (*result == ValType::v128) {
    return instance_load(partition_.type(ValType::v128), instance(plan_.layout.args));
  }
  return from_bits(call, *result);
}

llvm::Value* FunctionLowering::call_builtin(Builtin builtin,
                                            std::initializer_list<llvm::Value*> args,
                                            std::optional<ValType> result) {
  return call_host(static_cast<uint32_t>(builtin), Values(args), result);
}

void FunctionLowering::call_import(uint32_t function, const Values& args) {
  const wasm::FuncType& type = plan_.wasm().type_of(function);
  if (type.results.size() <= 1) {
    std::optional<ValType> result;
    if (!type.results.empty()) {
      result = type.results[0];
    }
    llvm::Value* value = call_host(builtin_count + function, args, result);
    if (result) {
      push(value);
    }
    return;
  }
  call_host(builtin_count + function, args, std::nullopt);
  for (size_t i = 0; i < type.results.size(); ++i) {
    push(instance_load(partition_.type(type.results[i]),
                       instance(plan_.layout.args + static_cast<int64_t>(16 * i))));
  }
}

}  // namespace weft::engine
