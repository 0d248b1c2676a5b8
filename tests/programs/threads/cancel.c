// Cancellation, and signals between threads. Whether a thread waits already when it is cancelled is
// left to chance, many times: it has to end either way.
#include <pthread.h>
#include <semaphore.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdint.h>
#include <stdlib.h>
#include <time.h>
#include <unistd.h>

#include "threads.h"

enum { rounds = 50 };

static pthread_mutex_t mutex = PTHREAD_MUTEX_INITIALIZER;
static pthread_cond_t condition = PTHREAD_COND_INITIALIZER;
static sem_t semaphore, begun;
static atomic_int cleaned, held, handled, stop;

static void clean(void* ignored) { ++cleaned; }
static void unlock(void* lock) {
  held += pthread_mutex_trylock(lock) == EBUSY;
  pthread_mutex_unlock(lock);
  ++cleaned;
}

static const struct timespec long_time = {3600, 0};
static struct timespec in_an_hour(void) {
  struct timespec time;
  clock_gettime(CLOCK_REALTIME, &time);
  time.tv_sec += 3600;
  return time;
}

static void* waits_for_semaphore(void* timed) {
  struct timespec until = in_an_hour();
  timed == NULL ? sem_wait(&semaphore) : sem_timedwait(&semaphore, &until);
  return NULL;
}
static void* waits_for_condition(void* timed) {
  struct timespec until = in_an_hour();
  pthread_mutex_lock(&mutex);
  pthread_cleanup_push(unlock, &mutex);
  for (;;) {
    timed == NULL ? pthread_cond_wait(&condition, &mutex)
                  : pthread_cond_timedwait(&condition, &mutex, &until);
  }
  pthread_cleanup_pop(0);
}
static void* sleeps(void* kind) {
  switch ((intptr_t)kind) {
    case 0:
      nanosleep(&long_time, NULL);
      break;
    case 1:
      sleep(3600);
      break;
    case 2:
      usleep(999999);
      pthread_testcancel();
      break;
    default:
      clock_nanosleep(CLOCK_MONOTONIC, 0, &long_time, NULL);
  }
  return NULL;
}
static void* asks(void* ignored) {
  for (;;) {
    pthread_testcancel();
  }
}
static void* reads(void* ends) {
  char byte;
  return (void*)read(((int*)ends)[0], &byte, 1);
}
static void* waits_for_signal(void* ignored) {
  sigset_t set;
  int got;
  sigemptyset(&set);
  sigaddset(&set, SIGUSR2);
  sigwait(&set, &got);
  return NULL;
}
struct wrapped {
  void* (*function)(void*);
  void* argument;
};
static void* wraps(void* what) {
  struct wrapped* wrapped = what;
  void* result;
  pthread_cleanup_push(clean, NULL);
  sem_post(&begun);
  result = wrapped->function(wrapped->argument);
  pthread_cleanup_pop(1);
  return result;
}

static void cancelled(const char* name, void* (*function)(void*), void* argument) {
  struct wrapped wrapped = {function, argument};
  int right = 1;
  cleaned = 0;
  for (int i = 0; i < rounds; ++i) {
    pthread_t thread = started(wraps, &wrapped);
    if (i % 2 != 0) {
      sem_wait(&begun);
    }
    for (int j = 0; j < i % 5; ++j) {
      sched_yield();
    }
    right &= pthread_cancel(thread) == 0;
    right &= result_of(thread) == PTHREAD_CANCELED;
    if (i % 2 == 0 && sem_trywait(&begun) != 0) {
      right &= 1;
    }
  }
  check(name, right);
}

static void* joins(void* other) { return result_of(*(pthread_t*)other); }

static void points(void) {
  int ends[2];
  sigset_t set;
  sigemptyset(&set);
  sigaddset(&set, SIGUSR2);
  pthread_sigmask(SIG_BLOCK, &set, NULL);
  cancelled("sem_wait() is a cancellation point", waits_for_semaphore, NULL);
  cancelled("sem_timedwait()", waits_for_semaphore, &begun);
  cancelled("pthread_cond_wait()", waits_for_condition, NULL);
  cancelled("pthread_cond_timedwait()", waits_for_condition, &begun);
  check("their handlers have the mutex", held == 2 * rounds);
  cancelled("nanosleep()", sleeps, (void*)0);
  cancelled("sleep()", sleeps, (void*)1);
  cancelled("usleep()", sleeps, (void*)2);
  cancelled("clock_nanosleep()", sleeps, (void*)3);
  cancelled("pthread_testcancel()", asks, NULL);
  cancelled("sigwait()", waits_for_signal, NULL);
  pipe(ends);
  cancelled("read()", reads, ends);
  char byte;
  fails("the end to write is not waited for", read(ends[1], &byte, 1) == -1, EBADF);
  struct wrapped last = {waits_for_semaphore, NULL};
  pthread_t joined = started(wraps, &last);
  cancelled("pthread_join()", joins, &joined);
  check("the one that was waited for can still be joined",
        pthread_cancel(joined) == 0 && result_of(joined) == PTHREAD_CANCELED);
}

