// Values on the command line: durations, sizes, granted directories, environment variables,
// arguments of a function. Thread safety: functions.
#pragma once

#include <chrono>
#include <cstdint>
#include <string>
#include <string_view>

#include "base/result.h"
#include "wasi/config.h"
#include "wasm/types.h"

namespace weft::cli {

// "200ms", "5s", "1.5m", "2h"; a number alone is seconds. Error invalid when it is not positive or
// longer than a year.
Result<std::chrono::nanoseconds> parse_duration(std::string_view text);
std::string to_string(
    std::chrono::nanoseconds duration);  // "5s", "200ms", as parse_duration takes it

// "65536", "64K", "8M", "1G", also KiB, MiB, GiB: bytes, powers of 1024.
Result<uint64_t> parse_size(std::string_view text);
std::string size_text(uint64_t bytes);  // "8 MiB", "1.4 MiB", "612 bytes"

// "HOST::GUEST", "HOST::GUEST::ro", or "HOST" alone, which the guest sees under the same name.
Result<wasi::GrantedDirectory> parse_directory(std::string_view text);

// "NAME=VALUE", or "NAME" for what weft's own environment holds (nothing when it is not set there).
Result<std::string> parse_variable(const std::string& text);

// An argument of an exported function. Integers are signed or unsigned, decimal or 0x…; they must
// fit.
Result<wasm::Value> parse_value(wasm::ValType type, const std::string& text);
std::string to_string(wasm::ValType type, const wasm::Value& value);

}  // namespace weft::cli
