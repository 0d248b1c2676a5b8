// Values on the command line: granted directories, environment variables, arguments of a function
// (times and sizes: base/quantity.h). Thread safety: functions.
#pragma once

#include <string>
#include <string_view>

#include "base/quantity.h"
#include "base/result.h"
#include "wasi/config.h"
#include "wasm/types.h"

namespace weft::cli {

// "HOST::GUEST", "HOST::GUEST::ro", or "HOST" alone, which the guest sees under the same name.
Result<wasi::GrantedDirectory> parse_directory(std::string_view text);

// "NAME=VALUE", or "NAME" for what weft's own environment holds (nothing when it is not set there).
Result<std::string> parse_variable(const std::string& text);

// An argument of an exported function. Integers are signed or unsigned, decimal or 0x…; they must
// fit.
Result<wasm::Value> parse_value(wasm::ValType type, const std::string& text);
std::string to_string(wasm::ValType type, const wasm::Value& value);

}  // namespace weft::cli
