// read() and write() as cancellation points. The host cannot be told to give up a read, so in
// programs that cancel threads or send them signals, one that might block asks from time to time.
#include <poll.h>
#include <sched.h>
#include <unistd.h>
#include <wasi/api.h>

#include "posix.h"
#include "thread.h"

// Only in programs that use them.
#pragma weak pthread_cancel
#pragma weak pthread_kill

enum { look_ms = 10 };

// What cannot be done with the descriptor at all is refused at once, not waited for.
static int has_right(int fd, __wasi_rights_t right) {
  __wasi_fdstat_t state;
  return __wasi_fd_fdstat_get(fd, &state) == 0 && (state.fs_rights_base & right) != 0;
}

// 0, or -1 with errno: a handler has run.
static int before(int fd, short events, __wasi_rights_t right) {
  pthread_testcancel();
  if (!weft_has_threads() || (&pthread_cancel == NULL && &pthread_kill == NULL) ||
      !has_right(fd, right)) {
    return 0;
  }
  for (;;) {
    if (weft_self.signalled && weft_take_signals() == EINTR) {
      return fail(EINTR);
    }
    struct pollfd asked = {.fd = fd, .events = events};
    if (poll(&asked, 1, look_ms) != 0) {
      return 0;
    }
    pthread_testcancel();
  }
}

static ssize_t outcome(__wasi_errno_t error, size_t size) {
  return error == 0 ? (ssize_t)size : fail(error == ENOTCAPABLE ? EBADF : error);
}

PUBLIC ssize_t read(int fd, void* buffer, size_t size) {
  if (before(fd, POLLIN, __WASI_RIGHTS_FD_READ) != 0) {
    return -1;
  }
  __wasi_iovec_t part = {buffer, size};
  size_t got = 0;
  __wasi_errno_t error = __wasi_fd_read(fd, &part, 1, &got);
  return outcome(error, got);
}

PUBLIC ssize_t write(int fd, const void* buffer, size_t size) {
  if (before(fd, POLLOUT, __WASI_RIGHTS_FD_WRITE) != 0) {
    return -1;
  }
  __wasi_ciovec_t part = {buffer, size};
  size_t put = 0;
  __wasi_errno_t error = __wasi_fd_write(fd, &part, 1, &put);
  return outcome(error, put);
}
