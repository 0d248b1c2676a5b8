// Timers that send SIGALRM, SIGVTALRM or SIGPROF. One counts down and can be asked, but a running
// program is never interrupted: the signal arrives when the program waits for one (pause,
// sigsuspend, sigwait and their kin).
#include <signal.h>
#include <stdint.h>
#include <string.h>
#include <sys/time.h>
#include <time.h>
#include <unistd.h>

#include "posix.h"
#include "signals.h"

enum { kinds = 3 };
static const uint64_t second_ns = 1000000000;

static struct {
  uint64_t at_ns;        // of the monotonic clock; 0: not running
  uint64_t interval_ns;  // 0: once
} timers[kinds];

uint64_t weft_monotonic_ns(void) {
  struct timespec now;
  clock_gettime(CLOCK_MONOTONIC, &now);
  return (uint64_t)now.tv_sec * second_ns + (uint64_t)now.tv_nsec;
}

uint64_t weft_alarm_at(void) { return timers[ITIMER_REAL].at_ns; }

void weft_alarm_fired(void) {
  uint64_t interval = timers[ITIMER_REAL].interval_ns;
  timers[ITIMER_REAL].at_ns = interval == 0 ? 0 : weft_monotonic_ns() + interval;
}

static int is_time(const struct timeval* time) {
  return time->tv_usec >= 0 && time->tv_usec < 1000000 && time->tv_sec >= 0;
}

static uint64_t ns_of(const struct timeval* time) {
  return (uint64_t)time->tv_sec * second_ns + (uint64_t)time->tv_usec * 1000;
}

static struct timeval time_of(uint64_t ns) {
  return (struct timeval){(time_t)(ns / second_ns), (suseconds_t)(ns % second_ns / 1000)};
}

PUBLIC int getitimer(int kind, struct itimerval* value) {
  if (kind < 0 || kind >= kinds) {
    return fail(EINVAL);
  }
  uint64_t now = weft_monotonic_ns();
  uint64_t at = timers[kind].at_ns;
  // One that has run out, and whose signal nobody has waited for, is about to go off.
  uint64_t left = at == 0 ? 0 : at > now ? at - now : 1000;
  value->it_value = time_of(left);
  value->it_interval = time_of(timers[kind].interval_ns);
  return 0;
}

PUBLIC int setitimer(int kind, const struct itimerval* value, struct itimerval* old) {
  if (kind < 0 || kind >= kinds || !is_time(&value->it_value) || !is_time(&value->it_interval)) {
    return fail(EINVAL);
  }
  if (old != NULL) {
    getitimer(kind, old);
  }
  uint64_t first = ns_of(&value->it_value);
  timers[kind].at_ns = first == 0 ? 0 : weft_monotonic_ns() + first;
  timers[kind].interval_ns = ns_of(&value->it_interval);
  return 0;
}

PUBLIC unsigned alarm(unsigned seconds) {
  struct itimerval value = {.it_value = {.tv_sec = seconds}};
  struct itimerval old;
  setitimer(ITIMER_REAL, &value, &old);
  return (unsigned)old.it_value.tv_sec + (old.it_value.tv_usec != 0);
}

PUBLIC unsigned ualarm(unsigned first_us, unsigned interval_us) {
  struct itimerval value = {{interval_us / 1000000, (suseconds_t)(interval_us % 1000000)},
                            {first_us / 1000000, (suseconds_t)(first_us % 1000000)}};
  struct itimerval old;
  setitimer(ITIMER_REAL, &value, &old);
  return (unsigned)(old.it_value.tv_sec * 1000000 + old.it_value.tv_usec);
}

PUBLIC int timer_create(clockid_t clock, struct sigevent* event, timer_t* timer) {
  return unsupported();
}
PUBLIC int timer_delete(timer_t timer) { return fail(EINVAL); }
PUBLIC int timer_gettime(timer_t timer, struct itimerspec* value) { return fail(EINVAL); }
PUBLIC int timer_getoverrun(timer_t timer) { return fail(EINVAL); }
PUBLIC int timer_settime(timer_t timer, int flags, const struct itimerspec* value,
                         struct itimerspec* old) {
  return fail(EINVAL);
}
