// Robust mutexes: libc has what it takes but its pthread_mutexattr_setrobust refuses, since it
// marks a mutex that cannot be recovered by an owner, 0x3fffffff, that is its first thread's
// number, too. A program that asks for robust mutexes gets another first number; threads/mutexes.c
// knows the mark.
#include <pthread.h>

#include "posix.h"
#include "thread.h"

enum { robust_bit = 4, no_owner = 0x3fffffff };

PUBLIC int pthread_mutexattr_setrobust(pthread_mutexattr_t* attributes, int robust) {
  if (robust != PTHREAD_MUTEX_STALLED && robust != PTHREAD_MUTEX_ROBUST) {
    return EINVAL;
  }
  attributes->__attr = (attributes->__attr & ~(unsigned)robust_bit) |
                       (robust == PTHREAD_MUTEX_ROBUST ? (unsigned)robust_bit : 0);
  return 0;
}

#ifdef _REENTRANT
// Of libc's record of a thread.
enum { id_word = 5 };
// Before any lock is held.
__attribute__((constructor(101))) static void renumber_first_thread(void) {
  int* id = (int*)pthread_self() + id_word;
  if (*id != no_owner) {
    __builtin_trap();
  }
  *id = weft_first_thread_id = no_owner - 1;
}
#endif
