// What becomes of the options that gcc and clang know and that mean nothing for WebAssembly, or
// something else: the table behind read_command_line.
#pragma once

#include <optional>
#include <span>
#include <string_view>

namespace weft::cc {

// How an option that is not handed on as it is is treated.
struct Treatment {
  enum class Kind {
    drop,     // it has no meaning here; the program is the same without it
    replace,  // `text` goes to the compiler in its place
    refuse,   // what it asks for cannot be had; `text` says why and what to do
  };
  Kind kind;
  std::string_view text;     // drop: why
  bool takes_value = false;  // the next word belongs to it
};

// For an option of the compiler, as written, e.g. "-march=native".
std::optional<Treatment> treatment_of(std::string_view option);

// The macros that gcc defines for an option that permits an instruction set, e.g. __SSE2__ and
// __SSE__ for "-msse2": code that asks for them finds the intrinsics in sdk/intrinsics.
std::span<const std::string_view> macros_of(std::string_view option);

// For a library named by -l, without the -l.
std::optional<Treatment> treatment_of_library(std::string_view name);

// For an option of the linker, as written behind -Wl, or -Xlinker.
std::optional<Treatment> treatment_of_linker_option(std::string_view option);

// Whether the compiler takes the next word as this option's value, e.g. "-o", "-MF".
bool takes_value(std::string_view option);
// The same for the linker's options that are handed on to it.
bool linker_option_takes_value(std::string_view option);
// Whether a keyword behind the linker's -z says something about ELF files only.
bool is_elf_keyword(std::string_view keyword);

}  // namespace weft::cc
