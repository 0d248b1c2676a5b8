// What Lua's operating-system library calls and WASI has not.
#pragma once
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#ifndef L_tmpnam
#define L_tmpnam 20
#endif
static inline int weft_no_system(const char* command) {
  errno = ENOSYS;
  return command ? -1 : 0;
}
static inline char* weft_no_tmpnam(char* name) { return NULL; }
static inline FILE* weft_no_tmpfile(void) {
  errno = ENOSYS;
  return NULL;
}
#define system weft_no_system
#define tmpnam weft_no_tmpnam
#define tmpfile weft_no_tmpfile
