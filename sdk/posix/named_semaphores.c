// Named semaphores. There is no other process to share them with, but the threads of a program may.
#include <fcntl.h>
#include <limits.h>
#include <pthread.h>
#include <semaphore.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "posix.h"

struct named {
  sem_t semaphore;  // first: what the program holds is a pointer to it
  struct named* next;
  unsigned opened;
  int is_unlinked;
  char name[NAME_MAX + 1];
};

static struct named* all;
static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;

// Without the leading slashes; NULL with errno. There are no folders.
static const char* plain(const char* name) {
  while (*name == '/') {
    ++name;
  }
  if (*name == '\0' || strchr(name, '/') != NULL) {
    errno = EINVAL;
    return NULL;
  }
  if (strlen(name) > NAME_MAX) {
    errno = ENAMETOOLONG;
    return NULL;
  }
  return name;
}

static struct named** find(const char* name) {
  struct named** at = &all;
  while (*at != NULL && ((*at)->is_unlinked || strcmp((*at)->name, name) != 0)) {
    at = &(*at)->next;
  }
  return at;
}

static void drop(struct named* unused) {
  struct named** at = &all;
  while (*at != unused) {
    at = &(*at)->next;
  }
  *at = unused->next;
  free(unused);
}

static struct named* make(const char* name, unsigned value) {
  struct named* made = calloc(1, sizeof *made);
  if (made == NULL) {
    errno = ENOMEM;
    return NULL;
  }
  if (sem_init(&made->semaphore, 0, value) != 0) {
    free(made);
    return NULL;
  }
  strcpy(made->name, name);
  made->next = all;
  all = made;
  return made;
}

PUBLIC sem_t* sem_open(const char* given, int flags, ...) {
  unsigned value = 0;
  if ((flags & O_CREAT) != 0) {
    va_list arguments;
    va_start(arguments, flags);
    (void)va_arg(arguments, mode_t);
    value = va_arg(arguments, unsigned);
    va_end(arguments);
  }
  const char* name = plain(given);
  if (name == NULL) {
    return SEM_FAILED;
  }
  pthread_mutex_lock(&lock);
  struct named* found = *find(name);
  if (found != NULL && (flags & O_CREAT) != 0 && (flags & O_EXCL) != 0) {
    errno = EEXIST;
    found = NULL;
  } else if (found == NULL && (flags & O_CREAT) == 0) {
    errno = ENOENT;
  } else if (found == NULL) {
    found = make(name, value);
  }
  if (found != NULL) {
    ++found->opened;
  }
  pthread_mutex_unlock(&lock);
  return found == NULL ? SEM_FAILED : &found->semaphore;
}

PUBLIC int sem_close(sem_t* semaphore) {
  pthread_mutex_lock(&lock);
  struct named* found = all;
  while (found != NULL && &found->semaphore != semaphore) {
    found = found->next;
  }
  int error = found == NULL || found->opened == 0 ? EINVAL : 0;
  if (error == 0 && --found->opened == 0 && found->is_unlinked) {
    drop(found);
  }
  pthread_mutex_unlock(&lock);
  return error == 0 ? 0 : fail(error);
}

PUBLIC int sem_unlink(const char* given) {
  const char* name = plain(given);
  if (name == NULL) {
    return errno == EINVAL ? fail(ENOENT) : -1;
  }
  pthread_mutex_lock(&lock);
  struct named* found = *find(name);
  if (found != NULL) {
    found->is_unlinked = 1;
    if (found->opened == 0) {
      drop(found);
    }
  }
  pthread_mutex_unlock(&lock);
  return found != NULL ? 0 : fail(ENOENT);
}
