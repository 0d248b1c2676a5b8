// Reads the .json that wast2json writes, with the .wasm and .wat files beside it.
//
// Format: wabt's test/README and src/binary-writer-spec.cc; both that of wabt 1.0.32 and that
// of 1.0.42. Thread safety: safe from any thread.
#pragma once

#include <string>

#include "base/result.h"
#include "wast/script.h"

namespace weft::wast {

// Errors: io (a file that cannot be read), invalid (not such a file), unsupported (a command that
// is not known here).
Result<Script> read_json(const std::string& path);

}  // namespace weft::wast
