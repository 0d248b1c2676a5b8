// The conventions for complex numbers and sizes: see passes.h.
#include <llvm/IR/IRBuilder.h>
#include <llvm/IR/Instructions.h>

#include <set>
#include <vector>

#include "passes.h"

namespace weft::fortran {

namespace {

using namespace llvm;

// { float, float }, as flang writes complex(4)
bool is_complex4(const Type* type) {
  const auto* pair = dyn_cast<StructType>(type);
  return pair && !pair->isOpaque() && pair->getNumElements() == 2 &&
         pair->getElementType(0)->isFloatTy() && pair->getElementType(1)->isFloatTy();
}

bool is_complex8(const Type* type) {
  const auto* pair = dyn_cast<StructType>(type);
  return pair && !pair->isOpaque() && pair->getNumElements() == 2 &&
         pair->getElementType(0)->isDoubleTy() && pair->getElementType(1)->isDoubleTy();
}

// The call's i64 is stored in a stack variable that is then read as a complex.
bool returns_complex4(const CallBase& call) {
  if (!call.getType()->isIntegerTy(64)) return false;
  for (const User* user : call.users()) {
    const auto* store = dyn_cast<StoreInst>(user);
    if (!store || store->getValueOperand() != &call) continue;
    if (!isa<AllocaInst>(store->getPointerOperand())) continue;
    for (const User* other : store->getPointerOperand()->users()) {
      const auto* load = dyn_cast<LoadInst>(other);
      if (load && is_complex4(load->getType())) return true;
    }
  }
  return false;
}

// The function returns an i64 that it reads from a stack variable in which it has stored a complex.
bool returns_complex4(const Function& function) {
  if (function.isDeclaration() || !function.getReturnType()->isIntegerTy(64)) return false;
  for (const BasicBlock& block : function) {
    const auto* end = dyn_cast<ReturnInst>(block.getTerminator());
    if (!end) continue;
    const auto* load = dyn_cast<LoadInst>(end->getReturnValue());
    if (!load || !isa<AllocaInst>(load->getPointerOperand())) continue;
    for (const User* user : load->getPointerOperand()->users()) {
      const auto* store = dyn_cast<StoreInst>(user);
      if (store && is_complex4(store->getValueOperand()->getType())) return true;
    }
  }
  return false;
}

FunctionType* with_result_parameter(FunctionType* type) {
  LLVMContext& context = type->getContext();
  SmallVector<Type*> parameters = {PointerType::get(context, 0)};
  parameters.append(type->param_begin(), type->param_end());
  return FunctionType::get(Type::getVoidTy(context), parameters, type->isVarArg());
}

AttributeList with_result_parameter(LLVMContext& context, AttributeList old, unsigned parameters) {
  auto* complex4 = StructType::get(Type::getFloatTy(context), Type::getFloatTy(context));
  AttrBuilder result(context);
  result.addStructRetAttr(complex4).addAlignmentAttr(Align(4));
  SmallVector<AttributeSet> sets = {AttributeSet::get(context, result)};
  for (unsigned i = 0; i < parameters; ++i) sets.push_back(old.getParamAttrs(i));
  return AttributeList::get(context, old.getFnAttrs(), AttributeSet(), sets);
}

// Replaces `old`, body included, by a function that stores its result through its first parameter.
void change(Function& old) {
  Function* changed =
      Function::Create(with_result_parameter(old.getFunctionType()), old.getLinkage(),
                       old.getAddressSpace(), "", old.getParent());
  changed->takeName(&old);
  changed->copyAttributesFrom(&old);
  changed->setAttributes(
      with_result_parameter(old.getContext(), old.getAttributes(), old.arg_size()));
  changed->setComdat(old.getComdat());
  changed->setSubprogram(old.getSubprogram());
  old.setSubprogram(nullptr);
  changed->splice(changed->begin(), &old);
  for (Argument& argument : old.args()) {
    Argument* moved = changed->getArg(argument.getArgNo() + 1);
    argument.replaceAllUsesWith(moved);
    moved->takeName(&argument);
  }
  for (BasicBlock& block : *changed) {
    auto* end = dyn_cast<ReturnInst>(block.getTerminator());
    if (!end) continue;
    IRBuilder<> builder(end);
    builder.CreateAlignedStore(end->getReturnValue(), changed->getArg(0), Align(4));
    builder.CreateRetVoid();
    end->eraseFromParent();
  }
  old.replaceAllUsesWith(changed);
  old.eraseFromParent();
}

void change(CallInst& call) {
  Function& caller = *call.getFunction();
  LLVMContext& context = caller.getContext();
  auto* complex4 = StructType::get(Type::getFloatTy(context), Type::getFloatTy(context));
  IRBuilder<> at_entry(&caller.getEntryBlock(), caller.getEntryBlock().begin());
  AllocaInst* result = at_entry.CreateAlloca(complex4);
  IRBuilder<> builder(&call);
  SmallVector<Value*> arguments = {result};
  arguments.append(call.arg_begin(), call.arg_end());
  CallInst* changed = builder.CreateCall(with_result_parameter(call.getFunctionType()),
                                         call.getCalledOperand(), arguments);
  changed->setAttributes(with_result_parameter(context, call.getAttributes(), call.arg_size()));
  changed->setCallingConv(call.getCallingConv());
  changed->setDebugLoc(call.getDebugLoc());
  Value* value = builder.CreateAlignedLoad(builder.getInt64Ty(), result, Align(4));
  call.replaceAllUsesWith(value);
  call.eraseFromParent();
}

// On x86 a complex(8) on the stack is aligned to 4 bytes.
template <class Callable>
void align_complex8_parameters(Callable& callable, unsigned parameters) {
  for (unsigned i = 0; i < parameters; ++i) {
    Type* type = callable.getAttributes().getParamByValType(i);
    if (!type || !is_complex8(type)) continue;
    callable.removeParamAttr(i, Attribute::Alignment);
    callable.addParamAttr(i, Attribute::getWithAlignment(callable.getContext(), Align(8)));
  }
}

std::vector<CallInst*> calls_in(Module& module) {
  std::vector<CallInst*> calls;
  for (Function& function : module) {
    for (BasicBlock& block : function) {
      for (Instruction& instruction : block) {
        if (auto* call = dyn_cast<CallInst>(&instruction)) calls.push_back(call);
      }
    }
  }
  return calls;
}

}  // namespace

void use_wasm_complex_convention(Module& module) {
  std::set<const Value*> functions;
  for (const Function& function : module) {
    if (returns_complex4(function)) functions.insert(&function);
  }
  std::vector<CallInst*> calls;
  for (CallInst* call : calls_in(module)) {
    align_complex8_parameters(*call, call->arg_size());
    const Value* callee = call->getCalledOperand();
    if (!call->getType()->isIntegerTy(64)) continue;
    if (!returns_complex4(*call) && !functions.contains(callee)) continue;
    calls.push_back(call);
    // a function declared here; one defined here stands among `functions` already
    if (isa<Function>(callee)) functions.insert(callee);
  }
  for (CallInst* call : calls) change(*call);
  for (Function& function : make_early_inc_range(module)) {
    align_complex8_parameters(function, function.arg_size());
    if (functions.contains(&function) && function.getReturnType()->isIntegerTy(64)) {
      change(function);
    }
  }
}

void narrow_malloc(Module& module) {
  Function* wide = module.getFunction("malloc");
  if (!wide || !wide->isDeclaration() || wide->arg_size() != 1 ||
      !wide->getArg(0)->getType()->isIntegerTy(64)) {
    return;
  }
  LLVMContext& context = module.getContext();
  auto* narrow_type =
      FunctionType::get(PointerType::get(context, 0), {Type::getInt32Ty(context)}, false);
  wide->setName("");
  FunctionCallee narrow = module.getOrInsertFunction("malloc", narrow_type);
  for (User* user : make_early_inc_range(wide->users())) {
    auto* call = cast<CallInst>(user);
    IRBuilder<> builder(call);
    Value* most = builder.getInt64(UINT32_MAX);
    Value* bytes = builder.CreateBinaryIntrinsic(Intrinsic::umin, call->getArgOperand(0), most);
    CallInst* changed =
        builder.CreateCall(narrow, {builder.CreateTrunc(bytes, builder.getInt32Ty())});
    changed->setDebugLoc(call->getDebugLoc());
    call->replaceAllUsesWith(changed);
    call->eraseFromParent();
  }
  wide->eraseFromParent();
}

}  // namespace weft::fortran
