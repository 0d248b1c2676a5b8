// Locking, with what libc leaves out: that a robust mutex cannot be recovered. See robust.c.
#include <pthread.h>

#include "posix.h"

enum { robust_bit = 4, no_owner = 0x3fffffff };

// libc's.
int __pthread_mutex_lock(pthread_mutex_t*);
int __pthread_mutex_trylock(pthread_mutex_t*);
int __pthread_mutex_timedlock(pthread_mutex_t*, const struct timespec*);

static int is_lost(const pthread_mutex_t* mutex) {
  return (mutex->__u.__i[0] & robust_bit) != 0 && (mutex->__u.__vi[1] & no_owner) == no_owner;
}
PUBLIC int pthread_mutex_lock(pthread_mutex_t* mutex) {
  return is_lost(mutex) ? ENOTRECOVERABLE : __pthread_mutex_lock(mutex);
}
PUBLIC int pthread_mutex_trylock(pthread_mutex_t* mutex) {
  return is_lost(mutex) ? ENOTRECOVERABLE : __pthread_mutex_trylock(mutex);
}
PUBLIC int pthread_mutex_timedlock(pthread_mutex_t* mutex, const struct timespec* until) {
  return is_lost(mutex) ? ENOTRECOVERABLE : __pthread_mutex_timedlock(mutex, until);
}
