// Where an instruction of a program stands in its source: what compilers write with -g, the DWARF
// in the custom sections .debug_* of a WebAssembly module.
//
// Nothing of it is needed to run a program, so code files do not hold it; it is read from the
// module when a backtrace is printed. Addresses in it count from the beginning of the code
// section's content (WebAssembly tool conventions, Debugging). Thread safety: none.
#pragma once

#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <vector>

#include "engine/code_file.h"

namespace weft::engine {

struct SourceFrame {
  std::string function;  // demangled; may be empty
  std::string file;      // as the compiler was told it
  uint32_t line = 0;
};

class SourceLines {
 public:
  // Null when `module` has no such sections, or is not what `code` was made from.
  static std::unique_ptr<SourceLines> read(const CodeFile& code, std::vector<uint8_t> module);
  virtual ~SourceLines() = default;

  // The functions that the compiler inlined at this byte of the module, innermost first, and last
  // the one they are in. Empty when nothing is known.
  virtual std::vector<SourceFrame> at(uint64_t offset) const = 0;
};

}  // namespace weft::engine
