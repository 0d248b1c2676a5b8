// weft new: a project that builds, runs and is tested as its README says.
#include <unistd.h>

#include <filesystem>
#include <fstream>
#include <iterator>

#include "command.h"
#include "project.h"

namespace weft::cli {

namespace {

namespace fs = std::filesystem;

constexpr std::string_view help = R"(Examples:
  weft new --lang c hello        makes the folder hello: a program, its test, weft.toml, README.md
  cd hello && weft build && weft run build/hello.wasm weaver
  ./test.sh

Languages: c, c++, fortran, rust, go.)";

// Where the project's templates lie: build/share/weft/templates beside build/bin.
Result<fs::path> templates_for(Project::Language language) {
  std::error_code failed;
  fs::path command = fs::read_symlink("/proc/self/exe", failed);
  fs::path folder = command.parent_path().parent_path() / "share/weft/templates" /
                    std::string(to_string(language));
  if (!fs::is_directory(folder, failed)) {
    return error(Error::Kind::not_found, "{} is not there; build weft again", folder.string());
  }
  return folder;
}

std::string filled_in(std::string text, std::string_view name) {
  constexpr std::string_view placeholder = "@NAME@";
  for (size_t at = 0; (at = text.find(placeholder, at)) != std::string::npos; at += name.size()) {
    text.replace(at, placeholder.size(), name);
  }
  return text;
}

Result<void> copy_file(const fs::path& from, const fs::path& to, std::string_view name) {
  std::ifstream in(from, std::ios::binary);
  std::string text{std::istreambuf_iterator<char>(in), {}};
  std::ofstream out(to, std::ios::binary);
  out << filled_in(std::move(text), name);
  out.close();
  if (!in || !out) {
    return io_error(errno, fmt::format("writing {}", to.string()));
  }
  std::error_code failed;
  fs::permissions(to, fs::status(from, failed).permissions() | fs::perms::owner_write, failed);
  return {};
}

class New final : public Command {
 public:
  void declare(CLI::App& app) override {
    add_parsed(
        app, "--lang", "LANGUAGE",
        [this](const std::string& text) -> Result<void> {
          TRY(language, manifest::parse_language(text));
          language_ = language;
          return {};
        },
        "c, c++, fortran, rust or go (default c)");
  }

  int execute(std::vector<std::string> rest) override {
    if (rest.size() != 1) {
      return fail_usage("new", rest.empty() ? "which name?" : "one project at a time");
    }
    auto made = make(rest.front());
    if (!made) {
      return fail(made.error());
    }
    return print(fmt::format("{0} is made. Next: cd {0} && weft build && weft run "
                             "build/{1}.wasm\n",
                             rest.front(), fs::path(rest.front()).filename().string()))
               ? exit_success
               : exit_failure;
  }

 private:
  Result<void> make(const fs::path& folder) const {
    std::string name = folder.filename().string();
    if (!manifest::is_package_name(name)) {
      return error(Error::Kind::invalid,
                   "\"{}\" cannot be a project's name: it takes letters, digits, - and _, and "
                   "begins with a letter",
                   name);
    }
    std::error_code failed;
    if (fs::exists(folder, failed)) {
      return error(Error::Kind::conflict, "{} is there already", folder.string());
    }
    TRY(templates, templates_for(language_));
    for (const fs::directory_entry& entry : fs::recursive_directory_iterator(templates)) {
      if (!entry.is_regular_file()) {
        continue;
      }
      fs::path to = folder / entry.path().lexically_relative(templates);
      if (to.filename() == "gitignore") {
        to.replace_filename(".gitignore");
      }
      fs::create_directories(to.parent_path(), failed);
      TRY_VOID(copy_file(entry.path(), to, name));
    }
    return {};
  }

  Project::Language language_ = Project::Language::c;
};

}  // namespace

const CommandInfo new_info{
    "new",
    "make a project: source, test, weft.toml",
    "[--lang LANGUAGE] NAME",
    help,
    Words::files,
    [](const Context&, std::span<const CommandInfo>) -> std::unique_ptr<Command> {
      return std::make_unique<New>();
    }};

}  // namespace weft::cli
