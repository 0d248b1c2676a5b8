// A project: a folder with weft.toml, which says what is built and how.
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

namespace weft::cli {

struct Project {
  enum class Language { c, cxx, fortran, rust, go };

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

Result<Project::Language> parse_language(std::string_view name);
std::string_view to_string(Project::Language language);
// Names that can be a file's, a Cargo package's and a Go module's alike.
bool is_project_name(std::string_view name);

// Errors: weft.toml is missing, is no TOML (with line and column), or has keys or values that mean
// nothing (named).
Result<Project> read_project(const std::filesystem::path& folder);

// The files that the project's globs name, in the order of their names.
// Errors: a glob that matches nothing; no source at all.
Result<std::vector<std::string>> source_files(const Project& project);

}  // namespace weft::cli
