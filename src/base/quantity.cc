#include "base/quantity.h"

#include <algorithm>
#include <charconv>
#include <cmath>

namespace weft {

namespace {

using std::chrono::nanoseconds;

// A number and the unit behind it.
struct Quantity {
  double number = 0;
  std::string_view unit;
};

Result<Quantity> parse_quantity(std::string_view text, std::string_view what) {
  Quantity q;
  const char* begin = text.data();  // NOLINT(bugprone-suspicious-stringview-data-usage)
  const char* end = begin + text.size();
  auto [stop, problem] = std::from_chars(begin, end, q.number, std::chars_format::fixed);
  if (problem != std::errc() || !std::isfinite(q.number) || q.number < 0) {
    return error(Error::Kind::invalid, "\"{}\" is no {}", text, what);
  }
  q.unit = std::string_view(stop, static_cast<size_t>(end - stop));
  return q;
}

struct Letter {
  std::string_view unit;
  uint64_t bytes;
};
constexpr Letter letters[] = {
    {"T", uint64_t{1} << 40}, {"G", uint64_t{1} << 30}, {"M", uint64_t{1} << 20}, {"K", 1024}};

}  // namespace

Result<nanoseconds> parse_duration(std::string_view text) {
  TRY(q, parse_quantity(text, "duration; write 200ms, 5s, 1.5m or 2h"));
  constexpr struct {
    std::string_view unit;
    double nanoseconds;
  } units[] = {{"", 1e9},   {"s", 1e9},    {"ms", 1e6},   {"us", 1e3},   {"ns", 1},
               {"m", 60e9}, {"min", 60e9}, {"h", 3600e9}, {"d", 86400e9}};
  for (const auto& u : units) {
    if (q.unit == u.unit) {
      double count = q.number * u.nanoseconds;
      constexpr double year = 366.0 * 86400e9;
      if (count <= 0 || count > year) {
        return error(Error::Kind::invalid, "{} must be more than 0 and at most a year", text);
      }
      return nanoseconds(std::max<int64_t>(1, std::llround(count)));
    }
  }
  return error(Error::Kind::invalid, "\"{}\" has an unknown unit; write ms, s, m, h or d", text);
}

std::string duration_text(nanoseconds duration) {
  auto count = static_cast<double>(duration.count());
  double size = std::abs(count);
  if (size >= 1e9 || size == 0) {
    return fmt::format("{}s", count / 1e9);
  }
  if (size >= 1e6) {
    return fmt::format("{}ms", count / 1e6);
  }
  return size >= 1e3 ? fmt::format("{}us", count / 1e3) : fmt::format("{}ns", count);
}

Result<uint64_t> parse_size(std::string_view text) {
  TRY(q, parse_quantity(text, "size; write 65536, 64K, 8M or 1G"));
  std::string_view unit = q.unit;
  if (unit.ends_with("iB")) {
    unit.remove_suffix(2);
  } else if (unit.ends_with("B")) {
    unit.remove_suffix(1);
  }
  double factor = 1;
  if (!unit.empty()) {
    const auto* letter = std::ranges::find_if(letters, [&](const Letter& l) {
      return unit.size() == 1 && l.unit[0] == static_cast<char>(unit[0] & ~0x20);
    });
    if (letter == std::end(letters)) {
      return error(Error::Kind::invalid, "\"{}\" has an unknown unit; write K, M or G", text);
    }
    factor = static_cast<double>(letter->bytes);
  }
  double bytes = q.number * factor;
  if (bytes < 1 || bytes > std::ldexp(1.0, 62)) {
    return error(Error::Kind::invalid, "the size {} is out of range", text);
  }
  return static_cast<uint64_t>(bytes);
}

std::string size_text(uint64_t bytes) {
  if (bytes < 1024) {
    return fmt::format("{} byte{}", bytes, bytes == 1 ? "" : "s");
  }
  double number = static_cast<double>(bytes);
  const char* unit = "";
  for (const char* larger : {"KiB", "MiB", "GiB", "TiB"}) {
    if (number < 1024) {
      break;
    }
    number /= 1024;
    unit = larger;
  }
  bool whole = number == std::floor(number) || number >= 100;
  return whole ? fmt::format("{:.0f} {}", number, unit) : fmt::format("{:.1f} {}", number, unit);
}

std::string size_value(uint64_t bytes) {
  for (const Letter& letter : letters) {
    if (bytes != 0 && bytes % letter.bytes == 0) {
      return fmt::format("{}{}", bytes / letter.bytes, letter.unit);
    }
  }
  return fmt::format("{}", bytes);
}

}  // namespace weft
