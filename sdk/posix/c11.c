// C11's mutexes and keys are POSIX's under other names.
#include <pthread.h>
#include <threads.h>

#include "posix.h"

static int outcome(int error) {
  switch (error) {
    case 0:
      return thrd_success;
    case EBUSY:
      return thrd_busy;
    case ENOMEM:
      return thrd_nomem;
    case ETIMEDOUT:
      return thrd_timedout;
    default:
      return thrd_error;
  }
}

PUBLIC void call_once(once_flag* flag, void (*function)(void)) { pthread_once(flag, function); }

PUBLIC int mtx_init(mtx_t* mutex, int kind) {
  pthread_mutexattr_t attributes;
  pthread_mutexattr_init(&attributes);
  if ((kind & mtx_recursive) != 0) {
    pthread_mutexattr_settype(&attributes, PTHREAD_MUTEX_RECURSIVE);
  }
  return outcome(pthread_mutex_init((pthread_mutex_t*)mutex, &attributes));
}
PUBLIC void mtx_destroy(mtx_t* mutex) {}
PUBLIC int mtx_lock(mtx_t* mutex) { return outcome(pthread_mutex_lock((pthread_mutex_t*)mutex)); }
PUBLIC int mtx_trylock(mtx_t* mutex) {
  return outcome(pthread_mutex_trylock((pthread_mutex_t*)mutex));
}
PUBLIC int mtx_timedlock(mtx_t* mutex, const struct timespec* until) {
  return outcome(pthread_mutex_timedlock((pthread_mutex_t*)mutex, until));
}
PUBLIC int mtx_unlock(mtx_t* mutex) {
  return outcome(pthread_mutex_unlock((pthread_mutex_t*)mutex));
}

PUBLIC int tss_create(tss_t* key, tss_dtor_t destroy) {
  return outcome(pthread_key_create(key, destroy));
}
PUBLIC void tss_delete(tss_t key) { pthread_key_delete(key); }
PUBLIC int tss_set(tss_t key, void* value) { return outcome(pthread_setspecific(key, value)); }
