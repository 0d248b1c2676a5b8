// What this library knows of a thread beside libc's own record: one variable of each thread, which
// others reach by the thread's pthread_t, since both lie in the same block of thread-local storage.
//
// A thread that waits says on what. Who wants it to look up – to be cancelled, to run a handler –
// leaves word in its record first and then wakes it there; all waits may end for no reason.
//
// Thread safety: what is atomic is for all threads, the rest for the thread itself.
#pragma once

#include <pthread.h>
#include <setjmp.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdint.h>

struct weft_thread {
  atomic_int bell;       // counts the calls of weft_ring: what a sleep waits on
  atomic_int rounds;     // counts the waits that have ended
  atomic_int begun;      // its mask is known
  atomic_int cancelled;  // by pthread_cancel()
  atomic_int signalled;  // a signal of pthread_kill() is to be delivered
  _Atomic(volatile int*) waits_on;
  int cancel_state;
  int cancel_type;
  struct __ptcb* cleanup;  // the handlers of pthread_cleanup_push(), the last one first
  jmp_buf* end;            // where pthread_exit() goes on; NULL in the first thread
  void* result;            // given to pthread_exit()
  sigset_t blocked;
  sigset_t pending;  // for this thread alone; its words are changed atomically
  char name[16];
};

extern _Thread_local struct weft_thread weft_self;

static inline struct weft_thread* weft_thread_of(pthread_t thread) {
  return (struct weft_thread*)((uintptr_t)&weft_self + (uintptr_t)thread -
                               (uintptr_t)pthread_self());
}

// Of weft_wait: a handler has run whose action says SA_RESTART.
enum { weft_restart = -1 };

// Waits on `address` as memory.atomic.wait32 does, at most `ns` (negative: without end). 0: it was
// notified, has another value, or for no reason; ETIMEDOUT; EINTR or weft_restart: a handler has
// run; with `is_point`, ECANCELED: the thread is cancelled and has not disabled that. In a program
// without threads nobody could notify: there it sleeps, and to wait without end is a trap.
int weft_wait(volatile int* address, int value, int64_t ns, int is_point);

// Makes a thread that waits look at its record again.
void weft_ring(struct weft_thread* thread);

// What follows is only in programs that create threads, or have the function that is named. All
// programs are linked with one library: without threads their memory is not shared, and libc's
// pthread_create must not come in.
#pragma weak weft_is_known
#pragma weak weft_end_first_thread
#pragma weak weft_take_signals
#pragma weak pthread_exit

// Is there such a thread, which has not ended or can still be joined?
int weft_is_known(pthread_t thread);

// The first thread ends as any other, and the program with its last one.
_Noreturn void weft_end_first_thread(void* result);

static inline int weft_has_threads(void) { return &weft_end_first_thread != NULL; }
static inline int weft_is_thread(pthread_t thread) {
  return thread == pthread_self() || (&weft_is_known != NULL && weft_is_known(thread));
}

extern int weft_first_thread_id;  // libc's number of it

// Ends the calling thread, which is cancelled. REQUIRES: pthread_cancel() is in the program.
_Noreturn void weft_act_on_cancel(void);

// Runs the handlers of the calling thread's signals. Did any run: EINTR or weft_restart, else 0.
int weft_take_signals(void);
