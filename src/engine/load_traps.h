// Keeps the traps of loads. A load out of bounds traps even where nobody needs its value, and
// before anything that the program does later. LLVM knows nothing of that: it drops a load without
// uses, and moves one that only some paths use behind the branch, or behind the select.
//
// A load is *needed* where, on every path from it, something that stays – a store, a decisive
// branch, a return, a call's argument – depends on its value before the next call (which may trap,
// or never return). LLVM leaves a needed load alone, and no more is done about it. Of the others,
// those that are dead become volatile, and the rest get an empty piece of assembly that reads the
// value where it was loaded. Neither costs an instruction.
//
// What is not covered: a dependence that is there in the program and that only the optimiser proves
// void (the callee masks an argument with a constant that is zero; a later store overwrites the one
// of the value), and the order of a trap and of stores to linear memory just before it.
//
// Thread safety: each thread has modules of its own.
#pragma once

#include <llvm/IR/Module.h>

#include "engine/partition.h"

namespace weft::engine {

// `lowered`: before the optimiser. `optimised`: before the code generator, which turns selects into
// branches and loads less where it needs less; what the vectoriser made of the first is known then.
enum class LoadStage : uint8_t { lowered, optimised };

void keep_load_traps(llvm::Module& module, const Partition& partition, LoadStage stage);

}  // namespace weft::engine
