#include "node_log.h"

#include <unistd.h>

#include <array>

#include "api/answers.h"

namespace weft::cli {

namespace {

constexpr std::array<std::string_view, 4> names = {"debug", "info", "warning", "error"};

// A value that has a space in it, or nothing, stands in quotes.
std::string field_text(const nlohmann::json& value) {
  if (!value.is_string()) {
    return value.dump();
  }
  auto text = value.get<std::string>();
  return text.empty() || text.find_first_of(" \"=\n") != text.npos ? value.dump() : text;
}

}  // namespace

NodeLog::NodeLog(Format format, Level lowest)
    : as_json_(format == Format::json ||
               (format == Format::automatic && isatty(STDERR_FILENO) == 0)),
      lowest_(lowest) {}

void NodeLog::write(Level level, std::string_view message, const nlohmann::json& fields) const {
  if (level < lowest_) {
    return;
  }
  std::string time = api::time_text(SystemClock().now());
  std::string_view name = names[static_cast<size_t>(level)];
  std::string line;
  if (as_json_) {
    nlohmann::ordered_json entry = {{"time", time}, {"level", name}, {"message", message}};
    for (const auto& [key, value] : fields.items()) {
      entry[key] = value;
    }
    line = entry.dump(-1, ' ', false, nlohmann::json::error_handler_t::replace);
  } else {
    line = fmt::format("{} {} {}", time, name, message);
    for (const auto& [key, value] : fields.items()) {
      line += fmt::format(" {}={}", key, field_text(value));
    }
  }
  line += '\n';
  (void)!::write(STDERR_FILENO, line.data(), line.size());
}

}  // namespace weft::cli
