// path_open: from rights and flags of preview 1 to an open file, and back to the rights that its
// type can use.
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include "wasi/beneath.h"
#include "wasi/host_io.h"
#include "wasi/wasi.h"

namespace weft::wasi {

namespace {

// The rights on the directory that these flags need, and the ones that it must be able to pass on.
uint64_t needed_on_directory(uint32_t oflags) {
  uint64_t needed = rights::path_open;
  if ((oflags & oflags::creat) != 0) {
    needed |= rights::path_create_file;
  }
  if ((oflags & oflags::trunc) != 0) {
    needed |= rights::path_filestat_set_size;
  }
  return needed;
}

uint64_t needed_to_inherit(uint64_t base, uint32_t flags) {
  // Reading and writing decide how the file is opened, so asking for them in vain is an error.
  // Other rights that the directory cannot pass on are left out, and the operation that needs one
  // fails later: programs ask for all they know.
  uint64_t needed = base & (rights::fd_read | rights::fd_write);
  if ((flags & fdflags::dsync) != 0) {
    needed |= rights::fd_datasync;
  }
  if ((flags & (fdflags::sync | fdflags::rsync)) != 0) {
    needed |= rights::fd_sync;
  }
  return needed;
}

uint64_t host_flags(uint32_t lookup, uint32_t oflags, uint64_t base) {
  // Non-blocking: opening a pipe must not wait for its other end, and reading one must not either.
  uint64_t flags = O_NONBLOCK | O_NOCTTY;
  // The kernel refuses to open a directory for writing (EISDIR), and so do we: a program that wants
  // that believes to have a file.
  bool write = (base & rights::fd_write) != 0;
  bool read = (base & (rights::fd_read | rights::fd_readdir)) != 0;
  flags |= !write ? O_RDONLY : read ? O_RDWR : O_WRONLY;
  if ((oflags & oflags::creat) != 0) {
    flags |= O_CREAT;
    flags |= (oflags & oflags::excl) != 0 ? O_EXCL : 0;
  }
  flags |= (oflags & oflags::directory) != 0 ? O_DIRECTORY : 0;
  flags |= (oflags & oflags::trunc) != 0 ? O_TRUNC : 0;
  flags |= (lookup & lookupflags::symlink_follow) != 0 ? 0 : O_NOFOLLOW;
  return flags;
}

uint64_t rights_for(const Descriptor& d, uint64_t base) {
  switch (d.kind) {
    case Descriptor::Kind::directory:
      return base & rights::for_directory;
    case Descriptor::Kind::file:
      // Without write access the size cannot be changed through this descriptor.
      return base & rights::for_file &
             ((base & rights::fd_write) != 0
                  ? ~uint64_t{0}
                  : ~(rights::fd_allocate | rights::fd_filestat_set_size));
    default:
      return base & rights::for_stream;
  }
}

}  // namespace

Answer<Errno> Wasi::path_open(uint32_t fd, uint32_t lookup, GuestAddress path, uint32_t length,
                              uint32_t oflags, uint64_t base, uint64_t inheriting, uint32_t flags,
                              GuestAddress opened) {
  auto d = directory(fd, needed_on_directory(oflags));
  if (!d) {
    return d.error();
  }
  uint64_t needed = needed_to_inherit(base, flags);
  if (((*d)->inheriting & needed) != needed) {
    return Errno::notcapable;
  }
  if ((lookup & ~lookupflags::all) != 0 || (oflags & ~oflags::all) != 0 ||
      (flags & ~fdflags::all) != 0) {
    return Errno::inval;
  }
  if ((oflags & oflags::directory) != 0 && (oflags & (oflags::creat | oflags::trunc)) != 0) {
    return Errno::inval;
  }
  auto text = path_text(path, length);
  if (!text) {
    return text.error();
  }
  if (!memory().bytes(opened, 4)) {
    return Errno::fault;
  }
  if (table_.full()) {
    return Errno::mfile;
  }
  auto file = open_beneath((*d)->fd, *text, host_flags(lookup, oflags, base));
  if (!file) {
    return file.error();
  }
  return add_opened(**d, std::move(*file), base, inheriting, flags, opened);
}

Answer<Errno> Wasi::add_opened(Descriptor& parent, UniqueFd file, uint64_t base,
                               uint64_t inheriting, uint32_t flags, GuestAddress result) {
  auto described = describe(file.value());
  if (!described) {
    return errno_of(described.error());
  }
  Descriptor d = std::move(*described);
  d.owned = std::move(file);
  d.flags = static_cast<uint16_t>(flags);
  d.base = rights_for(d, base & parent.inheriting);
  d.inheriting = d.kind == Descriptor::Kind::directory ? inheriting & parent.inheriting : 0;
  return finish(result, table_.add(std::move(d)));
}

}  // namespace weft::wasi
