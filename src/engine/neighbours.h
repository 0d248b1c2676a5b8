// Lets LLVM see that accesses to linear memory are neighbours.
//
// A program computes p + 56 and p + 64 in 32 bits, where they may wrap; to LLVM these are two
// addresses that have nothing to do with each other, and it neither joins the accesses into vectors
// nor folds the constants into addressing modes. But where a memory ends at least 64 KiB before
// 2^32, an access at p + a that did not trap proves p + a + d for d < 64 KiB not to wrap, so the
// other access may be addressed as zext(p + a) + d.
//
//     access at zext(p + a) + m
//     access at zext(p + b) + n      ─►      zext(p + a) + (b - a) + n         0 < b - a < 64 Ki
//
// This can only turn an access that wraps into one that traps, and only where the other access,
// which would have trapped before, is certain to happen: earlier on every path, or later in the
// same block with no call in between.
//
// Thread safety: each thread has functions of its own.
#pragma once

#include <llvm/IR/Dominators.h>
#include <llvm/IR/Function.h>

#include "engine/partition.h"

namespace weft::engine {

// REQUIRES: the memory has fewer than 2^16 pages, however far it grows.
void join_neighbours(llvm::Function& function, const llvm::DominatorTree& dominators,
                     const Partition& partition);

}  // namespace weft::engine
