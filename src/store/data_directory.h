// A directory that one process at a time may write into.
//
// The process that has it holds flock(2) on the file `lock`, in which its id stands for the message
// of the next one that tries. The kernel gives the lock up with the process, however it ends.
//
// Thread safety: a value.
#pragma once

#include <string>

#include "base/result.h"
#include "base/unique_fd.h"

namespace weft::store {

class DataDirectory {
 public:
  // Makes it (mode 0700), not its parents. Errors: conflict (another process has it, said by its
  // id), denied (not writable), io.
  static Result<DataDirectory> acquire(std::string path);

  const std::string& path() const { return path_; }
  std::string file(std::string_view name) const { return fmt::format("{}/{}", path_, name); }

 private:
  DataDirectory(std::string path, UniqueFd lock) : path_(std::move(path)), lock_(std::move(lock)) {}

  std::string path_;
  UniqueFd lock_;
};

// The error for an errno of a write below `path`: a full disk, a quota or a file size limit is
// `exhausted`, a missing permission `denied`, all else `io`.
[[nodiscard]] std::unexpected<Error> write_error(int errno_value, std::string_view path);

}  // namespace weft::store
