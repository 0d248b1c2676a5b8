#include "project.h"

#include <glob.h>

#include <algorithm>

namespace weft::cli {

namespace {

using manifest::Language;
using Path = std::filesystem::path;

std::string_view default_sources(Language language) {
  switch (language) {
    case Language::c:
      return "src/*.c";
    case Language::cxx:
      return "src/*.cc";
    case Language::fortran:
      return "src/*.f90";
    case Language::rust:
    case Language::go:
      break;
  }
  return "";
}

}  // namespace

Result<Project> project_of(manifest::Manifest manifest, const Path& folder) {
  if (!manifest.package) {
    return error(Error::Kind::invalid, "{} has no table [package] with name and lang",
                 manifest.file.string());
  }
  manifest::Build& build = manifest.build;
  return Project{.folder = folder,
                 .name = std::move(manifest.package->name),
                 .language = manifest.package->language,
                 .sources = std::move(build.sources),
                 .flags = std::move(build.flags),
                 .link = std::move(build.link),
                 .command = std::move(build.command),
                 .output = std::move(build.output)};
}

Result<Project> read_project(const Path& folder) {
  TRY(manifest, manifest::read_manifest(folder));
  return project_of(std::move(manifest), folder);
}

Result<std::vector<std::string>> source_files(const Project& project) {
  std::vector<std::string> patterns = project.sources;
  if (patterns.empty()) {
    patterns.emplace_back(default_sources(project.language));
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
