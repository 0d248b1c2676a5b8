// weft build: the program of a project, as its weft.toml says.
#include <spawn.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cerrno>
#include <cstdlib>
#include <filesystem>
#include <fstream>

#include "command.h"
#include "project.h"

extern char** environ;  // NOLINT(readability-redundant-declaration): POSIX has it in no header

namespace weft::cli {

namespace {

namespace fs = std::filesystem;

constexpr std::string_view help = R"(Examples:
  weft build                     the project in this folder
  weft build -C hello            the one in hello
  weft build -v                  shows each command

weft.toml says what is built:

  [package]
  name = "hello"                 the program is build/hello.wasm
  lang = "c"                     c, c++, fortran, rust or go

  [build]                        all of it may be left out
  sources = ["src/*.c"]          c, c++, fortran; in the order of names
  flags = ["-O3"]                for the compiler; for rust and go those of cargo and go
  link = ["-lz"]                 for the linker
  command = "make"               another build instead, run by weftenv, that makes `output`
  output = "hello")";

std::string in_shell_quotes(std::string_view word) {
  std::string quoted = "'";
  for (char c : word) {
    quoted += c == '\'' ? std::string("'\\''") : std::string(1, c);
  }
  return quoted + "'";
}

// In a ninja file: $, and in paths also spaces and colons, are escaped.
std::string in_ninja(std::string_view text) {
  std::string escaped;
  for (char c : text) {
    escaped += (c == '$' || c == ' ' || c == ':') ? std::string("$") + c : std::string(1, c);
  }
  return escaped;
}

std::string joined(const std::vector<std::string>& words) {
  std::string text;
  for (const std::string& word : words) {
    text += " " + in_shell_quotes(word);
  }
  // the whole text stands in a ninja variable
  std::string escaped;
  for (char c : text) {
    escaped += c == '$' ? std::string("$$") : std::string(1, c);
  }
  return escaped;
}

fs::path commands() {
  std::error_code failed;
  return fs::read_symlink("/proc/self/exe", failed).parent_path();
}

// Runs it in `folder` and waits. The exit code, or an error when it cannot be started.
Result<int> run(const fs::path& folder, std::vector<std::string> words) {
  std::vector<char*> pointers;
  pointers.reserve(words.size() + 1);
  for (std::string& word : words) {
    pointers.push_back(word.data());
  }
  pointers.push_back(nullptr);
  posix_spawn_file_actions_t actions;
  posix_spawn_file_actions_init(&actions);
  posix_spawn_file_actions_addchdir_np(&actions, folder.c_str());
  pid_t child = 0;
  int failed = posix_spawnp(&child, pointers[0], &actions, nullptr, pointers.data(), environ);
  posix_spawn_file_actions_destroy(&actions);
  if (failed != 0) {
    return io_error(failed, fmt::format("cannot start {}", words[0]));
  }
  int status = 0;
  while (waitpid(child, &status, 0) < 0 && errno == EINTR) {
  }
  return WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
}

class ProjectBuild {
 public:
  ProjectBuild(Project project, bool verbose) : project_(std::move(project)), verbose_(verbose) {}

  // The exit code of what failed, or 0.
  Result<int> build() {
    std::error_code failed;
    fs::create_directories(project_.folder / "build", failed);
    if (!project_.command.empty()) {
      return by_command();
    }
    switch (project_.language) {
      case Project::Language::rust:
        return rust();
      case Project::Language::go:
        return go();
      default:
        return by_ninja();
    }
  }

 private:
  Result<int> step(std::vector<std::string> words) const {
    if (verbose_) {
      std::string line;
      for (const std::string& word : words) {
        line += (line.empty() ? "" : " ") + in_shell_quotes(word);
      }
      (void)print(line + "\n");
    }
    return run(project_.folder, std::move(words));
  }

  // What a command of another build system made becomes the program.
  Result<int> take(const fs::path& made) const {
    std::error_code failed;
    fs::copy_file(made, project_.program(), fs::copy_options::overwrite_existing, failed);
    if (failed) {
      return io_error(failed.value(), fmt::format("the build made no {}", made.string()));
    }
    return 0;
  }

  Result<int> by_command() const {
    TRY(exit_code, step({(commands() / "weftenv").string(), "/bin/sh", "-c", project_.command}));
    return exit_code != 0 ? Result<int>(exit_code) : take(project_.folder / project_.output);
  }

  std::string compiler() const {
    switch (project_.language) {
      case Project::Language::cxx:
        return (commands() / "weftc++").string();
      case Project::Language::fortran:
        return (commands() / "weftfc").string();
      default:
        return (commands() / "weftcc").string();
    }
  }

