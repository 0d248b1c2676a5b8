// What the guest programs of this folder share: each line that they print is one check.
#pragma once
#include <errno.h>
#include <stdio.h>
#include <string.h>

static inline void check(const char* name, int holds) {
  printf("%s %s\n", holds ? "ok" : "FAILED", name);
}

// The call gave -1 (or what counts as such) and this error.
static inline void fails(const char* name, int failed, int error) {
  int got = errno;
  if (failed && got == error) {
    printf("ok %s\n", name);
  } else {
    printf("FAILED %s: %s, errno %d (%s), expected %d\n", name, failed ? "failed" : "succeeded",
           got, strerror(got), error);
  }
  errno = 0;
}
