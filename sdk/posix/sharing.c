// What processes share: shared memory, message queues. There is nobody to share
// with, so all fail with ENOSYS. And small things that only make sense between programs.
#include <fcntl.h>
#include <mntent.h>
#include <mqueue.h>
#include <signal.h>
#include <stdio.h>
#include <sys/ipc.h>
#include <sys/mman.h>
#include <sys/msg.h>
#include <sys/sem.h>
#include <sys/shm.h>
#include <sys/stat.h>
#include <utmpx.h>
#include <wordexp.h>

#include "posix.h"

PUBLIC int shm_open(const char* name, int flags, mode_t mode) { return unsupported(); }
PUBLIC int shm_unlink(const char* name) { return unsupported(); }

PUBLIC key_t ftok(const char* path, int id) {
  struct stat status;
  if (stat(path, &status) != 0) {
    return -1;
  }
  return (key_t)((status.st_ino & 0xffff) | (status.st_dev & 0xff) << 16 | (id & 0xffU) << 24);
}
PUBLIC int shmget(key_t key, size_t size, int flags) { return unsupported(); }
PUBLIC void* shmat(int id, const void* address, int flags) {
  errno = ENOSYS;
  return (void*)-1;
}
PUBLIC int shmdt(const void* address) { return fail(EINVAL); }
PUBLIC int shmctl(int id, int command, struct shmid_ds* state) { return unsupported(); }
PUBLIC int semget(key_t key, int count, int flags) { return unsupported(); }
PUBLIC int semop(int id, struct sembuf* operations, size_t count) { return unsupported(); }
PUBLIC int semctl(int id, int index, int command, ...) { return unsupported(); }
PUBLIC int msgget(key_t key, int flags) { return unsupported(); }
PUBLIC int msgsnd(int id, const void* message, size_t size, int flags) { return unsupported(); }
PUBLIC ssize_t msgrcv(int id, void* message, size_t size, long type, int flags) {
  return unsupported();
}
PUBLIC int msgctl(int id, int command, struct msqid_ds* state) { return unsupported(); }

PUBLIC mqd_t mq_open(const char* name, int flags, ...) { return unsupported(); }
PUBLIC int mq_close(mqd_t queue) { return fail(EBADF); }
PUBLIC int mq_unlink(const char* name) { return unsupported(); }
PUBLIC int mq_send(mqd_t queue, const char* message, size_t size, unsigned priority) {
  return fail(EBADF);
}
PUBLIC ssize_t mq_receive(mqd_t queue, char* message, size_t size, unsigned* priority) {
  return fail(EBADF);
}
PUBLIC int mq_getattr(mqd_t queue, struct mq_attr* out) { return fail(EBADF); }
PUBLIC int mq_setattr(mqd_t queue, const struct mq_attr* settings, struct mq_attr* old) {
  return fail(EBADF);
}

// Nobody is logged in, nothing is mounted.
PUBLIC void setutxent(void) {}
PUBLIC void endutxent(void) {}
PUBLIC struct utmpx* getutxent(void) { return NULL; }
PUBLIC FILE* setmntent(const char* path, const char* mode) { return fopen(path, mode); }
PUBLIC struct mntent* getmntent(FILE* table) { return NULL; }
PUBLIC int endmntent(FILE* table) {
  if (table != NULL) {
    fclose(table);
  }
  return 1;
}

// Expansion is a shell's, and there is none.
PUBLIC int wordexp(const char* words, wordexp_t* out, int flags) {
  *out = (wordexp_t){0};
  return WRDE_NOSYS;
}
PUBLIC void wordfree(wordexp_t* words) {}
