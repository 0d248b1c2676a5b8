// weft compile: a module to a code file, ahead of time.
#include <sys/stat.h>

#include <cerrno>
#include <thread>

#include "base/new_file.h"
#include "command.h"
#include "engine/compiler.h"
#include "guest_run.h"
#include "program.h"
#include "terminal.h"
#include "wasm/module.h"

namespace weft::cli {

namespace {

constexpr std::string_view help = R"(Examples:
  weft compile app.wasm                      writes app.weft beside it
  weft compile app.wasm -o build/app.weft
  weft compile --cpu x86-64-v3 app.wasm      for any machine with AVX2, not only for this one

`weft run app.weft` then starts without compiling and without the cache. A code file is native
code and as trusted as any executable; it runs under the version of weft that made it.)";

Result<void> write_whole(const std::string& path, const std::string& bytes) {
  SignalsHeld held;
  TRY(file, NewFile::create(path));
  TRY_VOID(write_all(file.fd(), bytes));
  mode_t mask = umask(0);
  umask(mask);
  if (fchmod(file.fd(), 0666 & ~mask) != 0) {
    return io_error(errno, "setting its permissions");
  }
  return file.publish();
}

std::string output_name(const std::string& module) {
  size_t dot = module.rfind(".wasm");
  bool suffix = dot != std::string::npos && dot + 5 == module.size();
  return (suffix ? module.substr(0, dot) : module) + ".weft";
}

class Compile final : public Command {
 public:
  void declare(CLI::App& app) override {
    app.add_option("-o,--output", output_, "where to; the default is the module's name with .weft")
        ->type_name("FILE");
    declare_cpu(app, program_);
    declare_effort(app, program_.compile.effort);
    app.add_option("-j,--jobs", program_.compile.threads,
                   "compile in N threads (default: one per core)")
        ->type_name("N");
  }

  int execute(std::vector<std::string> rest) override {
    if (rest.size() != 1) {
      return fail_usage("compile", rest.empty() ? "which module?" : "one module at a time");
    }
    auto done = compile(rest.front());
    return done ? int{exit_success} : fail(done.error());
  }

 private:
  Result<void> compile(const std::string& path) {
    TRY(bytes, read_program(path));
    if (engine::is_code_file(bytes)) {
      return error(Error::Kind::invalid, "{} is compiled already", path);
    }
    auto code = code_of(std::move(bytes), path);
    if (!code) {
      return std::unexpected(code.error().in(path));
    }
    std::string output = output_.empty() ? output_name(path) : output_;
    auto written = write_whole(output, *code);
    return written ? written
                   : std::unexpected(written.error().in(fmt::format("cannot write {}", output)));
  }

  Result<std::string> code_of(std::vector<uint8_t> bytes, const std::string& path) const {
    Progress progress("compiling " + path);
    engine::CompileOptions options = program_.compile;
    options.progress = [&progress](uint64_t done, uint64_t total) { progress.update(done, total); };
    TRY(key, engine::code_key(bytes, options));
    TRY(module, wasm::decode(std::move(bytes)));
    return engine::compile(std::move(module), options, key, key.low % engine::code_windows);
  }

  std::string output_;
  ProgramOptions program_;
};

}  // namespace

const CommandInfo compile_info{
    "compile",
    "compile a module ahead of time",
    "[OPTIONS] MODULE.wasm",
    help,
    Words::files,
    [](const Context&, std::span<const CommandInfo>) -> std::unique_ptr<Command> {
      return std::make_unique<Compile>();
    }};

}  // namespace weft::cli
