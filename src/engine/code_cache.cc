#include "engine/code_cache.h"

#include <fcntl.h>
#include <sys/mman.h>
#include <sys/stat.h>

#include <algorithm>
#include <cstdlib>
#include <filesystem>

#include "base/new_file.h"
#include "base/unique_fd.h"

namespace weft::engine {

namespace fs = std::filesystem;

std::string CodeCache::default_directory() {
  if (const char* directory = std::getenv("WEFT_CACHE_DIR")) {
    return directory;
  }
  if (const char* cache = std::getenv("XDG_CACHE_HOME"); cache != nullptr && *cache == '/') {
    return std::string(cache) + "/weft/code";
  }
  if (const char* home = std::getenv("HOME"); home != nullptr && *home == '/') {
    return std::string(home) + "/.cache/weft/code";
  }
  return {};
}

std::string CodeCache::path(const CodeKey& key, uint64_t window) const {
  return fmt::format("{}/{}-{}.weft", directory_, key.hex(), window);
}

Result<std::shared_ptr<const CodeFile>> CodeCache::find(const CodeKey& key, uint64_t window) const {
  if (directory_.empty()) {
    return nullptr;
  }
  std::string file_path = path(key, window);
  UniqueFd fd(open(file_path.c_str(), O_RDONLY | O_CLOEXEC));
  if (!fd) {
    return nullptr;
  }
  auto file = CodeFile::map(fd.value(), file_path, CodeFile::Verify::checksum);
  if (!file && file.error().kind() == Error::Kind::corrupt) {
    unlink(file_path.c_str());
    return nullptr;
  }
  if (file && (*file)->key() != key) {
    unlink(file_path.c_str());
    return nullptr;
  }
  if (file) {
    futimens(fd.value(), nullptr);  // used now; a read-only directory cannot note it
  }
  return file;
}

Result<void> CodeCache::write(const std::string& file_path, const std::string& bytes) {
  std::error_code failed;
  fs::create_directories(fs::path(file_path).parent_path(), failed);
  TRY(file, NewFile::create(file_path));
  TRY_VOID(write_all(file.fd(), bytes));
  fchmod(file.fd(), 0644);
  return file.publish();
}

Result<std::shared_ptr<const CodeFile>> CodeCache::store(const CodeKey& key, uint64_t window,
                                                         const std::string& bytes,
                                                         std::string* warning) const {
  if (!directory_.empty()) {
    std::string file_path = path(key, window);
    auto written = write(file_path, bytes);
    if (written) {
      trim();
      UniqueFd fd(open(file_path.c_str(), O_RDONLY | O_CLOEXEC));
      if (fd) {
        return CodeFile::map(fd.value(), file_path, CodeFile::Verify::trailer_only);
      }
    } else if (warning != nullptr) {
      *warning =
          fmt::format("the code cache {} cannot be written: {}; the compiled code is not kept",
                      directory_, written.error().message());
    }
  }
  UniqueFd fd(memfd_create("weft-code", MFD_CLOEXEC));
  if (!fd) {
    return io_error(errno, "creating a memory file for compiled code");
  }
  TRY_VOID(write_all(fd.value(), bytes));
  return CodeFile::map(fd.value(), "compiled code", CodeFile::Verify::trailer_only);
}

// Removes the files unused for longest until the rest fits. Races with other processes are
// harmless: a file in use stays mapped.
void CodeCache::trim() const {
  struct Entry {
    fs::path path;
    fs::file_time_type used;
    uint64_t size;
  };
  std::vector<Entry> entries;
  uint64_t total = 0;
  std::error_code failed;
  for (const auto& item : fs::directory_iterator(directory_, failed)) {
    std::error_code gone;
    uint64_t size = item.file_size(gone);
    auto used = item.last_write_time(gone);
    if (!gone && item.path().filename().string().find(".weft") != std::string::npos) {
      entries.push_back({item.path(), used, size});
      total += size;
    }
  }
  std::sort(entries.begin(), entries.end(),
            [](const Entry& a, const Entry& b) { return a.used < b.used; });
  for (const Entry& entry : entries) {
    if (total <= limit_bytes_) {
      return;
    }
    fs::remove(entry.path, failed);
    total -= entry.size;
  }
}

}  // namespace weft::engine
