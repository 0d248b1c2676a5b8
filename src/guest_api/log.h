// Where a program's log entries go: the seam behind weft_log.
//
// Thread safety: belongs to the thread that runs the guest.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "host/guest.h"

namespace weft::guest_api {

// In this order, and with these numbers, in weft.h, too.
enum class Level : uint32_t { debug, info, warning, error };
inline constexpr uint32_t levels = 4;

std::string_view name(Level level);
std::optional<Level> level_named(std::string_view name);

// "warning: TEXT" and a line break; further lines of the text are indented, so that none of them
// looks like an entry.
std::string log_line(Level level, std::string_view text);

class Log {
 public:
  virtual ~Log() = default;

  // Entries of lower levels are not wanted.
  virtual Level lowest() const = 0;
  // Adds an entry. When that has to wait, the answer is for what; afterwards it is called again
  // with the same entry and `done` as it was left (0 at first). An entry that cannot be stored is
  // lost: a program does not fail for want of a log.
  virtual std::optional<host::Wait> add(Level level, std::string_view text, uint64_t& done) = 0;
};

}  // namespace weft::guest_api
