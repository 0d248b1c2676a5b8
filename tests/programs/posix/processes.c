#include <dlfcn.h>
#include <execinfo.h>
#include <spawn.h>
#include <stdlib.h>
#include <sys/wait.h>
#include <unistd.h>

#include "check.h"

extern char** environ;

static void no_others(void) {
  char* arguments[] = {"true", NULL};
  fails("fork()", fork() == -1, ENOSYS);
  fails("vfork()", vfork() == -1, ENOSYS);
  fails("execv()", execv("/bin/true", arguments) == -1, ENOSYS);
  fails("execlp()", execlp("true", "true", NULL) == -1, ENOSYS);
  fails("execvp()", execvp("true", arguments) == -1, ENOSYS);
  fails("system()", system("true") == -1, ENOSYS);
  check("system(NULL) says that there is no shell", system(NULL) == 0);
  fails("popen()", popen("ls", "r") == NULL, ENOSYS);
  fails("popen() of no mode", popen("ls", "rw") == NULL, EINVAL);
  pid_t child;
  check("posix_spawn()",
        posix_spawn(&child, "/bin/true", NULL, NULL, arguments, environ) == ENOSYS);
  posix_spawn_file_actions_t actions;
  check("actions of posix_spawn() can be made",
        posix_spawn_file_actions_init(&actions) == 0 &&
            posix_spawn_file_actions_adddup2(&actions, 3, 1) == 0 &&
            posix_spawn_file_actions_addclose(&actions, -1) == EBADF &&
            posix_spawn_file_actions_destroy(&actions) == 0);
  int status;
  fails("wait()", wait(&status) == -1, ECHILD);
  fails("waitpid()", waitpid(-1, &status, WNOHANG) == -1, ECHILD);
  check("macros of wait()",
        WIFEXITED(0x300) && WEXITSTATUS(0x300) == 3 && WIFSIGNALED(9) && WTERMSIG(9) == 9);
}

static void itself(void) {
  check("getpid()", getpid() > 1 && getpid() == getpid() && getppid() > 0);
  check("it leads its group and session",
        getpgrp() == getpid() && getpgid(0) == getpid() && getsid(getpid()) == getpid());
  fails("getpgid() of another", getpgid(1) == -1, ESRCH);
  fails("setsid()", setsid() == -1, EPERM);
  check("setpgid()", setpgid(0, 0) == 0);
  check("nice()", nice(5) == 0);
  fails("less nice", nice(-5) == -1, EPERM);
}

static void dynamic(void) {
  check("dlerror() has nothing to tell at first", dlerror() == NULL);
  check("dlopen() fails", dlopen("libm.so.6", RTLD_NOW) == NULL);
  const char* message = dlerror();
  check("dlerror() tells why, once", message != NULL && strstr(message, "static") && !dlerror());
  void* program = dlopen(NULL, RTLD_LAZY);
  check("the program itself has a handle", program != NULL && dlsym(program, "main") == NULL);
  check("which can be closed", dlerror() != NULL && dlclose(program) == 0);
  check("another cannot", dlclose(&program) != 0 && dlerror() != NULL);
  void* frames[4];
  check("backtrace() is empty", backtrace(frames, 4) == 0);
}

int main(void) {
  no_others();
  itself();
  dynamic();
}
