// Everything that weft says: its own lines on standard error, and what a command prints on standard
// output.
//
// A message is one line with "weft: " in front. Names of files, functions and imports are other
// people's: what a terminal could take for a command in them is escaped. Thread safety: safe from
// any thread; a line is one write.
#pragma once

#include <fmt/format.h>

#include <string>
#include <string_view>
#include <utility>

#include "base/result.h"

namespace weft::cli {

// The exit codes of weft itself. A guest that ends gives its own.
enum ExitCode : int {
  exit_success = 0,
  exit_failure = 1,  // a file that cannot be used, a test that failed
  exit_usage = 2,
  exit_timeout = 124,  // as timeout(1)
  exit_trap = 134,     // as a shell reports SIGABRT
};

// One line on standard error: "weft: " and the message.
void complain(std::string_view message);
void warn(std::string_view message);  // "weft: warning: …"
// A further line of the message before it, as it is.
void add_line(std::string_view line);

template <class... Args>
void complain(fmt::format_string<Args...> format, Args&&... args) {
  complain(std::string_view(fmt::format(format, std::forward<Args>(args)...)));
}
template <class... Args>
void warn(fmt::format_string<Args...> format, Args&&... args) {
  warn(std::string_view(fmt::format(format, std::forward<Args>(args)...)));
}

// Says what was wrong and gives the exit code for it.
[[nodiscard]] int fail(const Error& error);
// A wrong command line, with where to read more.
[[nodiscard]] int fail_usage(std::string_view command, std::string_view message);

// Standard output. False, with a complaint, when it cannot be written; a reader that has gone away
// ends weft by SIGPIPE.
[[nodiscard]] bool print(std::string_view text);

// Control characters as \xNN, the rest as it is.
std::string printable(std::string_view text);

}  // namespace weft::cli
