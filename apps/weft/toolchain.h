// The guest toolchain as far as it is there: compiler, sysroot and its parts. Only who builds
// programs for weft needs it. Thread safety: main thread only.
#pragma once

#include <string>
#include <vector>

#include "machine.h"

namespace weft::cli {

// Where the guest's headers and libraries are: $WEFT_SYSROOT, else `sysroot` beside the directory
// of this command, where scripts/setup puts it. It may not exist.
std::string sysroot_directory();

std::vector<Finding> examine_toolchain();

}  // namespace weft::cli
