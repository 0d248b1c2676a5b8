// A faaslet: one running guest in one slot – its instance, its imports and its place in the
// scheduler.
//
//     ready ──step()──► running ──► ended(Outcome)
//       ▲                  │
//       │◄── preempted ────┤
//       └──── wake ◄── waiting (a host call that will be made again)
//
// step() runs the guest on the calling thread until it ends, waits or is preempted; nothing blocks.
// A Core (core.h) drives many. Thread safety: belongs to one thread at a time; kill() and the Waker
// may be used from any thread.
#pragma once

#include <atomic>
#include <functional>
#include <memory>
#include <mutex>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "base/result.h"
#include "cpu/thread.h"
#include "engine/code_file.h"
#include "host/guest.h"
#include "host/imports.h"
#include "instance/instance.h"
#include "slot/slot_pool.h"
#include "snapshot/page_file.h"

namespace weft::faaslet {

// Makes the import modules of a guest; what they do not offer is denied.
using ImportFactory =
    std::function<Result<std::vector<std::unique_ptr<host::ImportModule>>>(host::Guest& guest)>;

enum class State : uint8_t { ready, waiting, ended };

struct TraceFrame {
  std::string function;  // as the program names it, demangled
  uint64_t offset = 0;   // byte offset in the WebAssembly module
};

class Faaslet final : public host::Guest, private instance::Resolver {
 public:
  // Instantiates; the start function, if there is one, is the first thing that step() runs.
  // With a `memory` it is a thread of the program whose memory that is.
  static Result<std::unique_ptr<Faaslet>> create(std::shared_ptr<const engine::CodeFile> code,
                                                 slot::Slot slot, const ImportFactory& imports,
                                                 const instance::Limits& limits,
                                                 instance::ProgramMemory memory = {});
  // Over a slot whose block and memory are mapped already (image or frozen guest).
  static Result<std::unique_ptr<Faaslet>> adopt(std::shared_ptr<const engine::CodeFile> code,
                                                slot::Slot slot, const ImportFactory& imports,
                                                const instance::Limits& limits,
                                                instance::ProgramMemory memory = {});
  ~Faaslet() override;

  // Queues a call of an export; calls run one after the other. Error not_found or invalid (wrong
  // arguments).
  [[nodiscard]] Result<void> call(std::string_view export_name,
                                  std::span<const wasm::Value> args = {});

  const engine::CodeFile& code() const { return instance_->code(); }
  State state() const { return state_; }
  // Runs until the guest ends, waits or is preempted. REQUIRES: ready.
  State step(cpu::Thread& thread);
  // What it waits for, when waiting. After any of it happened, or a wake: make it ready; step()
  // makes the host call again.
  const host::Wait& waiting_for() const { return previous_wait(); }
  void make_ready();
  // Makes the host call of a guest that is ready to have it made again, and runs no guest code:
  // what it waited for is then in its state, or queued for it. Of a guest that does not run.
  void settle();

  // What it has run for, as whoever steps it measures it: begin_step() before, charge() after.
  std::chrono::nanoseconds ran_for() const { return ran_for_; }
  void begin_step(host::Clock::time_point now) { step_began_ = now; }
  void charge(std::chrono::nanoseconds time) {
    ran_for_ += time;
    step_began_.reset();
  }
  std::chrono::nanoseconds processor_time() const override {
    return step_began_ ? ran_for_ + (host::Clock::now() - *step_began_) : ran_for_;
  }

  // How it ended; results when it returned. REQUIRES: ended.
  const host::Outcome& result() const { return *ended_; }
  const std::vector<wasm::Value>& results() const { return results_; }
  // The guest's call stack where it stopped or stands, innermost first. Costs milliseconds; valid
  // until reset.
  std::vector<TraceFrame> backtrace() const;

  // Ends it from outside at the next occasion; the first reason counts. Any thread.
  void kill(host::Outcome outcome);
  bool kill_requested() const { return kill_requested_.load(std::memory_order_acquire); }

  std::shared_ptr<host::Waker> waker() override;
  // Who is told when the waker fires; set by the core that runs it. Called from any thread.
  void on_wake(std::function<void()> callback);
  // Has a waker fired since the last time that this, or the host call, looked?
  bool take_wake();

  instance::Instance& instance() const { return *instance_; }
  cpu::Activation& activation() { return activation_; }
  std::span<const std::unique_ptr<host::ImportModule>> imports() const { return imports_; }

  // --- for snapshots: the parts of the running state that lie outside of the slot ---
  struct Position {
    State state = State::ready;
    bool in_call = false;     // a call is on the guest's stack
    bool preempted = false;   // how it goes on, cpu::Activation::preempted
    bool call_again = false;  // the host call in head->call_index is to be made again
    uint32_t call_type = 0;   // type index of the function that is called
    struct Queued {
      uint32_t function = 0;
      std::vector<uint64_t> args;  // two words each
    };
    std::vector<Queued> queued;  // still to be called
  };
  Position position() const;
  void set_position(const Position& position);
  // The file whose pages show wherever the guest has not written; null when it was created afresh.
  const std::shared_ptr<const snapshot::PageFile>& pages() const { return pages_; }
  void set_pages(std::shared_ptr<const snapshot::PageFile> pages) { pages_ = std::move(pages); }

 private:
  struct Call {
    uint32_t function;
    std::vector<wasm::Value> args;
  };
  class WakeFlag;

  explicit Faaslet(cpu::InstanceHead* head);
  static Result<std::unique_ptr<Faaslet>> make(bool adopted,
                                               std::shared_ptr<const engine::CodeFile> code,
                                               slot::Slot slot, const ImportFactory& imports,
                                               const instance::Limits& limits,
                                               instance::ProgramMemory memory);
  instance::ProgramMemory program_memory() override { return memory_; }
  std::optional<host::HostFunction> function(const wasm::Import& import) override;
  bool begin_next_call();
  bool repeat_host_call();
  void on_leave(const cpu::Exit& exit);
  void end(host::Outcome outcome);

  instance::ProgramMemory memory_;
  std::vector<std::unique_ptr<host::ImportModule>> imports_;
  std::unique_ptr<instance::Instance> instance_;
  std::shared_ptr<const snapshot::PageFile> pages_;
  cpu::Activation activation_;
  State state_ = State::ready;
  std::chrono::nanoseconds ran_for_{};
  std::optional<host::Clock::time_point> step_began_;
  bool in_call_ = false;
  bool call_again_ = false;
  uint32_t call_type_ = 0;
  std::vector<Call> queue_;
  std::vector<wasm::Value> results_;
  std::optional<host::Outcome> ended_;
  std::shared_ptr<WakeFlag> wake_;
  std::atomic<bool> kill_requested_ = false;
  std::mutex kill_mutex_;
  std::optional<host::Outcome> kill_outcome_;
};

}  // namespace weft::faaslet
