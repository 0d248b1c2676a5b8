// How a call on a node ended, told as `weft run` tells it of a program here.
// Thread safety: main thread only.
#pragma once

#include <string_view>

#include "answers.h"

namespace weft::cli {

// Says on standard error what is worth saying (a trap with its backtrace, a limit, the end of the
// log), and gives the exit code for it: the guest's own, 134, 124, or 1. `call` is a Call of the
// HTTP API.
int report_end(const Json& call, std::string_view function);

}  // namespace weft::cli
