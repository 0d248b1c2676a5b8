// strip: llvm-strip for guest programs, also for those behind a first line that starts weft.
#pragma once

#include <string>
#include <vector>

#include "base/result.h"

namespace weft::cc {

// Returns the exit code.
Result<int> strip(std::vector<std::string> arguments);

}  // namespace weft::cc
