// What SQLite's Unix layer calls and WASI has not: owners of files, record locks (one program has a
// file for itself), processes.
#pragma once
#include <errno.h>
#include <fcntl.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#define F_RDLCK 0
#define F_WRLCK 1
#define F_UNLCK 2
#define F_GETLK 1005
#define F_SETLK 1006
#define F_SETLKW 1007

// SQLite looks at the answer's l_type to learn whether another has the lock.
static inline int weft_fcntl(int file, int command, ...) {
  va_list arguments;
  va_start(arguments, command);
  int result = 0;
  if (command == F_GETLK) {
    va_arg(arguments, struct flock*)->l_type = F_UNLCK;
  } else if (command != F_SETLK && command != F_SETLKW) {
    result = fcntl(file, command, va_arg(arguments, int));
  }
  va_end(arguments);
  return result;
}
#define fcntl weft_fcntl

static inline int fchown(int file, unsigned user, unsigned group) { return 0; }
static inline unsigned geteuid(void) { return 0; }
static inline unsigned getuid(void) { return 0; }
static inline int weft_no_mode(void) { return 0; }
#define fchmod(file, mode) weft_no_mode()
#define chmod(path, mode) weft_no_mode()
static inline int weft_no_system(const char* command) {
  errno = ENOSYS;
  return -1;
}
#define system weft_no_system
