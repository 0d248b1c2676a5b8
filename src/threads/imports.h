// What the threads of a program import: the program's modules, in turns, and thread-spawn.
// Thread safety: each object belongs to one guest thread; the modules behind it are shared under
// the program's lock.
#pragma once

#include <deque>

#include "host/imports.h"
#include "threads/program.h"

namespace weft::threads {

// One of the program's modules, as one thread sees it: each call has the module to itself.
class InTurn final : public host::ImportModule {
 public:
  InTurn(host::Guest& guest, host::ImportModule& module, std::mutex& turn)
      : ImportModule(guest), module_(&module), turn_(&turn) {}

  std::optional<host::HostFunction> find(std::string_view module, std::string_view name) override;
  Result<std::string> freeze() const override;
  Result<void> thaw(std::string_view frozen) override;

 private:
  struct Bound {
    InTurn* self;
    host::HostFunction function;
  };
  class Serving;
  static cpu::HostReturn call_in_turn(void* object, uint64_t a0, uint64_t a1, uint64_t a2,
                                      uint64_t a3, uint64_t a4);
  static cpu::HostReturn call(void* object, uint64_t a0, uint64_t a1, uint64_t a2, uint64_t a3,
                              uint64_t a4);

  host::ImportModule* module_;
  std::mutex* turn_;
  std::deque<Bound> bound_;
};

// thread-spawn, and a sched_yield that needs no turn. What freezes with the first thread's are the
// other threads.
class ThreadImports final : public host::ImportModule {
 public:
  ThreadImports(host::Guest& guest, Program& program) : ImportModule(guest), program_(&program) {}

  std::optional<host::HostFunction> find(std::string_view module, std::string_view name) override;
  Result<std::string> freeze() const override { return program_->freeze_others(); }
  Result<void> thaw(std::string_view frozen) override { return program_->thaw_others(frozen); }

 private:
  // Source: wasi-threads, "thread-spawn": a negative value says that no thread was started.
  host::Answer<int32_t> spawn(uint32_t argument) { return program_->spawn(argument); }
  host::Answer<uint32_t> sched_yield();

  Program* program_;
};

}  // namespace weft::threads
