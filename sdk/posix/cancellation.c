// How a thread ends before its function returns: pthread_exit(), pthread_cancel(), and the handlers
// that they run.
#include <stdlib.h>

#include "posix.h"
#include "thread.h"

// libc's, if the program has keys: runs their destructors.
#pragma weak __pthread_tsd_run_dtors
void __pthread_tsd_run_dtors(void);

PUBLIC void _pthread_cleanup_push(struct __ptcb* entry, void (*handler)(void*), void* argument) {
  *entry = (struct __ptcb){handler, argument, weft_self.cleanup};
  weft_self.cleanup = entry;
}

PUBLIC void _pthread_cleanup_pop(struct __ptcb* entry, int run) {
  weft_self.cleanup = entry->__next;
  if (run) {
    entry->__f(entry->__x);
  }
}

// The handlers run here, above the frames whose variables they may use. Keys and joiners are libc's
// business once the thread's function has returned.
PUBLIC _Noreturn void pthread_exit(void* result) {
  weft_self.cancel_state = PTHREAD_CANCEL_DISABLE;
  weft_self.cancel_type = PTHREAD_CANCEL_DEFERRED;
  while (weft_self.cleanup != NULL) {
    struct __ptcb* entry = weft_self.cleanup;
    weft_self.cleanup = entry->__next;
    entry->__f(entry->__x);
  }
  if (weft_self.end != NULL) {
    weft_self.result = result;
    longjmp(*weft_self.end, 1);
  }
  if (weft_has_threads()) {
    weft_end_first_thread(result);
  }
  if (&__pthread_tsd_run_dtors != NULL) {
    __pthread_tsd_run_dtors();
  }
  exit(0);
}

PUBLIC int pthread_cancel(pthread_t thread) {
  if (!weft_is_thread(thread)) {
    return ESRCH;
  }
  struct weft_thread* target = weft_thread_of(thread);
  target->cancelled = 1;
  if (target != &weft_self) {
    weft_ring(target);
  } else if (weft_self.cancel_type == PTHREAD_CANCEL_ASYNCHRONOUS) {
    pthread_testcancel();
  }
  return 0;
}
