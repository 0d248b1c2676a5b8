// POSIX and C11 threads: creation, ends, keys, attributes, what runs once.
#include <limits.h>
#include <pthread.h>
#include <sched.h>
#include <semaphore.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdint.h>
#include <stdlib.h>
#include <threads.h>
#include <time.h>
#include <unistd.h>

#include "threads.h"

enum { many = 16 };

// --- the end of threads ---

static char trace[64];
static void note(void* text) { strcat(trace, text); }

static pthread_key_t key;
static atomic_int destroyed, rounds_of_key;
static void destroy(void* value) { ++destroyed; }
static void destroy_again(void* value) {
  ++rounds_of_key;
  pthread_setspecific(key, value);
}

static void leave(int depth) {
  char local[] = "inner ";
  pthread_cleanup_push(note, local);
  if (depth == 0) {
    pthread_exit((void*)77);
  }
  leave(depth - 1);
  pthread_cleanup_pop(0);
}
static void* exits_early(void* ignored) {
  pthread_setspecific(key, &key);
  pthread_cleanup_push(note, "outer");
  leave(2);
  pthread_cleanup_pop(0);
  return NULL;
}
static void* pops(void* ignored) {
  pthread_cleanup_push(note, "run ");
  pthread_cleanup_push(note, "not run");
  pthread_cleanup_pop(0);
  pthread_cleanup_pop(1);
  return (void*)1;
}
static void* keeps(void* value) {
  pthread_setspecific(key, value);
  return pthread_getspecific(key);
}

static void ends(void) {
  check("pthread_key_create()", pthread_key_create(&key, destroy) == 0);
  check("pthread_exit() gives the result", result_of(started(exits_early, NULL)) == (void*)77);
  check("it runs the cleanup handlers inside out", !strcmp(trace, "inner inner inner outer"));
  check("and the destructors of keys", destroyed == 1);
  trace[0] = '\0';
  check("a function that returns", result_of(started(pops, NULL)) == (void*)1);
  check("pthread_cleanup_pop()", !strcmp(trace, "run "));
  pthread_t threads[many];
  int right = 1;
  for (int i = 0; i < many; ++i) {
    threads[i] = started(keeps, &threads[i]);
  }
  for (int i = 0; i < many; ++i) {
    right &= result_of(threads[i]) == &threads[i];
  }
  check("keys are each thread's own", right && destroyed == 1 + many);
  check("a key of the first thread is NULL", pthread_getspecific(key) == NULL);
  check("pthread_key_delete()", pthread_key_delete(key) == 0);
  pthread_key_create(&key, destroy_again);
  result_of(started(keeps, &key));
  check("destructors run again, but not for ever",
        rounds_of_key >= 1 && rounds_of_key <= PTHREAD_DESTRUCTOR_ITERATIONS);
  pthread_key_delete(key);
}

static atomic_int detached_ran;
static sem_t detached_done;
static void* detached(void* ignored) {
  ++detached_ran;
  sem_post(&detached_done);
  return NULL;
}
static void* detaches_itself(void* ignored) {
  check("pthread_detach() of itself", pthread_detach(pthread_self()) == 0);
  sem_post(&detached_done);
  pthread_exit(NULL);
}
static void* same(void* other) {
  return (void*)(intptr_t)pthread_equal(*(pthread_t*)other, pthread_self());
}

static void identities(void) {
  pthread_attr_t attributes;
  pthread_t thread;
  sem_init(&detached_done, 0, 0);
  pthread_attr_init(&attributes);
  pthread_attr_setdetachstate(&attributes, PTHREAD_CREATE_DETACHED);
  for (int i = 0; i < many; ++i) {
    check("a detached thread", pthread_create(&thread, &attributes, detached, NULL) == 0);
    sem_wait(&detached_done);
  }
  check("all detached ones ran", detached_ran == many);
  started(detaches_itself, NULL);
  sem_wait(&detached_done);
  pthread_t self = pthread_self();
  check("to join oneself", pthread_join(self, NULL) == EDEADLK);
  thread = started(same, &self);
  result_of(thread);
  check("nobody", pthread_kill(thread, 0) != 0 || pthread_join(thread, NULL) != 0);
  check("pthread_equal()", pthread_equal(self, pthread_self()));
  check("another thread is not equal", result_of(started(same, &self)) == NULL);
  char name[16];
  check("pthread_setname_np()", pthread_setname_np(self, "first") == 0);
  check("pthread_getname_np()", pthread_getname_np(self, name, 16) == 0 && !strcmp(name, "first"));
  check("a long name", pthread_setname_np(self, "0123456789abcdef") == ERANGE);
  check("sched_yield()", sched_yield() == 0);
}

