#include "project.h"

#include <glob.h>

#include <algorithm>
#include <array>
#include <sstream>

// toml++ reports errors by value, as we do, when it is told not to throw.
#define TOML_EXCEPTIONS 0
#include <toml++/toml.h>

namespace weft::cli {

namespace {

using Language = Project::Language;
using Path = std::filesystem::path;

struct LanguageName {
  std::string_view name;
  Language language;
  std::string_view default_sources;
};
constexpr auto languages = std::to_array<LanguageName>({
    {"c", Language::c, "src/*.c"},
    {"c++", Language::cxx, "src/*.cc"},
    {"fortran", Language::fortran, "src/*.f90"},
    {"rust", Language::rust, ""},
    {"go", Language::go, ""},
});

std::string place(const Path& file, const toml::source_region& region) {
  return fmt::format("{}:{}:{}", file.string(), region.begin.line, region.begin.column);
}

// Reads the values of one table and complains about what it does not know.
class TableReader {
 public:
  TableReader(Path file, const toml::table& table) : file_(std::move(file)), table_(table) {}

  Result<void> knows(std::initializer_list<std::string_view> keys) const {
    for (const auto& [key, value] : table_) {
      if (std::ranges::find(keys, key.str()) == keys.end()) {
        return error(Error::Kind::invalid, "{}: unknown key {}; known are {}",
                     place(file_, key.source()), key.str(), fmt::join(keys, ", "));
      }
    }
    return {};
  }

  Result<void> read(std::string_view key, std::string& value) const {
    const toml::node* node = table_.get(key);
    if (node == nullptr) {
      return {};
    }
    auto text = node->value_exact<std::string>();
    if (!text) {
      return error(Error::Kind::invalid, "{}: {} is a text in quotes", place(file_, node->source()),
                   key);
    }
    value = *text;
    return {};
  }

  Result<void> read(std::string_view key, std::vector<std::string>& values) const {
    const toml::node* node = table_.get(key);
    if (node == nullptr) {
      return {};
    }
    const toml::array* array = node->as_array();
    bool texts = array != nullptr &&
                 std::ranges::all_of(*array, [](const auto& item) { return item.is_string(); });
    if (!texts) {
      return error(Error::Kind::invalid, "{}: {} is a list of texts, [\"…\", \"…\"]",
                   place(file_, node->source()), key);
    }
    for (const toml::node& item : *array) {
      values.push_back(*item.value_exact<std::string>());
    }
    return {};
  }

 private:
  Path file_;
  const toml::table& table_;
};

Result<void> read_package(const TableReader& table, const Path& file, Project& project) {
  TRY_VOID(table.knows({"name", "lang"}));
  std::string language;
  TRY_VOID(table.read("name", project.name));
  TRY_VOID(table.read("lang", language));
  if (!is_project_name(project.name)) {
    return error(
        Error::Kind::invalid,
        "{}: [package] name is \"{}\", but a name has letters, digits, - and _, and begins "
        "with a letter",
        file.string(), project.name);
  }
  auto parsed = parse_language(language);
  if (!parsed) {
    return std::unexpected(parsed.error().in(file.string()));
  }
  project.language = *parsed;
  return {};
}

Result<void> read_build(const TableReader& table, const Path& file, Project& project) {
  TRY_VOID(table.knows({"sources", "flags", "link", "command", "output"}));
  TRY_VOID(table.read("sources", project.sources));
  TRY_VOID(table.read("flags", project.flags));
  TRY_VOID(table.read("link", project.link));
  TRY_VOID(table.read("command", project.command));
  TRY_VOID(table.read("output", project.output));
  if (project.command.empty() != project.output.empty()) {
    return error(Error::Kind::invalid,
                 "{}: [build] command and output belong together: output is the file that the "
                 "command makes",
                 file.string());
  }
  return {};
}

}  // namespace

Result<Language> parse_language(std::string_view name) {
  auto found = std::ranges::find(languages, name, &LanguageName::name);
  if (found == languages.end()) {
    return error(Error::Kind::invalid,
                 "the language is \"{}\", but it has to be one of c, c++, fortran, rust, go", name);
  }
  return found->language;
}

std::string_view to_string(Language language) {
  return std::ranges::find(languages, language, &LanguageName::language)->name;
}

bool is_project_name(std::string_view name) {
  auto is_letter = [](char c) { return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z'); };
  return !name.empty() && name.size() <= 64 && is_letter(name.front()) &&
         std::ranges::all_of(name, [&](char c) {
           return is_letter(c) || (c >= '0' && c <= '9') || c == '-' || c == '_';
         });
}

Result<Project> read_project(const Path& folder) {
  Path file = folder / "weft.toml";
  std::error_code failed;
  if (!std::filesystem::exists(file, failed)) {
    return error(Error::Kind::not_found,
                 "{} is not there; `weft new --lang c NAME` makes a project", file.string());
  }
  toml::parse_result parsed = toml::parse_file(file.string());
  if (!parsed) {
    return error(Error::Kind::invalid, "{}: {}", place(file, parsed.error().source()),
                 parsed.error().description());
  }
  const toml::table& root = parsed.table();
  TRY_VOID(TableReader(file, root).knows({"package", "build"}));
  Project project{.folder = folder};
  const toml::table* package = root["package"].as_table();
  if (package == nullptr) {
    return error(Error::Kind::invalid, "{} has no table [package] with name and lang",
                 file.string());
  }
  TRY_VOID(read_package(TableReader(file, *package), file, project));
  if (const toml::table* build = root["build"].as_table()) {
    TRY_VOID(read_build(TableReader(file, *build), file, project));
  }
  return project;
}

Result<std::vector<std::string>> source_files(const Project& project) {
  std::vector<std::string> patterns = project.sources;
  if (patterns.empty()) {
    auto found = std::ranges::find(languages, project.language, &LanguageName::language);
    patterns.emplace_back(found->default_sources);
  }
  std::vector<std::string> files;
  for (const std::string& pattern : patterns) {
    glob_t matches{};
    int failed = glob((project.folder / pattern).c_str(), 0, nullptr, &matches);
    for (size_t i = 0; failed == 0 && i < matches.gl_pathc; ++i) {
      Path path = Path(matches.gl_pathv[i]).lexically_relative(project.folder);
      if (std::ranges::find(files, path.string()) == files.end()) {
        files.push_back(path.string());
      }
    }
    globfree(&matches);
    if (failed != 0) {
      return error(Error::Kind::not_found, "no file matches {} ([build] sources in weft.toml)",
                   (project.folder / pattern).string());
    }
  }
  return files;
}

}  // namespace weft::cli