static void* masks(void* ignored) {
  int old = -1, type = -1;
  check("cancellation is on at first",
        pthread_setcancelstate(PTHREAD_CANCEL_DISABLE, &old) == 0 && old == PTHREAD_CANCEL_ENABLE);
  check("and deferred", pthread_setcanceltype(PTHREAD_CANCEL_DEFERRED, &type) == 0 &&
                            type == PTHREAD_CANCEL_DEFERRED);
  check("a wrong state", pthread_setcancelstate(99, NULL) == EINVAL);
  check("a wrong type", pthread_setcanceltype(99, NULL) == EINVAL);
  sem_post(&begun);
  sem_wait(&semaphore);
  pthread_testcancel();
  check("a thread that has disabled it goes on", 1);
  pthread_setcancelstate(PTHREAD_CANCEL_ENABLE, NULL);
  pthread_testcancel();
  check("it is not cancelled", 0);
  return NULL;
}
static void* cancels_itself(void* ignored) {
  pthread_cancel(pthread_self());
  check("that is not at once", 1);
  pthread_testcancel();
  return NULL;
}
static void* cancels_itself_at_once(void* ignored) {
  pthread_setcanceltype(PTHREAD_CANCEL_ASYNCHRONOUS, NULL);
  pthread_cancel(pthread_self());
  return NULL;
}
static pthread_once_t once = PTHREAD_ONCE_INIT;
static atomic_int inits;
static void slow_init(void) {
  if (++inits == 1) {
    sem_post(&begun);
    sem_wait(&semaphore);
  }
}
static void* inits_once(void* ignored) {
  pthread_once(&once, slow_init);
  return NULL;
}

static void states(void) {
  while (sem_trywait(&begun) == 0) {
  }
  pthread_t thread = started(masks, NULL);
  sem_wait(&begun);
  pthread_cancel(thread);
  sem_post(&semaphore);
  check("it is cancelled later", result_of(thread) == PTHREAD_CANCELED);
  check("a thread cancels itself", result_of(started(cancels_itself, NULL)) == PTHREAD_CANCELED);
  check("asynchronously", result_of(started(cancels_itself_at_once, NULL)) == PTHREAD_CANCELED);
  thread = started(inits_once, NULL);
  sem_wait(&begun);
  pthread_cancel(thread);
  result_of(thread);
  pthread_once(&once, slow_init);
  check("pthread_once() begins again after it", inits == 2);
}

// --- signals ---

static pthread_t handled_by;
static void handle(int signal) {
  handled_by = pthread_self();
  ++handled;
}
static void* interrupted(void* kind) {
  int error = 0;
  sem_post(&begun);
  switch ((intptr_t)kind) {
    case 0:
      error = sem_wait(&semaphore) == -1 ? errno : 0;
      break;
    case 1:
      error = nanosleep(&long_time, NULL) == -1 ? errno : 0;
      break;
    case 2:
      error = pause() == -1 ? errno : 0;
      break;
    default:
      while (!stop) {
        sched_yield();
      }
  }
  return (void*)(intptr_t)error;
}

// It is told again until it has heard, as the first time may be before it waits.
static void interrupt(const char* name, intptr_t kind, int error) {
  handled = stop = 0;
  pthread_t thread = started(interrupted, (void*)kind);
  sem_wait(&begun);
  int sent = pthread_kill(thread, SIGUSR1);
  for (int i = 0; handled == 0 || (error != 0 && i < 200); ++i) {
    pthread_kill(thread, 0);
    usleep(500);
    if (i % 20 == 19 && error != 0) {
      pthread_kill(thread, SIGUSR1);
    }
  }
  stop = 1;
  void* result = result_of(thread);
  check(name, sent == 0 && result == (void*)(intptr_t)error && pthread_equal(handled_by, thread) &&
                  handled >= 1);
}

static void* takes_signal(void* ignored) {
  sigset_t set;
  int got = 0;
  sigemptyset(&set);
  sigaddset(&set, SIGUSR2);
  sem_post(&begun);
  return (void*)(intptr_t)(sigwait(&set, &got) == 0 ? got : -1);
}
static void* shows_mask(void* ignored) {
  sigset_t set;
  pthread_sigmask(SIG_BLOCK, NULL, &set);
  int inherited = sigismember(&set, SIGUSR2) && !sigismember(&set, SIGUSR1);
  sigaddset(&set, SIGUSR1);
  pthread_sigmask(SIG_SETMASK, &set, NULL);
  pthread_kill(pthread_self(), SIGUSR1);
  sigpending(&set);
  return (void*)(intptr_t)(inherited && sigismember(&set, SIGUSR1));
}

static void signals(void) {
  sigset_t set;
  struct sigaction action = {.sa_handler = handle};
  sigaction(SIGUSR1, &action, NULL);
  check("pthread_kill(0)", pthread_kill(pthread_self(), 0) == 0);
  check("no signal", pthread_kill(pthread_self(), 999) == EINVAL);
  check("of itself", pthread_kill(pthread_self(), SIGUSR1) == 0 && handled == 1);
  interrupt("a signal ends sem_wait()", 0, EINTR);
  interrupt("nanosleep()", 1, EINTR);
  interrupt("pause()", 2, EINTR);
  interrupt("a thread that gives way runs its handler", 3, 0);
  check("a thread has its own mask", result_of(started(shows_mask, NULL)) == (void*)1);
  pthread_sigmask(SIG_BLOCK, NULL, &set);
  check("and leaves the others theirs", !sigismember(&set, SIGUSR1));
  pthread_t thread = started(takes_signal, NULL);
  pthread_kill(thread, SIGUSR2);
  check("sigwait() of another thread", result_of(thread) == (void*)SIGUSR2);
  thread = started(takes_signal, NULL);
  kill(getpid(), SIGUSR2);
  check("a signal to the program", result_of(thread) == (void*)SIGUSR2);
}

int main(void) {
  sem_init(&semaphore, 0, 0);
  sem_init(&begun, 0, 0);
  points();
  states();
  signals();
  return 0;
}
