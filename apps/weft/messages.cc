#include "messages.h"

#include <unistd.h>

#include "base/new_file.h"

namespace weft::cli {

std::string printable(std::string_view text) {
  std::string out;
  for (char c : text) {
    auto byte = static_cast<unsigned char>(c);
    if (byte < 0x20 || byte == 0x7f) {
      out += fmt::format("\\x{:02x}", byte);
    } else {
      out += c;
    }
  }
  return out;
}

void add_line(std::string_view line) {
  // A closed or full standard error leaves nobody to tell.
  [[maybe_unused]] auto written = write_all(STDERR_FILENO, printable(line) + "\n");
}

void complain(std::string_view message) { add_line(fmt::format("weft: {}", message)); }
void warn(std::string_view message) { add_line(fmt::format("weft: warning: {}", message)); }

int fail(const Error& error) {
  complain(error.message());
  return exit_failure;
}

int fail_usage(std::string_view command, std::string_view message) {
  complain("{} (see `weft {}--help`)", message, command.empty() ? "" : fmt::format("{} ", command));
  return exit_usage;
}

bool print(std::string_view text) {
  auto written = write_all(STDOUT_FILENO, text);
  if (!written) {
    complain("standard output: {}", written.error().message());
  }
  return written.has_value();
}

}  // namespace weft::cli
