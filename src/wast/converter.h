// The newer wabt's wast2json: reads the scripts that libwabt 1.0.32 does not parse
// (tests/conformance/README.md lists them). Thread safety: safe from any thread.
#pragma once

#include <string>

#include "base/result.h"
#include "wast/script.h"

namespace weft::wast {

// $WEFT_WAST2JSON; else wabt/bin/wast2json of the test suites in $WEFT_CACHE, or
// $XDG_CACHE_HOME/weft, or ~/.cache/weft, the one that was fetched last. Empty when there is none.
std::string find_converter();

// Runs the converter in a directory of its own, which is gone afterwards. Error unsupported: it
// cannot be run or refuses the script, with its first line of output.
Result<Script> convert(const std::string& converter, const std::string& path);

}  // namespace weft::wast