static void* stack_of_mine(void* size) {
  pthread_attr_t attributes;
  void* address;
  size_t got;
  char here;
  int known = pthread_getattr_np(pthread_self(), &attributes) == 0 &&
              pthread_attr_getstack(&attributes, &address, &got) == 0;
  return (void*)(intptr_t)(known && &here > (char*)address && &here < (char*)address + got &&
                           got > (size_t)size / 2);
}

static void thread_attributes(void) {
  pthread_attr_t attributes;
  size_t size;
  int state;
  void* address;
  struct sched_param parameters = {.sched_priority = 0};
  check("pthread_attr_init()", pthread_attr_init(&attributes) == 0);
  check("joinable by default",
        pthread_attr_getdetachstate(&attributes, &state) == 0 && state == PTHREAD_CREATE_JOINABLE);
  check("a wrong state", pthread_attr_setdetachstate(&attributes, 9) == EINVAL);
  check("a large stack by default",
        pthread_attr_getstacksize(&attributes, &size) == 0 && size >= 8 << 20);
  check("too small a stack", pthread_attr_setstacksize(&attributes, 16) == EINVAL);
  check("pthread_attr_setstacksize()", pthread_attr_setstacksize(&attributes, 3 << 20) == 0);
  check("pthread_attr_getstacksize()",
        pthread_attr_getstacksize(&attributes, &size) == 0 && size == 3 << 20);
  pthread_t thread;
  pthread_create(&thread, &attributes, stack_of_mine, (void*)(3 << 20));
  check("pthread_getattr_np() knows the stack", result_of(thread) == (void*)1);
  check("and that of the first thread", stack_of_mine((void*)(1 << 20)) == (void*)1);
  void* stack = aligned_alloc(4096, 1 << 20);
  check("pthread_attr_setstack()", pthread_attr_setstack(&attributes, stack, 1 << 20) == 0);
  check("pthread_attr_getstack()", pthread_attr_getstack(&attributes, &address, &size) == 0 &&
                                       address == stack && size == 1 << 20);
  pthread_create(&thread, &attributes, stack_of_mine, (void*)(1 << 20));
  check("a stack of the program's", result_of(thread) == (void*)1);
  free(stack);
  pthread_attr_init(&attributes);
  int got;
  check("PTHREAD_EXPLICIT_SCHED",
        pthread_attr_setinheritsched(&attributes, PTHREAD_EXPLICIT_SCHED) == 0 &&
            pthread_attr_getinheritsched(&attributes, &got) == 0 && got == PTHREAD_EXPLICIT_SCHED);
  check("SCHED_OTHER", pthread_attr_setschedpolicy(&attributes, SCHED_OTHER) == 0 &&
                           pthread_attr_getschedpolicy(&attributes, &got) == 0 &&
                           got == SCHED_OTHER);
  check("priority 0", pthread_attr_setschedparam(&attributes, &parameters) == 0 &&
                          pthread_attr_getschedparam(&attributes, &parameters) == 0);
  check("a thread with them",
        pthread_create(&thread, &attributes, stack_of_mine, NULL) == 0 && result_of(thread));
  check("PTHREAD_SCOPE_SYSTEM", pthread_attr_setscope(&attributes, PTHREAD_SCOPE_SYSTEM) == 0);
  check("PTHREAD_SCOPE_PROCESS",
        pthread_attr_setscope(&attributes, PTHREAD_SCOPE_PROCESS) == ENOTSUP);
  check("an unknown scope", pthread_attr_setscope(&attributes, 77) == EINVAL);
  check("pthread_getschedparam()",
        pthread_getschedparam(pthread_self(), &got, &parameters) == 0 && got == SCHED_OTHER);
  check("pthread_setschedparam()",
        pthread_setschedparam(pthread_self(), SCHED_OTHER, &parameters) == 0);
  check("pthread_attr_destroy()", pthread_attr_destroy(&attributes) == 0);
  clockid_t clock;
  struct timespec time;
  check("pthread_getcpuclockid()",
        pthread_getcpuclockid(pthread_self(), &clock) == 0 && clock_gettime(clock, &time) == 0);
  check("sysconf(_SC_THREAD_THREADS_MAX)", sysconf(_SC_THREAD_THREADS_MAX) != 0);
  check("sysconf(_SC_THREAD_KEYS_MAX)", sysconf(_SC_THREAD_KEYS_MAX) >= _POSIX_THREAD_KEYS_MAX);
  check("sysconf(_SC_THREAD_STACK_MIN)", sysconf(_SC_THREAD_STACK_MIN) > 0);
  check("sysconf(_SC_THREADS)", sysconf(_SC_THREADS) > 0);
}

