#include "guest_api/log.h"

#include <array>

namespace weft::guest_api {

namespace {

constexpr std::array<std::string_view, levels> names = {"debug", "info", "warning", "error"};

}  // namespace

std::string log_line(Level level, std::string_view text) {
  std::string line(name(level));
  line += ": ";
  for (char c : text) {
    line += c;
    if (c == '\n') {
      line += "  ";
    }
  }
  line += '\n';
  return line;
}

std::string_view name(Level level) { return names[static_cast<size_t>(level)]; }

std::optional<Level> level_named(std::string_view name) {
  for (uint32_t i = 0; i < levels; ++i) {
    if (names[i] == name) {
      return static_cast<Level>(i);
    }
  }
  return std::nullopt;
}

}  // namespace weft::guest_api
