// What BIND(C) procedures take and return: see passes.h.
#include <llvm/IR/IRBuilder.h>
#include <llvm/IR/Instructions.h>
#include <llvm/IR/IntrinsicInst.h>

#include "passes.h"

namespace weft::fortran {

namespace {

using namespace llvm;

FunctionType* without_last(FunctionType* type, unsigned count) {
  return FunctionType::get(type->getReturnType(), type->params().drop_back(count),
                           type->isVarArg());
}

AttributeList without_last(LLVMContext& context, AttributeList old, unsigned left) {
  SmallVector<AttributeSet> sets;
  for (unsigned i = 0; i < left; ++i) sets.push_back(old.getParamAttrs(i));
  return AttributeList::get(context, old.getFnAttrs(), old.getRetAttrs(), sets);
}

void change(CallInst& call, unsigned count) {
  unsigned left = call.arg_size() - count;
  SmallVector<Value*> arguments(call.arg_begin(), call.arg_begin() + left);
  IRBuilder<> builder(&call);
  CallInst* changed = builder.CreateCall(without_last(call.getFunctionType(), count),
                                         call.getCalledOperand(), arguments);
  changed->setAttributes(without_last(call.getContext(), call.getAttributes(), left));
  changed->setDebugLoc(call.getDebugLoc());
  call.replaceAllUsesWith(changed);
  call.eraseFromParent();
}

void change(Function& old, unsigned count) {
  unsigned left = old.arg_size() - count;
  for (User* user : make_early_inc_range(old.users())) {
    auto* call = dyn_cast<CallInst>(user);
    if (call && call->getCalledOperand() == &old && call->arg_size() == old.arg_size()) {
      change(*call, count);
    }
  }
  Function* changed = Function::Create(without_last(old.getFunctionType(), count), old.getLinkage(),
                                       old.getAddressSpace(), "", old.getParent());
  changed->takeName(&old);
  changed->copyAttributesFrom(&old);
  changed->setAttributes(without_last(old.getContext(), old.getAttributes(), left));
  changed->setComdat(old.getComdat());
  changed->setSubprogram(old.getSubprogram());
  old.setSubprogram(nullptr);
  changed->splice(changed->begin(), &old);
  for (Argument& argument : old.args()) {
    Value* now = changed->arg_size() > argument.getArgNo()
                     ? static_cast<Value*>(changed->getArg(argument.getArgNo()))
                     : ConstantInt::get(argument.getType(), 1);
    argument.replaceAllUsesWith(now);
  }
  old.replaceAllUsesWith(changed);
  old.eraseFromParent();
}

bool has_lengths(const Function& function, unsigned count) {
  if (function.arg_size() < count) return false;
  for (unsigned i = function.arg_size() - count; i < function.arg_size(); ++i) {
    if (!function.getArg(i)->getType()->isIntegerTy(32)) return false;
  }
  return true;
}

template <class Callable>
void extend(Callable& callable, FunctionType* type) {
  auto is_unextended = [](const Type* it, AttributeSet attributes) {
    return it->isIntegerTy(8) && !attributes.hasAttribute(Attribute::SExt) &&
           !attributes.hasAttribute(Attribute::ZExt);
  };
  for (unsigned i = 0; i < type->getNumParams(); ++i) {
    if (is_unextended(type->getParamType(i), callable.getAttributes().getParamAttrs(i))) {
      callable.addParamAttr(i, Attribute::ZExt);
    }
  }
  if (is_unextended(type->getReturnType(), callable.getAttributes().getRetAttrs())) {
    callable.addRetAttr(Attribute::ZExt);
  }
}

}  // namespace

std::string drop_hidden_lengths(Module& module, const std::map<std::string, unsigned>& counts) {
  for (const auto& [name, count] : counts) {
    Function* function = module.getFunction(name);
    if (!function) continue;
    if (!has_lengths(*function, count)) return name;
    change(*function, count);
  }
  return "";
}

void extend_bool(Module& module) {
  for (Function& function : module) {
    if (function.isIntrinsic()) continue;
    // flang's calls say nothing about extension: what the function's declaration says holds for
    // them
    for (User* user : function.users()) {
      auto* call = dyn_cast<CallInst>(user);
      if (!call || call->getCalledOperand() != &function) continue;
      if (call->getFunctionType() != function.getFunctionType()) continue;
      for (unsigned i = 0; i < function.arg_size(); ++i) {
        if (function.hasParamAttribute(i, Attribute::SExt)) call->addParamAttr(i, Attribute::SExt);
      }
      if (function.hasRetAttribute(Attribute::SExt)) call->addRetAttr(Attribute::SExt);
    }
  }
  for (Function& function : module) {
    if (function.isIntrinsic()) continue;
    extend(function, function.getFunctionType());
    for (BasicBlock& block : function) {
      for (Instruction& instruction : block) {
        auto* call = dyn_cast<CallInst>(&instruction);
        if (call && !isa<IntrinsicInst>(call)) extend(*call, call->getFunctionType());
      }
    }
  }
}

}  // namespace weft::fortran
