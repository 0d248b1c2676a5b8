#include "wasi/abi.h"

#include <dirent.h>

#include <algorithm>
#include <cerrno>
#include <iterator>

namespace weft::wasi {

namespace {

struct ErrnoPair {
  int host;
  Errno wasi;
};

constexpr ErrnoPair errno_pairs[] = {{0, Errno::success},
                                     {E2BIG, Errno::too_big},
                                     {EACCES, Errno::acces},
                                     {EADDRINUSE, Errno::addrinuse},
                                     {EADDRNOTAVAIL, Errno::addrnotavail},
                                     {EAFNOSUPPORT, Errno::afnosupport},
                                     {EAGAIN, Errno::again},
                                     {EALREADY, Errno::already},
                                     {EBADF, Errno::badf},
                                     {EBADMSG, Errno::badmsg},
                                     {EBUSY, Errno::busy},
                                     {ECANCELED, Errno::canceled},
                                     {ECHILD, Errno::child},
                                     {ECONNABORTED, Errno::connaborted},
                                     {ECONNREFUSED, Errno::connrefused},
                                     {ECONNRESET, Errno::connreset},
                                     {EDEADLK, Errno::deadlk},
                                     {EDESTADDRREQ, Errno::destaddrreq},
                                     {EDOM, Errno::dom},
                                     {EDQUOT, Errno::dquot},
                                     {EEXIST, Errno::exist},
                                     {EFAULT, Errno::fault},
                                     {EFBIG, Errno::fbig},
                                     {EHOSTUNREACH, Errno::hostunreach},
                                     {EIDRM, Errno::idrm},
                                     {EILSEQ, Errno::ilseq},
                                     {EINPROGRESS, Errno::inprogress},
                                     {EINTR, Errno::intr},
                                     {EINVAL, Errno::inval},
                                     {EIO, Errno::io},
                                     {EISCONN, Errno::isconn},
                                     {EISDIR, Errno::isdir},
                                     {ELOOP, Errno::loop},
                                     {EMFILE, Errno::mfile},
                                     {EMLINK, Errno::mlink},
                                     {EMSGSIZE, Errno::msgsize},
                                     {EMULTIHOP, Errno::multihop},
                                     {ENAMETOOLONG, Errno::nametoolong},
                                     {ENETDOWN, Errno::netdown},
                                     {ENETRESET, Errno::netreset},
                                     {ENETUNREACH, Errno::netunreach},
                                     {ENFILE, Errno::nfile},
                                     {ENOBUFS, Errno::nobufs},
                                     {ENODEV, Errno::nodev},
                                     {ENOENT, Errno::noent},
                                     {ENOEXEC, Errno::noexec},
                                     {ENOLCK, Errno::nolck},
                                     {ENOLINK, Errno::nolink},
                                     {ENOMEM, Errno::nomem},
                                     {ENOMSG, Errno::nomsg},
                                     {ENOPROTOOPT, Errno::noprotoopt},
                                     {ENOSPC, Errno::nospc},
                                     {ENOSYS, Errno::nosys},
                                     {ENOTCONN, Errno::notconn},
                                     {ENOTDIR, Errno::notdir},
                                     {ENOTEMPTY, Errno::notempty},
                                     {ENOTRECOVERABLE, Errno::notrecoverable},
                                     {ENOTSOCK, Errno::notsock},
                                     {EOPNOTSUPP, Errno::notsup},
                                     {ENOTTY, Errno::notty},
                                     {ENXIO, Errno::nxio},
                                     {EOVERFLOW, Errno::overflow},
                                     {EOWNERDEAD, Errno::ownerdead},
                                     {EPERM, Errno::perm},
                                     {EPIPE, Errno::pipe},
                                     {EPROTO, Errno::proto},
                                     {EPROTONOSUPPORT, Errno::protonosupport},
                                     {EPROTOTYPE, Errno::prototype},
                                     {ERANGE, Errno::range},
                                     {EROFS, Errno::rofs},
                                     {ESPIPE, Errno::spipe},
                                     {ESRCH, Errno::srch},
                                     {ESTALE, Errno::stale},
                                     {ETIMEDOUT, Errno::timedout},
                                     {ETXTBSY, Errno::txtbsy},
                                     {EXDEV, Errno::xdev}};

}  // namespace

Errno errno_of(int host_errno) {
  const auto* pair = std::ranges::find(errno_pairs, host_errno, &ErrnoPair::host);
  return pair == std::end(errno_pairs) ? Errno::io : pair->wasi;
}

Filetype filetype_of(mode_t mode) {
  switch (mode & S_IFMT) {
    case S_IFBLK:
      return Filetype::block_device;
    case S_IFCHR:
      return Filetype::character_device;
    case S_IFDIR:
      return Filetype::directory;
    case S_IFREG:
      return Filetype::regular_file;
    case S_IFSOCK:
      return Filetype::socket_stream;
    case S_IFLNK:
      return Filetype::symbolic_link;
    default:
      return Filetype::unknown;  // a pipe: preview 1 has no type for it
  }
}

Filetype filetype_of_dirent(unsigned char d_type) { return filetype_of(DTTOIF(d_type)); }

namespace {

// Times before 1970 cannot be said in preview 1; 0 stands for them.
uint64_t nanoseconds(const timespec& t) {
  if (t.tv_sec < 0) {
    return 0;
  }
  return static_cast<uint64_t>(t.tv_sec) * 1'000'000'000u + static_cast<uint64_t>(t.tv_nsec);
}

}  // namespace

Filestat filestat_of(const struct stat& s) {
  return Filestat{
      .dev = s.st_dev,
      .ino = s.st_ino,
      .filetype = filetype_of(s.st_mode),
      .reserved = {},
      .nlink = s.st_nlink,
      .size = static_cast<uint64_t>(s.st_size),
      .atim = nanoseconds(s.st_atim),
      .mtim = nanoseconds(s.st_mtim),
      .ctim = nanoseconds(s.st_ctim),
  };
}

}  // namespace weft::wasi
