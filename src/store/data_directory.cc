#include "store/data_directory.h"

#include <fcntl.h>
#include <sys/file.h>
#include <sys/stat.h>

#include <cerrno>
#include <cstring>

namespace weft::store {

namespace {

// What the file `lock` says: the holder's process id.
std::string holder(int fd) {
  char text[32];
  ssize_t size = ::pread(fd, text, sizeof text, 0);
  std::string id(text, size > 0 ? static_cast<size_t>(size) : 0);
  id = id.substr(0, id.find_first_not_of("0123456789"));
  return id.empty() ? "another process" : "process " + id;
}

}  // namespace

std::unexpected<Error> write_error(int errno_value, std::string_view path) {
  switch (errno_value) {
    case ENOSPC:
    case EDQUOT:
    case EFBIG:
      return error(Error::Kind::exhausted, "no room to write in {}: {}; free some disk space", path,
                   std::strerror(errno_value));
    case EROFS:
    case EACCES:
    case EPERM:
      return error(Error::Kind::denied,
                   "cannot write in {}: {}; name a directory that can be written", path,
                   std::strerror(errno_value));
    default:
      return io_error(errno_value, fmt::format("writing in {}", path));
  }
}

Result<DataDirectory> DataDirectory::acquire(std::string path) {
  if (::mkdir(path.c_str(), 0700) != 0 && errno != EEXIST) {
    if (errno == ENOENT) {
      return error(Error::Kind::not_found, "cannot make {}: its parent directory does not exist",
                   path);
    }
    return write_error(errno, path);
  }
  std::string name = path + "/lock";
  UniqueFd fd(::open(name.c_str(), O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0600));
  if (!fd) {
    if (errno == ENOTDIR) {
      return error(Error::Kind::invalid, "{} is not a directory", path);
    }
    return write_error(errno, path);
  }
  if (::flock(fd.value(), LOCK_EX | LOCK_NB) != 0) {
    if (errno == EWOULDBLOCK) {
      return error(Error::Kind::conflict, "{} is in use by {}; stop it or name another directory",
                   path, holder(fd.value()));
    }
    return io_error(errno, "locking " + name);
  }
  std::string id = fmt::format("{}\n", ::getpid());
  if (::ftruncate(fd.value(), 0) == 0 && ::pwrite(fd.value(), id.data(), id.size(), 0) < 0) {
    return write_error(errno, path);
  }
  return DataDirectory(std::move(path), std::move(fd));
}

}  // namespace weft::store
