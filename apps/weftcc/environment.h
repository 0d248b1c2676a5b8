// weftenv COMMAND…: runs a project's own build with the guest's tools in place of the machine's.
//
// Compilers and binary tools come first in PATH under the names that makefiles use (cc, gcc, ar …),
// so projects that name them are served like those that read CC; configure, CMake and Meson find
// files that describe the guest.
#pragma once

#include <string>
#include <vector>

#include "base/result.h"

namespace weft::cc {

// `directory` is where the commands lie (build/bin). Returns only when the command cannot be
// started. Errors: no command; the tools are not built; the command is not found.
std::unexpected<Error> run_in_environment(const std::string& directory,
                                          std::vector<std::string> command);

extern const char* const environment_help;

}  // namespace weft::cc
