// For programs of one thread, where wasi-libc has pthread_create (which fails) and locks that
// nobody else can hold, but not the rest: semaphores, conditions of C11, locked streams.
#include <limits.h>
#include <semaphore.h>
#include <stdio.h>
#include <stdlib.h>
#include <threads.h>
#include <time.h>
#include <unistd.h>

#include "posix.h"
#include "thread.h"

int weft_wait(volatile int* address, int value, int64_t ns, int is_point) {
  const int64_t second_ns = 1000000000;
  if (ns < 0) {
    __builtin_trap();
  }
  nanosleep(&(struct timespec){(time_t)(ns / second_ns), (long)(ns % second_ns)}, NULL);
  return ETIMEDOUT;
}
void weft_ring(struct weft_thread* thread) {}

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

// Nobody can be woken and nobody can wake: to wait is an error.
PUBLIC int cnd_init(cnd_t* condition) { return thrd_success; }
PUBLIC void cnd_destroy(cnd_t* condition) {}
PUBLIC int cnd_signal(cnd_t* condition) { return thrd_success; }
PUBLIC int cnd_broadcast(cnd_t* condition) { return thrd_success; }
PUBLIC int cnd_wait(cnd_t* condition, mtx_t* mutex) { return thrd_error; }
PUBLIC int cnd_timedwait(cnd_t* condition, mtx_t* mutex, const struct timespec* until) {
  return thrd_error;
}
