#include "toolchain.h"

#include <unistd.h>

#include <cstdlib>
#include <filesystem>

namespace weft::cc {

namespace {

// The libraries' own target. Their code has atomics and thread-local storage as threads need them.
constexpr std::string_view triple = "wasm32-wasip1-threads";

// What clang is told: for the target with "-threads" in its name it would always share the memory.
constexpr std::string_view clang_target = "--target=wasm32-wasip1";

// Of Linux's default; the stack is only backed by memory where it was used.
constexpr std::string_view default_stack = "stack-size=8388608";

void append(Words& words, std::initializer_list<std::string_view> more) {
  words.insert(words.end(), more.begin(), more.end());
}

// The legacy exception-handling instructions carry C++ exceptions and longjmp.
constexpr std::initializer_list<std::string_view> exceptions = {
    "-mllvm", "-wasm-enable-sjlj", "-mllvm", "-wasm-use-legacy-eh=true"};

}  // namespace

Toolchain::Toolchain(std::string sysroot, std::string share)
    : sysroot_(std::move(sysroot)),
      share_(std::move(share)),
      include_(fmt::format("{}/include/{}", sysroot_, triple)),
      library_(fmt::format("{}/lib/{}", sysroot_, triple)) {}

Result<Toolchain> Toolchain::find(const std::string& command_directory) {
  const char* named = getenv("WEFT_SYSROOT");
  std::string path = named != nullptr ? named : command_directory + "/../sysroot";
  std::error_code failed;
  std::filesystem::path real = std::filesystem::canonical(path, failed);
  if (failed || !std::filesystem::exists(real / "lib" / triple / "libc.a", failed)) {
    return error(Error::Kind::not_found,
                 "the guest's C library is not in {}: run scripts/setup sysroot, or name another "
                 "place with WEFT_SYSROOT",
                 path);
  }
  return Toolchain(real.string(), command_directory + "/../share/weft");
}

bool Toolchain::is_system_include(const std::string& folder) const {
  std::error_code failed;
  return std::filesystem::equivalent(folder, include_, failed);
}

Words Toolchain::compiler(const CommandLine& line) const {
  Words words;
  append(words, {line.language == Language::cxx ? clangxx : clang, clang_target});
  words.push_back("--sysroot=" + sysroot_);
  append(words, {"-nostdlibinc", "-cxx-isystem"});
  words.push_back(include_ + "/c++/v1");
  // before clang's own headers of that name, which refuse to be used for WebAssembly
  append(words, {"-isystem", share_ + "/intrinsics", "-idirafter", include_,
                 // weft.h, weft.hpp
                 "-idirafter", share_ + "/include"});
  append(words, {"-matomics", "-mthread-model", "posix", "-D_REENTRANT"});
  append(words, {"-msimd128", "-mbulk-memory", "-mnontrapping-fptoint", "-msign-ext",
                 "-mmutable-globals", "-mmultivalue", "-mreference-types"});
  append(words, {"-D_WASI_EMULATED_SIGNAL", "-D_WASI_EMULATED_GETPID",
                 "-D_WASI_EMULATED_PROCESS_CLOCKS", "-D_WASI_EMULATED_MMAN"});
  // what projects ask for before they use <unistd.h> and the rest of POSIX
  append(words, {"-D__unix__=1", "-D__unix=1"});
  append(words, exceptions);
  if (line.has_cxx()) {
    append(words, {"-fwasm-exceptions"});
  }
  return words;
}

// Loops are left as they are, though the user's options ask for vectors: the host's compiler, which
// knows the machine's vectors, no longer recognises loops that are vectorised or unrolled already.
Words Toolchain::compile_end(const CommandLine& line) const {
  if (line.guest_simd) {
    return {};
  }
  return {"-fno-vectorize",
          "-fno-slp-vectorize",
          "-fno-unroll-loops",
          "-mllvm",
          "-force-vector-width=1",
          "-mllvm",
          "-force-vector-interleave=1"};
}

Words Toolchain::linker(const CommandLine& line, Memory memory) const {
  Words words;
  append(words, {line.language == Language::cxx ? clangxx : clang, clang_target});
  words.push_back("--sysroot=" + sysroot_);
  append(words, {"-nostartfiles", "-nodefaultlibs", "-Qunused-arguments"});
  words.push_back("-L" + library_);
  if (!line.no_start_files) {
    words.push_back(library_ + (line.reactor ? "/crt1-reactor.o" : "/crt1-command.o"));
  }
  append(words, exceptions);
  // For -flto: clang does not hand -mllvm on to the linker.
  append(words, {"-Wl,-mllvm,-wasm-enable-sjlj,-mllvm,-wasm-use-legacy-eh=true",
                 "-Wl,-mllvm,-exception-model=wasm,-mllvm,-wasm-enable-eh"});
  // The stack lies below the data, so that overflowing it traps.
  append(words, {"-Xlinker", "--stack-first"});
  if (!line.stack_size_given) {
    append(words, {"-Xlinker", "-z", "-Xlinker", default_stack});
  }
  if (memory == Memory::shared) {
    append(words,
           {"-Wl,--shared-memory,--import-memory,--export-memory", "-Wl,--max-memory=4294967296"});
  }
  return words;
}

Words Toolchain::fortran_compiler(const CommandLine& line) const {
  Words words = {share_ + "/fortran/compile", "--threads"};
  if (line.guest_simd) {
    words.emplace_back("--guest-simd");
  }
  return words;
}

Words Toolchain::fortran_flags_command() const {
  return {share_ + "/fortran/setup", "--flags", "--threads"};
}

std::string Toolchain::start_directory_object() const {
  return library_ + "/weft-start-directory.o";
}

Words Toolchain::link_end(const CommandLine& line) const {
  Words words;
  if (line.no_default_libraries) {
    return words;
  }
  if (line.openmp) {
    append(words, {"-lomp", "-lc++abi"});
  }
  if (line.language == Language::cxx) {
    append(words, {"-lc++", "-lc++abi", "-lunwind"});
  }
  // sdk/posix stands before libc. Without the last but one printf("%Lf") aborts at run time.
  append(words, {"-lweft-posix", "-lsetjmp", "-lc-printscan-long-double", "-lc"});
  words.push_back(library_ + "/libclang_rt.builtins.a");
  return words;
}

}  // namespace weft::cc
