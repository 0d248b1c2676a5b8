#include "wast/read_file.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>

#include "base/unique_fd.h"

namespace weft::wast {

Result<std::vector<uint8_t>> read_file(const std::string& path) {
  UniqueFd fd(open(path.c_str(), O_RDONLY | O_CLOEXEC));
  if (!fd) {
    return io_error(errno, path);
  }
  std::vector<uint8_t> bytes;
  while (true) {
    size_t have = bytes.size();
    bytes.resize(have + (size_t{64} << 10));
    ssize_t got = read(fd.value(), bytes.data() + have, bytes.size() - have);
    if (got < 0 && errno != EINTR) {
      return io_error(errno, path);
    }
    bytes.resize(have + static_cast<size_t>(std::max<ssize_t>(got, 0)));
    if (got == 0) {
      return bytes;
    }
  }
}

}  // namespace weft::wast
