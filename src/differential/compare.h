// Makes the same seeded calls to both machines and compares all that can be seen after each: how it
// ended, results bit by bit, memory, globals, tables, the host's calls.
//
// Nothing is allowed to differ: the generator has NaNs made canonical (core specification 4.3.3
// leaves only their bits open), and modules without a maximum of memory or tables are not made.
//
// After a memory access out of bounds the instance is not looked at: weft's program is at its end
// then, so stores may have been moved past the access. Both sides go on with new instances.
//
// Where the reference gives up (its own stack is exhausted, an instruction that it lacks), the rest
// of the module is not compared, and counted. Thread safety: none needed.
#pragma once

#include <cstdint>
#include <string>

#include "differential/machine.h"

namespace weft::differential {

struct Comparison {
  std::string difference;  // empty: the machines agree. Else which call, and what differs
  bool lost_trap = false;  // the difference: no memory trap where the reference has one
  uint64_t calls = 0;      // compared; the start function is not among them
  uint64_t returned = 0;   // of these
  std::string unknown;     // why the rest was not compared; empty: it was
};

// Each function is called `rounds` times, with other arguments each time, given `fuel` before.
struct Plan {
  uint64_t seed = 1;
  uint32_t rounds = 3;
  uint32_t fuel = 300;
};

Comparison compare(std::span<const uint8_t> module, Machine& reference, Machine& subject,
                   const Plan& plan);

}  // namespace weft::differential
