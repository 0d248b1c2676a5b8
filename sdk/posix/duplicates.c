// Duplicates of descriptors, and pipes. WASI has neither: these functions are host calls of weft's
// own, so a program that uses them imports from "weft" and runs nowhere else.
#include <fcntl.h>
#include <stdint.h>
#include <unistd.h>
#include <wasi/api.h>

#include "posix.h"

#define WEFT(name) __attribute__((import_module("weft"), import_name(#name)))

WEFT(fd_dup) uint32_t weft_fd_dup(uint32_t fd, uint32_t lowest, int* duplicate);
WEFT(fd_dup_to) uint32_t weft_fd_dup_to(uint32_t from, uint32_t to);
WEFT(fd_pipe) uint32_t weft_fd_pipe(uint32_t flags, int ends[2]);

static int answer(uint32_t error, int result) { return error == 0 ? result : fail((int)error); }

// For fcntl(F_DUPFD), too.
int duplicate_from(int fd, int lowest) {
  int duplicate = -1;
  uint32_t error = weft_fd_dup((uint32_t)fd, (uint32_t)lowest, &duplicate);
  return answer(error, duplicate);
}

PUBLIC int dup(int fd) { return duplicate_from(fd, 0); }
PUBLIC int dup2(int from, int to) {
  return answer(weft_fd_dup_to((uint32_t)from, (uint32_t)to), to);
}
PUBLIC int dup3(int from, int to, int flags) {
  return from == to || (flags & ~O_CLOEXEC) != 0 ? fail(EINVAL) : dup2(from, to);
}

PUBLIC int pipe2(int ends[2], int flags) {
  if ((flags & ~(O_CLOEXEC | O_NONBLOCK)) != 0) {
    return fail(EINVAL);
  }
  return answer(weft_fd_pipe(flags & O_NONBLOCK ? __WASI_FDFLAGS_NONBLOCK : 0, ends), 0);
}
PUBLIC int pipe(int ends[2]) { return pipe2(ends, 0); }
