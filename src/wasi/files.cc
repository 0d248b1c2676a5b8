// The functions on one descriptor that move no bytes: status, flags, rights, size, times, offset,
// and the table itself.
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include "wasi/host_io.h"
#include "wasi/times.h"
#include "wasi/wasi.h"

namespace weft::wasi {

namespace {

using Kind = Descriptor::Kind;

Errno answer(int result) { return result == 0 ? Errno::success : errno_of(errno); }

}  // namespace

Wasi::Or<Descriptor*> Wasi::regular_file(uint32_t fd, uint64_t wanted) {
  Descriptor* d = table_.find(fd);
  if (d == nullptr) {
    return std::unexpected(Errno::badf);
  }
  if (d->kind == Kind::directory) {
    return std::unexpected(Errno::isdir);
  }
  if (d->kind != Kind::file) {
    return std::unexpected(Errno::spipe);
  }
  if (!d->may(wanted)) {
    return std::unexpected(Errno::notcapable);
  }
  return d;
}

Wasi::Or<Descriptor*> Wasi::with_host_fd(uint32_t fd, uint64_t wanted) {
  Descriptor* d = table_.find(fd);
  if (d == nullptr) {
    return std::unexpected(Errno::badf);
  }
  if (!d->may(wanted)) {
    return std::unexpected(Errno::notcapable);
  }
  if (d->fd < 0) {
    return std::unexpected(Errno::inval);  // a buffer, as a pipe says it
  }
  return d;
}

Answer<Errno> Wasi::fd_advise(uint32_t fd, uint64_t offset, uint64_t length, uint32_t advice) {
  constexpr int host_advice[] = {POSIX_FADV_NORMAL,   POSIX_FADV_SEQUENTIAL, POSIX_FADV_RANDOM,
                                 POSIX_FADV_WILLNEED, POSIX_FADV_DONTNEED,   POSIX_FADV_NOREUSE};
  auto d = regular_file(fd, rights::fd_advise);
  if (!d) {
    return d.error();
  }
  if (advice >= std::size(host_advice) || offset > INT64_MAX || length > INT64_MAX) {
    return Errno::inval;
  }
  return errno_of(posix_fadvise((*d)->fd, static_cast<off_t>(offset), static_cast<off_t>(length),
                                host_advice[advice]));
}

Answer<Errno> Wasi::fd_allocate(uint32_t fd, uint64_t offset, uint64_t length) {
  auto d = regular_file(fd, rights::fd_allocate);
  if (!d) {
    return d.error();
  }
  if (length == 0 || offset > INT64_MAX || length > INT64_MAX) {
    return Errno::inval;
  }
  if (offset + length > INT64_MAX) {
    return Errno::fbig;
  }
  WriteSignalsHeld held;
  return answer(uninterrupted([&] {
    return fallocate((*d)->fd, 0, static_cast<off_t>(offset), static_cast<off_t>(length));
  }));
}

Answer<Errno> Wasi::fd_close(uint32_t fd) {
  return table_.close(fd) ? Errno::success : Errno::badf;
}

Answer<Errno> Wasi::fd_renumber(uint32_t from, uint32_t to) {
  if (table_.find(from) == nullptr || table_.find(to) == nullptr) {
    return Errno::badf;
  }
  table_.move(from, to);
  return Errno::success;
}

Answer<Errno> Wasi::fd_datasync(uint32_t fd) {
  auto d = with_host_fd(fd, rights::fd_datasync);
  return d ? answer(fdatasync((*d)->fd)) : d.error();
}

Answer<Errno> Wasi::fd_sync(uint32_t fd) {
  auto d = with_host_fd(fd, rights::fd_sync);
  return d ? answer(fsync((*d)->fd)) : d.error();
}

Answer<Errno> Wasi::fd_fdstat_get(uint32_t fd, GuestAddress fdstat) {
  const Descriptor* d = table_.find(fd);
  if (d == nullptr) {
    return Errno::badf;
  }
  Fdstat stat = {.fs_filetype = d->filetype,
                 .reserved0 = 0,
                 .fs_flags = d->flags,
                 .reserved1 = 0,
                 .fs_rights_base = d->base,
                 .fs_rights_inheriting = d->inheriting};
  return memory().store(fdstat, stat) ? Errno::success : Errno::fault;
}

Answer<Errno> Wasi::fd_fdstat_set_flags(uint32_t fd, uint32_t flags) {
  Descriptor* d = table_.find(fd);
  if (d == nullptr) {
    return Errno::badf;
  }
  if (!d->may(rights::fd_fdstat_set_flags)) {
    return Errno::notcapable;
  }
  if ((flags & ~fdflags::all) != 0) {
    return Errno::inval;
  }
  d->flags = static_cast<uint16_t>(flags);
  for (uint32_t other = 0; d->shared != 0 && other < table_.size(); ++other) {
    Descriptor* duplicate = table_.find(other);
    if (duplicate != nullptr && duplicate->shared == d->shared) {
      duplicate->flags = d->flags;
    }
  }
  return Errno::success;
}

Answer<Errno> Wasi::fd_fdstat_set_rights(uint32_t fd, uint64_t base, uint64_t inheriting) {
  Descriptor* d = table_.find(fd);
  if (d == nullptr) {
    return Errno::badf;
  }
  if ((base & ~d->base) != 0 || (inheriting & ~d->inheriting) != 0) {
    return Errno::notcapable;
  }
  d->base = base;
  d->inheriting = inheriting;
  return Errno::success;
}

Answer<Errno> Wasi::fd_filestat_get(uint32_t fd, GuestAddress filestat) {
  const Descriptor* d = table_.find(fd);
  if (d == nullptr) {
    return Errno::badf;
  }
  if (!d->may(rights::fd_filestat_get)) {
    return Errno::notcapable;
  }
  struct stat s = {};
  s.st_nlink = 1;
  if (d->fd >= 0 && fstat(d->fd, &s) != 0) {
    return errno_of(errno);
  }
  Filestat stat = filestat_of(s);
  stat.filetype = d->filetype;
  return memory().store(filestat, stat) ? Errno::success : Errno::fault;
}

Answer<Errno> Wasi::fd_filestat_set_size(uint32_t fd, uint64_t size) {
  auto d = regular_file(fd, rights::fd_filestat_set_size);
  if (!d) {
    return d.error() == Errno::spipe ? Errno::inval : d.error();
  }
  if (size > INT64_MAX) {
    return Errno::inval;
  }
  WriteSignalsHeld held;
  return answer(uninterrupted([&] { return ftruncate((*d)->fd, static_cast<off_t>(size)); }));
}

Answer<Errno> Wasi::fd_filestat_set_times(uint32_t fd, uint64_t atim, uint64_t mtim,
                                          uint32_t flags) {
  auto d = with_host_fd(fd, rights::fd_filestat_set_times);
  if (!d) {
    return d.error();
  }
  auto times = file_times(atim, mtim, flags);
  if (!times) {
    return times.error();
  }
  return answer(futimens((*d)->fd, times->data()));
}

Answer<Errno> Wasi::fd_prestat_get(uint32_t fd, GuestAddress prestat) {
  const Descriptor* d = table_.find(fd);
  if (d == nullptr || !d->preopened) {
    return Errno::badf;  // how a C library finds the end of what was granted
  }
  Prestat p = {
      .tag = 0, .reserved = {}, .pr_name_len = static_cast<uint32_t>(d->preopened->size())};
  return memory().store(prestat, p) ? Errno::success : Errno::fault;
}

Answer<Errno> Wasi::fd_prestat_dir_name(uint32_t fd, GuestAddress path, uint32_t length) {
  const Descriptor* d = table_.find(fd);
  if (d == nullptr || !d->preopened) {
    return Errno::badf;
  }
  const std::string& name = *d->preopened;
  if (length < name.size()) {
    return Errno::nametoolong;
  }
  auto target = memory().bytes(path, name.size());
  if (!target) {
    return Errno::fault;
  }
  std::memcpy(target->data(), name.data(), name.size());
  return Errno::success;
}

Wasi::Or<uint64_t> Wasi::seek(Descriptor& d, int64_t offset, Whence whence) const {
  constexpr int host_whence[] = {SEEK_SET, SEEK_CUR, SEEK_END};
  off_t position = lseek(d.fd, offset, host_whence[static_cast<size_t>(whence)]);
  if (position < 0) {
    return std::unexpected(errno_of(errno));
  }
  return static_cast<uint64_t>(position);
}

Answer<Errno> Wasi::fd_seek(uint32_t fd, int64_t offset, uint32_t whence, GuestAddress position) {
  auto d = regular_file(fd, 0);
  if (!d) {
    return d.error();
  }
  bool asks_only =
      whence == static_cast<uint32_t>(Whence::cur) && offset == 0 && (*d)->may(rights::fd_tell);
  if (!(*d)->may(rights::fd_seek) && !asks_only) {
    return Errno::notcapable;
  }
  if (whence > static_cast<uint32_t>(Whence::end)) {
    return Errno::inval;
  }
  if (!memory().bytes(position, 8)) {
    return Errno::fault;
  }
  auto at = seek(**d, offset, static_cast<Whence>(whence));
  if (!at) {
    return at.error();
  }
  return memory().store(position, *at) ? Errno::success : Errno::fault;
}

Answer<Errno> Wasi::fd_tell(uint32_t fd, GuestAddress position) {
  auto d = regular_file(fd, 0);
  if (!d) {
    return d.error();
  }
  if (!(*d)->may(rights::fd_tell) && !(*d)->may(rights::fd_seek)) {
    return Errno::notcapable;
  }
  if (!memory().bytes(position, 8)) {
    return Errno::fault;
  }
  auto at = seek(**d, 0, Whence::cur);
  if (!at) {
    return at.error();
  }
  return memory().store(position, *at) ? Errno::success : Errno::fault;
}

}  // namespace weft::wasi
