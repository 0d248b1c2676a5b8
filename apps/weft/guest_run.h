// From a faaslet that stands ready to the exit code of weft: what `run` and `thaw` share.
// Thread safety: main thread only.
#pragma once

#include <chrono>
#include <functional>
#include <optional>
#include <string>

#include "command.h"
#include "faaslet/faaslet.h"
#include "program.h"
#include "threads/program.h"

namespace weft::cli {

struct RunLimits {
  std::optional<std::chrono::nanoseconds> timeout;
};
struct Freezing {
  std::optional<std::chrono::nanoseconds> after;
  std::string to;
};

void declare_limits(CLI::App& app, RunLimits& limits);
// --threads-max and --cores.
void declare_threads(CLI::App& app, threads::Program::Options& threads);
// Those that this process may run on.
uint32_t usable_processors();
void declare_freezing(CLI::App& app, Freezing& freezing);
void declare_cpu(CLI::App& app, ProgramOptions& program);
void declare_effort(CLI::App& app, engine::Effort& effort);
// What is wrong with the two options together, if anything.
std::optional<std::string> check(const Freezing& freezing);

struct GuestRun {
  const Context& context;
  const RunLimits& limits;
  const Freezing& freezing;
  const std::string& name;  // of the program, for messages

  // Drives it, reports how it ended, and gives the exit code. Does not return when weft dies of a
  // signal.
  int to_the_end(faaslet::Faaslet& faaslet) const;
  int to_the_end(threads::Program& program) const;

 private:
  template <class Running>
  std::optional<int> drive(Running& running) const;
  int freeze(const faaslet::Faaslet& faaslet) const;
  int freeze(threads::Program& program) const;
  int freeze_with(
      const std::function<Result<snapshot::FreezeCost>(const slot::DirtyPages&)>& write) const;
  // `thread` is its number in a program with threads, 0 for the first.
  int report(const faaslet::Faaslet& faaslet, uint32_t thread = 0) const;
  void report_trap(const faaslet::Faaslet& faaslet, const host::Trapped& trap,
                   uint32_t thread) const;
};

}  // namespace weft::cli
