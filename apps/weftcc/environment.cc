#include "environment.h"

#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstdlib>
#include <filesystem>

namespace weft::cc {

const char* const environment_help =
    R"(usage: weftenv COMMAND [ARG...]

Runs a project's own build so that it makes weft programs:

  weftenv ./configure && weftenv make && weftenv make check
  weftenv cmake -B build && weftenv cmake --build build
  weftenv meson setup build && weftenv meson compile -C build
  weftenv make CC=gcc

cc, gcc, c++, g++, ar and so on are the guest's, in PATH and in CC, CXX, AR, …; configure, CMake and
Meson are told what they build for. Programs come out as files that the shell starts under weft, so
tests and build steps run them; weft run and weft compile take them too. Name the output
PROGRAM.wasm for a plain module.

Manual: docs/toolchain.md
)";

namespace {

namespace fs = std::filesystem;

void set(const char* name, const std::string& value) { setenv(name, value.c_str(), 1); }

void set_variables(const fs::path& build) {
  std::string tools = (build / "lib/weftenv").string();
  std::string share = (build / "share/weft").string();
  std::string sysroot = (build / "sysroot").string();
  constexpr auto named = std::to_array<std::pair<const char*, const char*>>({
      {"CC", "cc"},
      {"CXX", "c++"},
      {"AR", "ar"},
      {"RANLIB", "ranlib"},
      {"NM", "nm"},
      {"STRIP", "strip"},
      {"OBJDUMP", "objdump"},
      {"PKG_CONFIG", "pkg-config"},
  });
  for (const auto& [variable, tool] : named) {
    set(variable, tools + "/" + tool);
  }
  if (fs::exists(tools + "/gfortran")) {
    for (const char* variable : {"FC", "F77", "F90"}) {
      set(variable, tools + "/gfortran");
    }
  }
  const char* path = getenv("PATH");
  set("PATH", fmt::format("{}:{}:{}", tools, (build / "bin").string(),
                          path != nullptr ? path : "/usr/local/bin:/usr/bin:/bin"));
  set("CONFIG_SITE", share + "/config.site");
  set("CMAKE_TOOLCHAIN_FILE", share + "/toolchain.cmake");
  set("PKG_CONFIG_LIBDIR", sysroot + "/lib/wasm32-wasip1-threads/pkgconfig");
  unsetenv("PKG_CONFIG_PATH");
  // What these name is the machine's.
  for (const char* variable : {"CPATH", "C_INCLUDE_PATH", "CPLUS_INCLUDE_PATH", "LIBRARY_PATH"}) {
    unsetenv(variable);
  }
}

// `meson setup` is told by an option; it has no variable for it.
void set_up_meson(const fs::path& build, std::vector<std::string>& command) {
  constexpr auto others = std::to_array<std::string_view>(
      {"configure", "dist", "install", "introspect", "init", "test", "wrap", "subprojects",
       "rewrite", "compile", "devenv", "env2mfile", "help", "--help", "--version"});
  if (fs::path(command[0]).filename() != "meson" || command.size() < 2 ||
      std::ranges::find(others, command[1]) != others.end()) {
    return;
  }
  // What it runs itself runs once; `meson compile` and `meson test` don't come here.
  setenv("WEFT_EFFORT", "fast", /*overwrite=*/0);
  auto place = command.begin() + (command[1] == "setup" ? 2 : 1);
  command.insert(place, {"--cross-file", (build / "share/weft/meson.ini").string()});
}

}  // namespace

std::unexpected<Error> run_in_environment(const std::string& directory,
                                          std::vector<std::string> command) {
  if (command.empty()) {
    return error(Error::Kind::invalid, "which command? weftenv --help shows some");
  }
  fs::path build = fs::path(directory).parent_path();
  std::error_code failed;
  if (!fs::exists(build / "lib/weftenv/cc", failed)) {
    return error(Error::Kind::not_found, "{} is not there; build the project again",
                 (build / "lib/weftenv/cc").string());
  }
  set_variables(build);
  set_up_meson(build, command);
  std::vector<char*> words;
  words.reserve(command.size() + 1);
  for (std::string& word : command) {
    words.push_back(word.data());
  }
  words.push_back(nullptr);
  execvp(words[0], words.data());
  return io_error(errno, fmt::format("cannot run {}", command[0]));
}

}  // namespace weft::cc
