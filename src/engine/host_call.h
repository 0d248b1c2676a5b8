// Calls of host functions out of generated code: of the module's imports, and of the builtins that
// lowering needs. The convention is that of cpu::HostFn: five values in registers; the others, and
// all vectors, in the caller's argument area.
//
// Thread safety: none, as for the partition.
#pragma once

#include <span>
#include <vector>

#include "engine/partition.h"

namespace weft::engine {

// Calls entry `entry` of the import vector of the instance at `base`.
std::vector<llvm::Value*> call_host(Partition& partition, llvm::IRBuilder<>& builder,
                                    llvm::Value* base, uint32_t entry,
                                    std::span<llvm::Value* const> args,
                                    std::span<const wasm::ValType> results);

// A value as the 64 bits that travel in a register, and back. Vectors stay what they are.
llvm::Value* to_bits(llvm::IRBuilder<>& builder, llvm::Value* value);
llvm::Value* from_bits(llvm::IRBuilder<>& builder, llvm::Value* bits, wasm::ValType type);

}  // namespace weft::engine
