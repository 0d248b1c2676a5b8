// Which processor runs what is the host's affair: a program has as many as
// sysconf(_SC_NPROCESSORS_ONLN) says, numbered from 0, and may ask for any of them without effect.
#include <pthread.h>
#include <sched.h>
#include <signal.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "posix.h"
#include "thread.h"

PUBLIC int __sched_cpucount(size_t size, const cpu_set_t* set) {
  const unsigned char* bytes = (const unsigned char*)set;
  int count = 0;
  for (size_t i = 0; i < size; ++i) {
    count += __builtin_popcount(bytes[i]);
  }
  return count;
}

static int fill(size_t size, cpu_set_t* set) {
  long processors = sysconf(_SC_NPROCESSORS_ONLN);
  if (size * 8 < (size_t)processors) {
    return EINVAL;
  }
  memset(set, 0, size);
  for (long i = 0; i < processors; ++i) {
    CPU_SET_S(i, size, set);
  }
  return 0;
}

static int check(size_t size, const cpu_set_t* set) {
  for (long i = 0; i < sysconf(_SC_NPROCESSORS_ONLN); ++i) {
    if (CPU_ISSET_S(i, size, set)) {
      return 0;
    }
  }
  return EINVAL;
}

static int is_self(pid_t process) { return process == 0 || process == getpid(); }

PUBLIC int sched_getaffinity(pid_t process, size_t size, cpu_set_t* set) {
  int error = is_self(process) ? fill(size, set) : ESRCH;
  return error == 0 ? 0 : fail(error);
}
PUBLIC int sched_setaffinity(pid_t process, size_t size, const cpu_set_t* set) {
  int error = is_self(process) ? check(size, set) : ESRCH;
  return error == 0 ? 0 : fail(error);
}
PUBLIC int pthread_getaffinity_np(pthread_t thread, size_t size, cpu_set_t* set) {
  return weft_is_thread(thread) ? fill(size, set) : ESRCH;
}
PUBLIC int pthread_setaffinity_np(pthread_t thread, size_t size, const cpu_set_t* set) {
  return weft_is_thread(thread) ? check(size, set) : ESRCH;
}
PUBLIC int pthread_attr_setaffinity_np(pthread_attr_t* attributes, size_t size,
                                       const cpu_set_t* set) {
  return check(size, set);
}
PUBLIC int sched_getcpu(void) { return 0; }

// The only policy is SCHED_OTHER, whose only priority is 0.
PUBLIC int sched_get_priority_max(int policy) {
  return policy == SCHED_OTHER ? 0 : policy == SCHED_FIFO || policy == SCHED_RR ? 99 : fail(EINVAL);
}
PUBLIC int sched_get_priority_min(int policy) {
  return policy == SCHED_OTHER ? 0 : policy == SCHED_FIFO || policy == SCHED_RR ? 1 : fail(EINVAL);
}
static int check_policy(int policy, const struct sched_param* parameters) {
  if (policy == SCHED_OTHER || policy == SCHED_BATCH || policy == SCHED_IDLE) {
    return parameters->sched_priority == 0 ? 0 : EINVAL;
  }
  return policy == SCHED_FIFO || policy == SCHED_RR ? EPERM : EINVAL;
}
PUBLIC int sched_getscheduler(pid_t process) {
  return is_self(process) ? SCHED_OTHER : fail(ESRCH);
}
PUBLIC int sched_setscheduler(pid_t process, int policy, const struct sched_param* parameters) {
  int error = is_self(process) ? check_policy(policy, parameters) : ESRCH;
  return error == 0 ? 0 : fail(error);
}
PUBLIC int sched_getparam(pid_t process, struct sched_param* out) {
  if (!is_self(process)) {
    return fail(ESRCH);
  }
  memset(out, 0, sizeof *out);
  return 0;
}
PUBLIC int sched_setparam(pid_t process, const struct sched_param* parameters) {
  return sched_setscheduler(process, SCHED_OTHER, parameters);
}
PUBLIC int sched_rr_get_interval(pid_t process, struct timespec* out) {
  if (!is_self(process)) {
    return fail(ESRCH);
  }
  *out = (struct timespec){0, 10000000};
  return 0;
}

PUBLIC int pthread_getschedparam(pthread_t thread, int* policy, struct sched_param* out) {
  if (!weft_is_thread(thread)) {
    return ESRCH;
  }
  *policy = SCHED_OTHER;
  memset(out, 0, sizeof *out);
  return 0;
}
PUBLIC int pthread_setschedparam(pthread_t thread, int policy,
                                 const struct sched_param* parameters) {
  return weft_is_thread(thread) ? check_policy(policy, parameters) : ESRCH;
}
PUBLIC int pthread_setschedprio(pthread_t thread, int priority) {
  return !weft_is_thread(thread) ? ESRCH : priority == 0 ? 0 : EINVAL;
}
static int concurrency;  // a hint that nobody takes
PUBLIC int pthread_getconcurrency(void) { return concurrency; }
PUBLIC int pthread_setconcurrency(int level) {
  if (level < 0) {
    return EINVAL;
  }
  concurrency = level;
  return 0;
}
PUBLIC int pthread_getcpuclockid(pthread_t thread, clockid_t* clock) {
  if (!weft_is_thread(thread)) {
    return ESRCH;
  }
  *clock = CLOCK_THREAD_CPUTIME_ID;
  return pthread_equal(thread, pthread_self()) ? 0 : ENOSYS;
}
PUBLIC int pthread_setname_np(pthread_t thread, const char* name) {
  struct weft_thread* target = weft_thread_of(thread);
  if (strlen(name) >= sizeof target->name) {
    return ERANGE;
  }
  strcpy(target->name, name);
  return 0;
}
PUBLIC int pthread_getname_np(pthread_t thread, char* buffer, size_t size) {
  const char* name = weft_thread_of(thread)->name;
  if (size <= strlen(name)) {
    return ERANGE;
  }
  strcpy(buffer, name);
  return 0;
}
PUBLIC int pthread_mutex_setprioceiling(pthread_mutex_t* mutex, int ceiling, int* old) {
  return EINVAL;
}
