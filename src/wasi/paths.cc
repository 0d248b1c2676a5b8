// The path_* functions. A path is resolved in one of two ways, and never by looking first and
// acting later:
//
//   an existing object   openat2 of the whole path (O_PATH, or the real open); all else acts on
//   that descriptor a name               openat2 of the parent directory, then mkdirat, unlinkat,
//   renameat, … on the last component, none of
//                        which follows a symbolic link there
#include <fcntl.h>
#include <limits.h>
#include <linux/openat2.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>

#include "wasi/beneath.h"
#include "wasi/host_io.h"
#include "wasi/times.h"
#include "wasi/wasi.h"

namespace weft::wasi {

namespace {

Errno answer(int result) { return result == 0 ? Errno::success : errno_of(errno); }

uint64_t follow(uint32_t lookup) {
  return (lookup & lookupflags::symlink_follow) != 0 ? 0 : O_NOFOLLOW;
}

}  // namespace

Wasi::Or<Descriptor*> Wasi::directory(uint32_t fd, uint64_t wanted) {
  Descriptor* d = table_.find(fd);
  if (d == nullptr) {
    return std::unexpected(Errno::badf);
  }
  if (d->kind != Descriptor::Kind::directory) {
    return std::unexpected(Errno::notdir);
  }
  if (!d->may(wanted)) {
    return std::unexpected(Errno::notcapable);
  }
  return d;
}

Wasi::Or<std::string> Wasi::path_text(GuestAddress path, uint32_t length) const {
  auto text = memory().text(path, length);
  if (!text) {
    return std::unexpected(Errno::fault);
  }
  if (length >= PATH_MAX) {
    return std::unexpected(Errno::nametoolong);
  }
  std::string copy(*text);
  if (copy.find('\0') != std::string::npos) {
    return std::unexpected(Errno::inval);
  }
  if (copy.empty()) {
    return std::unexpected(Errno::noent);
  }
  return copy;
}

Wasi::Or<Wasi::Place> Wasi::place(const Descriptor& directory, const std::string& path,
                                  Errno if_dots) {
  if (path.front() == '/') {
    return std::unexpected(Errno::notcapable);
  }
  size_t end = path.find_last_not_of('/') + 1;
  size_t slash = path.find_last_of('/', end - 1);
  size_t begin = slash == std::string::npos ? 0 : slash + 1;
  Place place;
  place.name = path.substr(begin, end - begin);
  if (place.name == "." || place.name == "..") {
    // No operation on a name works on these; but the path may have another fault that comes first.
    auto whole = open_beneath(directory.fd, path, O_PATH | O_DIRECTORY);
    return std::unexpected(whole ? if_dots : whole.error());
  }
  if (end < path.size()) {
    place.name += '/';  // kept: the kernel then insists on a directory
  }
  place.directory = directory.fd;
  if (begin > 0) {
    auto parent = open_beneath(directory.fd, path.substr(0, begin), O_PATH | O_DIRECTORY);
    if (!parent) {
      return std::unexpected(parent.error());
    }
    place.directory = parent->value();
    place.owned = std::move(*parent);
  }
  return place;
}

Answer<Errno> Wasi::path_create_directory(uint32_t fd, GuestAddress path, uint32_t length) {
  auto d = directory(fd, rights::path_create_directory);
  if (!d) {
    return d.error();
  }
  auto text = path_text(path, length);
  if (!text) {
    return text.error();
  }
  auto at = place(**d, *text, Errno::exist);
  return at ? answer(mkdirat(at->directory, at->name.c_str(), 0777)) : at.error();
}

Answer<Errno> Wasi::path_remove_directory(uint32_t fd, GuestAddress path, uint32_t length) {
  auto d = directory(fd, rights::path_remove_directory);
  if (!d) {
    return d.error();
  }
  auto text = path_text(path, length);
  if (!text) {
    return text.error();
  }
  auto at = place(**d, *text, Errno::inval);
  return at ? answer(unlinkat(at->directory, at->name.c_str(), AT_REMOVEDIR)) : at.error();
}

Answer<Errno> Wasi::path_unlink_file(uint32_t fd, GuestAddress path, uint32_t length) {
  auto d = directory(fd, rights::path_unlink_file);
  if (!d) {
    return d.error();
  }
  auto text = path_text(path, length);
  if (!text) {
    return text.error();
  }
  auto at = place(**d, *text, Errno::isdir);
  return at ? answer(unlinkat(at->directory, at->name.c_str(), 0)) : at.error();
}

Answer<Errno> Wasi::path_symlink(GuestAddress content, uint32_t content_length, uint32_t fd,
                                 GuestAddress path, uint32_t length) {
  auto d = directory(fd, rights::path_symlink);
  if (!d) {
    return d.error();
  }
  auto target = path_text(content, content_length);
  if (!target) {
    return target.error();
  }
  auto text = path_text(path, length);
  if (!text) {
    return text.error();
  }
  if (target->front() == '/') {
    return Errno::notcapable;  // no guest could follow it, but a program of the host would, out of
                               // the grant
  }
  auto at = place(**d, *text, Errno::exist);
  return at ? answer(symlinkat(target->c_str(), at->directory, at->name.c_str())) : at.error();
}

Answer<Errno> Wasi::path_rename(uint32_t old_fd, GuestAddress old_path, uint32_t old_length,
                                uint32_t new_fd, GuestAddress new_path, uint32_t new_length) {
  auto from = directory(old_fd, rights::path_rename_source);
  if (!from) {
    return from.error();
  }
  auto to = directory(new_fd, rights::path_rename_target);
  if (!to) {
    return to.error();
  }
  auto old_text = path_text(old_path, old_length);
  if (!old_text) {
    return old_text.error();
  }
  auto new_text = path_text(new_path, new_length);
  if (!new_text) {
    return new_text.error();
  }
  auto source = place(**from, *old_text, Errno::busy);
  if (!source) {
    return source.error();
  }
  auto target = place(**to, *new_text, Errno::busy);
  if (!target) {
    return target.error();
  }
  return answer(
      renameat(source->directory, source->name.c_str(), target->directory, target->name.c_str()));
}

// The file that a link is to name, with the last symbolic link followed. A trailing slash can only
// mean a directory, which cannot be linked.
Wasi::Or<UniqueFd> Wasi::find_link_source(const Descriptor& directory, const std::string& path) {
  auto source = open_beneath(directory.fd, path, O_PATH);
  struct stat s = {};
  if (source && (fstat(source->value(), &s) != 0 || S_ISDIR(s.st_mode))) {
    return std::unexpected(Errno::perm);
  }
  return source;
}

Answer<Errno> Wasi::path_link(uint32_t old_fd, uint32_t flags, GuestAddress old_path,
                              uint32_t old_length, uint32_t new_fd, GuestAddress new_path,
                              uint32_t new_length) {
  auto from = directory(old_fd, rights::path_link_source);
  if (!from) {
    return from.error();
  }
  auto to = directory(new_fd, rights::path_link_target);
  if (!to) {
    return to.error();
  }
  if ((flags & ~lookupflags::all) != 0) {
    return Errno::inval;
  }
  auto old_text = path_text(old_path, old_length);
  if (!old_text) {
    return old_text.error();
  }
  auto new_text = path_text(new_path, new_length);
  if (!new_text) {
    return new_text.error();
  }
  auto target = place(**to, *new_text, Errno::exist);
  if (!target) {
    return target.error();
  }
  if ((flags & lookupflags::symlink_follow) != 0 || old_text->back() == '/') {
    auto source = find_link_source(**from, *old_text);
    if (!source) {
      return source.error();
    }
    std::string link = fmt::format("/proc/self/fd/{}", source->value());
    return answer(
        linkat(AT_FDCWD, link.c_str(), target->directory, target->name.c_str(), AT_SYMLINK_FOLLOW));
  }
  auto source = place(**from, *old_text, Errno::perm);
  return source ? answer(linkat(source->directory, source->name.c_str(), target->directory,
                                target->name.c_str(), 0))
                : source.error();
}

Answer<Errno> Wasi::path_readlink(uint32_t fd, GuestAddress path, uint32_t length, GuestAddress buf,
                                  uint32_t buf_length, GuestAddress used) {
  auto d = directory(fd, rights::path_readlink);
  if (!d) {
    return d.error();
  }
  auto room = memory().bytes(buf, buf_length);
  if (!room || !memory().bytes(used, 4)) {
    return Errno::fault;
  }
  auto text = path_text(path, length);
  if (!text) {
    return text.error();
  }
  auto link = open_beneath((*d)->fd, *text, O_PATH | O_NOFOLLOW);
  if (!link) {
    return link.error();
  }
  char content[PATH_MAX];
  ssize_t n = readlinkat(link->value(), "", content, sizeof content);
  if (n < 0) {
    return errno == ENOENT ? Errno::inval
                           : errno_of(errno);  // the kernel's answer for what is no link
  }
  size_t taken = std::min<size_t>(static_cast<size_t>(n), room->size());
  if (taken > 0) {
    std::memcpy(room->data(), content, taken);
  }
  return finish(used, taken);
}

Answer<Errno> Wasi::path_filestat_get(uint32_t fd, uint32_t flags, GuestAddress path,
                                      uint32_t length, GuestAddress filestat) {
  auto d = directory(fd, rights::path_filestat_get);
  if (!d) {
    return d.error();
  }
  if ((flags & ~lookupflags::all) != 0) {
    return Errno::inval;
  }
  auto text = path_text(path, length);
  if (!text) {
    return text.error();
  }
  if (!memory().bytes(filestat, sizeof(Filestat))) {
    return Errno::fault;
  }
  auto object = open_beneath((*d)->fd, *text, O_PATH | follow(flags));
  if (!object) {
    return object.error();
  }
  struct stat s = {};
  if (fstat(object->value(), &s) != 0) {
    return errno_of(errno);
  }
  return memory().store(filestat, filestat_of(s)) ? Errno::success : Errno::fault;
}

Answer<Errno> Wasi::path_filestat_set_times(uint32_t fd, uint32_t flags, GuestAddress path,
                                            uint32_t length, uint64_t atim, uint64_t mtim,
                                            uint32_t times) {
  auto d = directory(fd, rights::path_filestat_set_times);
  if (!d) {
    return d.error();
  }
  auto wanted = file_times(atim, mtim, times);
  if (!wanted || (flags & ~lookupflags::all) != 0) {
    return Errno::inval;
  }
  auto text = path_text(path, length);
  if (!text) {
    return text.error();
  }
  auto object = open_beneath((*d)->fd, *text, O_PATH | follow(flags));
  if (!object) {
    return object.error();
  }
  return answer(utimensat(object->value(), "", wanted->data(), AT_EMPTY_PATH));
}

}  // namespace weft::wasi
