// The binary interface of WASI preview 1 ("wasi_snapshot_preview1"): error numbers, rights, flags
// and the records that lie in guest memory. Numbers and layouts follow the preview 1 type
// definitions (typenames.witx); all values are little endian.
//
// Thread safety: constants and values.
#pragma once

#include <sys/stat.h>

#include <cstddef>
#include <cstdint>
#include <type_traits>

namespace weft::wasi {

enum class Errno : uint16_t {
  success,
  too_big,
  acces,
  addrinuse,
  addrnotavail,
  afnosupport,
  again,
  already,
  badf,
  badmsg,
  busy,
  canceled,
  child,
  connaborted,
  connrefused,
  connreset,
  deadlk,
  destaddrreq,
  dom,
  dquot,
  exist,
  fault,
  fbig,
  hostunreach,
  idrm,
  ilseq,
  inprogress,
  intr,
  inval,
  io,
  isconn,
  isdir,
  loop,
  mfile,
  mlink,
  msgsize,
  multihop,
  nametoolong,
  netdown,
  netreset,
  netunreach,
  nfile,
  nobufs,
  nodev,
  noent,
  noexec,
  nolck,
  nolink,
  nomem,
  nomsg,
  noprotoopt,
  nospc,
  nosys,
  notconn,
  notdir,
  notempty,
  notrecoverable,
  notsock,
  notsup,
  notty,
  nxio,
  overflow,
  ownerdead,
  perm,
  pipe,
  proto,
  protonosupport,
  prototype,
  range,
  rofs,
  spipe,
  srch,
  stale,
  timedout,
  txtbsy,
  xdev,
  notcapable
};
static_assert(static_cast<int>(Errno::badf) == 8 && static_cast<int>(Errno::inval) == 28);
static_assert(static_cast<int>(Errno::noent) == 44 && static_cast<int>(Errno::spipe) == 70);
static_assert(static_cast<int>(Errno::notcapable) == 76);

// The preview 1 number for an error of the operating system; `io` for one that it does not know.
Errno errno_of(int host_errno);

// What a descriptor may be used for, one bit per kind of operation.
namespace rights {
inline constexpr uint64_t fd_datasync = 1u << 0;
inline constexpr uint64_t fd_read = 1u << 1;
inline constexpr uint64_t fd_seek = 1u << 2;
inline constexpr uint64_t fd_fdstat_set_flags = 1u << 3;
inline constexpr uint64_t fd_sync = 1u << 4;
inline constexpr uint64_t fd_tell = 1u << 5;
inline constexpr uint64_t fd_write = 1u << 6;
inline constexpr uint64_t fd_advise = 1u << 7;
inline constexpr uint64_t fd_allocate = 1u << 8;
inline constexpr uint64_t path_create_directory = 1u << 9;
inline constexpr uint64_t path_create_file = 1u << 10;
inline constexpr uint64_t path_link_source = 1u << 11;
inline constexpr uint64_t path_link_target = 1u << 12;
inline constexpr uint64_t path_open = 1u << 13;
inline constexpr uint64_t fd_readdir = 1u << 14;
inline constexpr uint64_t path_readlink = 1u << 15;
inline constexpr uint64_t path_rename_source = 1u << 16;
inline constexpr uint64_t path_rename_target = 1u << 17;
inline constexpr uint64_t path_filestat_get = 1u << 18;
inline constexpr uint64_t path_filestat_set_size = 1u << 19;
inline constexpr uint64_t path_filestat_set_times = 1u << 20;
inline constexpr uint64_t fd_filestat_get = 1u << 21;
inline constexpr uint64_t fd_filestat_set_size = 1u << 22;
inline constexpr uint64_t fd_filestat_set_times = 1u << 23;
inline constexpr uint64_t path_symlink = 1u << 24;
inline constexpr uint64_t path_remove_directory = 1u << 25;
inline constexpr uint64_t path_unlink_file = 1u << 26;
inline constexpr uint64_t poll_fd_readwrite = 1u << 27;
inline constexpr uint64_t sock_shutdown = 1u << 28;
inline constexpr uint64_t sock_accept = 1u << 29;
inline constexpr uint64_t all = (1u << 30) - 1;

// The rights that mean something for each type of file; others are dropped when one is opened.
inline constexpr uint64_t for_file = fd_datasync | fd_read | fd_seek | fd_fdstat_set_flags |
                                     fd_sync | fd_tell | fd_write | fd_advise | fd_allocate |
                                     fd_filestat_get | fd_filestat_set_size |
                                     fd_filestat_set_times | poll_fd_readwrite;
inline constexpr uint64_t for_directory =
    fd_fdstat_set_flags | fd_sync | fd_datasync | path_create_directory | path_create_file |
    path_link_source | path_link_target | path_open | fd_readdir | path_readlink |
    path_rename_source | path_rename_target | path_filestat_get | path_filestat_set_size |
    path_filestat_set_times | fd_filestat_get | fd_filestat_set_times | path_symlink |
    path_remove_directory | path_unlink_file;
inline constexpr uint64_t for_stream = fd_datasync | fd_read | fd_fdstat_set_flags | fd_sync |
                                       fd_write | fd_filestat_get | poll_fd_readwrite;
inline constexpr uint64_t for_socket =
    fd_read | fd_write | fd_fdstat_set_flags | fd_filestat_get | poll_fd_readwrite | sock_shutdown;
inline constexpr uint64_t for_listener =
    fd_read | fd_fdstat_set_flags | fd_filestat_get | poll_fd_readwrite | sock_accept;
// What a read-only grant takes away. A hard link would give a file a second, writable name.
inline constexpr uint64_t that_change =
    fd_write | fd_allocate | path_create_directory | path_create_file | path_link_source |
    path_link_target | path_rename_source | path_rename_target | path_filestat_set_size |
    path_filestat_set_times | fd_filestat_set_size | fd_filestat_set_times | path_symlink |
    path_remove_directory | path_unlink_file;
}  // namespace rights

enum class Filetype : uint8_t {
  unknown,
  block_device,
  character_device,
  directory,
  regular_file,
  socket_dgram,
  socket_stream,
  symbolic_link
};

enum class ClockId : uint32_t { realtime, monotonic, process_cputime, thread_cputime };
inline constexpr uint32_t clock_ids = 4;

enum class Whence : uint8_t { set, cur, end };
enum class Advice : uint8_t { normal, sequential, random, willneed, dontneed, noreuse };
enum class EventType : uint8_t { clock, fd_read, fd_write };

// Flags. Each family is a bit set in an i32 parameter; a bit beyond those named is EINVAL.
namespace fdflags {
inline constexpr uint32_t append = 1, dsync = 2, nonblock = 4, rsync = 8, sync = 16, all = 31;
}
namespace lookupflags {
inline constexpr uint32_t symlink_follow = 1, all = 1;
}
namespace oflags {
inline constexpr uint32_t creat = 1, directory = 2, excl = 4, trunc = 8, all = 15;
}
namespace fstflags {
inline constexpr uint32_t atim = 1, atim_now = 2, mtim = 4, mtim_now = 8, all = 15;
}
namespace riflags {
inline constexpr uint32_t recv_peek = 1, recv_waitall = 2, all = 3;
}
namespace roflags {
inline constexpr uint16_t recv_data_truncated = 1;
}
namespace sdflags {
inline constexpr uint32_t rd = 1, wr = 2, all = 3;
}
inline constexpr uint16_t subclock_abstime = 1;
inline constexpr uint16_t event_hangup = 1;

// Records in guest memory. Padding is explicit, so that no host byte leaks into a guest.
struct Iovec {
  uint32_t buf;
  uint32_t buf_len;
};
static_assert(sizeof(Iovec) == 8);

struct Dirent {
  uint64_t d_next;
  uint64_t d_ino;
  uint32_t d_namlen;
  Filetype d_type;
  uint8_t reserved[3];
};
static_assert(sizeof(Dirent) == 24 && offsetof(Dirent, d_namlen) == 16 &&
              offsetof(Dirent, d_type) == 20);

struct Fdstat {
  Filetype fs_filetype;
  uint8_t reserved0;
  uint16_t fs_flags;
  uint32_t reserved1;
  uint64_t fs_rights_base;
  uint64_t fs_rights_inheriting;
};
static_assert(sizeof(Fdstat) == 24 && offsetof(Fdstat, fs_flags) == 2 &&
              offsetof(Fdstat, fs_rights_base) == 8);

struct Filestat {
  uint64_t dev;
  uint64_t ino;
  Filetype filetype;
  uint8_t reserved[7];
  uint64_t nlink;
  uint64_t size;
  uint64_t atim;
  uint64_t mtim;
  uint64_t ctim;
};
static_assert(sizeof(Filestat) == 64 && offsetof(Filestat, filetype) == 16 &&
              offsetof(Filestat, ctim) == 56);

struct Prestat {
  uint8_t tag;  // 0: a directory, the only kind there is
  uint8_t reserved[3];
  uint32_t pr_name_len;
};
static_assert(sizeof(Prestat) == 8);

struct Event {
  uint64_t userdata;
  Errno error;
  EventType type;
  uint8_t reserved0[5];
  uint64_t nbytes;
  uint16_t flags;
  uint8_t reserved1[6];
};
static_assert(sizeof(Event) == 32 && offsetof(Event, error) == 8 && offsetof(Event, type) == 10);
static_assert(offsetof(Event, nbytes) == 16 && offsetof(Event, flags) == 24);

// A subscription: the tag says whether `clock` or `fd` counts. The tag is hostile, so it is a plain
// byte.
struct Subscription {
  uint64_t userdata;
  uint8_t tag;
  uint8_t reserved0[7];
  union {
    struct {
      uint32_t id;
      uint32_t reserved1;
      uint64_t timeout;
      uint64_t precision;
      uint16_t flags;
      uint8_t reserved2[6];
    } clock;
    struct {
      uint32_t fd;
    } fd_readwrite;
  };
};
static_assert(sizeof(Subscription) == 48 && offsetof(Subscription, tag) == 8 &&
              offsetof(Subscription, clock) == 16);
static_assert(std::is_trivially_copyable_v<Subscription>);

Filetype filetype_of(mode_t mode);
Filetype filetype_of_dirent(unsigned char d_type);
Filestat filestat_of(const struct stat& s);

}  // namespace weft::wasi
