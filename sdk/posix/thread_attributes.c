// The attributes of threads, mutexes and what else has some. wasi-libc lacks those of scheduling,
// and forgets others; since it has them in one object, all of that object's functions are here.
#include <limits.h>
#include <pthread.h>
#include <stdint.h>
#include <time.h>

#include "posix.h"
#include "thread_attributes.h"

struct __clockid {
  unsigned id;
};

PUBLIC int pthread_attr_getdetachstate(const pthread_attr_t* attributes, int* state) {
  *state = attributes->ATTR_DETACHED;
  return 0;
}
PUBLIC int pthread_attr_getguardsize(const pthread_attr_t* attributes, size_t* size) {
  *size = attributes->ATTR_GUARD_SIZE;
  return 0;
}

static int set_stack(pthread_attr_t* attributes, uintptr_t end, size_t size) {
  if (size < PTHREAD_STACK_MIN || size > SIZE_MAX / 4) {
    return EINVAL;
  }
  attributes->ATTR_STACK_END = end;
  attributes->ATTR_STACK_SIZE = size;
  attributes->ATTR_STACK_IS_CHOSEN = 1;
  return 0;
}
PUBLIC int pthread_attr_setstack(pthread_attr_t* attributes, void* address, size_t size) {
  return set_stack(attributes, (uintptr_t)address + size, size);
}
PUBLIC int pthread_attr_getstack(const pthread_attr_t* attributes, void** address, size_t* size) {
  *size = attributes->ATTR_STACK_SIZE;
  *address = attributes->ATTR_STACK_END == 0 ? NULL : (void*)(attributes->ATTR_STACK_END - *size);
  return 0;
}
PUBLIC int pthread_attr_setstacksize(pthread_attr_t* attributes, size_t size) {
  return set_stack(attributes, 0, size);
}
PUBLIC int pthread_attr_getstacksize(const pthread_attr_t* attributes, size_t* size) {
  *size = attributes->ATTR_STACK_SIZE;
  return 0;
}

// Real-time policies can be asked for; pthread_create() says EPERM, as to any user without
// privileges.
PUBLIC int pthread_attr_getschedpolicy(const pthread_attr_t* attributes, int* policy) {
  *policy = attributes->ATTR_POLICY;
  return 0;
}
PUBLIC int pthread_attr_setschedpolicy(pthread_attr_t* attributes, int policy) {
  if (policy != SCHED_OTHER && policy != SCHED_FIFO && policy != SCHED_RR) {
    return EINVAL;
  }
  attributes->ATTR_POLICY = policy;
  return 0;
}
PUBLIC int pthread_attr_getschedparam(const pthread_attr_t* attributes, struct sched_param* out) {
  *out = (struct sched_param){.sched_priority = attributes->ATTR_PRIORITY};
  return 0;
}
PUBLIC int pthread_attr_setschedparam(pthread_attr_t* attributes,
                                      const struct sched_param* parameters) {
  int priority = parameters->sched_priority;
  if (priority < sched_get_priority_min(attributes->ATTR_POLICY) ||
      priority > sched_get_priority_max(attributes->ATTR_POLICY)) {
    return EINVAL;
  }
  attributes->ATTR_PRIORITY = priority;
  return 0;
}
PUBLIC int pthread_attr_getinheritsched(const pthread_attr_t* attributes, int* inherit) {
  *inherit = attributes->ATTR_EXPLICIT_SCHEDULING;
  return 0;
}
PUBLIC int pthread_attr_setinheritsched(pthread_attr_t* attributes, int inherit) {
  if (inherit != PTHREAD_INHERIT_SCHED && inherit != PTHREAD_EXPLICIT_SCHED) {
    return EINVAL;
  }
  attributes->ATTR_EXPLICIT_SCHEDULING = inherit;
  return 0;
}
PUBLIC int pthread_attr_getscope(const pthread_attr_t* attributes, int* scope) {
  *scope = PTHREAD_SCOPE_SYSTEM;
  return 0;
}
PUBLIC int pthread_attr_setscope(pthread_attr_t* attributes, int scope) {
  return scope == PTHREAD_SCOPE_SYSTEM ? 0 : scope == PTHREAD_SCOPE_PROCESS ? ENOTSUP : EINVAL;
}

PUBLIC int pthread_barrierattr_getpshared(const pthread_barrierattr_t* attributes, int* shared) {
  *shared = attributes->__attr != 0;
  return 0;
}
PUBLIC int pthread_rwlockattr_getpshared(const pthread_rwlockattr_t* attributes, int* shared) {
  *shared = (int)attributes->__attr[0];
  return 0;
}
PUBLIC int pthread_condattr_getpshared(const pthread_condattr_t* attributes, int* shared) {
  *shared = (int)(attributes->__attr >> 31);
  return 0;
}
PUBLIC int pthread_condattr_getclock(const pthread_condattr_t* attributes, clockid_t* clock) {
  unsigned id = attributes->__attr & 0x7fffffff;
  *clock = id == CLOCK_REALTIME->id ? CLOCK_REALTIME : CLOCK_MONOTONIC;
  return 0;
}

// Of a mutex: type, robust, protocol, and shared are libc's bits; the ceiling lies above.
enum { robust_bit = 4, protocol_bit = 8, shared_bit = 128, ceiling_shift = 16 };

PUBLIC int pthread_mutexattr_gettype(const pthread_mutexattr_t* attributes, int* type) {
  *type = attributes->__attr & 3;
  return 0;
}
PUBLIC int pthread_mutexattr_getprotocol(const pthread_mutexattr_t* attributes, int* protocol) {
  *protocol = (attributes->__attr & protocol_bit) != 0;
  return 0;
}
PUBLIC int pthread_mutexattr_getpshared(const pthread_mutexattr_t* attributes, int* shared) {
  *shared = (attributes->__attr & shared_bit) != 0;
  return 0;
}
PUBLIC int pthread_mutexattr_getrobust(const pthread_mutexattr_t* attributes, int* robust) {
  *robust = (attributes->__attr & robust_bit) != 0;
  return 0;
}
PUBLIC int pthread_mutexattr_getprioceiling(const pthread_mutexattr_t* attributes, int* ceiling) {
  unsigned kept = attributes->__attr >> ceiling_shift;
  *ceiling = kept != 0 ? (int)kept : sched_get_priority_min(SCHED_FIFO);
  return 0;
}
PUBLIC int pthread_mutexattr_setprioceiling(pthread_mutexattr_t* attributes, int ceiling) {
  if (ceiling < sched_get_priority_min(SCHED_FIFO) ||
      ceiling > sched_get_priority_max(SCHED_FIFO)) {
    return EINVAL;
  }
  attributes->__attr = (attributes->__attr & ((1U << ceiling_shift) - 1)) | (unsigned)ceiling
                                                                                << ceiling_shift;
  return 0;
}
