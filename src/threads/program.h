// A program with threads: the guest threads that share one linear memory (proposal wasi-threads),
// from the first one's start to the end of all.
//
//     Program::create ──► call("_start") ──► start() … ended() ──► outcome()
//
// Each thread is a faaslet in a slot of its own – instance, native stack, registers – in which the
// program's memory is mapped once more; so generated code is the same as without threads, and the
// base of linear memory stays in its register. `wasi.thread-spawn` makes an instance of the same
// module and has a worker call its `wasi_thread_start(tid, argument)`.
//
// The program ends when its first thread returns, when any thread calls proc_exit, or when any
// traps; the others stop where they stand. Its import modules are shared: host calls of several
// threads take turns (waits are outside of them), all but sched_yield and atomic waits.
//
// Thread safety: create(), call() and all that is not said otherwise belong to one thread, the
// controller's; it runs no guest code.
#pragma once

#include <atomic>
#include <cstdint>
#include <memory>
#include <mutex>
#include <optional>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "base/unique_fd.h"
#include "faaslet/faaslet.h"
#include "faaslet/freeze.h"
#include "instance/memory.h"
#include "slot/slot_pool.h"
#include "threads/scheduler.h"

namespace weft::threads {

inline constexpr std::string_view spawn_module = "wasi";
inline constexpr std::string_view spawn_function = "thread-spawn";
inline constexpr std::string_view thread_entry = "wasi_thread_start";

// Does the module import thread-spawn and a shared memory?
bool has_threads(const engine::CodeInfo& info);

class Program {
 public:
  struct Options {
    uint32_t cores = 1;           // host threads that run it
    uint32_t threads_max = 1024;  // its own, the first one among them
    instance::Limits limits;
  };

  // REQUIRES: has_threads; a slot for each thread in the pool, which outlives the program.
  static Result<std::unique_ptr<Program>> create(std::shared_ptr<const engine::CodeFile> code,
                                                 slot::SlotPool& slots,
                                                 const faaslet::ImportFactory& imports,
                                                 const Options& options);
  // A frozen program, all of its threads where they stood: in the slots that they had. Limits come
  // from the file. Errors: those of faaslet::thaw.
  static Result<std::unique_ptr<Program>> thaw(const snapshot::Frozen& frozen,
                                               std::shared_ptr<const engine::CodeFile> code,
                                               slot::SlotPool& slots,
                                               const faaslet::ImportFactory& imports,
                                               const Options& options);
  ~Program();
  Program(const Program&) = delete;
  Program& operator=(const Program&) = delete;

  // Of the first thread; as Faaslet::call.
  Result<void> call(std::string_view export_name, std::span<const wasm::Value> args = {});
  Result<void> start();

  // Readable once the program has ended; until then it may be polled.
  int ended_event() const { return event_.value(); }
  bool has_ended() const;
  // Stops all threads at one point in time, each between two instructions or in a wait, and writes
  // them to a file; then resume() or stop(). Errors: invalid (the program has ended), those of
  // faaslet::freeze.
  Result<snapshot::FreezeCost> freeze(const std::string& path, const slot::DirtyPages& dirty,
                                      const snapshot::FreezeOptions& options = {});
  void resume() { scheduler_.resume(); }
  // Nothing runs on. After it, what follows may be asked.
  void stop();

  // The thread that ended the program, with its outcome and backtrace; the first one when it has
  // not ended. REQUIRES: stopped.
  const faaslet::Faaslet& speaker() const;
  uint32_t speaker_id() const;
  size_t threads() const;  // at this moment; any thread

  // --- for the import modules ---
  // A new thread that gets `argument`; its number, or -1 when there are too many, or no slot or
  // memory for it. Any thread.
  int32_t spawn(uint32_t argument);
  bool is_crowded() const { return scheduler_.is_crowded(); }
  // All threads but the first. REQUIRE: nothing runs.
  Result<std::string> freeze_others() const;
  Result<void> thaw_others(std::string_view frozen);

 private:
  Program(std::shared_ptr<const engine::CodeFile> code, slot::SlotPool& slots,
          const Options& options);
  Result<void> make_event();
  // The import modules of the first thread, which are those of the program.
  faaslet::ImportFactory first_imports(const faaslet::ImportFactory& imports);
  Result<std::shared_ptr<Task>> make_thread(uint32_t id);
  Result<std::vector<std::unique_ptr<host::ImportModule>>> imports_of_thread(host::Guest& guest);
  slot::Slot take_spare();  // or none
  void on_end(const std::shared_ptr<Task>& task);

  std::shared_ptr<const engine::CodeFile> code_;
  slot::SlotPool& slots_;
  Options options_;
  UniqueFd event_;
  std::shared_ptr<instance::LinearMemory> memory_;
  std::mutex turn_;                                           // of host calls
  std::vector<std::unique_ptr<host::ImportModule>> modules_;  // shared by all threads
  std::atomic<uint32_t> live_ = 1;
  std::atomic<uint32_t> last_id_ = 0;
  mutable std::mutex mutex_;  // guards what follows
  // Of threads that have ended, for the next ones: nothing has to be mapped or faulted in for them.
  std::vector<slot::Slot> spare_;
  std::shared_ptr<Task> first_;
  std::shared_ptr<Task> speaker_;
  std::vector<std::shared_ptr<Task>> thawed_;  // until they are started
  Scheduler scheduler_;
};

}  // namespace weft::threads
