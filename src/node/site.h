// What all workers of a node share.
#pragma once

#include <atomic>
#include <map>
#include <memory>
#include <mutex>
#include <string>

#include "engine/engine.h"
#include "faaslet/offered_imports.h"
#include "node/function.h"
#include "node/workshop.h"
#include "slot/dirty_pages.h"
#include "slot/slot_pool.h"

namespace weft::node {

// An engine for each namespace, so that nobody's code comes from what another namespace stored: the
// cache's keys are hashes that can be forged.
//
// Thread safety: safe from any thread.
class Engines {
 public:
  // Code is kept in DIRECTORY/<namespace>; an empty name keeps nothing.
  explicit Engines(std::string directory) : directory_(std::move(directory)) {}
  engine::Engine& of(const std::string& space);

 private:
  const std::string directory_;
  std::mutex mutex_;
  std::map<std::string, std::unique_ptr<engine::Engine>> engines_;
};

class Worker;
struct Task;

// Who finds functions and runs calls for guests that make them: the node.
// Thread safety: any thread; `here` is the caller's worker.
class Chains {
 public:
  virtual ~Chains() = default;
  // The live version. Error not_found.
  virtual Result<std::shared_ptr<Function>> find(const std::string& space,
                                                 std::string_view name) = 0;
  virtual void call(Worker& here, std::unique_ptr<Task> task) = 0;
  virtual void cancel(Worker& here, const std::string& id) = 0;
};

// Thread safety: all of it is safe from any thread.
struct Site {
  slot::SlotPool& slots;
  const slot::DirtyPages& dirty;
  Engines& engines;
  engine::CompileOptions compile;
  Workshop& workshop;
  uint32_t cores = 1;
  std::chrono::milliseconds start_up_limit = std::chrono::seconds(60);
  Chains* chains = nullptr;  // null: guests cannot call functions
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
