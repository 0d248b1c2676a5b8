#include "wasi/abi.h"

#include <dirent.h>

#include <cerrno>

namespace weft::wasi {

Errno errno_of(int host_errno) {
  switch (host_errno) {
    case 0:
      return Errno::success;
    case E2BIG:
      return Errno::too_big;
    case EACCES:
      return Errno::acces;
    case EADDRINUSE:
      return Errno::addrinuse;
    case EADDRNOTAVAIL:
      return Errno::addrnotavail;
    case EAFNOSUPPORT:
      return Errno::afnosupport;
    case EAGAIN:
      return Errno::again;
    case EALREADY:
      return Errno::already;
    case EBADF:
      return Errno::badf;
    case EBADMSG:
      return Errno::badmsg;
    case EBUSY:
      return Errno::busy;
    case ECANCELED:
      return Errno::canceled;
    case ECHILD:
      return Errno::child;
    case ECONNABORTED:
      return Errno::connaborted;
    case ECONNREFUSED:
      return Errno::connrefused;
    case ECONNRESET:
      return Errno::connreset;
    case EDEADLK:
      return Errno::deadlk;
    case EDESTADDRREQ:
      return Errno::destaddrreq;
    case EDOM:
      return Errno::dom;
    case EDQUOT:
      return Errno::dquot;
    case EEXIST:
      return Errno::exist;
    case EFAULT:
      return Errno::fault;
    case EFBIG:
      return Errno::fbig;
    case EHOSTUNREACH:
      return Errno::hostunreach;
    case EIDRM:
      return Errno::idrm;
    case EILSEQ:
      return Errno::ilseq;
    case EINPROGRESS:
      return Errno::inprogress;
    case EINTR:
      return Errno::intr;
    case EINVAL:
      return Errno::inval;
    case EIO:
      return Errno::io;
    case EISCONN:
      return Errno::isconn;
    case EISDIR:
      return Errno::isdir;
    case ELOOP:
      return Errno::loop;
    case EMFILE:
      return Errno::mfile;
    case EMLINK:
      return Errno::mlink;
    case EMSGSIZE:
      return Errno::msgsize;
    case EMULTIHOP:
      return Errno::multihop;
    case ENAMETOOLONG:
      return Errno::nametoolong;
    case ENETDOWN:
      return Errno::netdown;
    case ENETRESET:
      return Errno::netreset;
    case ENETUNREACH:
      return Errno::netunreach;
    case ENFILE:
      return Errno::nfile;
    case ENOBUFS:
      return Errno::nobufs;
    case ENODEV:
      return Errno::nodev;
    case ENOENT:
      return Errno::noent;
    case ENOEXEC:
      return Errno::noexec;
    case ENOLCK:
      return Errno::nolck;
    case ENOLINK:
      return Errno::nolink;
    case ENOMEM:
      return Errno::nomem;
    case ENOMSG:
      return Errno::nomsg;
    case ENOPROTOOPT:
      return Errno::noprotoopt;
    case ENOSPC:
      return Errno::nospc;
    case ENOSYS:
      return Errno::nosys;
    case ENOTCONN:
      return Errno::notconn;
    case ENOTDIR:
      return Errno::notdir;
    case ENOTEMPTY:
      return Errno::notempty;
    case ENOTRECOVERABLE:
      return Errno::notrecoverable;
    case ENOTSOCK:
      return Errno::notsock;
    case EOPNOTSUPP:
      return Errno::notsup;
    case ENOTTY:
      return Errno::notty;
    case ENXIO:
      return Errno::nxio;
    case EOVERFLOW:
      return Errno::overflow;
    case EOWNERDEAD:
      return Errno::ownerdead;
    case EPERM:
      return Errno::perm;
    case EPIPE:
      return Errno::pipe;
    case EPROTO:
      return Errno::proto;
    case EPROTONOSUPPORT:
      return Errno::protonosupport;
    case EPROTOTYPE:
      return Errno::prototype;
    case ERANGE:
      return Errno::range;
    case EROFS:
      return Errno::rofs;
    case ESPIPE:
      return Errno::spipe;
    case ESRCH:
      return Errno::srch;
    case ESTALE:
      return Errno::stale;
    case ETIMEDOUT:
      return Errno::timedout;
    case ETXTBSY:
      return Errno::txtbsy;
    case EXDEV:
      return Errno::xdev;
    default:
      return Errno::io;
  }
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
