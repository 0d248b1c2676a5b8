// pthread_exit(), which wasi-libc declares only.
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>

#include "posix.h"

// wasi-libc's; there when the program has keys of thread-specific data.
void __attribute__((weak)) __pthread_tsd_run_dtors(void);

extern char __heap_base;
static _Thread_local char own;

// The first thread's own variables lie among the static ones; those of others were allocated.
static int is_first_thread(void) { return &own < &__heap_base; }

// The first thread ends the program with the exit code 0, without waiting for other threads;
// handlers of pthread_cleanup_push are not run. Another thread can end only by returning from its
// function, so there this is a failure that nobody overlooks.
_Noreturn PUBLIC void pthread_exit(void* result) {
  if (!is_first_thread()) {
    fputs("weft: pthread_exit() works in the first thread only; see docs/posix.md\n", stderr);
    abort();
  }
  if (__pthread_tsd_run_dtors != NULL) {
    __pthread_tsd_run_dtors();
  }
  exit(EXIT_SUCCESS);
}
