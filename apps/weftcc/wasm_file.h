// The little that the compilers do to WebAssembly files themselves: custom sections, and the first
// line that makes a module a command.
//
// Source: WebAssembly core specification 2.0, sections 5.5.2 (sections) and 5.5.3 (custom section).
// Thread safety: values; no shared state.
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"

namespace weft::cc {

using Bytes = std::vector<uint8_t>;

bool is_wasm(std::span<const uint8_t> bytes);

// Appends a custom section to a module or object file.
void append_custom_section(Bytes& module, std::string_view name, std::string_view content);

// Takes all custom sections of that name out of the module and returns their contents, one after
// the other. Errors: the sections do not fit into the file.
Result<std::string> take_custom_sections(Bytes& module, std::string_view name);

Result<Bytes> read_file(const std::string& path);
// Replaces the content; the file's permissions stay.
Result<void> write_file(const std::string& path, std::span<const uint8_t> bytes);

}  // namespace weft::cc
