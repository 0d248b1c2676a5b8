// Times and sizes as people write them: on the command line, in weft.toml, in the settings of a
// function. Thread safety: functions.
#pragma once

#include <chrono>
#include <cstdint>
#include <string>
#include <string_view>

#include "base/result.h"

namespace weft {

// "200ms", "5s", "1.5m", "2h", "30d", also us and ns; a number alone is seconds. Error invalid when
// it is not positive or longer than a year (of 366 days).
Result<std::chrono::nanoseconds> parse_duration(std::string_view text);
// "5s", "1.5s", "200ms": as parse_duration takes it, which gives the same duration again.
std::string duration_text(std::chrono::nanoseconds duration);

// "65536", "64K", "8M", "1G", also KiB, MiB, GiB: bytes, powers of 1024.
Result<uint64_t> parse_size(std::string_view text);
std::string size_text(uint64_t bytes);  // for people: "8 MiB", "1.4 MiB", "612 bytes"
// "8M", "1500": as parse_size takes it, which gives the same size again.
std::string size_value(uint64_t bytes);

}  // namespace weft
