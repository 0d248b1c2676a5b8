// What a program asks of its machine: processors, memory, limits, load, priorities, names.
#include <limits.h>
#include <link.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/random.h>
#include <sys/resource.h>
#include <sys/sysinfo.h>
#include <sys/utsname.h>
#include <ulimit.h>
#include <unistd.h>

#include "posix.h"

#ifdef _REENTRANT
enum { threads_max = 1024 };  // of weft
#else
enum { threads_max = 1 };
#endif
enum { page_bytes = 65536, open_files = 1024 };
static const unsigned long long memory_bytes = 1ULL << 32;
static const unsigned long long stack_bytes = 8ULL << 20;

// WASI does not tell. A host that gives a program several says so in WEFT_CPUS; without threads it
// is always 1.
static long processors(void) {
#ifdef _REENTRANT
  const char* told = getenv("WEFT_CPUS");
  long count = is_empty(told) ? 1 : strtol(told, NULL, 10);
  return count < 1 ? 1 : count > 1024 ? 1024 : count;
#else
  return 1;
#endif
}

// The options of POSIX that there are.
static int has_option(int name) {
  switch (name) {
    case _SC_VERSION:
    case _SC_MAPPED_FILES:
    case _SC_MEMLOCK:
    case _SC_MEMLOCK_RANGE:
    case _SC_MEMORY_PROTECTION:
    case _SC_SEMAPHORES:
    case _SC_FSYNC:
    case _SC_SYNCHRONIZED_IO:
    case _SC_MONOTONIC_CLOCK:
    case _SC_CPUTIME:
    case _SC_THREAD_CPUTIME:
    case _SC_CLOCK_SELECTION:
    case _SC_THREADS:
    case _SC_THREAD_SAFE_FUNCTIONS:
    case _SC_THREAD_ATTR_STACKADDR:
    case _SC_THREAD_ATTR_STACKSIZE:
    case _SC_THREAD_PROCESS_SHARED:
    case _SC_BARRIERS:
    case _SC_READER_WRITER_LOCKS:
    case _SC_SPIN_LOCKS:
    case _SC_TIMEOUTS:
    case _SC_REGEXP:
    case _SC_ADVISORY_INFO:
    case _SC_2_VERSION:
    case _SC_2_C_BIND:
      return 1;
    default:
      return 0;
  }
}

PUBLIC long sysconf(int name) {
  if (has_option(name)) {
    return _POSIX_VERSION;
  }
  switch (name) {
    case _SC_NPROCESSORS_CONF:
    case _SC_NPROCESSORS_ONLN:
      return processors();
    case _SC_PAGESIZE:
      return page_bytes;
    case _SC_PHYS_PAGES:
      return (long)(memory_bytes / page_bytes);
    case _SC_AVPHYS_PAGES:
      return (long)(memory_bytes / page_bytes) - (long)__builtin_wasm_memory_size(0);
    case _SC_CLK_TCK:
      return 100;
    case _SC_OPEN_MAX:
      return open_files;
    case _SC_CHILD_MAX:
    case _SC_STREAM_MAX:
    case _SC_SYMLOOP_MAX:
    case _SC_ATEXIT_MAX:
      return -1;
    case _SC_ARG_MAX:
      return ARG_MAX;
    case _SC_NGROUPS_MAX:
      return 32;
    case _SC_HOST_NAME_MAX:
      return HOST_NAME_MAX;
    case _SC_LOGIN_NAME_MAX:
      return 256;
    case _SC_TTY_NAME_MAX:
      return TTY_NAME_MAX;
    case _SC_LINE_MAX:
      return LINE_MAX;
    case _SC_IOV_MAX:
      return IOV_MAX;
    case _SC_RE_DUP_MAX:
      return RE_DUP_MAX;
    case _SC_TZNAME_MAX:
      return TZNAME_MAX;
    case _SC_GETPW_R_SIZE_MAX:
    case _SC_GETGR_R_SIZE_MAX:
      return 1024;
    case _SC_THREAD_STACK_MIN:
      return 16384;
    case _SC_THREAD_KEYS_MAX:
      return PTHREAD_KEYS_MAX;
    case _SC_THREAD_DESTRUCTOR_ITERATIONS:
      return PTHREAD_DESTRUCTOR_ITERATIONS;
    case _SC_THREAD_THREADS_MAX:
      return threads_max;
    case _SC_SEM_VALUE_MAX:
      return INT_MAX;
    case _SC_XOPEN_VERSION:
      return 700;
    default:
      // options that there are not, as opposed to numbers that mean nothing
      return name >= 0 && name <= _SC_MINSIGSTKSZ ? -1 : fail(EINVAL);
  }
}

PUBLIC int getpagesize(void) { return page_bytes; }
PUBLIC int getdtablesize(void) { return open_files; }

