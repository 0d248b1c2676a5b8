#include "toolchain.h"

#include <unistd.h>

#include <cstdlib>
#include <filesystem>
#include <span>
#include <string_view>

#include <fmt/format.h>

namespace weft::cli {

namespace {

using Level = Finding::Level;

bool is_there(const std::filesystem::path& path) {
  std::error_code failed;
  return std::filesystem::exists(path, failed);
}

Finding compiler() {
  constexpr std::string_view names[] = {"clang-22", "clang++-22", "wasm-ld-22", "llvm-ar-22"};
  for (std::string_view name : names) {
    if (!is_there(std::filesystem::path("/usr/bin") / name)) {
      return {Level::slow, "guest compiler", fmt::format("/usr/bin/{} is not there", name),
              "programs can be run, not built: scripts/setup packages"};
    }
  }
  if (!is_there("/usr/lib/llvm-22/lib/clang/22/lib/wasi/libclang_rt.builtins-wasm32.a")) {
    return {Level::slow, "guest compiler", "without its run-time library for WebAssembly",
            "programs cannot be linked: scripts/setup packages (libclang-rt-22-dev-wasm32)"};
  }
  return {Level::ok, "guest compiler", "clang-22", ""};
}

struct Part {
  std::string_view what;
  std::string_view holds;
  std::string_view step;  // of scripts/setup
  std::span<const std::string_view> files;
};

constexpr std::string_view base_files[] = {
    "lib/wasm32-wasip1/libc.a",           "lib/wasm32-wasip1/libc++.a",
    "lib/wasm32-wasip1/libweft-posix.a",  "lib/wasm32-wasip1/libz.a",
    "lib/wasm32-wasip1/libbz2.a",         "lib/wasm32-wasip1/liblzma.a",
    "include/wasm32-wasip1/c++/v1/vector"};
constexpr std::string_view thread_files[] = {
    "lib/wasm32-wasip1-threads/libc.a",          "lib/wasm32-wasip1-threads/libc++.a",
    "lib/wasm32-wasip1-threads/libweft-posix.a", "lib/wasm32-wasip1-threads/libomp.a",
    "lib/wasm32-wasip1-threads/liblzma.a",       "include/wasm32-wasip1-threads/c++/v1/vector"};
constexpr std::string_view math_files[] = {
    "lib/wasm32-wasip1-threads/liblapack.a",   "lib/wasm32-wasip1-threads/libfftw3.a",
    "lib/wasm32-wasip1-threads/libfftw3f.a",   "include/wasm32-wasip1-threads/cblas.h",
    "include/wasm32-wasip1-threads/lapacke.h", "include/wasm32-wasip1-threads/fftw3.h"};
constexpr Part parts[] = {
    {"guest sysroot", "C, C++, POSIX, zlib, bzip2, liblzma", "sysroot", base_files},
    {"guest threads", "POSIX threads, OpenMP", "threads", thread_files},
    {"guest math", "BLAS, LAPACK, FFTW", "math", math_files},
};

Finding examine(const Part& part, const std::filesystem::path& sysroot) {
  std::string advice =
      fmt::format("programs that need it cannot be built: scripts/setup {}", part.step);
  if (!is_there(sysroot)) {
    return {Level::slow, part.what, fmt::format("no {}", sysroot.string()), std::move(advice)};
  }
  for (std::string_view file : part.files) {
    if (!is_there(sysroot / file)) {
      return {Level::slow, part.what, fmt::format("{} is not there", (sysroot / file).string()),
              std::move(advice)};
    }
  }
  return {Level::ok, part.what, fmt::format("{} in {}", part.holds, sysroot.string()), ""};
}

}  // namespace

std::string sysroot_directory() {
  const char* chosen = std::getenv("WEFT_SYSROOT");
  if (chosen != nullptr && *chosen != '\0') {
    return chosen;
  }
  std::error_code failed;
  auto self = std::filesystem::read_symlink("/proc/self/exe", failed);
  return (self.parent_path().parent_path() / "sysroot").string();
}

std::vector<Finding> examine_toolchain() {
  std::vector<Finding> findings{compiler()};
  std::filesystem::path sysroot = sysroot_directory();
  for (const Part& part : parts) {
    findings.push_back(examine(part, sysroot));
  }
  return findings;
}

}  // namespace weft::cli
