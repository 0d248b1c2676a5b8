// A whole file's bytes.
// Thread safety: safe from any thread.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "base/result.h"

namespace weft::wast {

// Error io names the file.
Result<std::vector<uint8_t>> read_file(const std::string& path);

}  // namespace weft::wast
