// weft run: one program, here.
#include <unistd.h>

#include <algorithm>
#include <cstdlib>
#include <filesystem>

#include "command.h"
#include "driver.h"
#include "guest_run.h"
#include "program.h"
#include "threads/program.h"
#include "values.h"
#include "world.h"

namespace weft::cli {

namespace {

constexpr std::string_view help = R"(Examples:
  weft run hello.wasm                        run a program
  weft run sort.wasm -r < in.txt > out.txt   with arguments, in a pipeline
  weft run --dir .::/ --env LANG=C tool.wasm let it see this directory, as /, and a variable
  weft run --dir data::/data::ro tool.wasm   files that it cannot change
  weft run --timeout 5s --memory-max 64M job.wasm
  weft run --invoke add math.wasm 2 40       call an exported function, print its results
  weft run --freeze-after 200ms --freeze-to job.frozen job.wasm
  weft thaw job.frozen                       and go on, here or on another machine

All that follows PROGRAM is the program's own, options too. PROGRAM is a WebAssembly module, or
a code file that `weft compile` made. The first run compiles and keeps the code (see `weft
doctor` for where); the next one starts at once.

Exit code: the program's. A trap prints the kind and the call stack, and gives 134; a timeout
gives 124.)";

class Run : public Command {
 public:
  explicit Run(const Context& context, Grants grants = {})
      : context_(context), grants_(std::move(grants)) {}

  void declare(CLI::App& app) override {
    declare_directories(app, grants_);
    declare_variables(app, grants_);
    declare_limits(app, limits_);
    declare_log_level(app, log_level_);
    add_parsed(
        app, "--memory-max", "SIZE",
        [this](const std::string& text) -> Result<void> {
          TRY(bytes, parse_size(text));
          if (bytes < wasm::page_bytes) {
            return error(Error::Kind::invalid, "{} is less than a page of 64K", text);
          }
          instance_limits_.memory_pages =
              std::min(bytes / wasm::page_bytes, wasm::max_memory_pages);
          return {};
        },
        "the linear memory grows no further (default 4G)");
    add_parsed(
        app, "--stack-size", "SIZE",
        [this](const std::string& text) -> Result<void> {
          TRY(bytes, parse_size(text));
          if (bytes < min_stack_bytes || bytes > instance::max_stack_bytes) {
            return error(Error::Kind::invalid, "a stack has {} to {}, not {}",
                         size_text(min_stack_bytes), size_text(instance::max_stack_bytes), text);
          }
          instance_limits_.stack_bytes = (bytes + slot::page_bytes - 1) & ~(slot::page_bytes - 1);
          return {};
        },
        "native stack for the program's calls (default 8M, at most 16M)");
    declare_threads(app, threads_);
    declare_cpu(app, program_);
    declare_effort(app, program_.compile.effort);
    app.add_option("--invoke", invoke_,
                   "call this exported function instead of _start; ARGS are its arguments")
        ->type_name("NAME");
    app.add_flag("--no-cache", no_cache_,
                 "neither look for compiled code in the cache nor keep it there");
    declare_freezing(app, freezing_);
  }

  int execute(std::vector<std::string> rest) override {
    if (rest.empty()) {
      return fail_usage("run", "which program?");
    }
    if (auto wrong = cli::check(freezing_)) {
      return fail_usage("run", *wrong);
    }
    std::string path = rest.front();
    program_.use_cache = !no_cache_;
    auto code = load(path, rest);
    if (!code) {
      int exit_code = fail(code.error());
      if (unmet_.size() > 1) {
        for (const std::string& reason : unmet_) {
          add_line("  " + reason);
        }
      }
      return exit_code;
    }
    return start(path, *code, std::move(rest));
  }

 protected:
  ProgramOptions program_;

 private:
  static constexpr uint64_t min_stack_bytes = 64 << 10;

  Result<std::shared_ptr<const engine::CodeFile>> load(const std::string& path,
                                                       const std::vector<std::string>& words) {
    TRY_VOID(check_directories(grants_));
    ProgramOptions options = program_;
    options.accept = [&](const wasm::Module& module) { return check(module, words); };
    TRY(code, load_program(path, options));
    if (auto wrong = check(code->info(), words); !wrong) {
      return std::unexpected(wrong.error().in(path));
    }
    return std::move(code);
  }