PUBLIC int sysinfo(struct sysinfo* out) {
  memset(out, 0, sizeof *out);
  out->mem_unit = page_bytes;
  out->totalram = (unsigned long)sysconf(_SC_PHYS_PAGES);
  out->freeram = (unsigned long)sysconf(_SC_AVPHYS_PAGES);
  out->procs = 1;
  return 0;
}

static struct rlimit limit_of(int resource) {
  struct rlimit limit = {RLIM_INFINITY, RLIM_INFINITY};
  switch (resource) {
    case RLIMIT_STACK:
      limit.rlim_cur = limit.rlim_max = stack_bytes;
      break;
    case RLIMIT_AS:
    case RLIMIT_DATA:
    case RLIMIT_RSS:
      limit.rlim_cur = limit.rlim_max = memory_bytes;
      break;
    case RLIMIT_NOFILE:
      limit.rlim_cur = limit.rlim_max = open_files;
      break;
    case RLIMIT_CORE:
    case RLIMIT_NPROC:
      limit.rlim_cur = limit.rlim_max = resource == RLIMIT_NPROC;
      break;
    default:
      break;
  }
  return limit;
}

PUBLIC int getrlimit(int resource, struct rlimit* out) {
  if (resource < 0 || resource >= RLIMIT_NLIMITS) {
    return fail(EINVAL);
  }
  *out = limit_of(resource);
  return 0;
}

// A limit may be lowered, which nobody enforces; not raised beyond what is.
PUBLIC int setrlimit(int resource, const struct rlimit* limit) {
  if (resource < 0 || resource >= RLIMIT_NLIMITS || limit->rlim_cur > limit->rlim_max) {
    return fail(EINVAL);
  }
  return limit->rlim_max <= limit_of(resource).rlim_max ||
                 limit->rlim_cur <= limit_of(resource).rlim_max
             ? 0
             : fail(EPERM);
}

PUBLIC int prlimit(pid_t process, int resource, const struct rlimit* limit, struct rlimit* old) {
  if (process != 0 && process != getpid()) {
    return fail(ESRCH);
  }
  if (old != NULL && getrlimit(resource, old) != 0) {
    return -1;
  }
  return limit == NULL ? 0 : setrlimit(resource, limit);
}

PUBLIC long ulimit(int command, ...) {
  if (command == UL_GETFSIZE || command == UL_SETFSIZE) {
    return LONG_MAX;
  }
  return fail(EINVAL);
}

PUBLIC int getpriority(int kind, id_t who) {
  if (kind != PRIO_PROCESS && kind != PRIO_PGRP && kind != PRIO_USER) {
    return fail(EINVAL);
  }
  return who == 0 || who == (id_t)getpid() || (kind == PRIO_USER && who == getuid()) ? 0
                                                                                     : fail(ESRCH);
}
// To be nicer is accepted and changes nothing; to be less nice is root's.
PUBLIC int setpriority(int kind, id_t who, int value) {
  if (getpriority(kind, who) != 0) {
    return -1;
  }
  return value < 0 ? fail(EACCES) : 0;
}
PUBLIC int nice(int increment) { return increment < 0 ? fail(EPERM) : 0; }

PUBLIC int getloadavg(double* averages, int count) { return fail(ENOSYS); }

PUBLIC ssize_t getrandom(void* buffer, size_t length, unsigned flags) {
  char* at = buffer;
  size_t done = 0;
  while (done < length) {
    size_t part = length - done < 256 ? length - done : 256;
    if (getentropy(at + done, part) != 0) {
      return -1;
    }
    done += part;
  }
  return (ssize_t)done;
}

PUBLIC int uname(struct utsname* out) {
  memset(out, 0, sizeof *out);
  strcpy(out->sysname, "WASI");
  strcpy(out->nodename, "weft");
  strcpy(out->release, "1.0");
  strcpy(out->version, "preview 1");
  strcpy(out->machine, "wasm32");
  return 0;
}
PUBLIC int gethostname(char* buffer, size_t length) {
  strncpy(buffer, "weft", length);
  if (length < sizeof "weft") {
    return fail(ENAMETOOLONG);
  }
  return 0;
}
PUBLIC int sethostname(const char* name, size_t length) { return fail(EPERM); }
PUBLIC int setdomainname(const char* name, size_t length) { return fail(EPERM); }
PUBLIC int acct(const char* path) { return fail(EPERM); }
PUBLIC int vhangup(void) { return fail(EPERM); }
PUBLIC long syscall(long number, ...) { return unsupported(); }
PUBLIC int prctl(int operation, ...) { return fail(EINVAL); }

PUBLIC char* secure_getenv(const char* name) { return getenv(name); }

// A guest is one module with nothing loaded besides.
PUBLIC int dl_iterate_phdr(int (*visit)(struct dl_phdr_info*, size_t, void*), void* data) {
  return 0;
}
