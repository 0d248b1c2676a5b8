#include "explain.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <fstream>
#include <set>
#include <string>

namespace weft::cc {

namespace {

std::string without_colours(std::string_view text) {
  std::string plain;
  for (size_t i = 0; i < text.size(); ++i) {
    if (text[i] == '\x1b' && i + 1 < text.size() && text[i + 1] == '[') {
      while (i < text.size() && text[i] != 'm' && text[i] != 'K') {
        ++i;
      }
    } else {
      plain += text[i];
    }
  }
  return plain;
}

// FILE:LINE of a clang diagnostic "FILE:LINE:COLUMN: error: …"
std::string place_of(std::string_view line) {
  size_t error = line.find(": error:");
  std::string_view place = line.substr(0, error);
  size_t column = place.rfind(':');
  return std::string(place.substr(0, column));
}

bool is_about_assembly(std::string_view line) {
  for (std::string_view words : {"in asm", "inline asm", "unrecognized instruction mnemonic",
                                 "unknown register name", "unknown asm", "in inline assembly"}) {
    if (line.find(words) != std::string_view::npos) {
      return true;
    }
  }
  return false;
}

// What Fortran calls procedures of BLAS and LAPACK (sdk/fortran/retarget/passes.h): dgemm_.lengths
constexpr std::string_view fortran_entry = "_.lengths";

std::string section_of(const std::string& function, const std::string& list) {
  std::ifstream file(list);
  for (std::string line; std::getline(file, line);) {
    size_t space = line.find(' ');
    if (space != std::string::npos && line.substr(0, space) == function) {
      return line.substr(space + 1);
    }
  }
  return {};
}

// BLAS, LAPACK and FFTW are a step of the set-up of their own.
bool lacks_mathematics(std::string_view line) {
  constexpr auto libraries = std::to_array<std::string_view>(
      {"-lblas", "-lcblas", "-llapack", "-llapacke", "-lopenblas", "-lfftw3", "-lfftw3f"});
  constexpr std::string_view unfound = "unable to find library ";
  if (size_t at = line.find(unfound); at != std::string_view::npos) {
    return std::ranges::find(libraries, line.substr(at + unfound.size())) != libraries.end();
  }
  for (std::string_view header : {"'cblas.h'", "'lapacke.h'", "'lapack.h'", "'fftw3.h'"}) {
    if (line.find(fmt::format("{} file not found", header)) != std::string_view::npos) {
      return true;
    }
  }
  return false;
}

// What follows `words`, to the line's end.
std::string symbol_after(std::string_view words, std::string_view line) {
  size_t at = line.find(words);
  if (at == std::string_view::npos) {
    return {};
  }
  return std::string(line.substr(at + words.size()));
}

}  // namespace

std::string explain(std::string_view errors, const std::string& unsupported_functions) {
  std::string plain = without_colours(errors);
  std::set<std::string> lines;
  for (size_t begin = 0; begin < plain.size();) {
    size_t end = std::min(plain.find('\n', begin), plain.size());
    std::string_view line = std::string_view(plain).substr(begin, end - begin);
    begin = end + 1;
    if (line.find(": error:") != std::string_view::npos && is_about_assembly(line)) {
      lines.insert(
          fmt::format("{}: assembly of another machine cannot become WebAssembly; build "
                      "the project's portable C code instead (often an option like "
                      "--disable-asm), see docs/toolchain.md#assembly",
                      place_of(line)));
    }
    if (line.find("only meant to be used on x86") != std::string_view::npos) {
      lines.insert(
          "intrinsics of processors are not there, but for SSE's; see "
          "docs/toolchain.md#intrinsics");
    }
    if (lacks_mathematics(line)) {
      lines.insert(
          "BLAS, LAPACK and FFTW for guests are made by `scripts/setup math`; see "
          "docs/toolchain.md#blas-lapack-fftw");
    }
    if (std::string symbol = symbol_after("function signature mismatch: ", line); !symbol.empty()) {
      lines.insert(
          fmt::format("{} is called with another type than it is defined with, and such a call "
                      "ends the program: see docs/toolchain.md#function-types",
                      symbol));
    }
    if (std::string symbol = symbol_after("undefined symbol: ", line); !symbol.empty()) {
      if (symbol.ends_with(fortran_entry)) {
        lines.insert(fmt::format("{} is a procedure of BLAS or LAPACK: link with -llapack -lblas",
                                 symbol.substr(0, symbol.size() - fortran_entry.size())));
      }
      if (std::string section = section_of(symbol, unsupported_functions); !section.empty()) {
        lines.insert(
            fmt::format("{} does not exist for guests: see docs/posix.md#{}", symbol, section));
      }
    }
  }
  std::string text;
  for (const std::string& line : lines) {
    text += "weftcc: " + line + "\n";
  }
  return text;
}

}  // namespace weft::cc
