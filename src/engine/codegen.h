// LLVM IR to an object file: the optimisation pipeline and the code generator.
// Thread safety: every function may be called from several threads, each with its own LLVMContext.
#pragma once

#include <llvm/IR/Module.h>
#include <llvm/Target/TargetMachine.h>

#include <memory>

#include "base/result.h"
#include "engine/options.h"

namespace weft::engine {

Result<std::unique_ptr<llvm::TargetMachine>> make_target_machine(const Target& target);
void optimise(llvm::Module& module, llvm::TargetMachine& machine);
Result<std::string> emit_object(llvm::Module& module, llvm::TargetMachine& machine);

}  // namespace weft::engine
