// Carries a command line out: compiles, links, and finishes what was made.
#pragma once

#include "command_line.h"
#include "toolchain.h"

namespace weft::cc {

// How a linked program is to be started.
enum class Executable {
  module,   // a WebAssembly module, for `weft run` and any other runtime
  command,  // the same behind a first line that makes the kernel start it under weft
};

// Returns the exit code of the compiler or linker that failed, or 0. What they say goes to standard
// error unchanged; an explanation follows where we have one. Errors: files, or programs that do not
// start.
Result<int> build(const Toolchain& toolchain, const CommandLine& line, Executable executable,
                  const std::string& weft);

}  // namespace weft::cc
