// Walks a guest's native stack and names what it finds, in the program's own terms.
//
// Unwinding follows the call-frame information that LLVM wrote into the code file, so generated
// code keeps no frame pointers. The line table maps code addresses to byte offsets in the
// WebAssembly module, inlined functions included. Thread safety: safe; the tables of a code file
// are read once per call (milliseconds for large modules).
#pragma once

#include <string>
#include <vector>

#include "cpu/thread.h"
#include "engine/code_file.h"

namespace weft::engine {

struct CodeFrame {
  std::string function;  // demangled
  uint64_t offset = 0;   // byte offset of the instruction in the module
  bool inlined = false;
};

inline constexpr size_t max_backtrace_frames = 200;

// Innermost first; at most max_backtrace_frames. Empty when the registers are not in this code
// file.
std::vector<CodeFrame> backtrace(const CodeFile& code, const cpu::Registers& registers,
                                 uint64_t stack_high);

}  // namespace weft::engine
