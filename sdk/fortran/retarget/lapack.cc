// How Fortran calls BLAS and LAPACK: see passes.h.
#include <llvm/IR/IRBuilder.h>

#include "passes.h"

namespace weft::fortran {

namespace {

using namespace llvm;

// The lengths at the end. All else is passed by address.
unsigned count_lengths(const Function& function) {
  unsigned count = 0;
  while (count < function.arg_size() &&
         function.getArg(function.arg_size() - 1 - count)->getType()->isIntegerTy(32)) {
    ++count;
  }
  return count;
}

// A function `name` that calls this one with lengths of 1.
void add_entry_without_lengths(Function& function, const std::string& name, unsigned lengths) {
  ArrayRef<Type*> parameters = function.getFunctionType()->params().drop_back(lengths);
  auto* type = FunctionType::get(function.getReturnType(), parameters, false);
  Function* entry = Function::Create(type, function.getLinkage(), name, function.getParent());
  for (unsigned i = 0; i < entry->arg_size(); ++i) {
    entry->addParamAttrs(
        i, AttrBuilder(entry->getContext(), function.getAttributes().getParamAttrs(i)));
  }
  IRBuilder<> builder(BasicBlock::Create(entry->getContext(), "", entry));
  SmallVector<Value*> arguments;
  for (Argument& argument : entry->args()) arguments.push_back(&argument);
  arguments.append(lengths, builder.getInt32(1));
  CallInst* call = builder.CreateCall(&function, arguments);
  call->setAttributes(function.getAttributes());
  if (type->getReturnType()->isVoidTy()) {
    builder.CreateRetVoid();
  } else {
    builder.CreateRet(call);
  }
}

}  // namespace

void use_lapack_entries(Module& module, const std::set<std::string>& procedures) {
  for (const std::string& procedure : procedures) {
    std::string name = procedure + "_";
    Function* function = module.getFunction(name);
    if (!function) continue;
    // Without lengths this is no Fortran procedure, but one of C's with the same name. One that is
    // only handed on has no parameters here at all.
    unsigned lengths = count_lengths(*function);
    if (lengths == 0 && !(function->isDeclaration() && function->arg_empty())) continue;
    function->setName(name + ".lengths");
    if (!function->isDeclaration()) add_entry_without_lengths(*function, name, lengths);
  }
}

}  // namespace weft::fortran
