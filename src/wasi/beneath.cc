#include "wasi/beneath.h"

#include <fcntl.h>
#include <linux/openat2.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <cerrno>

namespace weft::wasi {

namespace {

// The kernel says EAGAIN when a rename elsewhere disturbed a path with "..": asking again nearly
// always helps.
constexpr int attempts = 32;

}  // namespace

std::expected<UniqueFd, Errno> open_beneath(int directory, const std::string& path, uint64_t flags,
                                            uint64_t resolve) {
  open_how how = {};
  how.flags = flags | O_CLOEXEC;
  how.mode = (flags & O_CREAT) != 0 ? 0666 : 0;
  how.resolve = RESOLVE_BENEATH | RESOLVE_NO_MAGICLINKS | resolve;
  for (int i = 0; i < attempts; ++i) {
    long fd = syscall(SYS_openat2, directory, path.c_str(), &how, sizeof how);
    if (fd >= 0) {
      return UniqueFd(static_cast<int>(fd));
    }
    if (errno != EAGAIN && errno != EINTR) {
      break;
    }
  }
  return std::unexpected(errno == EXDEV ? Errno::notcapable : errno_of(errno));
}

}  // namespace weft::wasi