  // Everything about a module that would keep it from being started, so that nobody waits for a
  // compilation to hear it.
  template <class M>
  Result<void> check(const M& module, const std::vector<std::string>& words) {
    TRY(provided, offered_imports(context_));
    unmet_ = faaslet::unmet_imports(module, provided);
    if (unmet_.size() == 1) {
      return error(Error::Kind::not_found, "{}", unmet_.front());
    }
    if (!unmet_.empty()) {
      return error(Error::Kind::not_found, "{} of its imports are not provided", unmet_.size());
    }
    TRY_VOID(entry_of(module, words));
    return {};
  }

  // What the faaslet is to call, in this order.
  struct Entry {
    std::vector<std::string> before;
    std::string name;
    std::vector<wasm::Value> args;
  };

  int start(const std::string& path, const std::shared_ptr<const engine::CodeFile>& code,
            std::vector<std::string> words) {
    auto entry = entry_of(code->info(), words);
    if (!entry) {
      return fail(entry.error().in(path));
    }
    if (!invoke_.empty()) {
      words.resize(1);
    }
    GuestRun run{.context = context_, .limits = limits_, .freezing = freezing_, .name = path};
    return threads::has_threads(code->info())
               ? run_threads(path, code, std::move(words), *entry, run)
               : run_one(path, code, std::move(words), *entry, run);
  }

  CallSettings settings(const std::string& path) const {
    return {.function = std::filesystem::path(path).stem(),
            .timeout = limits_.timeout,
            .log_level = log_level_};
  }

  int run_one(const std::string& path, const std::shared_ptr<const engine::CodeFile>& code,
              std::vector<std::string> words, const Entry& entry, const GuestRun& run) {
    auto slots = slot::SlotPool::reserve(1);
    if (!slots) {
      return fail(slots.error());
    }
    auto slot = (*slots)->acquire();
    if (!slot) {
      return fail(slot.error());
    }
    auto factory = import_factory(context_, grants_, std::move(words), settings(path));
    auto made = faaslet::Faaslet::create(code, std::move(*slot), factory, instance_limits_);
    if (!made) {
      return fail(made.error().in(path));
    }
    if (auto called = make_calls(**made, entry); !called) {
      return fail(called.error());
    }
    int exit_code = run.to_the_end(**made);
    return print_results(*code, **made) ? exit_code : exit_failure;
  }

  int run_threads(const std::string& path, const std::shared_ptr<const engine::CodeFile>& code,
                  std::vector<std::string> words, const Entry& entry, const GuestRun& run) {
    auto slots = slot::SlotPool::reserve(std::min(threads_.threads_max, slot::max_slots));
    if (!slots) {
      return fail(slots.error());
    }
    threads_.limits = instance_limits_;
    tell_cores();
    auto factory = import_factory(context_, grants_, std::move(words), settings(path));
    auto made = threads::Program::create(code, **slots, factory, threads_);
    if (!made) {
      return fail(made.error().in(path));
    }
    if (auto called = make_calls(**made, entry); !called) {
      return fail(called.error());
    }
    int exit_code = run.to_the_end(**made);
    return print_results(*code, (*made)->speaker()) ? exit_code : exit_failure;
  }

  // The C library's sysconf(_SC_NPROCESSORS_ONLN) looks there (docs/posix.md).
  void tell_cores() {
    constexpr std::string_view name = "WEFT_CPUS=";
    if (std::ranges::none_of(grants_.variables,
                             [&](const std::string& v) { return v.starts_with(name); })) {
      grants_.variables.push_back(fmt::format("{}{}", name, threads_.cores));
    }
  }

  template <class Callable>
  static Result<void> make_calls(Callable& guest, const Entry& entry) {
    for (const std::string& name : entry.before) {
      TRY_VOID(guest.call(name));
    }
    if (!entry.name.empty()) {
      TRY_VOID(guest.call(entry.name, entry.args));
    }
    return {};
  }

  template <class M>
  static std::string exported_functions(const M& module) {
    std::string names;
    size_t count = 0;
    for (const wasm::Export& e : module.exports) {
      if (e.kind == wasm::ExternKind::func && ++count <= 8) {
        names += (names.empty() ? "" : ", ") + e.name;
      }
    }
    return count > 8 ? fmt::format("{} and {} more", names, count - 8) : names;
  }

  template <class M>
  static bool exports_function(const M& module, std::string_view name) {
    const wasm::Export* e = module.find_export(name);
    return e != nullptr && e->kind == wasm::ExternKind::func;
  }

  template <class M>
  Result<Entry> entry_of(const M& module, const std::vector<std::string>& words) const {
    return invoke_.empty() ? default_entry(module) : invoked_entry(module, words);
  }

