// POSIX locks, conditions and semaphores.
#include <fcntl.h>
#include <limits.h>
#include <pthread.h>
#include <semaphore.h>
#include <stdatomic.h>
#include <stdint.h>
#include <stdlib.h>
#include <time.h>

#include "threads.h"

enum { many = 16, rounds = 200 };

// --- locks ---

static pthread_mutex_t mutex = PTHREAD_MUTEX_INITIALIZER;
static pthread_cond_t condition = PTHREAD_COND_INITIALIZER;
static pthread_rwlock_t rwlock = PTHREAD_RWLOCK_INITIALIZER;
static pthread_spinlock_t spin;
static pthread_barrier_t barrier;
static long counted;
static atomic_int serial;

static void* counts(void* how) {
  for (int i = 0; i < rounds; ++i) {
    switch ((intptr_t)how % 3) {
      case 0:
        pthread_mutex_lock(&mutex);
        ++counted;
        pthread_mutex_unlock(&mutex);
        break;
      case 1:
        pthread_rwlock_wrlock(&rwlock);
        ++counted;
        pthread_rwlock_unlock(&rwlock);
        break;
      default:
        pthread_spin_lock(&spin);
        ++counted;
        pthread_spin_unlock(&spin);
    }
  }
  return NULL;
}
static void* reads(void* ignored) {
  for (int i = 0; i < rounds; ++i) {
    pthread_rwlock_rdlock(&rwlock);
    pthread_rwlock_unlock(&rwlock);
  }
  return NULL;
}
static void* meets(void* ignored) {
  for (int i = 0; i < rounds; ++i) {
    serial += pthread_barrier_wait(&barrier) == PTHREAD_BARRIER_SERIAL_THREAD;
  }
  return NULL;
}
static void* tries(void* lock) {
  struct timespec soon = in_ms(CLOCK_REALTIME, 5);
  check("trylock of another's is EBUSY", pthread_mutex_trylock(lock) == EBUSY);
  check("timedlock of another's is ETIMEDOUT", pthread_mutex_timedlock(lock, &soon) == ETIMEDOUT);
  check("trywrlock of another's is EBUSY", pthread_rwlock_trywrlock(&rwlock) == EBUSY);
  check("tryrdlock of another's is EBUSY", pthread_rwlock_tryrdlock(&rwlock) == EBUSY);
  check("timedrdlock of another's", pthread_rwlock_timedrdlock(&rwlock, &soon) == ETIMEDOUT);
  check("timedwrlock of another's", pthread_rwlock_timedwrlock(&rwlock, &soon) == ETIMEDOUT);
  return NULL;
}
static void* unlocks(void* lock) { return (void*)(intptr_t)pthread_mutex_unlock(lock); }

static void together(const char* name, void* (*function)(void*), void* argument) {
  pthread_t threads[many];
  for (int i = 0; i < many; ++i) {
    threads[i] = started(
        function == counts && i % 4 == 3 && argument == (void*)1 ? reads : function, argument);
  }
  for (int i = 0; i < many; ++i) {
    result_of(threads[i]);
  }
  check(name, 1);
}

static void locks(void) {
  pthread_spin_init(&spin, PTHREAD_PROCESS_PRIVATE);
  together("mutex", counts, (void*)0);
  together("rwlock", counts, (void*)1);
  together("spin lock", counts, (void*)2);
  check("nothing was lost", counted == 2 * many * rounds + many * 3 / 4 * rounds);
  pthread_spin_lock(&spin);
  check("pthread_spin_trylock()", pthread_spin_trylock(&spin) == EBUSY);
  pthread_spin_unlock(&spin);
  check("pthread_spin_destroy()", pthread_spin_destroy(&spin) == 0);
  pthread_mutex_lock(&mutex);
  pthread_rwlock_wrlock(&rwlock);
  result_of(started(tries, &mutex));
  pthread_rwlock_unlock(&rwlock);
  pthread_mutex_unlock(&mutex);
  check("a barrier of none", pthread_barrier_init(&barrier, NULL, 0) == EINVAL);
  for (int shared = 0; shared < 2; ++shared) {
    pthread_barrierattr_t attributes;
    pthread_barrierattr_init(&attributes);
    check("pthread_barrierattr_setpshared()",
          pthread_barrierattr_setpshared(&attributes, shared) == 0);
    serial = 0;
    pthread_barrier_init(&barrier, &attributes, many);
    together("barrier", meets, NULL);
    check("one of them each time", serial == rounds);
    check("pthread_barrier_destroy()", pthread_barrier_destroy(&barrier) == 0);
  }
}

