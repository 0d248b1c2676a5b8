// Owners, modes and what else files have on Unix and not in WASI. The host decides who may do what,
// so modes are accepted and change nothing; all files belong to the program's user as far as it can
// tell.
#include <fcntl.h>
#include <ftw.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/statfs.h>
#include <sys/statvfs.h>
#include <sys/time.h>
#include <unistd.h>

#include "posix.h"

// wasi-libc shows every file as owned by 0.
static int is_owner(unsigned id) { return id == (unsigned)-1 || id == 0 || id == getuid(); }
static int check_owners(uid_t user, gid_t group) {
  return is_owner(user) && is_owner(group) ? 0 : fail(EPERM);
}

static int exists_at(int directory, const char* path, int flags) {
  struct stat status;
  return fstatat(directory, path, &status, flags & AT_SYMLINK_NOFOLLOW);
}
static int is_open(int fd) {
  struct stat status;
  return fstat(fd, &status);
}

PUBLIC int chmod(const char* path, mode_t mode) { return exists_at(AT_FDCWD, path, 0); }
PUBLIC int fchmod(int fd, mode_t mode) { return is_open(fd); }
PUBLIC int fchmodat(int directory, const char* path, mode_t mode, int flags) {
  return exists_at(directory, path, flags);
}
PUBLIC int lchmod(const char* path, mode_t mode) {
  return exists_at(AT_FDCWD, path, AT_SYMLINK_NOFOLLOW);
}

PUBLIC int chown(const char* path, uid_t user, gid_t group) {
  return exists_at(AT_FDCWD, path, 0) == 0 ? check_owners(user, group) : -1;
}
PUBLIC int lchown(const char* path, uid_t user, gid_t group) {
  return exists_at(AT_FDCWD, path, AT_SYMLINK_NOFOLLOW) == 0 ? check_owners(user, group) : -1;
}
PUBLIC int fchown(int fd, uid_t user, gid_t group) {
  return is_open(fd) == 0 ? check_owners(user, group) : -1;
}
PUBLIC int fchownat(int directory, const char* path, uid_t user, gid_t group, int flags) {
  return exists_at(directory, path, flags) == 0 ? check_owners(user, group) : -1;
}

PUBLIC mode_t umask(mode_t mask) {
  static mode_t current = 022;
  mode_t before = current;
  current = mask & 0777;
  return before;
}

PUBLIC int mkfifo(const char* path, mode_t mode) { return unsupported(); }
PUBLIC int mkfifoat(int directory, const char* path, mode_t mode) { return unsupported(); }
PUBLIC int mknod(const char* path, mode_t mode, dev_t device) { return unsupported(); }
PUBLIC int mknodat(int directory, const char* path, mode_t mode, dev_t device) {
  return unsupported();
}
PUBLIC int chroot(const char* path) { return fail(EPERM); }
PUBLIC int fchdir(int fd) { return is_open(fd) == 0 ? unsupported() : -1; }

PUBLIC int eaccess(const char* path, int mode) { return access(path, mode); }
PUBLIC int euidaccess(const char* path, int mode) { return access(path, mode); }

static void timespecs_of(const struct timeval* from, struct timespec* to) {
  for (int i = 0; i < 2; ++i) {
    to[i] = (struct timespec){from[i].tv_sec, from[i].tv_usec * 1000};
  }
}
PUBLIC int futimes(int fd, const struct timeval times[2]) {
  struct timespec precise[2];
  if (times != NULL) {
    timespecs_of(times, precise);
  }
  return futimens(fd, times == NULL ? NULL : precise);
}
PUBLIC int lutimes(const char* path, const struct timeval times[2]) {
  struct timespec precise[2];
  if (times != NULL) {
    timespecs_of(times, precise);
  }
  return utimensat(AT_FDCWD, path, times == NULL ? NULL : precise, AT_SYMLINK_NOFOLLOW);
}

// How much room a file system has is not for a guest to know.
PUBLIC int statvfs(const char* path, struct statvfs* out) {
  return exists_at(AT_FDCWD, path, 0) == 0 ? unsupported() : -1;
}
PUBLIC int fstatvfs(int fd, struct statvfs* out) { return is_open(fd) == 0 ? unsupported() : -1; }
PUBLIC int statfs(const char* path, struct statfs* out) {
  return exists_at(AT_FDCWD, path, 0) == 0 ? unsupported() : -1;
}
PUBLIC int fstatfs(int fd, struct statfs* out) { return is_open(fd) == 0 ? unsupported() : -1; }

PUBLIC void sync(void) {}
PUBLIC int syncfs(int fd) { return is_open(fd); }

PUBLIC int fallocate(int fd, int mode, off_t offset, off_t length) {
  if (mode != 0) {
    return fail(EOPNOTSUPP);
  }
  int error = posix_fallocate(fd, offset, length);
  return error == 0 ? 0 : fail(error);
}
PUBLIC ssize_t readahead(int fd, off_t offset, size_t length) { return is_open(fd); }

PUBLIC ssize_t copy_file_range(int from, off_t* from_offset, int to, off_t* to_offset,
                               size_t length, unsigned flags) {
  char buffer[65536];
  size_t want = length < sizeof buffer ? length : sizeof buffer;
  ssize_t got = from_offset ? pread(from, buffer, want, *from_offset) : read(from, buffer, want);
  if (got <= 0) {
    return got;
  }
  ssize_t put =
      to_offset ? pwrite(to, buffer, (size_t)got, *to_offset) : write(to, buffer, (size_t)got);
  if (put < 0) {
    return -1;
  }
  if (from_offset) {
    *from_offset += put;
  } else if (put < got) {
    lseek(from, put - got, SEEK_CUR);
  }
  if (to_offset) {
    *to_offset += put;
  }
  return put;
}

// The old walk, by the new one: FTW_PHYS is off, so links are followed.
static int (*ftw_visit)(const char*, const struct stat*, int);
static int visit(const char* path, const struct stat* status, int kind, struct FTW* place) {
  return ftw_visit(path, status, kind == FTW_DP ? FTW_D : kind == FTW_SLN ? FTW_NS : kind);
}
PUBLIC int ftw(const char* path, int (*function)(const char*, const struct stat*, int), int depth) {
  ftw_visit = function;
  return nftw(path, visit, depth, 0);
}

PUBLIC char* current_directory(void) __asm__("get_current_dir_name");
PUBLIC char* current_directory(void) { return getcwd(NULL, 0); }
