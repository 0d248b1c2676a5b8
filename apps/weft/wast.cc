// weft wast: specification scripts, a process for each file.
#include "wast/wast.h"

#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/wait.h>

#include <cerrno>
#include <csignal>
#include <cstring>
#include <thread>

#include "base/unique_fd.h"
#include "command.h"
#include "guest_run.h"

namespace weft::cli {

namespace {

constexpr std::string_view help = R"(Examples:
  weft wast i32.wast                         prints "i32.wast: 375/375"
  weft wast -j 4 suite/*.wast                four files at a time, printed in order
  weft wast call.json                        what wast2json has made of a script

What counts is every command of a script, assertions as well as the modules and actions between
them. A command that fails is printed with its line. Each file has a process of its own, so that
a crash is one file's failure.

Exit code: 0 when everything passed, else 1.)";

// A file that is being worked on, or waits for those before it to be printed.
struct Job {
  std::string path;
  pid_t pid = -1;
  UniqueFd output;
  bool done = false;
  int status = 0;
};

struct Settings {
  bool use_cache = false;
  bool quiet = false;
  engine::Effort effort = engine::Effort::full;
};

void put(int fd, std::string_view text) {
  while (!text.empty()) {
    ssize_t n = write(fd, text.data(), text.size());
    if (n <= 0 && errno != EINTR) {
      return;
    }
    text.remove_prefix(n > 0 ? static_cast<size_t>(n) : 0);
  }
}

Result<wast::Summary> run_file(const std::string& path, const Settings& settings) {
  TRY(thread, cpu::Thread::attach());
  TRY(slots, slot::SlotPool::reserve());
  engine::Engine engine(engine::CodeCache(
      settings.use_cache ? engine::CodeCache::default_directory() : std::string()));
  return wast::run_script(path, {.slots = *slots,
                                 .engine = engine,
                                 .thread = *thread,
                                 .wast2json = {},
                                 .effort = settings.effort});
}

// In the file's own process: the lines for standard output, and the exit code.
int work(const std::string& path, const Settings& settings, int out) {
  auto summary = run_file(path, settings);
  if (!summary) {
    put(out, fmt::format("{}: {}\n", printable(path), printable(summary.error().message())));
    return exit_failure;
  }
  if (!settings.quiet) {
    for (const wast::Verdict& verdict : summary->verdicts) {
      if (!verdict.passed) {
        put(out,
            fmt::format("{}:{}: {}\n", printable(path), verdict.line, printable(verdict.message)));
      }
    }
  }
  put(out, fmt::format("{}: {}/{}\n", printable(path), summary->passed(), summary->total()));
  return summary->passed() == summary->total() ? exit_success : exit_failure;
}

Result<void> begin(Job& job, const Settings& settings) {
  job.output = UniqueFd(memfd_create("weft-wast", MFD_CLOEXEC));
  if (!job.output) {
    return io_error(errno, "making a file for output");
  }
  job.pid = fork();
  if (job.pid < 0) {
    return io_error(errno, "starting a process");
  }
  if (job.pid == 0) {
    prctl(PR_SET_PDEATHSIG, SIGKILL);
    _exit(work(job.path, settings, job.output.value()));
  }
  return {};
}

// Waits for any of the processes.
Result<void> await_one(std::vector<Job>& jobs) {
  int status = 0;
  pid_t pid = 0;
  do {
    pid = waitpid(-1, &status, 0);
  } while (pid < 0 && errno == EINTR);
  if (pid < 0) {
    return io_error(errno, "waiting for a process");
  }
  for (Job& job : jobs) {
    if (job.pid == pid) {
      job.done = true;
      job.status = status;
    }
  }
  return {};
}

// What the process wrote, and its last words if it had none. False when not everything passed.
bool show(Job& job) {
  std::string text;
  char piece[65536];
  off_t at = 0;
  for (ssize_t n = 0; (n = pread(job.output.value(), piece, sizeof piece, at)) > 0; at += n) {
    text.append(piece, static_cast<size_t>(n));
  }
  job.output.reset();
  if (WIFSIGNALED(job.status)) {
    text += fmt::format("{}: crashed: {}\n", printable(job.path), strsignal(WTERMSIG(job.status)));
  }
  return print(text) && WIFEXITED(job.status) && WEXITSTATUS(job.status) == exit_success;
}

class Wast final : public Command {
 public:
  void declare(CLI::App& app) override {
    app.add_option("-j,--jobs", jobs_, "files at a time (default: one per core)")
        ->type_name("N")
        ->check(CLI::Range(1U, 1024U));
    app.add_flag("--cache", settings_.use_cache,
                 "keep compiled modules in the code cache; a second run is faster");
    app.add_flag("-q,--quiet", settings_.quiet, "print the counts alone");
    declare_effort(app, settings_.effort);
  }

  int execute(std::vector<std::string> rest) override {
    if (rest.empty()) {
      return fail_usage("wast", "which files?");
    }
    std::vector<Job> jobs(rest.size());
    for (size_t i = 0; i < rest.size(); ++i) {
      jobs[i].path = std::move(rest[i]);
    }
    auto passed = run(jobs);
    if (!passed) {
      return fail(passed.error());
    }
    return *passed ? exit_success : exit_failure;
  }

 private:
  Result<bool> run(std::vector<Job>& jobs) const {
    bool all_passed = true;
    size_t begun = 0;
    size_t running = 0;
    for (size_t shown = 0; shown < jobs.size();) {
      while (begun < jobs.size() && running < jobs_) {
        TRY_VOID(begin(jobs[begun], settings_));
        ++begun;
        ++running;
      }
      TRY_VOID(await_one(jobs));
      --running;
      for (; shown < jobs.size() && jobs[shown].done; ++shown) {
        all_passed = show(jobs[shown]) && all_passed;
      }
    }
    return all_passed;
  }

  unsigned jobs_ = std::max(1U, std::thread::hardware_concurrency());
  Settings settings_;
};

}  // namespace

const CommandInfo wast_info{
    "wast",
    "run specification scripts",
    "[OPTIONS] FILE.wast|FILE.json...",
    help,
    Words::files,
    [](const Context&, std::span<const CommandInfo>) -> std::unique_ptr<Command> {
      return std::make_unique<Wast>();
    }};

}  // namespace weft::cli
