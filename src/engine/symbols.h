// Names that the parts of a code file agree on: lowering, stubs (src/cpu), linker and loader.
#pragma once

#include <fmt/format.h>

#include <string>

#include "wasm/types.h"

namespace weft::engine::symbols {

inline std::string host_call(uint32_t entry) { return fmt::format("weft_call_{}", entry); }
inline std::string trap(wasm::TrapKind kind) {
  return fmt::format("weft_trap_{}", static_cast<int>(kind));
}
inline constexpr const char* finish = "weft_finish";
inline constexpr const char* stubs_begin = "weft_stubs_begin";
inline constexpr const char* stubs_end = "weft_stubs_end";
inline constexpr const char* data = "weft_data";                // bytes of all data segments
inline constexpr const char* descriptors = "weft_descriptors";  // closed linking: cpu::FuncRef[]
inline constexpr const char* header = "weft_header";            // CodeHeader, the ELF entry point
// Guest code; the linker gives __start_ and __stop_ symbols for a section with such a name.
inline constexpr const char* code_section = "weft_code";

}  // namespace weft::engine::symbols
