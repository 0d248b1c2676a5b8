// C11's threads. They refer to pthread_create, by which weftcc sees that a program has threads.
#include <pthread.h>
#include <sched.h>
#include <stdint.h>
#include <stdlib.h>
#include <threads.h>

#include "posix.h"

struct start {
  thrd_start_t function;
  void* argument;
};

static void* run(void* argument) {
  struct start start = *(struct start*)argument;
  free(argument);
  return (void*)(intptr_t)start.function(start.argument);
}

PUBLIC int thrd_create(thrd_t* thread, thrd_start_t function, void* argument) {
  struct start* start = malloc(sizeof *start);
  if (start == NULL) {
    return thrd_nomem;
  }
  *start = (struct start){function, argument};
  int error = pthread_create(thread, NULL, run, start);
  if (error != 0) {
    free(start);
  }
  return error == 0 ? thrd_success : error == EAGAIN ? thrd_nomem : thrd_error;
}

PUBLIC int thrd_join(thrd_t thread, int* result) {
  void* got;
  if (pthread_join(thread, &got) != 0) {
    return thrd_error;
  }
  if (result != NULL) {
    *result = (int)(intptr_t)got;
  }
  return thrd_success;
}
