// The side that is tested: weft's engine. Under closed linking as programs are run, or under open
// linking as specification scripts are; for any CPU level that this machine has.
#pragma once

#include <memory>

#include "cpu/thread.h"
#include "differential/machine.h"
#include "engine/engine.h"
#include "slot/slot_pool.h"

namespace weft::differential {

struct Engines {
  slot::SlotPool& slots;
  engine::Engine& engine;
  cpu::Thread& thread;  // with a tick, so that a call that does not end is noticed
};

std::unique_ptr<Machine> make_subject(const Engines& engines,
                                      const engine::CompileOptions& options);

}  // namespace weft::differential
