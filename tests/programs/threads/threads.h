// What the C programs of this folder share.
#pragma once
#include <pthread.h>
#include <stdlib.h>
#include <time.h>

#include "../posix/check.h"

static inline struct timespec in_ms(clockid_t clock, long ms) {
  struct timespec time;
  clock_gettime(clock, &time);
  time.tv_nsec += ms * 1000000;
  time.tv_sec += time.tv_nsec / 1000000000;
  time.tv_nsec %= 1000000000;
  return time;
}

static inline pthread_t started(void* (*function)(void*), void* argument) {
  pthread_t thread;
  if (pthread_create(&thread, NULL, function, argument) != 0) {
    check("pthread_create()", 0);
    exit(1);
  }
  return thread;
}

static inline void* result_of(pthread_t thread) {
  void* result = NULL;
  return pthread_join(thread, &result) == 0 ? result : (void*)-99;
}
