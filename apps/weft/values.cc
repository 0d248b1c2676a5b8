#include "values.h"

#include <algorithm>
#include <charconv>
#include <cmath>
#include <cstdlib>
#include <vector>

namespace weft::cli {

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

std::vector<std::string_view> split(std::string_view text, std::string_view separator) {
  std::vector<std::string_view> parts;
  while (true) {
    size_t at = text.find(separator);
    parts.push_back(text.substr(0, at));
    if (at == std::string_view::npos) {
      return parts;
    }
    text.remove_prefix(at + separator.size());
  }
}

template <class Int>
std::optional<Int> parse_digits(std::string_view text) {
  bool negative = text.starts_with('-');
  std::string_view digits = negative ? text.substr(1) : text;
  int base = digits.starts_with("0x") || digits.starts_with("0X") ? 16 : 10;
  digits.remove_prefix(base == 16 ? 2 : 0);
  Int value = 0;
  auto [stop, problem] = std::from_chars(digits.data(), digits.data() + digits.size(), value, base);
  if (problem != std::errc() || stop != digits.data() + digits.size()) {
    return std::nullopt;
  }
  constexpr Int lowest =
      Int{1} << (sizeof(Int) * 8 - 1);  // as the magnitude of the smallest signed value
  if (negative && value > lowest) {
    return std::nullopt;
  }
  return negative ? Int{0} - value : value;
}

std::optional<double> parse_real(const std::string& text) {
  char* stop = nullptr;
  double value = std::strtod(text.c_str(), &stop);
  bool whole = !text.empty() && stop == text.c_str() + text.size();
  return whole ? std::optional(value) : std::nullopt;
}

}  // namespace

Result<nanoseconds> parse_duration(std::string_view text) {
  TRY(q, parse_quantity(text, "duration; write 200ms, 5s, 1.5m or 2h"));
  constexpr struct {
    std::string_view unit;
    double seconds;
  } units[] = {{"", 1}, {"s", 1}, {"ms", 1e-3}, {"us", 1e-6}, {"m", 60}, {"min", 60}, {"h", 3600}};
  for (const auto& u : units) {
    if (q.unit == u.unit) {
      double seconds = q.number * u.seconds;
      constexpr double year = 366.0 * 24 * 3600;
      if (seconds <= 0 || seconds > year) {
        return error(Error::Kind::invalid, "{} must be more than 0 and at most a year", text);
      }
      return nanoseconds(std::max<int64_t>(1, static_cast<int64_t>(seconds * 1e9)));
    }
  }
  return error(Error::Kind::invalid, "\"{}\" has an unknown unit; write ms, s, m or h", text);
}

std::string to_string(nanoseconds duration) {
  double seconds = static_cast<double>(duration.count()) / 1e9;
  return seconds < 1 ? fmt::format("{}ms", seconds * 1e3) : fmt::format("{}s", seconds);
}

Result<uint64_t> parse_size(std::string_view text) {
  TRY(q, parse_quantity(text, "size; write 65536, 64K, 8M or 1G"));
  std::string_view unit = q.unit;
  if (unit.ends_with("iB")) {
    unit.remove_suffix(2);
  } else if (unit.ends_with("B")) {
    unit.remove_suffix(1);
  }
  constexpr std::string_view letters = "KMGT";
  double factor = 1;
  if (!unit.empty()) {
    size_t power =
        unit.size() == 1 ? letters.find(static_cast<char>(unit[0] & ~0x20)) : letters.npos;
    if (power == letters.npos) {
      return error(Error::Kind::invalid, "\"{}\" has an unknown unit; write K, M or G", text);
    }
    factor = std::ldexp(1.0, 10 * static_cast<int>(power + 1));
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

Result<wasi::GrantedDirectory> parse_directory(std::string_view text) {
  auto parts = split(text, "::");
  wasi::GrantedDirectory directory;
  if (parts.size() > 1 && (parts.back() == "ro" || parts.back() == "rw") && parts.size() <= 3) {
    if (parts.back() == "ro") {
      directory.access = wasi::GrantedDirectory::Access::read_only;
    }
    parts.pop_back();
  }
  bool filled = std::ranges::none_of(parts, [](std::string_view part) { return part.empty(); });
  if (parts.size() > 2 || !filled) {
    return error(Error::Kind::invalid,
                 "\"{}\" grants no directory; write HOST::GUEST or HOST::GUEST::ro", text);
  }
  directory.host_path = parts.front();
  directory.guest_path = parts.back();
  return directory;
}

Result<std::string> parse_variable(const std::string& text) {
  size_t name = std::min(text.find('='), text.size());
  if (name == 0) {
    return error(Error::Kind::invalid, "\"{}\" is no variable; write NAME=VALUE", text);
  }
  if (name < text.size()) {
    return text;
  }
  const char* own = std::getenv(text.c_str());
  return own == nullptr ? std::string() : fmt::format("{}={}", text, own);
}

Result<wasm::Value> parse_value(wasm::ValType type, const std::string& text) {
  using wasm::ValType;
  auto wrong = [&] {
    return error(Error::Kind::invalid, "\"{}\" is no {}", text, wasm::name(type));
  };
  if (type == ValType::i32) {
    auto value = parse_digits<uint32_t>(text);
    return value ? Result<wasm::Value>(wasm::value_i32(*value)) : wrong();
  }
  if (type == ValType::i64) {
    auto value = parse_digits<uint64_t>(text);
    return value ? Result<wasm::Value>(wasm::value_i64(*value)) : wrong();
  }
  if (type == ValType::f32 || type == ValType::f64) {
    auto value = parse_real(text);
    if (!value) {
      return wrong();
    }
    return type == ValType::f64 ? wasm::value_f64(*value)
                                : wasm::value_f32(std::strtof(text.c_str(), nullptr));
  }
  return error(Error::Kind::unsupported, "a {} cannot be given on a command line",
               wasm::name(type));
}

std::string to_string(wasm::ValType type, const wasm::Value& value) {
  using wasm::ValType;
  switch (type) {
    case ValType::i32:
      return fmt::format("{}", static_cast<int32_t>(value.i32));
    case ValType::i64:
      return fmt::format("{}", static_cast<int64_t>(value.i64));
    case ValType::f32:
      return fmt::format("{}", value.f32);
    case ValType::f64:
      return fmt::format("{}", value.f64);
    case ValType::v128:
      return fmt::format("0x{:016x}{:016x}", value.words[1], value.words[0]);
    case ValType::funcref:
      return value.ref == 0 ? "null" : "funcref";
    case ValType::externref:
      return value.ref == 0 ? "null" : "externref";
  }
  return "?";
}

}  // namespace weft::cli