static void kinds_of_mutex(void) {
  pthread_mutexattr_t attributes;
  pthread_mutex_t lock;
  int got;
  pthread_mutexattr_init(&attributes);
  check("a wrong type", pthread_mutexattr_settype(&attributes, 99) == EINVAL);
  pthread_mutexattr_settype(&attributes, PTHREAD_MUTEX_RECURSIVE);
  check("pthread_mutexattr_gettype()",
        pthread_mutexattr_gettype(&attributes, &got) == 0 && got == PTHREAD_MUTEX_RECURSIVE);
  pthread_mutex_init(&lock, &attributes);
  check("recursive", pthread_mutex_lock(&lock) == 0 && pthread_mutex_lock(&lock) == 0 &&
                         pthread_mutex_trylock(&lock) == 0);
  check("not another's to unlock", result_of(started(unlocks, &lock)) == (void*)EPERM);
  check("unlocked as often", pthread_mutex_unlock(&lock) == 0 && pthread_mutex_unlock(&lock) == 0 &&
                                 pthread_mutex_unlock(&lock) == 0 &&
                                 pthread_mutex_unlock(&lock) == EPERM);
  pthread_mutexattr_settype(&attributes, PTHREAD_MUTEX_ERRORCHECK);
  pthread_mutex_init(&lock, &attributes);
  check("errorcheck", pthread_mutex_lock(&lock) == 0 && pthread_mutex_lock(&lock) == EDEADLK);
  check("pthread_mutex_unlock()",
        pthread_mutex_unlock(&lock) == 0 && pthread_mutex_unlock(&lock) == EPERM);
  check("pthread_mutex_destroy()", pthread_mutex_destroy(&lock) == 0);
  check("process-shared", pthread_mutexattr_setpshared(&attributes, PTHREAD_PROCESS_SHARED) == 0 &&
                              pthread_mutexattr_getpshared(&attributes, &got) == 0 &&
                              got == PTHREAD_PROCESS_SHARED);
  check("a wrong protocol", pthread_mutexattr_setprotocol(&attributes, 99) == EINVAL);
  check("PTHREAD_PRIO_NONE", pthread_mutexattr_setprotocol(&attributes, PTHREAD_PRIO_NONE) == 0 &&
                                 pthread_mutexattr_getprotocol(&attributes, &got) == 0 &&
                                 got == PTHREAD_PRIO_NONE);
  check("pthread_mutexattr_setprioceiling()",
        pthread_mutexattr_setprioceiling(&attributes, 7) == 0 &&
            pthread_mutexattr_getprioceiling(&attributes, &got) == 0 && got == 7);
  check("too high a ceiling", pthread_mutexattr_setprioceiling(&attributes, 1000) == EINVAL);
}

static void* dies_holding(void* lock) {
  check("a robust mutex", pthread_mutex_lock(lock) == 0);
  return NULL;
}
static void robust(void) {
  pthread_mutexattr_t attributes;
  pthread_mutex_t lock;
  int got;
  pthread_mutexattr_init(&attributes);
  check("pthread_mutexattr_setrobust()",
        pthread_mutexattr_setrobust(&attributes, PTHREAD_MUTEX_ROBUST) == 0 &&
            pthread_mutexattr_getrobust(&attributes, &got) == 0 && got == PTHREAD_MUTEX_ROBUST);
  pthread_mutex_init(&lock, &attributes);
  result_of(started(dies_holding, &lock));
  check("its owner is dead", pthread_mutex_lock(&lock) == EOWNERDEAD);
  check("pthread_mutex_consistent()",
        pthread_mutex_consistent(&lock) == 0 && pthread_mutex_unlock(&lock) == 0);
  check("it works again", pthread_mutex_lock(&lock) == 0 && pthread_mutex_unlock(&lock) == 0);
  result_of(started(dies_holding, &lock));
  check("dead again", pthread_mutex_trylock(&lock) == EOWNERDEAD);
  check("unlocked as it is", pthread_mutex_unlock(&lock) == 0);
  check("it cannot be recovered", pthread_mutex_lock(&lock) == ENOTRECOVERABLE &&
                                      pthread_mutex_trylock(&lock) == ENOTRECOVERABLE);
}

