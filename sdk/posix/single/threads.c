// For programs of one thread, where wasi-libc has pthread_create (which fails) and locks that
// nobody else can hold, but not the rest: semaphores, C11's threads, locked streams.
#include <limits.h>
#include <pthread.h>
#include <semaphore.h>
#include <stdio.h>
#include <stdlib.h>
#include <threads.h>
#include <time.h>
#include <unistd.h>

#include "posix.h"

PUBLIC void flockfile(FILE* stream) {}
PUBLIC int ftrylockfile(FILE* stream) { return 0; }
PUBLIC void funlockfile(FILE* stream) {}

// The value alone; to wait for what nobody can post would be to wait for ever.
PUBLIC int sem_init(sem_t* semaphore, int shared, unsigned value) {
  if (value > INT_MAX) {
    return fail(EINVAL);
  }
  semaphore->__val[0] = (int)value;
  return 0;
}
PUBLIC int sem_destroy(sem_t* semaphore) { return 0; }
PUBLIC int sem_getvalue(sem_t* semaphore, int* value) {
  *value = semaphore->__val[0];
  return 0;
}
PUBLIC int sem_post(sem_t* semaphore) {
  if (semaphore->__val[0] == INT_MAX) {
    return fail(EOVERFLOW);
  }
  ++semaphore->__val[0];
  return 0;
}
PUBLIC int sem_trywait(sem_t* semaphore) {
  if (semaphore->__val[0] == 0) {
    return fail(EAGAIN);
  }
  --semaphore->__val[0];
  return 0;
}
PUBLIC int sem_wait(sem_t* semaphore) { return sem_trywait(semaphore) == 0 ? 0 : fail(EDEADLK); }
PUBLIC int sem_timedwait(sem_t* semaphore, const struct timespec* until) {
  if (sem_trywait(semaphore) == 0) {
    return 0;
  }
  clock_nanosleep(CLOCK_REALTIME, TIMER_ABSTIME, until, NULL);
  return fail(ETIMEDOUT);
}

PUBLIC int thrd_create(thrd_t* thread, thrd_start_t function, void* argument) { return thrd_error; }
PUBLIC _Noreturn void thrd_exit(int result) { exit(0); }
PUBLIC int thrd_join(thrd_t thread, int* result) { return thrd_error; }
PUBLIC void thrd_yield(void) {}
PUBLIC void call_once(once_flag* flag, void (*function)(void)) { pthread_once(flag, function); }

static int outcome(int error) {
  return error == 0 ? thrd_success : error == EBUSY ? thrd_busy : thrd_error;
}
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
PUBLIC int mtx_timedlock(mtx_t* mutex, const struct timespec* until) { return mtx_lock(mutex); }
PUBLIC int mtx_unlock(mtx_t* mutex) {
  return outcome(pthread_mutex_unlock((pthread_mutex_t*)mutex));
}

// Nobody can be woken and nobody can wake: to wait is an error.
PUBLIC int cnd_init(cnd_t* condition) { return thrd_success; }
PUBLIC void cnd_destroy(cnd_t* condition) {}
PUBLIC int cnd_signal(cnd_t* condition) { return thrd_success; }
PUBLIC int cnd_broadcast(cnd_t* condition) { return thrd_success; }
PUBLIC int cnd_wait(cnd_t* condition, mtx_t* mutex) { return thrd_error; }
PUBLIC int cnd_timedwait(cnd_t* condition, mtx_t* mutex, const struct timespec* until) {
  return thrd_error;
}

PUBLIC int tss_create(tss_t* key, tss_dtor_t destroy) {
  return outcome(pthread_key_create(key, destroy));
}
PUBLIC void tss_delete(tss_t key) { pthread_key_delete(key); }
PUBLIC int tss_set(tss_t key, void* value) { return outcome(pthread_setspecific(key, value)); }
