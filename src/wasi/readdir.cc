// fd_readdir: directory entries in the layout of preview 1.
//
// A cookie is the position that the file system itself gives with each entry (d_off of getdents64),
// so nothing is remembered between calls, cookies stay valid while entries come and go, and survive
// a freeze where the directory is the same one.
#include <dirent.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <algorithm>

#include "wasi/host_io.h"
#include "wasi/wasi.h"

namespace weft::wasi {

namespace {

// An entry as getdents64 gives it; the name follows and ends with a NUL.
struct HostEntry {
  uint64_t d_ino;
  int64_t d_off;
  uint16_t d_reclen;
  uint8_t d_type;
};
constexpr size_t name_offset = 19;
static_assert(offsetof(HostEntry, d_type) + 1 == name_offset);

// What is left of the guest's buffer. The last entry is cut where the buffer ends, as preview 1
// wants it.
class Output {
 public:
  explicit Output(std::span<std::byte> room) : room_(room) {}

  bool full() const { return used_ == room_.size(); }
  uint32_t used() const { return static_cast<uint32_t>(used_); }

  void add(const HostEntry& entry, std::string_view name) {
    Dirent d = {.d_next = static_cast<uint64_t>(entry.d_off),
                .d_ino = entry.d_ino,
                .d_namlen = static_cast<uint32_t>(name.size()),
                .d_type = filetype_of_dirent(entry.d_type),
                .reserved = {}};
    put(&d, sizeof d);
    put(name.data(), name.size());
  }

 private:
  void put(const void* data, size_t size) {
    size_t n = std::min(size, room_.size() - used_);
    if (n > 0) {
      std::memcpy(room_.data() + used_, data, n);
    }
    used_ += n;
  }

  std::span<std::byte> room_;
  size_t used_ = 0;
};

}  // namespace

Answer<Errno> Wasi::fd_readdir(uint32_t fd, GuestAddress buf, uint32_t length, uint64_t cookie,
                               GuestAddress used) {
  auto d = directory(fd, rights::fd_readdir);
  if (!d) {
    return d.error();
  }
  if (cookie > INT64_MAX) {
    return Errno::inval;
  }
  auto room = memory().bytes(buf, length);
  if (!room || !memory().bytes(used, 4)) {
    return Errno::fault;
  }
  if (lseek((*d)->fd, static_cast<off_t>(cookie), SEEK_SET) < 0) {
    return errno_of(errno);
  }
  Output output(*room);
  alignas(HostEntry) char entries[8192];
  while (!output.full()) {
    long n =
        uninterrupted([&] { return syscall(SYS_getdents64, (*d)->fd, entries, sizeof entries); });
    if (n < 0 && output.used() == 0) {
      return errno == ENOENT
                 ? finish(used, 0)
                 : Answer<Errno>(errno_of(errno));  // a directory that was removed is empty
    }
    if (n <= 0) {
      break;
    }
    for (long at = 0; at < n && !output.full();) {
      HostEntry entry;
      std::memcpy(&entry, entries + at, name_offset);
      output.add(entry, entries + at + name_offset);
      at += entry.d_reclen;
    }
  }
  return finish(used, output.used());
}

}  // namespace weft::wasi
