// What a user of gcc or clang asks for, read from the command line they would give those.
//
// Thread safety: values; no shared state.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"

namespace weft::cc {

enum class Language { c, cxx, fortran };

// A word of the command line that goes to clang, in the user's order.
struct Word {
  enum class Kind {
    option,  // for compiling, or for both compiling and linking
    source,  // a file that is compiled
    linked,  // for linking alone: an object, an archive, -l, -L, an option of the linker
  };
  Kind kind;
  std::string text;
  std::string language = {};  // of a source behind -x

  // Of a source: by -x, or by its name.
  bool is_cxx() const;
  bool is_fortran() const;
};

// What the command line asks the compiler to make, and from what. -o and -x are not among the
// words, but in the fields.
struct CommandLine {
  // other: -E, -M, --version and so on, which make no file that is a program or part of one
  enum class Action { link, compile, other };

  Action action = Action::link;
  Language language = Language::c;
  std::vector<Word> words;
  std::vector<std::string> notes;  // what was dropped or changed, and why; shown under -v
  std::string output;              // of -o; empty when not given
  bool help = false;
  bool verbose = false;  // -v
  bool threads = false;  // -pthread, -lpthread, -fopenmp: the program may create threads
  bool openmp = false;
  bool guest_simd = false;  // -mguest-simd: vectorise here, not on the host
  bool fp_contract_fast = false;
  bool stack_size_given = false;
  bool no_default_libraries = false;  // -nostdlib, -nodefaultlibs
  bool no_start_files = false;        // -nostdlib, -nostartfiles
  bool reactor = false;               // -mexec-model=reactor
  bool relocatable = false;           // -r
  bool colour_given = false;
  bool assembles = true;  // false for -S: what is made is text

  bool has_input() const;
  // Whether C++ is compiled or linked: the command is weftc++, or a source says so.
  bool has_cxx() const;
  bool has_fortran() const;
  std::vector<const Word*> sources() const;
};

// `arguments` is the command line without the command itself. Response files (@FILE) are read.
//
// Errors: a response file that cannot be read; a request that WebAssembly has no answer to, such
// as -shared.
Result<CommandLine> read_command_line(Language language, std::vector<std::string> arguments);

// Replaces each @FILE by the words in it, which are separated and quoted as gcc has it: by white
// space, with '…', "…" and \.
Result<std::vector<std::string>> expand_response_files(std::vector<std::string> arguments);

}  // namespace weft::cc
