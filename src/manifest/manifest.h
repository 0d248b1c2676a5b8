// A project's weft.toml: what is built, and which functions it deploys.
//
//   [package]                    name, lang
//   [build]                      sources, flags, link, command, output
//   [[function]]                 name, module, and how it is run (function_spec.h); any number
//
// A project with [package] and without [[function]] has one function, of the package's name.
// docs/manifest.md has every key. Thread safety: values; no shared state.
#pragma once

#include <filesystem>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "manifest/function_spec.h"

namespace weft::manifest {

enum class Language : uint8_t { c, cxx, fortran, rust, go };
Result<Language> parse_language(std::string_view name);
std::string_view to_string(Language language);

// Names that can be a file's, a Cargo package's and a Go module's alike.
bool is_package_name(std::string_view name);

struct Package {
  std::string name;
  Language language = Language::c;
};

struct Build {
  std::vector<std::string> sources;  // globs; empty: those of the language
  std::vector<std::string> flags;
  std::vector<std::string> link;
  std::string command;  // another build; belongs together with `output`
  std::string output;
};

struct Function {
  std::string name;
  std::filesystem::path module;  // as written: relative to the project's folder
  FunctionSpec spec;
};

struct Manifest {
  std::filesystem::path file;
  std::optional<Package> package;
  Build build;
  // Empty when there is only a package whose name cannot be a function's.
  std::vector<Function> functions;
};

// Errors: no TOML, an unknown key, a wrong value, each with line and column and what to write.
Result<Manifest> parse_manifest(std::string_view text, const std::filesystem::path& file);
// Of the weft.toml in `folder`. Errors: also that it is not there.
Result<Manifest> read_manifest(const std::filesystem::path& folder);

std::span<const Key> package_keys();
std::span<const Key> build_keys();
std::span<const Key> function_table_keys();  // what a [[function]] has beside function_keys()

}  // namespace weft::manifest
