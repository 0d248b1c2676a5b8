// C11's condition variables are POSIX's, and the waits of POSIX 2024 that name their clock.
#include <pthread.h>
#include <semaphore.h>
#include <threads.h>
#include <time.h>

#include "posix.h"

static int outcome(int error) {
  return error == 0 ? thrd_success : error == ETIMEDOUT ? thrd_timedout : thrd_error;
}
PUBLIC int cnd_init(cnd_t* condition) {
  return outcome(pthread_cond_init((pthread_cond_t*)condition, NULL));
}
PUBLIC void cnd_destroy(cnd_t* condition) { pthread_cond_destroy((pthread_cond_t*)condition); }
PUBLIC int cnd_signal(cnd_t* condition) {
  return outcome(pthread_cond_signal((pthread_cond_t*)condition));
}
PUBLIC int cnd_broadcast(cnd_t* condition) {
  return outcome(pthread_cond_broadcast((pthread_cond_t*)condition));
}
PUBLIC int cnd_wait(cnd_t* condition, mtx_t* mutex) {
  return outcome(pthread_cond_wait((pthread_cond_t*)condition, (pthread_mutex_t*)mutex));
}
PUBLIC int cnd_timedwait(cnd_t* condition, mtx_t* mutex, const struct timespec* until) {
  return outcome(
      pthread_cond_timedwait((pthread_cond_t*)condition, (pthread_mutex_t*)mutex, until));
}
