// What all workers of a node share.
#pragma once

#include <atomic>
#include <memory>

#include "engine/engine.h"
#include "faaslet/offered_imports.h"
#include "node/function.h"
#include "node/workshop.h"
#include "slot/dirty_pages.h"
#include "slot/slot_pool.h"

namespace weft::node {

// Thread safety: all of it is safe from any thread.
struct Site {
  slot::SlotPool& slots;
  const slot::DirtyPages& dirty;
  engine::Engine& engine;
  engine::CompileOptions compile;
  Workshop& workshop;
  uint32_t cores = 1;
  std::chrono::milliseconds start_up_limit = std::chrono::seconds(60);
};

// Why a module cannot be a function, one reason each; none when it can. `entry` is what calls call.
Result<std::vector<std::string>> reasons_against(const wasm::Module& module,
                                                 std::string_view entry);

// Maps (or compiles) a function's code and runs its start-up. Takes as long as that takes.
// Errors: io (the module's file), invalid, not_found, exhausted.
Result<std::shared_ptr<const Prepared>> prepare(Site& site,
                                                const std::shared_ptr<Function>& function,
                                                cpu::Thread& thread);

Result<std::vector<uint8_t>> read_module(const std::string& path);

}  // namespace weft::node
