// Where clang and the guest's libraries are, and which words make them build a guest.
//
// All code is compiled for one target, ready for threads. Whether a program gets them is decided
// when it is linked: one that creates no thread keeps its memory to itself (not shared) and runs
// wherever WebAssembly runs; there the same libraries' locks are uncontended.
//
// Thread safety: const once made.
#pragma once

#include <string>
#include <vector>

#include "base/result.h"
#include "command_line.h"

namespace weft::cc {

using Words = std::vector<std::string>;

class Toolchain {
 public:
  // `command_directory` is where this program lies: the sysroot is ../sysroot, unless the variable
  // WEFT_SYSROOT names another. Errors: it is not there.
  static Result<Toolchain> find(const std::string& command_directory);

  // clang with all that compiling for a guest takes, before the user's own words.
  Words compiler(const CommandLine& line) const;
  // What follows the user's words: it has the last say.
  Words compile_end(const CommandLine& line) const;

  enum class Memory { own, shared };
  // clang with what linking takes before and after the user's words.
  Words linker(const CommandLine& line, Memory memory) const;
  Words link_end(const CommandLine& line) const;
  // The compiler of one Fortran source, and the command that prints what links a Fortran program
  // (sdk/fortran). Both get what they need on first use.
  Words fortran_compiler(const CommandLine& line) const;
  Words fortran_flags_command() const;
  // What makes a program change to the directory it is started in.
  std::string start_directory_object() const;

  // Whether `folder` holds the guest's own headers. Naming it with -I changes nothing, as with gcc:
  // otherwise C's headers would hide those that libc++ puts in front of them.
  bool is_system_include(const std::string& folder) const;

  // The functions that guests lack: NAME SECTION a line, SECTION of docs/posix.md.
  std::string unsupported_functions() const { return share_ + "/unsupported.txt"; }

 private:
  Toolchain(std::string sysroot, std::string share);

  std::string sysroot_;
  std::string share_;
  std::string include_;
  std::string library_;
};

// The clang that understands these words.
inline constexpr std::string_view clang = "clang-22";
inline constexpr std::string_view clangxx = "clang++-22";

}  // namespace weft::cc
