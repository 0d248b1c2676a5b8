// The threads that a pthread_t may name: those that run, and those that can still be joined. libc
// believes whatever it is given; POSIX lets a program hear that it is wrong, and tests expect it.
//
// Thread safety: all functions from any thread.
#pragma once

#include <pthread.h>
#include <signal.h>

struct weft_known {
  struct weft_known* next;
  struct weft_known* previous;
  pthread_t thread;
  int is_detached;
  int has_joiner;
  int has_ended;
  // What the thread begins with.
  void* (*function)(void*);
  void* argument;
  sigset_t blocked;
};

void weft_lock_known(void);
void weft_unlock_known(void);
// REQUIRES: the lock. Takes ownership.
void weft_add_known(struct weft_known* known);
// By the thread itself, at its end.
void weft_known_ends(struct weft_known* known);
