// Calls: direct, indirect, tail, and to host functions (core specification 4.4.8, tail-call
// proposal).

#include "engine/host_call.h"
#include "engine/lowering.h"

namespace weft::engine {

using Op = wabt::Opcode;
using wasm::TrapKind;
using wasm::ValType;

bool FunctionLowering::calls(const Instruction& in) {
  switch (in.op) {
    case Op::Call:
      call_direct(in.index, CallKind::normal);
      return true;
    case Op::ReturnCall:
      call_direct(in.index, CallKind::tail);
      unreachable();
      return true;
    case Op::CallIndirect:
      call_indirect(in, CallKind::normal);
      return true;
    case Op::ReturnCallIndirect:
      call_indirect(in, CallKind::tail);
      unreachable();
      return true;
    default:
      return false;
  }
}

void FunctionLowering::call_direct(uint32_t function, CallKind kind) {
  const wasm::FuncType& type = plan_.wasm().type_of(function);
  Values args = pop_many(type.params.size());
  if (function >= plan_.wasm().imported_functions) {
    llvm::Function* callee = partition_.function(function);
    Callee own{{callee->getFunctionType(), callee}, base_, plan_.throws[function]};
    emit_call(own, type, args, kind);
    return;
  }
  if (plan_.open()) {
    int64_t link = plan_.layout.links + static_cast<int64_t>(16 * function);
    llvm::Value* code = instance_load(builder_.getPtrTy(), instance(link));
    llvm::Value* base = instance_load(builder_.getPtrTy(), instance(link + 8));
    emit_call({{partition_.signature(type), code}, base, true}, type, args, kind);
    return;
  }
  for (llvm::Value* value :
       call_host(partition_, builder_, base_, builtin_count + function, args, type.results)) {
    push(value);
  }
  if (kind == CallKind::tail) {
    branch_to(frames_.size() - 1);
  }
}

void FunctionLowering::call_indirect(const Instruction& in, CallKind kind) {
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
  llvm::Value* base = base_;
  if (plan_.open()) {
    base = instance_load(
        builder_.getPtrTy(),
        builder_.CreateConstGEP1_64(builder_.getInt8Ty(), ref, offsetof(cpu::FuncRef, base)));
  }
  emit_call({callee, base, plan_.indirect_throws}, type, args, kind);
}

// A tail call takes the place of this function's frame. An exception of the callee goes straight to
// our caller.
void FunctionLowering::emit_call(const Callee& callee, const wasm::FuncType& type,
                                 const Values& args, CallKind kind) {
  Values all{home_};
  if (plan_.open()) {
    all.push_back(callee.base);
  }
  all.insert(all.end(), args.begin(), args.end());
  auto* call = builder_.CreateCall(callee.code, all);
  call->setCallingConv(partition_.convention());
  call->addParamAttr(0, llvm::Attribute::SwiftAsync);
  if (kind == CallKind::tail) {
    call->setTailCallKind(llvm::CallInst::TCK_MustTail);
    if (type.results.empty()) {
      builder_.CreateRetVoid();
    } else {
      builder_.CreateRet(call);
    }
    return;
  }
  if (callee.throws) {
    check_exception();
  }
  for (size_t i = 0; i < type.results.size(); ++i) {
    push(i == 0 ? call : instance_load(partition_.type(type.results[i]), passed(i)));
  }
}

llvm::Value* FunctionLowering::call_builtin(Builtin builtin,
                                            std::initializer_list<llvm::Value*> args,
                                            std::optional<ValType> result) {
  std::span<const ValType> results;
  if (result) {
    results = {&*result, 1};
  }
  Values values =
      call_host(partition_, builder_, base_, static_cast<uint32_t>(builtin), Values(args), results);
  return values.empty() ? nullptr : values[0];
}

}  // namespace weft::engine
