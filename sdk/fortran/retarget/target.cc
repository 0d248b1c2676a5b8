// COMMON blocks, main, the floating-point environment, the target's name: see passes.h.
#include <llvm/IR/IRBuilder.h>
#include <llvm/IR/Instructions.h>
#include <llvm/IR/IntrinsicInst.h>
#include <llvm/Transforms/Utils/ModuleUtils.h>

#include <vector>

#include "passes.h"

namespace weft::fortran {

namespace {

using namespace llvm;

// The variable beside a COMMON block that holds the size of the block in the unit whose block was
// taken.
GlobalVariable* size_variable(Module& module, const GlobalVariable& block, bool weak) {
  auto* type = Type::getInt32Ty(module.getContext());
  uint64_t bytes = module.getDataLayout().getTypeAllocSize(block.getValueType());
  return new GlobalVariable(module, type, true,
                            weak ? GlobalValue::WeakAnyLinkage : GlobalValue::ExternalLinkage,
                            ConstantInt::get(type, bytes), block.getName() + ".common_size");
}

// A COMMON block that BLOCK DATA gives a value. Other variables with external names are those of
// modules (_QM...) and of BIND(C), which have no underscore behind.
bool is_initialised_common(const GlobalVariable& variable) {
  return variable.hasExternalLinkage() && !variable.isDeclaration() &&
         variable.getName().ends_with("_") && !variable.getName().starts_with("_Q");
}

}  // namespace

void lower_common_blocks(Module& module) {
  LLVMContext& context = module.getContext();
  std::vector<GlobalVariable*> blocks;
  for (GlobalVariable& variable : module.globals()) {
    if (variable.hasCommonLinkage() || is_initialised_common(variable)) blocks.push_back(&variable);
  }
  if (blocks.empty()) return;
  auto* word = Type::getInt32Ty(context);
  auto* pointer = PointerType::get(context, 0);
  auto* check = Function::Create(FunctionType::get(Type::getVoidTy(context), false),
                                 GlobalValue::InternalLinkage, "weft.check_commons", module);
  IRBuilder<> builder(BasicBlock::Create(context, "", check));
  FunctionCallee expect = module.getOrInsertFunction(
      "weft_fortran_common_block",
      FunctionType::get(Type::getVoidTy(context), {pointer, word, word}, false));
  for (GlobalVariable* block : blocks) {
    bool weak = block->hasCommonLinkage();
    GlobalVariable* size = size_variable(module, *block, weak);
    if (weak) block->setLinkage(GlobalValue::WeakAnyLinkage);
    Value* name = builder.CreateGlobalString(block->getName());
    builder.CreateCall(expect, {name, size->getInitializer(), builder.CreateLoad(word, size)});
  }
  builder.CreateRetVoid();
  appendToGlobalCtors(module, check, 0);
}

void lower_main(Module& module) {
  Function* main = module.getFunction("main");
  if (!main || main->isDeclaration() || main->arg_size() != 3) return;
  LLVMContext& context = module.getContext();
  auto* pointer = PointerType::get(context, 0);
  auto* word = Type::getInt32Ty(context);
  main->setName("weft.fortran_main");
  main->setLinkage(GlobalValue::InternalLinkage);
  auto* start = Function::Create(FunctionType::get(word, {word, pointer}, false),
                                 GlobalValue::ExternalLinkage, "__main_argc_argv", module);
  Constant* environment = module.getOrInsertGlobal("environ", pointer);
  IRBuilder<> builder(BasicBlock::Create(context, "", start));
  builder.CreateRet(builder.CreateCall(
      main, {start->getArg(0), start->getArg(1), builder.CreateLoad(pointer, environment)}));
}

void drop_floating_point_environment(Module& module) {
  constexpr uint64_t to_nearest = 1;  // of llvm.get.rounding
  for (Function& function : module) {
    for (BasicBlock& block : function) {
      for (Instruction& instruction : make_early_inc_range(block)) {
        auto* call = dyn_cast<IntrinsicInst>(&instruction);
        if (!call) continue;
        Intrinsic::ID id = call->getIntrinsicID();
        if (id == Intrinsic::get_rounding) {
          call->replaceAllUsesWith(ConstantInt::get(call->getType(), to_nearest));
        } else if (id != Intrinsic::set_rounding) {
          continue;
        }
        call->eraseFromParent();
      }
    }
  }
}

void set_target(Module& module, StringRef triple, const DataLayout& layout) {
  module.setTargetTriple(Triple(Triple::normalize(triple)));
  module.setDataLayout(layout);
  if (NamedMDNode* options = module.getNamedMetadata("llvm.linker.options")) {
    module.eraseNamedMetadata(options);
  }
  // A module without the flag CodeView has DWARF.
  if (NamedMDNode* flags = module.getModuleFlagsMetadata()) {
    std::vector<MDNode*> kept;
    for (MDNode* flag : flags->operands()) {
      if (cast<MDString>(flag->getOperand(1))->getString() != "CodeView") kept.push_back(flag);
    }
    flags->clearOperands();
    for (MDNode* flag : kept) flags->addOperand(flag);
  }
  for (Function& function : module) {
    for (const char* attribute : {"target-cpu", "target-features", "tune-cpu"}) {
      function.removeFnAttr(attribute);
    }
  }
  // The constants of intrinsic modules are declared in every unit that uses one, and nowhere
  // defined.
  for (GlobalVariable& variable : make_early_inc_range(module.globals())) {
    if (variable.isDeclaration() && variable.use_empty()) variable.eraseFromParent();
  }
}

}  // namespace weft::fortran
