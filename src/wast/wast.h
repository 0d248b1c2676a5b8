// Runs specification scripts (.wast, or the .json of wast2json) on the engine: the conformance
// tests' runner.
//
//     Options options{.slots = pool, .engine = engine, .thread = thread};
//     TRY(summary, run_script("call.wast", options));
//     fmt::print("call.wast: {}/{}\n", summary.passed(), summary.total());
//
// What counts: every command of the script, assertions as well as the modules, registrations and
// plain actions between them, which must succeed. A command passes or fails; one that fails does
// not end the script.
//
// What is compared: results bit by bit, NaN patterns by their kind. Texts of traps, as the
// reference interpreter does it: one of the expected and the actual text begins with the other.
// Texts of assert_malformed, assert_invalid and assert_unlinkable are not compared: that the module
// is refused, and at which of these stages, is.
//
// Imports resolve to what is registered, then to "spectest", then to a module of that name in the
// script ($M as "M"), as Wasmtime's scripts want it.
//
// Thread safety: run_script() runs guests on the calling thread, the one that `thread` belongs to.
#pragma once

#include <chrono>
#include <cstdint>
#include <string>
#include <vector>

#include "base/result.h"
#include "cpu/thread.h"
#include "engine/engine.h"
#include "slot/slot_pool.h"

namespace weft::wast {

struct Options {
  slot::SlotPool& slots;
  engine::Engine& engine;
  cpu::Thread& thread;
  std::chrono::milliseconds action_limit{60'000};  // a call that takes longer fails
  // The newer wabt's converter for scripts that libwabt does not parse; empty: as find_converter()
  // says.
  std::string wast2json;
  engine::Effort effort = engine::Effort::full;
};

struct Verdict {
  uint32_t line = 0;
  bool passed = false;
  std::string message;  // why not: "assert_return: got i32:0x1, expected i32:0x2"
};

struct Summary {
  std::vector<Verdict> verdicts;  // of each command, in order

  size_t passed() const;
  size_t total() const { return verdicts.size(); }
};

// Errors: io (the file), invalid (no script), unsupported (libwabt cannot parse it and there is no
// converter: the message says how to get one), exhausted (slots).
Result<Summary> run_script(const std::string& path, const Options& options);

}  // namespace weft::wast
