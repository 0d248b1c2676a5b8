// Reads .wast text through libwabt, a command at a time.
//
// Text modules become binaries, with their names, by libwabt's writer; `(module binary …)` stays as
// it is. Thread safety: safe from any thread.
#pragma once

#include <string_view>

#include "base/result.h"
#include "wast/script.h"

namespace weft::wast {

// Error unsupported when libwabt does not parse a command: its words, with the line. (What a script
// expects to be refused is no error.)
Result<Script> read_wast(std::string_view text);

// A module in text form (.wat, or the content of `(module quote …)`).
ModuleSource read_wat(std::string_view text);

}  // namespace weft::wast
