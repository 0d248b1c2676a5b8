#include "wasi/host_io.h"

#include <fcntl.h>
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <climits>
#include <ctime>

namespace weft::wasi {

namespace {

// A terminal says that it is writable when less than this is under way; more could block.
constexpr size_t terminal_bytes = 256;

// The part of `parts` that is at most `limit` bytes long, as one piece: what is polled first must
// be small.
iovec first_bytes(std::span<const iovec> parts, size_t limit) {
  iovec part = parts.front();
  part.iov_len = std::min(part.iov_len, limit);
  return part;
}

bool nowait_refused() { return errno == EOPNOTSUPP || errno == EINVAL || errno == ENOSYS; }

int64_t or_errno(ssize_t n) { return n < 0 ? -int64_t{errno} : n; }

Descriptor::Kind kind_of(int fd, mode_t mode, Filetype& filetype) {
  switch (mode & S_IFMT) {
    case S_IFREG:
    case S_IFBLK:
      return Descriptor::Kind::file;
    case S_IFDIR:
      return Descriptor::Kind::directory;
    case S_IFSOCK: {
      int type = SOCK_STREAM;
      int listening = 0;
      socklen_t length = sizeof(int);
      getsockopt(fd, SOL_SOCKET, SO_TYPE, &type, &length);
      length = sizeof(int);
      getsockopt(fd, SOL_SOCKET, SO_ACCEPTCONN, &listening, &length);
      filetype = type == SOCK_DGRAM ? Filetype::socket_dgram : Filetype::socket_stream;
      return listening != 0 ? Descriptor::Kind::listener : Descriptor::Kind::socket;
    }
    default:
      return Descriptor::Kind::stream;
  }
}

}  // namespace

WriteSignalsHeld::WriteSignalsHeld() {
  sigemptyset(&held_);
  sigaddset(&held_, SIGPIPE);
  sigaddset(&held_, SIGXFSZ);
  pthread_sigmask(SIG_BLOCK, &held_, &before_);
}

WriteSignalsHeld::~WriteSignalsHeld() {
  if (sigismember(&before_, SIGPIPE) == 0) {
    // Both signals are sent to the thread that wrote, so what is pending now is ours.
    int error = errno;
    timespec at_once = {};
    while (sigtimedwait(&held_, nullptr, &at_once) > 0) {
    }
    pthread_sigmask(SIG_SETMASK, &before_, nullptr);
    errno = error;
  }
}

std::expected<Descriptor, int> describe(int fd) {
  struct stat s = {};
  if (fstat(fd, &s) != 0) {
    return std::unexpected(errno);
  }
  Descriptor d;
  d.fd = fd;
  d.filetype = filetype_of(s.st_mode);
  d.kind = kind_of(fd, s.st_mode, d.filetype);
  return d;
}

std::expected<Descriptor, int> duplicate_of(const Descriptor& d) {
  Descriptor copy;
  copy.kind = d.kind;
  copy.filetype = d.filetype;
  copy.flags = d.flags;
  copy.base = d.base;
  copy.inheriting = d.inheriting;
  copy.fd = d.fd;
  if (d.owned) {
    copy.owned = UniqueFd(fcntl(d.fd, F_DUPFD_CLOEXEC, 0));
    if (!copy.owned) {
      return std::unexpected(errno);
    }
    copy.fd = copy.owned.value();
  }
  copy.stream = d.stream;
  copy.preopened = d.preopened;
  copy.nowait_works = d.nowait_works;
  copy.shared = d.shared;
  copy.pipe = d.pipe;
  return copy;
}

short ready_now(int fd, short events) {
  pollfd p = {fd, events, 0};
  return uninterrupted([&] { return poll(&p, 1, 0); }) > 0 ? p.revents : short{0};
}

int64_t try_read(Descriptor& d, std::span<const iovec> parts) {
  int count = static_cast<int>(parts.size());
  if (d.kind == Descriptor::Kind::socket) {
    msghdr message = {};
    message.msg_iov = const_cast<iovec*>(parts.data());
    message.msg_iovlen = parts.size();
    return or_errno(uninterrupted([&] { return recvmsg(d.fd, &message, MSG_DONTWAIT); }));
  }
  if (d.owned) {
    return or_errno(uninterrupted([&] { return readv(d.fd, parts.data(), count); }));
  }
  if (d.nowait_works) {
    ssize_t n = uninterrupted([&] { return preadv2(d.fd, parts.data(), count, -1, RWF_NOWAIT); });
    if (n >= 0 || !nowait_refused()) {
      return or_errno(n);
    }
    d.nowait_works = false;
  }
  if (ready_now(d.fd, POLLIN) == 0) {
    return -EAGAIN;
  }
  return or_errno(uninterrupted([&] { return readv(d.fd, parts.data(), count); }));
}

int64_t try_write(Descriptor& d, std::span<const iovec> parts) {
  int count = static_cast<int>(parts.size());
  if (d.kind == Descriptor::Kind::socket) {
    msghdr message = {};
    message.msg_iov = const_cast<iovec*>(parts.data());
    message.msg_iovlen = parts.size();
    return or_errno(
        uninterrupted([&] { return sendmsg(d.fd, &message, MSG_DONTWAIT | MSG_NOSIGNAL); }));
  }
  WriteSignalsHeld held;
  if (d.owned) {
    return or_errno(uninterrupted([&] { return writev(d.fd, parts.data(), count); }));
  }
  if (d.nowait_works) {
    ssize_t n = uninterrupted([&] { return pwritev2(d.fd, parts.data(), count, -1, RWF_NOWAIT); });
    if (n >= 0 || !nowait_refused()) {
      return or_errno(n);
    }
    d.nowait_works = false;
  }
  if (ready_now(d.fd, POLLOUT) == 0) {
    return -EAGAIN;
  }
  iovec part =
      first_bytes(parts, d.filetype == Filetype::character_device ? terminal_bytes : PIPE_BUF);
  return or_errno(uninterrupted([&] { return writev(d.fd, &part, 1); }));
}

int64_t read_file(const Descriptor& d, std::span<const iovec> parts,
                  std::optional<uint64_t> offset) {
  int count = static_cast<int>(parts.size());
  return or_errno(uninterrupted([&] {
    return offset ? preadv(d.fd, parts.data(), count, static_cast<off_t>(*offset))
                  : readv(d.fd, parts.data(), count);
  }));
}

int64_t write_file(const Descriptor& d, std::span<const iovec> parts,
                   std::optional<uint64_t> offset) {
  int flags = 0;
  if ((d.flags & fdflags::append) != 0 && !offset) {
    flags |= RWF_APPEND;
  }
  if ((d.flags & (fdflags::sync | fdflags::rsync)) != 0) {
    flags |= RWF_SYNC;
  } else if ((d.flags & fdflags::dsync) != 0) {
    flags |= RWF_DSYNC;
  }
  int count = static_cast<int>(parts.size());
  off_t at = offset ? static_cast<off_t>(*offset) : -1;
  return or_errno(uninterrupted([&] { return pwritev2(d.fd, parts.data(), count, at, flags); }));
}

}  // namespace weft::wasi
