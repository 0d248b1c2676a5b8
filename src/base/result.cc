#include "base/result.h"

#include <cstdio>
#include <cstdlib>
#include <cstring>

namespace weft {

std::unexpected<Error> io_error(int errno_value, std::string_view what) {
  return std::unexpected(
      Error(Error::Kind::io, fmt::format("{}: {}", what, std::strerror(errno_value))));
}

void check_failed(const char* condition, const char* file, int line, std::string_view message) {
  fmt::print(stderr, "weft: internal error at {}:{}: CHECK({}) failed{}{}\n", file, line, condition,
             message.empty() ? "" : ": ", message);
  std::abort();
}

}  // namespace weft
