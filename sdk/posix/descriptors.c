// Descriptors: locks and control. Locks always succeed, since a guest is one process and excludes
// nobody.
#include <fcntl.h>
#include <stdarg.h>
#include <sys/file.h>
#include <sys/ioctl.h>
#include <sys/stat.h>
#include <unistd.h>
#include <wasi/api.h>

#include "posix.h"

static int is_open(int fd) {
  struct stat status;
  return fstat(fd, &status);
}

// fcntl's record locks, as this library has only one process to ask for them.
static int lock_record(int command, struct flock* lock) {
  if (lock->l_type != F_RDLCK && lock->l_type != F_WRLCK && lock->l_type != F_UNLCK) {
    return fail(EINVAL);
  }
  if (command == F_GETLK || command == F_OFD_GETLK) {
    lock->l_type = F_UNLCK;
  }
  return 0;
}

static int access_mode(__wasi_rights_t rights) {
  int reads = (rights & (__WASI_RIGHTS_FD_READ | __WASI_RIGHTS_FD_READDIR)) != 0;
  int writes = (rights & __WASI_RIGHTS_FD_WRITE) != 0;
  return reads ? (writes ? O_RDWR : O_RDONLY) : writes ? O_WRONLY : O_SEARCH;
}

// Of duplicates.c, where the program has it: nearly all programs have fcntl, and are to need
// nothing beyond WASI for it.
int __attribute__((weak)) duplicate_from(int fd, int lowest);

PUBLIC int fcntl(int fd, int command, ...) {
  __wasi_fdstat_t status;
  __wasi_errno_t error = __wasi_fd_fdstat_get(fd, &status);
  if (error != 0) {
    return fail(error);
  }
  va_list arguments;
  va_start(arguments, command);
  int result = 0;
  switch (command) {
    case F_GETFD:
      result = FD_CLOEXEC;
      break;
    case F_SETFD:
      break;
    case F_GETFL:
      result = status.fs_flags | access_mode(status.fs_rights_base);
      break;
    case F_SETFL:
      error = __wasi_fd_fdstat_set_flags(fd, (__wasi_fdflags_t)(va_arg(arguments, int) & 0xfff));
      result = error == 0 ? 0 : fail(error);
      break;
    case F_GETLK:
    case F_SETLK:
    case F_SETLKW:
    case F_OFD_GETLK:
    case F_OFD_SETLK:
    case F_OFD_SETLKW:
      result = lock_record(command, va_arg(arguments, struct flock*));
      break;
    case F_DUPFD:
    case F_DUPFD_CLOEXEC:
      result = duplicate_from == NULL ? unsupported() : duplicate_from(fd, va_arg(arguments, int));
      break;
    default:
      result = fail(EINVAL);
  }
  va_end(arguments);
  return result;
}

PUBLIC int flock(int fd, int operation) {
  int kind = operation & ~LOCK_NB;
  if (kind != LOCK_SH && kind != LOCK_EX && kind != LOCK_UN) {
    return fail(EINVAL);
  }
  return is_open(fd);
}

PUBLIC int lockf(int fd, int command, off_t length) {
  if (command != F_ULOCK && command != F_LOCK && command != F_TLOCK && command != F_TEST) {
    return fail(EINVAL);
  }
  return is_open(fd);
}

// FIONREAD and FIONBIO are WASI's; all else is for terminals and devices, which a descriptor is
// not.
PUBLIC int ioctl(int fd, int request, ...) {
  va_list arguments;
  va_start(arguments, request);
  int* value = va_arg(arguments, int*);
  va_end(arguments);
  __wasi_fdstat_t status;
  __wasi_errno_t error = __wasi_fd_fdstat_get(fd, &status);
  if (error != 0) {
    return fail(error);
  }
  if (request == FIONBIO) {
    int flags = *value ? status.fs_flags | __WASI_FDFLAGS_NONBLOCK
                       : status.fs_flags & ~__WASI_FDFLAGS_NONBLOCK;
    error = __wasi_fd_fdstat_set_flags(fd, (__wasi_fdflags_t)flags);
    return error == 0 ? 0 : fail(error);
  }
  if (request != FIONREAD) {
    return fail(ENOTTY);
  }
  __wasi_subscription_t wait[2] = {
      {.u = {.tag = __WASI_EVENTTYPE_FD_READ, .u.fd_read.file_descriptor = fd}},
      {.u = {.tag = __WASI_EVENTTYPE_CLOCK, .u.clock.id = __WASI_CLOCKID_MONOTONIC}}};
  __wasi_event_t events[2];
  size_t count = 0;
  error = __wasi_poll_oneoff(wait, events, 2, &count);
  *value = 0;
  for (size_t i = 0; error == 0 && i < count; ++i) {
    if (events[i].type == __WASI_EVENTTYPE_FD_READ) {
      error = events[i].error;
      *value = (int)events[i].fd_readwrite.nbytes;
    }
  }
  return error == 0 ? 0 : fail(error);
}
