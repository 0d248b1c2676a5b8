// What C11's threads do to themselves; a program need not have several to call it.
#include <pthread.h>
#include <sched.h>
#include <stdint.h>
#include <threads.h>

#include "posix.h"

PUBLIC _Noreturn void thrd_exit(int result) { pthread_exit((void*)(intptr_t)result); }
PUBLIC void thrd_yield(void) { sched_yield(); }
