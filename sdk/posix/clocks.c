// Processor time and the clocks beside realtime and monotonic. weft counts a guest's processor time
// from its start.
#include <string.h>
#include <sys/resource.h>
#include <sys/time.h>
#include <sys/times.h>
#include <sys/timex.h>
#include <time.h>
#include <unistd.h>
#include <wasi/api.h>

#include "posix.h"

// wasi-libc's type of a clock, which its headers leave open.
struct __clockid {
  __wasi_clockid_t id;
};
PUBLIC const struct __clockid _CLOCK_PROCESS_CPUTIME_ID = {__WASI_CLOCKID_PROCESS_CPUTIME_ID};
PUBLIC const struct __clockid _CLOCK_THREAD_CPUTIME_ID = {__WASI_CLOCKID_THREAD_CPUTIME_ID};

static const uint64_t second_ns = 1000000000;

// Other engines may not have the clock; then time since the start stands in for it.
static uint64_t processor_ns(void) {
  static __wasi_timestamp_t start;
  __wasi_timestamp_t now = 0;
  if (__wasi_clock_time_get(__WASI_CLOCKID_PROCESS_CPUTIME_ID, 1, &now) == 0) {
    return now;
  }
  (void)__wasi_clock_time_get(__WASI_CLOCKID_MONOTONIC, 1, &now);
  if (start == 0) {
    start = now;
  }
  return now - start;
}

// CLOCKS_PER_SEC is 1,000,000,000.
PUBLIC clock_t clock(void) { return (clock_t)processor_ns(); }

PUBLIC clock_t times(struct tms* out) {
  const uint64_t tick_ns = second_ns / (uint64_t)sysconf(_SC_CLK_TCK);
  __wasi_timestamp_t now = 0;
  (void)__wasi_clock_time_get(__WASI_CLOCKID_MONOTONIC, 1, &now);
  if (out != NULL) {
    *out = (struct tms){.tms_utime = (clock_t)(processor_ns() / tick_ns)};
  }
  return (clock_t)(now / tick_ns);
}

// ru_maxrss is the size of linear memory, which never shrinks, in KiB. What is not known is 0.
PUBLIC int getrusage(int who, struct rusage* out) {
  if (who != RUSAGE_SELF && who != RUSAGE_CHILDREN && who != RUSAGE_THREAD) {
    return fail(EINVAL);
  }
  memset(out, 0, sizeof *out);
  if (who != RUSAGE_CHILDREN) {
    uint64_t ns = processor_ns();
    out->ru_utime =
        (struct timeval){(time_t)(ns / second_ns), (suseconds_t)(ns % second_ns / 1000)};
    out->ru_maxrss = (long)(__builtin_wasm_memory_size(0) * 64);
  }
  return 0;
}

PUBLIC int clock_getcpuclockid(pid_t process, clockid_t* clock) {
  if (process != 0 && process != getpid()) {
    return ESRCH;
  }
  *clock = CLOCK_PROCESS_CPUTIME_ID;
  return 0;
}

// The clocks belong to the host.
PUBLIC int clock_settime(clockid_t clock, const struct timespec* time) { return fail(EPERM); }
PUBLIC int settimeofday(const struct timeval* time, const struct timezone* zone) {
  return fail(EPERM);
}
PUBLIC int stime(const time_t* time) { return fail(EPERM); }
PUBLIC int adjtime(const struct timeval* delta, struct timeval* old) { return fail(EPERM); }
PUBLIC int adjtimex(struct timex* state) { return fail(EPERM); }
PUBLIC int clock_adjtime(clockid_t clock, struct timex* state) { return fail(EPERM); }

// There are no tables of time zones: local time is UTC, whatever TZ says.
static char utc[] = "UTC";
PUBLIC char* tzname[2] = {utc, utc};
PUBLIC long timezone;
PUBLIC int daylight;
PUBLIC void tzset(void) {}
