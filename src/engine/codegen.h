// LLVM IR to an object file: the optimisation pipeline and the code generator.
// Thread safety: every function may be called from several threads, each with its own LLVMContext.
#pragma once

#include <llvm/IR/Module.h>
#include <llvm/Target/TargetMachine.h>

#include <memory>

#include "base/result.h"
#include "engine/options.h"

namespace weft::engine {

// What LLVM does to a partition. `moderate` keeps time and memory in proportion for functions of
// hundreds of kilobytes, where the full pipeline does not; `least` has no pass at all: each
// has some shape of function for which its time grows with the square.
enum class Pipeline : uint8_t { full, moderate, least };

Result<std::unique_ptr<llvm::TargetMachine>> make_target_machine(const Target& target,
                                                                 Pipeline pipeline);
void optimise(llvm::Module& module, llvm::TargetMachine& machine, Pipeline pipeline);
Result<std::string> emit_object(llvm::Module& module, llvm::TargetMachine& machine);

}  // namespace weft::engine
