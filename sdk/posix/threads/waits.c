// All waits that can be interrupted: those of libc's locks, which call __timedwait, and sleeps.
#include <sched.h>
#include <time.h>
#include <unistd.h>
#include <wasi/api.h>

#include "posix.h"
#include "thread.h"

static const int64_t second_ns = 1000000000;

enum { notified, other_value, timed_out };  // the results of memory.atomic.wait32

static int wait_or_sleep(volatile int* address, int value, int64_t ns) {
  if (weft_has_threads() || ns < 0) {
    return __builtin_wasm_memory_atomic_wait32((int*)address, value, ns);
  }
  __wasi_subscription_t asked = {.u.tag = __WASI_EVENTTYPE_CLOCK,
                                 .u.u.clock.id = __WASI_CLOCKID_MONOTONIC,
                                 .u.u.clock.timeout = (__wasi_timestamp_t)ns};
  __wasi_event_t event;
  size_t count;
  (void)__wasi_poll_oneoff(&asked, &event, 1, &count);
  return timed_out;
}

static int interruption(const struct weft_thread* self, int is_point) {
  if (is_point && self->cancelled && self->cancel_state != PTHREAD_CANCEL_DISABLE) {
    return ECANCELED;
  }
  return self->signalled ? EINTR : 0;
}

int weft_wait(volatile int* address, int value, int64_t ns, int is_point) {
  struct weft_thread* self = &weft_self;
  self->waits_on = address;
  int outcome = interruption(self, is_point);
  if (outcome == 0) {
    int end = wait_or_sleep(address, value, ns);
    outcome = interruption(self, is_point);
    if (outcome == ECANCELED && end == notified) {
      // It may have been somebody's turn, which another thread can take.
      __builtin_wasm_memory_atomic_notify((int*)address, 1);
    } else if (outcome == 0 && end == timed_out) {
      outcome = ETIMEDOUT;
    }
  }
  self->waits_on = NULL;
  ++self->rounds;
  return outcome == EINTR ? weft_take_signals() : outcome;
}

// The thread may be about to wait, so that it hears nothing yet: it is woken until it has looked.
void weft_ring(struct weft_thread* thread) {
  ++thread->bell;
  int before = thread->rounds;
  for (;;) {
    volatile int* address = thread->waits_on;
    if (address == NULL || thread->rounds != before) {
      return;
    }
    __builtin_wasm_memory_atomic_notify((int*)address, 0x7fffffff);
    (void)__wasi_sched_yield();
  }
}

static int64_t ns_of(const struct timespec* time) {
  const int64_t seconds_max = INT64_MAX / second_ns - 1;
  int64_t seconds = time->tv_sec < seconds_max ? time->tv_sec : seconds_max;
  return seconds * second_ns + time->tv_nsec;
}

static int64_t now_ns(clockid_t clock) {
  struct timespec now;
  return clock_gettime(clock, &now) == 0 ? ns_of(&now) : -1;
}

// Masked cancellation is told to the caller, who has something to put right first.
static int wait_until(volatile int* address, int value, clockid_t clock,
                      const struct timespec* until, int is_point) {
  int64_t left = -1;
  if (until != NULL) {
    int64_t now = now_ns(clock);
    if (until->tv_nsec < 0 || until->tv_nsec >= second_ns || now < 0) {
      return EINVAL;
    }
    left = ns_of(until) - now;
    if (until->tv_sec < 0 || left < 0) {
      return ETIMEDOUT;
    }
  }
  int outcome = weft_wait(address, value, left, is_point);
  if (outcome == ECANCELED && weft_self.cancel_state == PTHREAD_CANCEL_MASKED) {
    weft_self.cancel_state = PTHREAD_CANCEL_DISABLE;
  } else if (outcome == ECANCELED) {
    weft_act_on_cancel();
  }
  return outcome == weft_restart ? 0 : outcome;
}

int __timedwait_cp(volatile int* address, int value, clockid_t clock, const struct timespec* until,
                   int is_private) {
  return wait_until(address, value, clock, until, 1);
}
int __timedwait(volatile int* address, int value, clockid_t clock, const struct timespec* until,
                int is_private) {
  return wait_until(address, value, clock, until, 0);
}

PUBLIC int clock_nanosleep(clockid_t clock, int flags, const struct timespec* time,
                           struct timespec* left) {
  int is_absolute = (flags & TIMER_ABSTIME) != 0;
  if ((flags & ~TIMER_ABSTIME) != 0 || time->tv_sec < 0 || time->tv_nsec < 0 ||
      time->tv_nsec >= second_ns || clock == CLOCK_THREAD_CPUTIME_ID) {
    return EINVAL;
  }
  if (clock != CLOCK_REALTIME && clock != CLOCK_MONOTONIC) {
    return ENOTSUP;
  }
  if (!is_absolute) {
    clock = CLOCK_MONOTONIC;
  }
  int64_t until = ns_of(time);
  if (!is_absolute && __builtin_add_overflow(until, now_ns(clock), &until)) {
    until = INT64_MAX;
  }
  pthread_testcancel();
  for (;;) {
    int bell = weft_self.bell;
    int64_t rest = until - now_ns(clock);
    int outcome = rest <= 0 ? ETIMEDOUT : weft_wait((volatile int*)&weft_self.bell, bell, rest, 1);
    if (outcome == ETIMEDOUT) {
      return 0;
    }
    if (outcome == ECANCELED) {
      weft_act_on_cancel();
    }
    if (outcome != 0) {
      rest = until - now_ns(clock);
      if (left != NULL && !is_absolute) {
        rest = rest < 0 ? 0 : rest;
        *left = (struct timespec){(time_t)(rest / second_ns), (long)(rest % second_ns)};
      }
      return EINTR;
    }
  }
}
int __clock_nanosleep(clockid_t clock, int flags, const struct timespec* time,
                      struct timespec* left) {
  return clock_nanosleep(clock, flags, time, left);
}
PUBLIC unsigned sleep(unsigned seconds) {
  struct timespec time = {(time_t)seconds, 0};
  return clock_nanosleep(CLOCK_REALTIME, 0, &time, &time) == 0
             ? 0
             : (unsigned)time.tv_sec + (time.tv_nsec > 0);
}

// Programs that wait for what a handler does give way meanwhile.
PUBLIC int sched_yield(void) {
  if (weft_self.signalled) {
    weft_take_signals();
  }
  (void)__wasi_sched_yield();
  return 0;
}
