#include "wast/converter.h"

#include <fcntl.h>
#include <spawn.h>
#include <sys/wait.h>

#include <cstdlib>
#include <filesystem>

#include "wast/json_reader.h"
#include "wast/read_file.h"

extern char** environ;

namespace weft::wast {

namespace fs = std::filesystem;

namespace {

std::string environment(const char* name) {
  const char* value = std::getenv(name);
  return value != nullptr ? value : "";
}

fs::path suites_directory() {
  if (std::string cache = environment("WEFT_CACHE"); !cache.empty()) {
    return cache;
  }
  if (std::string cache = environment("XDG_CACHE_HOME"); !cache.empty()) {
    return fs::path(cache) / "weft";
  }
  return fs::path(environment("HOME")) / ".cache/weft";
}

class ScratchDirectory {
 public:
  static Result<ScratchDirectory> make() {
    std::error_code ignored;
    std::string name = (fs::temp_directory_path(ignored) / "weft-wast-XXXXXX").string();
    if (mkdtemp(name.data()) == nullptr) {
      return io_error(errno, "making a temporary directory");
    }
    return ScratchDirectory(std::move(name));
  }
  ScratchDirectory(ScratchDirectory&& other) noexcept : name_(std::exchange(other.name_, {})) {}
  ScratchDirectory& operator=(ScratchDirectory&&) = delete;
  ~ScratchDirectory() {
    if (!name_.empty()) {
      std::error_code ignored;
      fs::remove_all(name_, ignored);
    }
  }
  std::string file(const char* name) const { return name_ + "/" + name; }

 private:
  explicit ScratchDirectory(std::string name) : name_(std::move(name)) {}
  std::string name_;
};

// The exit code; what the program prints goes to the file.
Result<int> run_program(std::vector<std::string> words, const std::string& output) {
  std::vector<char*> argv;
  argv.reserve(words.size() + 1);
  for (std::string& word : words) {
    argv.push_back(word.data());
  }
  argv.push_back(nullptr);
  posix_spawn_file_actions_t files;
  posix_spawn_file_actions_init(&files);
  posix_spawn_file_actions_addopen(&files, 0, "/dev/null", O_RDONLY, 0);
  posix_spawn_file_actions_addopen(&files, 1, output.c_str(), O_WRONLY | O_CREAT | O_TRUNC, 0600);
  posix_spawn_file_actions_adddup2(&files, 1, 2);
  pid_t child = 0;
  int problem = posix_spawnp(&child, argv[0], &files, nullptr, argv.data(), environ);
  posix_spawn_file_actions_destroy(&files);
  if (problem != 0) {
    return io_error(problem, words[0]);
  }
  int status = 0;
  while (waitpid(child, &status, 0) < 0 && errno == EINTR) {
  }
  return WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
}

std::string first_line(const std::string& path) {
  auto bytes = read_file(path);
  std::string text = bytes ? std::string(bytes->begin(), bytes->end()) : std::string();
  return text.substr(0, text.find('\n'));
}

}  // namespace

std::string find_converter() {
  if (std::string given = environment("WEFT_WAST2JSON"); !given.empty()) {
    return given;
  }
  std::string newest;
  fs::file_time_type newest_time;
  std::error_code ignored;
  for (const auto& entry : fs::directory_iterator(suites_directory(), ignored)) {
    fs::path candidate = entry.path() / "wabt/bin/wast2json";
    auto time = fs::last_write_time(entry.path(), ignored);
    bool usable =
        entry.path().filename().string().starts_with("suites-") && fs::exists(candidate, ignored);
    if (usable && (newest.empty() || time > newest_time)) {
      newest = candidate.string();
      newest_time = time;
    }
  }
  return newest;
}

Result<Script> convert(const std::string& converter, const std::string& path) {
  TRY(directory, ScratchDirectory::make());
  std::string json = directory.file("script.json");
  std::string output = directory.file("output");
  TRY(code, run_program({converter, "--enable-threads", "-o", json, path}, output));
  if (code != 0) {
    return error(Error::Kind::unsupported, "{} refuses it with exit code {}: {}", converter, code,
                 first_line(output));
  }
  return read_json(json);
}

}  // namespace weft::wast
