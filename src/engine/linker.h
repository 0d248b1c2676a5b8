// Links a module's objects to one code file at a fixed address, with lld.
// Thread safety: link() may be called from any thread; lld runs once at a time.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "base/result.h"

namespace weft::engine {

// The ELF image, statically linked at `address`.
Result<std::string> link(const std::vector<std::string>& objects, uint64_t address);

}  // namespace weft::engine
