#include "manifest/manifest.h"

#include <algorithm>

#include "manifest/node_config.h"
#include "manifest/table_reader.h"

namespace weft::manifest {

namespace {

constexpr Word<Language> languages[] = {{"c", Language::c},
                                        {"c++", Language::cxx},
                                        {"fortran", Language::fortran},
                                        {"rust", Language::rust},
                                        {"go", Language::go}};

constexpr Key root_keys[] = {
    {"package", "", "", ""}, {"build", "", "", ""}, {"function", "", "", ""}};
constexpr Key package_key_table[] = {
    {"name", "text", "required", "letters, digits, `-` and `_`; the program is `build/NAME.wasm`"},
    {"lang", "text", "required", "`c`, `c++`, `fortran`, `rust`, `go`"},
};
constexpr Key build_key_table[] = {
    {"sources", "list of texts", "`src/*.c`, `src/*.cc`, `src/*.f90`",
     "C, C++, Fortran: globs, in the order of names"},
    {"flags", "list of texts", "none", "for the compiler; for Rust and Go, cargo's and go's own"},
    {"link", "list of texts", "none", "C, C++, Fortran: for the linker"},
    {"command", "text", "none", "another build instead, run by `weftenv`"},
    {"output", "text", "none", "the file that `command` makes"},
};
constexpr Key function_table_key_table[] = {
    {"name", "text", "required", "a to z, 0 to 9, `-`, `_` and `.`; at most 63 of them"},
    {"module", "text", "build/NAME.wasm", "the file, beginning in the project's folder"},
};

Result<Package> read_package(const Value& value) {
  TRY(table, TableReader::open(value, "[package]", package_key_table));
  Package package;
  TRY_VOID(
      table.read_parsed("name", package.name, [](std::string_view name) -> Result<std::string> {
        if (is_package_name(name)) {
          return std::string(name);
        }
        return error(Error::Kind::invalid,
                     "[package] name is \"{}\", but a name has letters, "
                     "digits, - and _, and begins with a letter",
                     name);
      }));
  TRY_VOID(table.read_parsed("lang", package.language, parse_language));
  for (std::string_view key : {"name", "lang"}) {
    if (table.find(key) == nullptr) {
      return error(Error::Kind::invalid,
                   "{}: [package] has no {}; write name = \"…\" and lang = "
                   "\"c\", \"c++\", \"fortran\", \"rust\" or \"go\"",
                   table.where(), key);
    }
  }
  return package;
}

Result<Build> read_build(const Value& value) {
  TRY(table, TableReader::open(value, "[build]", build_key_table));
  Build build;
  TRY_VOID(table.read("sources", build.sources));
  TRY_VOID(table.read("flags", build.flags));
  TRY_VOID(table.read("link", build.link));
  TRY_VOID(table.read("command", build.command));
  TRY_VOID(table.read("output", build.output));
  if (build.command.empty() != build.output.empty()) {
    return error(Error::Kind::invalid,
                 "{}: [build] command and output belong together: output is the file that the "
                 "command makes",
                 table.where());
  }
  return build;
}

Result<Function> read_function(const Value& value) {
  std::vector<Key> keys(std::begin(function_table_key_table), std::end(function_table_key_table));
  keys.insert(keys.end(), function_keys().begin(), function_keys().end());
  TRY(table, TableReader::open(value, "[[function]]", keys));
  Function function;
  TRY_VOID(table.read_parsed("name", function.name, [](std::string_view text) {
    return parse_name(text, "a function's name");
  }));
  if (table.find("name") == nullptr) {
    return error(Error::Kind::invalid, "{}: [[function]] has no name; write name = \"…\"",
                 table.where());
  }
  std::string module = fmt::format("build/{}.wasm", function.name);
  TRY_VOID(table.read("module", module));
  function.module = module;
  TRY(spec, read_function_spec(value));
  function.spec = std::move(spec);
  return function;
}

Result<std::vector<Function>> read_functions(const Value& value) {
  if (value.list() == nullptr) {
    return error(Error::Kind::invalid, "{}: a function is a table [[function]], in two brackets",
                 value.where);
  }
  std::vector<Function> functions;
  for (const Value& item : *value.list()) {
    TRY(function, read_function(item));
    if (std::ranges::find(functions, function.name, &Function::name) != functions.end()) {
      return error(Error::Kind::invalid, "{}: there are two functions {}", item.where,
                   function.name);
    }
    functions.push_back(std::move(function));
  }
  return functions;
}

// A file for `weft up` in the place of a project's.
Result<void> check_root(const Value& root) {
  for (const Member& member : *root.table()) {
    bool known = std::ranges::find(root_keys, member.key, &Key::name) != std::end(root_keys);
    if (!known &&
        std::ranges::find(node_root_keys(), member.key, &Key::name) != node_root_keys().end()) {
      return error(Error::Kind::invalid,
                   "{}: [{}] is for the configuration of a node (`weft up --config FILE`), not for "
                   "a project",
                   member.where, member.key);
    }
  }
  TRY_VOID(TableReader::open(root, "a project", root_keys));
  return {};
}

}  // namespace

std::span<const Key> package_keys() { return package_key_table; }
std::span<const Key> build_keys() { return build_key_table; }
std::span<const Key> function_table_keys() { return function_table_key_table; }

Result<Language> parse_language(std::string_view name) {
  auto found = std::ranges::find(languages, name, &Word<Language>::name);
  if (found == std::end(languages)) {
    return error(Error::Kind::invalid,
                 "the language is \"{}\", but it has to be one of c, c++, fortran, rust, go", name);
  }
  return found->value;
}

std::string_view to_string(Language language) { return word_of<Language>(language, languages); }

bool is_package_name(std::string_view name) {
  auto is_letter = [](char c) { return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z'); };
  return !name.empty() && name.size() <= 64 && is_letter(name.front()) &&
         std::ranges::all_of(name, [&](char c) {
           return is_letter(c) || (c >= '0' && c <= '9') || c == '-' || c == '_';
         });
}

Result<Manifest> parse_manifest(std::string_view text, const std::filesystem::path& file) {
  TRY(root, parse_toml(text, file.string()));
  TRY_VOID(check_root(root));
  TRY(table, TableReader::open_named(root, "a project"));
  Manifest manifest{.file = file};
  if (const Value* package = table.find("package")) {
    TRY(parsed, read_package(*package));
    manifest.package = std::move(parsed);
  }
  if (const Value* build = table.find("build")) {
    TRY(parsed, read_build(*build));
    manifest.build = std::move(parsed);
  }
  if (const Value* functions = table.find("function")) {
    TRY(parsed, read_functions(*functions));
    manifest.functions = std::move(parsed);
  } else if (manifest.package && is_name(manifest.package->name)) {
    const std::string& name = manifest.package->name;
    manifest.functions.push_back({name, fmt::format("build/{}.wasm", name), {}});
  }
  if (!manifest.package && manifest.functions.empty()) {
    return error(Error::Kind::invalid,
                 "{} has neither [package] with name and lang, nor a [[function]]", file.string());
  }
  return manifest;
}

Result<Manifest> read_manifest(const std::filesystem::path& folder) {
  std::filesystem::path file = folder / "weft.toml";
  std::error_code failed;
  if (!std::filesystem::exists(file, failed)) {
    return error(Error::Kind::not_found,
                 "{} is not there; `weft new --lang c NAME` makes a project", file.string());
  }
  TRY(text, read_document(file));
  return parse_manifest(text, file);
}

}  // namespace weft::manifest
