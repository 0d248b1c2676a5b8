// Compiled modules on disk, found by the hash of what they were made from.
//
//     <directory>/<key>-<window>.weft        code files; the name is given by rename, so a file is
//     whole or absent
//
// Safe for many processes at once: two that compile the same module write the same bytes, the last
// rename wins. A file that is truncated or damaged is removed and made again. When the directory
// grows beyond its limit, the files unused for longest go. A directory that cannot be written or is
// full costs only time: the module is compiled, used, and not kept.
//
// Thread safety: safe from any thread.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>

#include "engine/code_file.h"

namespace weft::engine {

class CodeCache {
 public:
  static constexpr uint64_t default_limit_bytes = uint64_t{4} << 30;

  // The directory is made when something is stored. An empty name is a cache that keeps nothing.
  explicit CodeCache(std::string directory, uint64_t limit_bytes = default_limit_bytes)
      : directory_(std::move(directory)), limit_bytes_(limit_bytes) {}

  // ${WEFT_CACHE_DIR}, else ${XDG_CACHE_HOME}/weft/code, else ~/.cache/weft/code, else none.
  static std::string default_directory();

  // Nothing when there is no usable file; an Error only for what compiling would not mend
  // (addresses taken).
  Result<std::shared_ptr<const CodeFile>> find(const CodeKey& key, uint64_t window) const;
  // Stores the bytes and maps them. Falls back to a memory file, with a warning in `warning`.
  Result<std::shared_ptr<const CodeFile>> store(const CodeKey& key, uint64_t window,
                                                const std::string& bytes,
                                                std::string* warning) const;

 private:
  std::string path(const CodeKey& key, uint64_t window) const;
  static Result<void> write(const std::string& path, const std::string& bytes);
  void trim() const;

  std::string directory_;
  uint64_t limit_bytes_;
};

}  // namespace weft::engine
