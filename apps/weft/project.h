// A project: a folder with weft.toml, which says what is built and how (the rules for it:
// manifest/manifest.h).
//
//   [package]
//   name = "hello"                 the program is build/hello.wasm
//   lang = "c"                     c, c++, fortran, rust or go
//
//   [build]                        all of it may be left out
//   sources = ["src/*.c"]          c, c++, fortran: globs in a folder, taken in the order of names
//   flags = ["-O3"]                for the compiler; cargo's or go's own for rust and go
//   link = ["-lz"]                 c, c++, fortran: for the linker
//   command = "make"               another build, run by weftenv, that makes `output`
//   output = "hello"
//
// Thread safety: values; no shared state.
#pragma once

#include <filesystem>
#include <string>
#include <vector>

#include "base/result.h"
#include "manifest/manifest.h"

namespace weft::cli {

struct Project {
  using Language = manifest::Language;

  std::filesystem::path folder;
  std::string name;
  Language language = Language::c;
  std::vector<std::string> sources;  // globs; empty: those of the language
  std::vector<std::string> flags;
  std::vector<std::string> link;
  std::string command;
  std::string output;

  std::filesystem::path program() const { return folder / "build" / (name + ".wasm"); }
};

// Errors: those of manifest::read_manifest; there is no [package], so nothing to build.
Result<Project> project_of(manifest::Manifest manifest, const std::filesystem::path& folder);
Result<Project> read_project(const std::filesystem::path& folder);

// The files that the project's globs name, in the order of their names.
// Errors: a glob that matches nothing; no source at all.
Result<std::vector<std::string>> source_files(const Project& project);

// Makes the program (build.cc). The exit code of the compiler, or what else says no.
Result<int> build_project(Project project, bool verbose);

}  // namespace weft::cli