// --- conditions, semaphores, C11 ---

static int turn;
static void* ping_pong(void* me) {
  for (int i = 0; i < rounds; ++i) {
    pthread_mutex_lock(&mutex);
    while (turn != (intptr_t)me) {
      pthread_cond_wait(&condition, &mutex);
    }
    turn = !turn;
    pthread_cond_broadcast(&condition);
    pthread_mutex_unlock(&mutex);
  }
  return NULL;
}

static void conditions(void) {
  pthread_t one = started(ping_pong, (void*)0), other = started(ping_pong, (void*)1);
  result_of(one);
  result_of(other);
  check("pthread_cond_wait()", turn == 0);
  clockid_t clocks[] = {CLOCK_REALTIME, CLOCK_MONOTONIC};
  for (int i = 0; i < 2; ++i) {
    pthread_condattr_t attributes;
    pthread_cond_t timed;
    clockid_t got;
    pthread_condattr_init(&attributes);
    check("pthread_condattr_setclock()", pthread_condattr_setclock(&attributes, clocks[i]) == 0);
    check("pthread_condattr_getclock()",
          pthread_condattr_getclock(&attributes, &got) == 0 && got == clocks[i]);
    check("process-shared", pthread_condattr_setpshared(&attributes, i) == 0);
    pthread_cond_init(&timed, &attributes);
    struct timespec soon = in_ms(clocks[i], 5);
    int error = 0;
    pthread_mutex_lock(&mutex);
    while (error == 0) {
      error = pthread_cond_timedwait(&timed, &mutex, &soon);
    }
    check("pthread_cond_timedwait()", error == ETIMEDOUT);
    soon.tv_nsec = 1000000000;
    check("no time", pthread_cond_timedwait(&timed, &mutex, &soon) == EINVAL);
    pthread_mutex_unlock(&mutex);
    check("pthread_cond_destroy()", pthread_cond_destroy(&timed) == 0);
  }
}

static sem_t semaphore;
static void* posts(void* ignored) {
  for (int i = 0; i < rounds; ++i) {
    sem_post(&semaphore);
  }
  return NULL;
}

static void semaphores(void) {
  int value;
  struct timespec soon = in_ms(CLOCK_REALTIME, 5);
  fails("too high a value", sem_init(&semaphore, 0, (unsigned)SEM_VALUE_MAX + 1) == -1, EINVAL);
  sem_init(&semaphore, 0, 0);
  pthread_t poster = started(posts, NULL);
  for (int i = 0; i < rounds; ++i) {
    sem_wait(&semaphore);
  }
  result_of(poster);
  check("sem_getvalue()", sem_getvalue(&semaphore, &value) == 0 && value == 0);
  fails("sem_trywait()", sem_trywait(&semaphore) == -1, EAGAIN);
  fails("sem_timedwait()", sem_timedwait(&semaphore, &soon) == -1, ETIMEDOUT);
  soon.tv_nsec = -1;
  fails("no time", sem_timedwait(&semaphore, &soon) == -1, EINVAL);
  check("sem_destroy()", sem_destroy(&semaphore) == 0);
  sem_unlink("/weft-threads-test");
  sem_t* named = sem_open("/weft-threads-test", O_CREAT | O_EXCL, 0600, 2);
  check("sem_open()", named != SEM_FAILED);
  fails("there is one", sem_open("/weft-threads-test", O_CREAT | O_EXCL, 0600, 0) == SEM_FAILED,
        EEXIST);
  sem_t* again = sem_open("/weft-threads-test", 0);
  check("the same name is the same semaphore",
        again == named && sem_wait(again) == 0 && sem_getvalue(named, &value) == 0 && value == 1);
  check("sem_close()", sem_close(again) == 0 && sem_post(named) == 0);
  check("sem_unlink()", sem_unlink("/weft-threads-test") == 0);
  fails("it is gone", sem_open("/weft-threads-test", 0) == SEM_FAILED, ENOENT);
  fails("twice", sem_unlink("/weft-threads-test") == -1, ENOENT);
  check("the last sem_close()", sem_close(named) == 0);
}

int main(void) {
  locks();
  kinds_of_mutex();
  robust();
  conditions();
  semaphores();
  return 0;
}
