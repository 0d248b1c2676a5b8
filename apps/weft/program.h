// A program on disk, as `run`, `compile` and `inspect` take it: a WebAssembly module or a code
// file. Thread safety: functions.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "base/result.h"
#include "engine/engine.h"

namespace weft::cli {

// The bytes of a file, or of a pipe; for a code file only its beginning (see is_code_file). Errors
// name the file.
Result<std::vector<uint8_t>> read_program(const std::string& path);

struct ProgramOptions {
  engine::CompileOptions compile;
  bool cpu_given = false;
  bool use_cache = true;
  engine::Accept accept;
};

// Native code for the program at `path`: opened, found in the cache, or compiled with a progress
// bar. Warnings are printed.
Result<std::shared_ptr<const engine::CodeFile>> load_program(const std::string& path,
                                                             const ProgramOptions& options);

}  // namespace weft::cli
