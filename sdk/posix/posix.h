// What the files of this folder share.
//
// The library stands between a program and wasi-libc: it is linked before libc and takes the place
// of what libc has only in name. Each function either does what POSIX says, or fails as POSIX lets
// it fail, with an errno that says why; the table of docs/posix.md says which. All of them are
// weak: a program that brings its own is never in conflict.
#pragma once

#include <errno.h>
#include <stddef.h>

#define PUBLIC __attribute__((weak))

static inline int fail(int code) {
  errno = code;
  return -1;
}

// There is no way to do this in a guest.
static inline int unsupported(void) { return fail(ENOSYS); }

// Is this text, as a guest may pass it for nothing, empty or absent?
static inline int is_empty(const char* text) { return text == NULL || *text == '\0'; }
