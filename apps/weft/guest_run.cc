#include "guest_run.h"

#include <sched.h>

#include <algorithm>
#include <filesystem>

#include "driver.h"
#include "engine/backtrace.h"
#include "engine/source_lines.h"
#include "faaslet/freeze.h"
#include "values.h"
#include "world.h"

namespace weft::cli {

namespace {

// A deep recursion has both ends shown.
constexpr size_t first_frames = 40;
constexpr size_t last_frames = 8;

std::string base_name(const std::string& path) { return path.substr(path.rfind('/') + 1); }

// Lines of the source, where the program is a file that can be read again and has them.
std::unique_ptr<engine::SourceLines> source_lines(const std::string& path,
                                                  const engine::CodeFile& code) {
  std::error_code failed;
  if (!std::filesystem::is_regular_file(path, failed)) {
    return nullptr;
  }
  auto module = read_program(path);
  return module ? engine::SourceLines::read(code, std::move(*module)) : nullptr;
}

// wasm-ld puts a function of this name where C calls one with another type than it is defined with.
std::string reason(const host::Trapped& trap, const std::vector<faaslet::TraceFrame>& frames) {
  constexpr std::string_view mismatch = "signature_mismatch:";
  if (!frames.empty() && frames.front().function.starts_with(mismatch)) {
    return fmt::format("{} is called with another type than it is defined with",
                       frames.front().function.substr(mismatch.size()));
  }
  return trap.message.empty() ? std::string(wasm::name(trap.kind)) : trap.message;
}

// One frame of a backtrace: first what the program's compiler inlined there, each on a line of its
// own.
void add_frame(size_t index, const faaslet::TraceFrame& frame, const std::string& file,
               const engine::SourceLines* lines) {
  std::string number = fmt::format("#{}", index);
  auto sources = lines == nullptr ? std::vector<engine::SourceFrame>() : lines->at(frame.offset);
  for (size_t i = 0; i + 1 < sources.size(); ++i) {
    add_line(fmt::format("  {} {} {}:{}, inlined in", number, sources[i].function, sources[i].file,
                         sources[i].line));
    number.assign(number.size(), ' ');
  }
  std::string where =
      sources.empty() ? "" : fmt::format(" {}:{}", sources.back().file, sources.back().line);
  add_line(fmt::format("  {} {}{} ({}:{:#x})", number, frame.function, where, file, frame.offset));
}

}  // namespace

void declare_limits(CLI::App& app, RunLimits& limits) {
  add_parsed(
      app, "--timeout", "TIME",
      [&limits](const std::string& text) -> Result<void> {
        TRY(time, parse_duration(text));
        limits.timeout = time;
        return {};
      },
      "end the program after this time (200ms, 5s, 1.5m); weft then exits with 124");
}

void declare_threads(CLI::App& app, threads::Program::Options& threads) {
  constexpr uint32_t max_threads = 8192;
  constexpr uint32_t max_cores = 1024;
  auto add_count = [&app](const std::string& option, uint32_t& count, uint32_t most,
                          const std::string& what) {
    add_parsed(
        app, option, "N",
        [&count, most](const std::string& text) -> Result<void> {
          TRY(given, parse_value(wasm::ValType::i32, text));
          if (given.i32 < 1 || given.i32 > most) {
            return error(Error::Kind::invalid, "{} is not in 1 to {}", text, most);
          }
          count = given.i32;
          return {};
        },
        what);
  };
  add_count("--threads-max", threads.threads_max, max_threads,
            "the program has at most N threads at a time (default 1024)");
  add_count("--cores", threads.cores, max_cores,
            "the program's threads run on N cores (default: all that weft may use)");
}

uint32_t usable_processors() {
  cpu_set_t set;
  CPU_ZERO(&set);
  int count = sched_getaffinity(0, sizeof set, &set) == 0 ? CPU_COUNT(&set) : 1;
  return static_cast<uint32_t>(std::max(count, 1));
}

void declare_freezing(CLI::App& app, Freezing& freezing) {
  add_parsed(
      app, "--freeze-after", "TIME",
      [&freezing](const std::string& text) -> Result<void> {
        TRY(time, parse_duration(text));
        freezing.after = time;
        return {};
      },
      "after this time stop the program where it stands and write it to the file of --freeze-to; "
      "weft then exits with 0");
  app.add_option("--freeze-to", freezing.to, "where to; `weft thaw FILE` goes on with it")
      ->type_name("FILE");
}

void declare_cpu(CLI::App& app, ProgramOptions& program) {
  add_parsed(
      app, "--cpu", "LEVEL",
      [&program](const std::string& text) -> Result<void> {
        TRY(level, engine::parse_cpu_level(text));
        program.compile.cpu = level;
        program.cpu_given = true;
        return {};
      },
      "instructions that the code may use: native (this machine, the default), x86-64-v3 or "
      "x86-64-v2");
}

void declare_effort(CLI::App& app, engine::Effort& effort) {
  add_parsed(
      app, "--effort", "EFFORT",
      [&effort](const std::string& text) -> Result<void> {
        TRY(parsed, engine::parse_effort(text));
        effort = parsed;
        return {};
      },
      "full (default): the fastest code; fast: compiled in a sixth of the time, for programs "
      "that run once and shortly")
      ->envname("WEFT_EFFORT");
}

std::optional<std::string> check(const Freezing& freezing) {
  if (freezing.after && freezing.to.empty()) {
    return "--freeze-after needs --freeze-to FILE";
  }
  if (!freezing.after && !freezing.to.empty()) {
    return "--freeze-to needs --freeze-after TIME";
  }
  return std::nullopt;
}

// The exit code, or nothing when it ended by itself and is to be reported.
template <class Running>
std::optional<int> GuestRun::drive(Running& running) const {
  auto driver = Driver::create(context.signals);
  if (!driver) {
    return fail(driver.error());
  }
  auto begin = host::Clock::now();
  Driver::Deadline timeout =
      limits.timeout ? Driver::Deadline(begin + *limits.timeout) : std::nullopt;
  Driver::Deadline freeze_at =
      freezing.after ? Driver::Deadline(begin + *freezing.after) : std::nullopt;
  bool freeze_first = freeze_at && (!timeout || *freeze_at < *timeout);
  auto stop = (*driver)->run(running, freeze_first ? freeze_at : timeout);
  if (!stop) {
    return fail(stop.error());
  }
  switch (*stop) {
    case Driver::Stop::signalled:
      Signals::die_of(context.signals.pending());
    case Driver::Stop::deadline:
      if (freeze_first) {
        return freeze(running);
      }
      complain("timeout: {} did not end within {}", name, duration_text(*limits.timeout));
      return exit_timeout;
    case Driver::Stop::ended:
      break;
  }
  return std::nullopt;
}

int GuestRun::to_the_end(faaslet::Faaslet& faaslet) const {
  auto code = drive(faaslet);
  return code ? *code : report(faaslet);
}

int GuestRun::to_the_end(threads::Program& program) const {
  if (auto started = program.start(); !started) {
    return fail(started.error());
  }
  auto code = drive(program);
  program.stop();
  return code ? *code : report(program.speaker(), program.speaker_id());
}

int GuestRun::freeze(threads::Program& program) const {
  return freeze_with([&](const slot::DirtyPages& pages) {
    auto cost = program.freeze(freezing.to, pages);
    program.stop();
    return cost;
  });
}

int GuestRun::freeze(const faaslet::Faaslet& faaslet) const {
  return freeze_with(
      [&](const slot::DirtyPages& pages) { return faaslet::freeze(faaslet, freezing.to, pages); });
}

int GuestRun::freeze_with(
    const std::function<Result<snapshot::FreezeCost>(const slot::DirtyPages&)>& write) const {
  auto pages = slot::DirtyPages::open();
  if (!pages) {
    return fail(pages.error());
  }
  SignalsHeld held;
  auto cost = write(*pages);
  return cost ? int{exit_success} : fail(cost.error().in(fmt::format("freezing {}", name)));
}

int GuestRun::report(const faaslet::Faaslet& faaslet, uint32_t thread) const {
  const host::Outcome& outcome = faaslet.result();
  if (const auto* exited = std::get_if<host::Exited>(&outcome)) {
    return static_cast<int>(exited->code & 0xff);
  }
  if (const auto* trap = std::get_if<host::Trapped>(&outcome)) {
    report_trap(faaslet, *trap, thread);
    return exit_trap;
  }
  if (is_broken_pipe(outcome)) {
    Signals::die_of(SIGPIPE);
  }
  if (const auto* killed = std::get_if<host::Killed>(&outcome)) {
    complain("killed: {}: {}", name, killed->reason);
    return 128 + SIGKILL;
  }
  if (const auto* beyond = std::get_if<host::OutOfLimits>(&outcome)) {
    complain("{}: {}", name, beyond->limit);
    return exit_failure;
  }
  if (const auto* timed_out = std::get_if<host::TimedOut>(&outcome)) {
    complain("timeout: {} did not end within {}", name, duration_text(timed_out->limit));
    return exit_timeout;
  }
  return exit_success;
}

void GuestRun::report_trap(const faaslet::Faaslet& faaslet, const host::Trapped& trap,
                           uint32_t thread) const {
  auto frames = faaslet.backtrace();
  complain("trap: {} in {}{}", reason(trap, frames), name,
           thread == 0 ? "" : fmt::format(", thread {}", thread));
  std::string file = base_name(name);
  auto lines = frames.empty() ? nullptr : source_lines(name, faaslet.code());
  // What lies beyond the most frames that are walked is not known.
  bool cut_off = frames.size() >= engine::max_backtrace_frames;
  size_t tail = cut_off ? 0 : last_frames;
  for (size_t i = 0; i < frames.size(); ++i) {
    if (i == first_frames && frames.size() > first_frames + tail) {
      size_t left_out = frames.size() - first_frames - tail;
      add_line(cut_off ? "  ... and more" : fmt::format("  ... {} more", left_out));
      i += left_out;
      if (i == frames.size()) {
        break;
      }
    }
    add_frame(i, frames[i], file, lines.get());
  }
}

}  // namespace weft::cli
