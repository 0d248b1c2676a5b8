// The commands weftcc, weftc++, weftfc and weftenv, and, under the names that build systems know,
// cc, gcc, c++, g++, strip and so on: all one program, which looks at the name it was called by.
#include <unistd.h>

#include <array>
#include <cstdio>
#include <filesystem>

#include "build.h"
#include "command_line.h"
#include "environment.h"
#include "strip.h"
#include "toolchain.h"

namespace weft::cc {

namespace {

constexpr std::string_view help =
    R"(usage: weftcc [OPTION...] FILE...      C
       weftc++ [OPTION...] FILE...     C++
       weftfc [OPTION...] FILE...      Fortran; gets flang and its library on first use

Compiles to WebAssembly, for `weft run` and any other runtime with WASI. Takes the options of gcc
and clang (`clang-22 --help` lists them); what has no meaning for WebAssembly is dropped, and -v
says so.

  -O3                 as usual; loops stay scalar, since weft vectorises them for the machine that
                      runs the program
  -mguest-simd        vectorise here, with 128 bits: for other runtimes
  -mrelaxed-simd      permit instructions whose results depend on the machine
  -ffp-contract=fast  permit weft to fuse multiplications and additions (also by -ffast-math)
  -pthread, -fopenmp  as usual; only programs that create threads get a shared memory
  -g                  traps show file and line
  -z stack-size=N     default 8388608

The guest's libraries come from ../sysroot beside this command, or from $WEFT_SYSROOT.
Manual: docs/toolchain.md and docs/posix.md
)";

struct Tool {
  std::string name;       // as called, without folders
  std::string directory;  // where the program really lies
  Language language = Language::c;
  Executable executable = Executable::module;
};

Tool identify(std::string_view called) {
  Tool tool;
  tool.name = std::filesystem::path(called).filename().string();
  std::error_code failed;
  tool.directory = std::filesystem::read_symlink("/proc/self/exe", failed).parent_path().string();
  bool fortran = tool.name == "weftfc" || tool.name == "gfortran" || tool.name == "flang" ||
                 (tool.name.size() == 3 && tool.name.front() == 'f');  // f77, f90, f95
  tool.language = fortran                                     ? Language::fortran
                  : tool.name.find("++") != std::string::npos ? Language::cxx
                                                              : Language::c;
  bool own_name = tool.name.starts_with("weft");
  tool.executable = own_name ? Executable::module : Executable::command;
  return tool;
}

int fail(const Tool& tool, const Error& error) {
  fmt::print(stderr, "{}: error: {}\n", tool.name, error.message());
  return 1;
}

int run_environment(const Tool& tool, std::vector<std::string> arguments) {
  if (!arguments.empty() && (arguments[0] == "--help" || arguments[0] == "-h")) {
    fputs(environment_help, stdout);
    return 0;
  }
  return fail(tool, run_in_environment(tool.directory, std::move(arguments)).error());
}

int run_strip(const Tool& tool, std::vector<std::string> arguments) {
  auto exit_code = strip(std::move(arguments));
  return exit_code ? *exit_code : fail(tool, exit_code.error());
}

int run_compiler(const Tool& tool, std::vector<std::string> arguments) {
  auto line = read_command_line(tool.language, std::move(arguments));
  if (!line) {
    return fail(tool, line.error());
  }
  if (line->help) {
    fputs(std::string(help).c_str(), stdout);
    return 0;
  }
  auto toolchain = Toolchain::find(tool.directory);
  if (!toolchain) {
    return fail(tool, toolchain.error());
  }
  auto exit_code = build(*toolchain, *line, tool.executable, tool.directory + "/weft");
  return exit_code ? *exit_code : fail(tool, exit_code.error());
}

int run_tool(const Tool& tool, std::vector<std::string> arguments) {
  if (tool.name == "weftenv") {
    return run_environment(tool, std::move(arguments));
  }
  if (tool.name == "strip") {
    return run_strip(tool, std::move(arguments));
  }
  return run_compiler(tool, std::move(arguments));
}

}  // namespace

}  // namespace weft::cc

int main(int argc, char** argv) {
  std::vector<std::string> arguments(argv + 1, argv + argc);
  return weft::cc::run_tool(weft::cc::identify(argv[0]), std::move(arguments));
}