  // Compilers of the C family and Fortran are called by ninja, which knows what is out of date.
  Result<int> by_ninja() const {
    TRY(sources, source_files(project_));
    bool fortran = project_.language == Project::Language::fortran;
    std::string text = "builddir = build\n";
    text += fmt::format("compiler = {}\n", in_ninja(in_shell_quotes(compiler())));
    text += fmt::format("flags ={}\nlink ={}\n", joined(project_.flags), joined(project_.link));
    text += fortran ? "rule compile\n  command = $compiler $flags -J build -c $in -o $out\n"
                    : "rule compile\n  command = $compiler $flags -MD -MF $out.d -c $in -o $out\n"
                      "  depfile = $out.d\n  deps = gcc\n";
    text += "  description = compiling $in\n";
    text +=
        "rule link\n  command = $compiler $flags $in -o $out $link\n"
        "  description = linking $out\n";
    std::string objects;
    for (const std::string& source : sources) {
      std::string object = in_ninja("build/" + source + ".o");
      // A module of Fortran has to be there before it is used: one file after the other.
      std::string after = fortran && !objects.empty() ? " |" + objects : "";
      text += fmt::format("build {}: compile {}{}\n", object, in_ninja(source), after);
      objects += " " + object;
    }
    std::string program = in_ninja("build/" + project_.name + ".wasm");
    text += fmt::format("build {}: link{}\ndefault {}\n", program, objects, program);
    TRY_VOID(write(project_.folder / "build/build.ninja", text));
    std::vector<std::string> words = {"ninja", "-f", "build/build.ninja"};
    if (verbose_) {
      words.emplace_back("-v");
    } else {
      words.emplace_back("--quiet");
    }
    return run(project_.folder, words);
  }

  static Result<void> write(const fs::path& path, const std::string& text) {
    std::ofstream file(path, std::ios::binary);
    file << text;
    file.close();
    if (!file) {
      return io_error(errno, fmt::format("writing {}", path.string()));
    }
    return {};
  }

  // Debian has no standard library of Rust for WebAssembly but its source: Cargo builds it along.
  // rustup's compilers are not used: their source is not where Cargo looks for it.
  Result<int> rust() const {
    constexpr std::string_view target = "wasm32-wasip1";
    std::error_code failed;
    for (const char* needed : {"/usr/bin/cargo", "/usr/bin/rustc", "/usr/bin/wasm-ld-22"}) {
      if (!fs::exists(needed, failed)) {
        return error(Error::Kind::not_found,
                     "{} is not there: apt-get install cargo-web rustc-web rust-web-src lld-22",
                     needed);
      }
    }
    std::string library = (commands().parent_path() / "sysroot/lib" / target).string();
    std::string flags = fmt::format(
        "-C linker=/usr/bin/wasm-ld-22 -Zunstable-options -C linker-flavor=wasm-lld "
        "-C link-self-contained=no -L native={0} -C link-arg={0}/crt1-command.o "
        "-C target-feature=+simd128",
        library);
    setenv("RUSTC_BOOTSTRAP", "1", 1);
    setenv("RUSTC", "/usr/bin/rustc", 1);
    setenv("CARGO_TARGET_WASM32_WASIP1_RUSTFLAGS", flags.c_str(), 1);
    std::vector<std::string> words = {"/usr/bin/cargo", "build",
                                      "--release",      "-Zbuild-std=std,panic_abort",
                                      "--target",       std::string(target),
                                      "--target-dir",   "build/cargo"};
    if (!verbose_) {
      words.emplace_back("--quiet");
    }
    words.insert(words.end(), project_.flags.begin(), project_.flags.end());
    TRY(exit_code, step(words));
    if (exit_code != 0) {
      return exit_code;
    }
    return take(project_.folder / "build/cargo" / target / "release" / (project_.name + ".wasm"));
  }

  Result<int> go() const {
    setenv("GOOS", "wasip1", 1);
    setenv("GOARCH", "wasm", 1);
    std::vector<std::string> words = {go_command(), "build", "-o", project_.program().string()};
    words.insert(words.end(), project_.flags.begin(), project_.flags.end());
    words.emplace_back(".");
    auto exit_code = step(words);
    if (!exit_code) {
      return std::unexpected(exit_code.error().in("Go is needed (apt-get install golang-go)"));
    }
    return exit_code;
  }

  // Debian keeps Go's newer versions in folders of their own.
  static std::string go_command() {
    std::error_code failed;
    std::string newest;
    for (const auto& entry : fs::directory_iterator("/usr/lib", failed)) {
      std::string name = entry.path().filename().string();
      if (name.starts_with("go-1.") && fs::exists(entry.path() / "bin/go", failed)) {
        newest = std::max(newest, (entry.path() / "bin/go").string());
      }
    }
    return newest.empty() ? "go" : newest;
  }

  Project project_;
  bool verbose_;
};

}  // namespace

Result<int> build_project(Project project, bool verbose) {
  return ProjectBuild(std::move(project), verbose).build();
}

namespace {

class Build final : public Command {
 public:
  void declare(CLI::App& app) override {
    app.add_option("-C", folder_, "the project's folder (default: this one)")->type_name("DIR");
    app.add_flag("-v,--verbose", verbose_, "show each command");
  }

  int execute(std::vector<std::string> rest) override {
    if (!rest.empty()) {
      return fail_usage("build", "what is built stands in weft.toml; see weft help build");
    }
    std::error_code failed;
    auto project = read_project(fs::absolute(folder_, failed).lexically_normal());
    if (!project) {
      return fail(project.error());
    }
    auto exit_code = build_project(*std::move(project), verbose_);
    return exit_code ? *exit_code : fail(exit_code.error());
  }

 private:
  std::string folder_ = ".";
  bool verbose_ = false;
};

}  // namespace

const CommandInfo build_info{
    "build",
    "build the project in this folder",
    "[-C DIR] [-v]",
    help,
    Words::files,
    [](const Context&, std::span<const CommandInfo>) -> std::unique_ptr<Command> {
      return std::make_unique<Build>();
    }};

}  // namespace weft::cli
