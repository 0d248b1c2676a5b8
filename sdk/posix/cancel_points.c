// The state of cancellation, and where it is looked at. Cancellation is always deferred: a thread
// of the asynchronous type is cancelled at its next cancellation point, too.
//
// libc calls the functions that begin with underscores.
#include "posix.h"
#include "thread.h"

_Thread_local struct weft_thread weft_self = {.name = "weft"};
int weft_first_thread_id = 0x3fffffff;

_Noreturn void weft_act_on_cancel(void) { pthread_exit(PTHREAD_CANCELED); }

int __pthread_setcancelstate(int state, int* old) {
  if (state != PTHREAD_CANCEL_ENABLE && state != PTHREAD_CANCEL_DISABLE &&
      state != PTHREAD_CANCEL_MASKED) {
    return EINVAL;
  }
  if (old != NULL) {
    *old = weft_self.cancel_state;
  }
  weft_self.cancel_state = state;
  return 0;
}
PUBLIC int pthread_setcancelstate(int state, int* old) {
  return __pthread_setcancelstate(state, old);
}

void __pthread_testcancel(void) {
  if (weft_self.cancelled && weft_self.cancel_state == PTHREAD_CANCEL_ENABLE) {
    weft_act_on_cancel();
  }
}
PUBLIC void pthread_testcancel(void) { __pthread_testcancel(); }

PUBLIC int pthread_setcanceltype(int type, int* old) {
  if (type != PTHREAD_CANCEL_DEFERRED && type != PTHREAD_CANCEL_ASYNCHRONOUS) {
    return EINVAL;
  }
  if (old != NULL) {
    *old = weft_self.cancel_type;
  }
  weft_self.cancel_type = type;
  if (type == PTHREAD_CANCEL_ASYNCHRONOUS) {
    __pthread_testcancel();
  }
  return 0;
}
