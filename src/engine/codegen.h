// LLVM IR to an object file: the optimisation pipeline and the code generator.
// Thread safety: every function may be called from several threads, each with its own LLVMContext.
#pragma once

#include <llvm/IR/Module.h>
#include <llvm/Target/TargetMachine.h>

#include <memory>

#include "base/result.h"
#include "engine/options.h"

namespace weft::engine {

// `moderate` keeps time and memory in proportion for functions of hundreds of kilobytes, where
// LLVM's full pipeline does not.
enum class Effort : uint8_t { full, moderate };

Result<std::unique_ptr<llvm::TargetMachine>> make_target_machine(const Target& target,
                                                                 Effort effort);
void optimise(llvm::Module& module, llvm::TargetMachine& machine, Effort effort);
Result<std::string> emit_object(llvm::Module& module, llvm::TargetMachine& machine);

}  // namespace weft::engine