  // A command has _start. A library with _initialize, or a start function, can at least be
  // initialised.
  template <class M>
  static Result<Entry> default_entry(const M& module) {
    for (const char* name : {"_start", "_initialize"}) {
      if (exports_function(module, name)) {
        return Entry{.before = {}, .name = name, .args = {}};
      }
    }
    if (module.start) {
      return Entry{};
    }
    std::string names = exported_functions(module);
    return error(
        Error::Kind::invalid, "it is no program: it exports no _start{}",
        names.empty() ? "" : fmt::format("; call a function of it with --invoke ({})", names));
  }

  template <class M>
  Result<Entry> invoked_entry(const M& module, const std::vector<std::string>& words) const {
    const wasm::Export* e = module.find_export(invoke_);
    if (e == nullptr || e->kind != wasm::ExternKind::func) {
      std::string names = exported_functions(module);
      return error(Error::Kind::not_found, "it exports no function {}{}", invoke_,
                   names.empty() ? "" : fmt::format("; it has {}", names));
    }
    const wasm::FuncType& type = module.type_of(e->index);
    if (words.size() - 1 != type.params.size()) {
      return error(Error::Kind::invalid, "{} takes {} argument{}, got {}: it is {}", invoke_,
                   type.params.size(), type.params.size() == 1 ? "" : "s", words.size() - 1,
                   wasm::to_string(type));
    }
    Entry entry{.before = {}, .name = invoke_, .args = {}};
    if (invoke_ != "_initialize" && exports_function(module, "_initialize")) {
      entry.before.emplace_back("_initialize");
    }
    for (size_t i = 0; i < type.params.size(); ++i) {
      TRY(value, parse_value(type.params[i], words[i + 1]));
      entry.args.push_back(value);
    }
    return entry;
  }

  // Of --invoke, when the call returned.
  bool print_results(const engine::CodeFile& code, const faaslet::Faaslet& guest) const {
    if (invoke_.empty() || guest.state() != faaslet::State::ended ||
        !std::holds_alternative<host::Returned>(guest.result())) {
      return true;
    }
    const auto& types = code.info().type_of(code.info().find_export(invoke_)->index).results;
    std::string text;
    for (size_t i = 0; i < guest.results().size(); ++i) {
      text += to_string(types[i], guest.results()[i]) + "\n";
    }
    return print(text);
  }

  const Context& context_;
  Grants grants_;
  RunLimits limits_;
  Freezing freezing_;
  instance::Limits instance_limits_;
  threads::Program::Options threads_{.cores = usable_processors(), .limits = {}};
  guest_api::Level log_level_ = guest_api::Level::info;
  std::string invoke_;
  bool no_cache_ = false;
  std::vector<std::string> unmet_;  // imports, each with what is wrong
};

constexpr std::string_view exec_help =
    R"(Programs that weftcc makes under weftenv are executable files: their first line lets the
kernel start them by this command. So `make check` and configure scripts run what they built.

  weft exec ./program ARG...                 what ./program ARG... does

The program gets what a native one would have: all files, with the working directory of the caller,
and all environment variables. For programs that you would run natively; `weft run` grants nothing
by itself.)";

// Everything that a native program would have.
Grants all_of_the_world() {
  Grants grants;
  grants.directories.push_back({.host_path = "/", .guest_path = "/"});
  std::error_code failed;
  // The guest's C library changes to it before main (sdk/posix).
  setenv("PWD", std::filesystem::current_path(failed).c_str(), 1);
  for (char** variable = environ; *variable != nullptr; ++variable) {
    grants.variables.emplace_back(*variable);
  }
  return grants;
}

class Exec final : public Run {
 public:
  explicit Exec(const Context& context) : Run(context, all_of_the_world()) {}
  void declare(CLI::App& app) override { declare_effort(app, program_.compile.effort); }
};

}  // namespace

const CommandInfo exec_info{
    "exec",
    "run a program that weftcc made executable, as the shell does",
    "[OPTIONS] PROGRAM [ARGS...]",
    exec_help,
    Words::program,
    [](const Context& context, std::span<const CommandInfo>) -> std::unique_ptr<Command> {
      return std::make_unique<Exec>(context);
    }};

const CommandInfo run_info{
    "run",
    "run a program, here",
    "[OPTIONS] PROGRAM [ARGS...]",
    help,
    Words::program,
    [](const Context& context, std::span<const CommandInfo>) -> std::unique_ptr<Command> {
      return std::make_unique<Run>(context);
    }};

}  // namespace weft::cli