// --- C11 ---

static void together(const char* name, void* (*function)(void*)) {
  pthread_t threads[many];
  for (int i = 0; i < many; ++i) {
    threads[i] = started(function, NULL);
  }
  for (int i = 0; i < many; ++i) {
    result_of(threads[i]);
  }
  check(name, 1);
}

static pthread_once_t once = PTHREAD_ONCE_INIT;
static once_flag flag = ONCE_FLAG_INIT;
static atomic_int ran;
static void run(void) { ++ran; }
static void* runs_once(void* ignored) {
  pthread_once(&once, run);
  call_once(&flag, run);
  return NULL;
}

static mtx_t mtx;
static cnd_t cnd;
static tss_t tss;
static int ready;
static thread_local int local = 5;
static int c11(void* argument) {
  int right = local == 5;
  local = 6;
  tss_set(tss, argument);
  mtx_lock(&mtx);
  ready = 1;
  cnd_broadcast(&cnd);
  mtx_unlock(&mtx);
  thrd_yield();
  if (right && tss_get(tss) == argument) {
    thrd_exit(42);
  }
  return 0;
}

static void c11_threads(void) {
  together("once", runs_once);
  check("only once", ran == 2);
  thrd_t thread;
  int result = 0;
  struct timespec soon = in_ms(CLOCK_REALTIME, 5);
  destroyed = 0;
  check("mtx_init()", mtx_init(&mtx, mtx_timed | mtx_recursive) == thrd_success);
  check("cnd_init()", cnd_init(&cnd) == thrd_success);
  check("tss_create()", tss_create(&tss, destroy) == thrd_success);
  mtx_lock(&mtx);
  check("mtx_trylock() of one's own",
        mtx_trylock(&mtx) == thrd_success && mtx_unlock(&mtx) == thrd_success);
  check("cnd_timedwait()", cnd_timedwait(&cnd, &mtx, &soon) == thrd_timedout);
  check("thrd_create()", thrd_create(&thread, c11, &thread) == thrd_success);
  while (!ready) {
    cnd_wait(&cnd, &mtx);
  }
  mtx_unlock(&mtx);
  check("thrd_join()", thrd_join(thread, &result) == thrd_success && result == 42);
  check("tss destructors", destroyed == 1 && local == 5);
  check("thrd_current()", thrd_equal(thrd_current(), thrd_current()));
  check("thrd_sleep()", thrd_sleep(&(struct timespec){0, 1000}, NULL) == 0);
  tss_delete(tss);
  cnd_destroy(&cnd);
  mtx_destroy(&mtx);
}

static void* joins_first(void* first) {
  check("the first thread can be joined", result_of(*(pthread_t*)first) == (void*)5);
  check("its handlers have run", !strcmp(trace, "first"));
  fflush(stdout);
  return NULL;
}
static void at_exit(void) { check("atexit() runs with the last thread", 1); }

int main(void) {
  ends();
  identities();
  thread_attributes();
  c11_threads();
  atexit(at_exit);
  static pthread_t first;
  first = pthread_self();
  trace[0] = '\0';
  pthread_t last = started(joins_first, &first);
  pthread_detach(last);
  pthread_cleanup_push(note, "first");
  pthread_exit((void*)5);
  pthread_cleanup_pop(0);
}
