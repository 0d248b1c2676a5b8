#include "values.h"

#include <algorithm>
#include <charconv>
#include <cstdlib>
#include <vector>

namespace weft::cli {

namespace {

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
