#include <setjmp.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/time.h>
#include <time.h>
#include <unistd.h>

#include "check.h"

static volatile sig_atomic_t seen;
static volatile int sender;
static sigjmp_buf back;

static void count(int signal) { seen += signal; }
static void with_info(int signal, siginfo_t* info, void* context) {
  sender = info->si_pid;
  seen = info->si_signo;
}
static void jump(int signal) { siglongjmp(back, signal); }
static void at_abort(int signal) {
  printf("%s", "ok abort() calls the handler of SIGABRT\n");
  exit(0);
}

static void handlers(void) {
  check("signal() gives back the handler of before", signal(SIGUSR1, count) == SIG_DFL);
  check("raise() runs the handler", raise(SIGUSR1) == 0 && seen == SIGUSR1);
  check("signal() gives back ours", signal(SIGUSR1, SIG_IGN) == count);
  check("an ignored signal does nothing", raise(SIGUSR1) == 0 && seen == SIGUSR1);
  fails("signal 0 has no handler", signal(0, count) == SIG_ERR, EINVAL);
  fails("SIGKILL cannot be caught", signal(SIGKILL, count) == SIG_ERR, EINVAL);
  fails("raise() of no signal", raise(65) == -1, EINVAL);

  struct sigaction action = {.sa_sigaction = with_info, .sa_flags = SA_SIGINFO | SA_RESETHAND};
  struct sigaction old;
  check("sigaction() sets", sigaction(SIGUSR2, &action, NULL) == 0);
  check("kill() of itself arrives with its number",
        kill(getpid(), SIGUSR2) == 0 && sender == getpid() && seen == SIGUSR2);
  check("SA_RESETHAND", sigaction(SIGUSR2, NULL, &old) == 0 && old.sa_handler == SIG_DFL);
  fails("kill() of another", kill(1, SIGTERM) == -1, ESRCH);
  check("kill() with 0 asks", kill(getpid(), 0) == 0);
  fails("kill() with no signal", kill(getpid(), 1000) == -1, EINVAL);
  check("SIGCHLD is ignored by default", raise(SIGCHLD) == 0);

  signal(SIGUSR1, jump);
  int jumped = sigsetjmp(back, 1);
  if (jumped == 0) {
    raise(SIGUSR1);
  }
  check("a handler may leave by siglongjmp()", jumped == SIGUSR1);
}

static void masks(void) {
  sigset_t set, old;
  sigemptyset(&set);
  check("an empty set holds nothing", !sigismember(&set, SIGINT) && sigaddset(&set, SIGINT) == 0);
  check("sigaddset() adds the one", sigismember(&set, SIGINT) == 1 && !sigismember(&set, SIGHUP));
  fails("sigaddset() of no signal", sigaddset(&set, 0) == -1, EINVAL);
  sigfillset(&old);
  check("a full set holds all", sigismember(&old, 64) == 1 && sigdelset(&old, 64) == 0 &&
                                    sigismember(&old, 64) == 0 && sigismember(&old, 63) == 1);
  seen = 0;
  signal(SIGINT, count);
  check("sigprocmask() blocks", sigprocmask(SIG_BLOCK, &set, &old) == 0 && raise(SIGINT) == 0 &&
                                    seen == 0 && !sigismember(&old, SIGINT));
  sigset_t pending;
  check("sigpending() tells", sigpending(&pending) == 0 && sigismember(&pending, SIGINT));
  check("unblocked, it arrives", sigprocmask(SIG_UNBLOCK, &set, NULL) == 0 && seen == SIGINT);
  fails("sigprocmask() of no kind", sigprocmask(7, &set, NULL) == -1, EINVAL);
  check("pthread_sigmask()", pthread_sigmask(SIG_SETMASK, &old, NULL) == 0);
}

static void waiting(void) {
  seen = 0;
  signal(SIGALRM, count);
  check("alarm() was not set", alarm(100) == 0);
  check("alarm() tells what was left", alarm(0) > 90);
  struct itimerval soon = {.it_value = {0, 20000}};
  check("setitimer()", setitimer(ITIMER_REAL, &soon, NULL) == 0);
  fails("pause() ends with the alarm", pause() == -1, EINTR);
  check("whose handler ran", seen == SIGALRM);
  struct itimerval bad = {.it_value = {0, 1000000}};
  fails("setitimer() of no time", setitimer(ITIMER_REAL, &bad, NULL) == -1, EINVAL);
  fails("setitimer() of no timer", setitimer(3, &soon, NULL) == -1, EINVAL);
  sigset_t set;
  sigemptyset(&set);
  sigaddset(&set, SIGUSR1);
  sigprocmask(SIG_BLOCK, &set, NULL);
  raise(SIGUSR1);
  int got = 0;
  check("sigwait() takes what is pending", sigwait(&set, &got) == 0 && got == SIGUSR1);
  struct timespec short_time = {0, 1000000};
  fails("sigtimedwait() gives up", sigtimedwait(&set, NULL, &short_time) == -1, EAGAIN);
  timer_t timer;
  fails("timer_create()", timer_create(CLOCK_MONOTONIC, NULL, &timer) == -1, ENOSYS);
  stack_t stack = {.ss_sp = &set, .ss_size = 10};
  fails("sigaltstack() of a small one", sigaltstack(&stack, NULL) == -1, ENOMEM);
}

int main(int count, char** arguments) {
  if (count > 1) {
    raise(atoi(arguments[1]));
    return 1;
  }
  handlers();
  masks();
  waiting();
  check("strsignal()", strcmp(strsignal(SIGTERM), "Terminated") == 0);
  signal(SIGABRT, at_abort);
  abort();
}
