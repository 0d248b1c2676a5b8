// The beginning and the end of threads: libc's own, with a place in between where pthread_exit()
// comes back to.
//
// libc gives a thread the stack size of the first one, and memory for it at once. Programs expect
// that of a few threads, but 4 GiB have no room for a thousand of them.
#include <stdlib.h>

#include "posix.h"
#include "thread.h"
#include "thread_attributes.h"
#include "threads/known.h"

enum {
  large_stacks = 64,        // so many threads have the default size, those beyond
  small_stack = 1 << 20,    // this one
  least_stack = 64 * 1024,  // a size of native programs, whose stacks hold other things, is raised
};

// libc's: see its pthread_create.c. The second one is what a new thread begins with; it returns
// with the lock of libc's list of threads held, unless it was the last thread: then it exits.
int __pthread_create(pthread_t*, const pthread_attr_t*, void* (*)(void*), void*);
void __wasi_thread_start_C(int id, void* arguments);
extern atomic_int __thread_list_lock;
struct first_arguments {
  void* stack;
  void* thread_local_storage;
  void* (*function)(void*);
  void* argument;
};

static atomic_int live;  // threads beside the first

static void* run_thread(void* argument) {
  struct weft_known* known = argument;
  weft_self.blocked = known->blocked;
  weft_self.begun = 1;
  if (weft_self.signalled) {
    weft_take_signals();
  }
  void* result;
  jmp_buf end;
  weft_self.end = &end;
  if (setjmp(end) == 0) {
    result = known->function(known->argument);
  } else {
    result = weft_self.result;
  }
  weft_self.cancel_state = PTHREAD_CANCEL_DISABLE;
  weft_known_ends(known);
  --live;
  return result;
}

// The new thread cannot end before it is known, as it needs the lock for that.
static int create(pthread_t* thread, const pthread_attr_t* attributes, struct weft_known* known) {
  ++live;
  weft_lock_known();
  int error = __pthread_create(&known->thread, attributes, run_thread, known);
  if (error == 0) {
    *thread = known->thread;
    weft_add_known(known);
  } else {
    --live;
  }
  weft_unlock_known();
  return error;
}

PUBLIC int pthread_create(pthread_t* restrict thread, const pthread_attr_t* restrict given,
                          void* (*function)(void*), void* restrict argument) {
  pthread_attr_t attributes;
  if (given != NULL) {
    attributes = *given;
  } else {
    pthread_attr_init(&attributes);
  }
  // Only SCHED_OTHER is permitted, as for a user without privileges.
  if (attributes.ATTR_EXPLICIT_SCHEDULING && attributes.ATTR_POLICY != SCHED_OTHER) {
    return EPERM;
  }
  weft_self.begun = 1;
  int is_chosen = attributes.ATTR_STACK_IS_CHOSEN;
  if (!is_chosen && live >= large_stacks && attributes.ATTR_STACK_SIZE > small_stack) {
    attributes.ATTR_STACK_SIZE = small_stack;
  } else if (is_chosen && !attributes.ATTR_STACK_END && attributes.ATTR_STACK_SIZE < least_stack) {
    attributes.ATTR_STACK_SIZE = least_stack;
  }
  struct weft_known* known = malloc(sizeof *known);
  if (known == NULL) {
    return EAGAIN;
  }
  *known = (struct weft_known){.function = function,
                               .argument = argument,
                               .blocked = weft_self.blocked,
                               .is_detached = attributes.ATTR_DETACHED};
  int error = create(thread, &attributes, known);
  if (error != 0 && !is_chosen && attributes.ATTR_STACK_SIZE > small_stack) {
    attributes.ATTR_STACK_SIZE = small_stack;
    error = create(thread, &attributes, known);
  }
  if (error != 0) {
    free(known);
  }
  return error;
}

static void* give_back(void* result) { return result; }

_Noreturn void weft_end_first_thread(void* result) {
  struct first_arguments arguments = {.function = give_back, .argument = result};
  __wasi_thread_start_C(weft_first_thread_id, &arguments);
  __thread_list_lock = 0;
  __builtin_wasm_memory_atomic_notify((int*)&__thread_list_lock, 1);
  // The last thread ends the program. To return would end it now.
  for (int forever = 0;;) {
    __builtin_wasm_memory_atomic_wait32(&forever, 0, -1);
  }
}
