#include "threads/known.h"

#include <stdlib.h>
#include <threads.h>

#include "posix.h"
#include "thread.h"

static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
// The last one first; the first thread, whom nobody creates, is added with the first that it
// creates.
static struct weft_known first;
static struct weft_known* all;

void weft_lock_known(void) { pthread_mutex_lock(&lock); }
void weft_unlock_known(void) { pthread_mutex_unlock(&lock); }

static struct weft_known* find(pthread_t thread) {
  struct weft_known* at = all;
  while (at != NULL && at->thread != thread) {
    at = at->next;
  }
  return at;
}

static void insert(struct weft_known* known) {
  known->next = all;
  known->previous = NULL;
  if (all != NULL) {
    all->previous = known;
  }
  all = known;
}

static void drop(struct weft_known* known) {
  if (known->previous != NULL) {
    known->previous->next = known->next;
  } else {
    all = known->next;
  }
  if (known->next != NULL) {
    known->next->previous = known->previous;
  }
  if (known != &first) {
    free(known);
  }
}

void weft_add_known(struct weft_known* known) {
  if (all == NULL && weft_self.end == NULL) {
    first.thread = pthread_self();
    insert(&first);
  }
  // One that was joined by a function that we do not have: its place is taken.
  struct weft_known* old = find(known->thread);
  if (old != NULL && old->has_joiner) {
    old->thread = NULL;  // who has just joined it is about to drop it
  } else if (old != NULL) {
    drop(old);
  }
  insert(known);
}

void weft_known_ends(struct weft_known* known) {
  weft_lock_known();
  known->has_ended = 1;
  if (known->is_detached) {
    drop(known);
  }
  weft_unlock_known();
}

int weft_is_known(pthread_t thread) {
  weft_lock_known();
  int found = find(thread) != NULL;
  weft_unlock_known();
  return found;
}

static void give_up_joining(void* known) { ((struct weft_known*)known)->has_joiner = 0; }

int __pthread_join(pthread_t, void**);

PUBLIC int pthread_join(pthread_t thread, void** result) {
  if (thread == pthread_self()) {
    return EDEADLK;
  }
  weft_lock_known();
  struct weft_known* known = find(thread);
  int error = known == NULL ? ESRCH : known->is_detached || known->has_joiner ? EINVAL : 0;
  if (error == 0) {
    known->has_joiner = 1;
  }
  weft_unlock_known();
  if (error != 0) {
    return error;
  }
  // By hand, since pthread_cleanup_push would bring pthread_exit into all programs.
  struct __ptcb cleanup = {give_up_joining, known, weft_self.cleanup};
  weft_self.cleanup = &cleanup;
  error = __pthread_join(thread, result);
  weft_self.cleanup = cleanup.__next;
  weft_lock_known();
  drop(known);
  weft_unlock_known();
  return error;
}

// libc's pthread_detach has this name, too.
PUBLIC int pthread_detach(pthread_t thread) {
  weft_lock_known();
  struct weft_known* known = find(thread);
  int error = known == NULL ? ESRCH : known->is_detached || known->has_joiner ? EINVAL : 0;
  if (error == 0 && known->has_ended) {
    drop(known);
  } else if (error == 0) {
    known->is_detached = 1;
  }
  weft_unlock_known();
  return error == 0 ? thrd_detach(thread) : error;
}
