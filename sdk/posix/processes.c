// Processes: a guest is one, and the only one. What would make another fails with ENOSYS, what
// would wait for one with ECHILD.
#include <spawn.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include "posix.h"

// The first program of a machine has the number 1; so that nobody takes itself for init, this one
// has another.
enum { this_process = 42, parent_process = 1 };

PUBLIC pid_t getpid(void) { return this_process; }
PUBLIC pid_t getppid(void) { return parent_process; }
PUBLIC pid_t getpgrp(void) { return this_process; }
PUBLIC pid_t gettid(void) { return this_process; }

static pid_t own_or(pid_t process) {
  return process == 0 || process == this_process ? this_process : fail(ESRCH);
}

PUBLIC pid_t getpgid(pid_t process) { return own_or(process); }
PUBLIC pid_t getsid(pid_t process) { return own_or(process); }
PUBLIC int setpgid(pid_t process, pid_t group) {
  if (own_or(process) < 0) {
    return -1;
  }
  return group == 0 || group == this_process ? 0 : fail(EPERM);
}
PUBLIC pid_t setpgrp(void) { return this_process; }
// It leads its session already.
PUBLIC pid_t setsid(void) { return fail(EPERM); }

PUBLIC pid_t fork(void) { return unsupported(); }
PUBLIC pid_t _Fork(void) { return unsupported(); }
PUBLIC pid_t vfork(void) { return unsupported(); }
PUBLIC int daemon(int keep_directory, int keep_streams) { return unsupported(); }

PUBLIC int execve(const char* path, char* const arguments[], char* const variables[]) {
  return unsupported();
}
PUBLIC int execv(const char* path, char* const arguments[]) { return unsupported(); }
PUBLIC int execvp(const char* file, char* const arguments[]) { return unsupported(); }
PUBLIC int execvpe(const char* file, char* const arguments[], char* const variables[]) {
  return unsupported();
}
PUBLIC int execl(const char* path, const char* argument, ...) { return unsupported(); }
PUBLIC int execle(const char* path, const char* argument, ...) { return unsupported(); }
PUBLIC int execlp(const char* file, const char* argument, ...) { return unsupported(); }
PUBLIC int fexecve(int fd, char* const arguments[], char* const variables[]) {
  return unsupported();
}

// system(NULL) asks whether there is a shell.
PUBLIC int system(const char* command) { return command == NULL ? 0 : unsupported(); }

PUBLIC FILE* popen(const char* command, const char* mode) {
  errno = strcmp(mode, "r") == 0 || strcmp(mode, "w") == 0 ? ENOSYS : EINVAL;
  return NULL;
}
PUBLIC int pclose(FILE* stream) { return fail(ECHILD); }

PUBLIC pid_t wait(int* status) { return fail(ECHILD); }
PUBLIC pid_t waitpid(pid_t process, int* status, int options) { return fail(ECHILD); }
PUBLIC pid_t wait3(int* status, int options, struct rusage* usage) { return fail(ECHILD); }
PUBLIC pid_t wait4(pid_t process, int* status, int options, struct rusage* usage) {
  return fail(ECHILD);
}
PUBLIC int waitid(idtype_t type, id_t id, siginfo_t* info, int options) { return fail(ECHILD); }

// There is no fork() before and after which these could be called.
PUBLIC int pthread_atfork(void (*prepare)(void), void (*parent)(void), void (*child)(void)) {
  return 0;
}
