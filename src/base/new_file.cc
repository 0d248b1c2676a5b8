#include "base/new_file.h"

#include <fcntl.h>

#include <cerrno>
#include <cstdio>
#include <cstdlib>

namespace weft {

Result<NewFile> NewFile::create(std::string path) {
  std::string temporary = path + ".XXXXXX";
  UniqueFd fd(::mkostemp(temporary.data(), O_CLOEXEC));
  if (!fd) {
    return io_error(errno, "making it");
  }
  return NewFile(std::move(path), std::move(temporary), std::move(fd));
}

NewFile::~NewFile() {
  if (fd_) {
    ::unlink(temporary_.c_str());
  }
}

Result<void> NewFile::publish() {
  if (::rename(temporary_.c_str(), path_.c_str()) != 0) {
    return io_error(errno, "giving it its name");
  }
  fd_.reset();
  return {};
}

Result<void> write_all(int fd, std::string_view bytes) {
  while (!bytes.empty()) {
    ssize_t n = ::write(fd, bytes.data(), bytes.size());
    if (n < 0 && errno == EINTR) {
      continue;
    }
    if (n <= 0) {
      return io_error(n == 0 ? ENOSPC : errno, "writing");
    }
    bytes.remove_prefix(static_cast<size_t>(n));
  }
  return {};
}

}  // namespace weft
