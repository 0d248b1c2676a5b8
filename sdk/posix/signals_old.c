// The signal functions of System V and BSD, and what else is said about signals.
#include <limits.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>

#include "posix.h"

static int change_mask(int how, int signal) {
  sigset_t set;
  sigemptyset(&set);
  return sigaddset(&set, signal) == 0 ? sigprocmask(how, &set, NULL) : -1;
}

PUBLIC int sighold(int signal) { return change_mask(SIG_BLOCK, signal); }
PUBLIC int sigrelse(int signal) { return change_mask(SIG_UNBLOCK, signal); }

PUBLIC int sigignore(int number) { return signal(number, SIG_IGN) == SIG_ERR ? -1 : 0; }

PUBLIC int sigpause(int signal) {
  sigset_t mask;
  sigprocmask(SIG_SETMASK, NULL, &mask);
  return sigdelset(&mask, signal) == 0 ? sigsuspend(&mask) : -1;
}

PUBLIC int siginterrupt(int signal, int interrupts) {
  struct sigaction action;
  if (sigaction(signal, NULL, &action) != 0) {
    return -1;
  }
  action.sa_flags = interrupts ? action.sa_flags & ~SA_RESTART : action.sa_flags | SA_RESTART;
  return sigaction(signal, &action, NULL);
}

// A handler set so is not blocked; SIG_HOLD, the function with the address 2 elsewhere, is not
// known here.
PUBLIC void (*sigset(int number, void (*handler)(int)))(int) {
  struct sigaction old;
  struct sigaction action = {.sa_handler = handler};
  if (sigaction(number, &action, &old) != 0 || change_mask(SIG_UNBLOCK, number) != 0) {
    return SIG_ERR;
  }
  return old.sa_handler;
}

// Handlers run on the stack of who raised the signal, so another stack is kept and never used.
PUBLIC int sigaltstack(const stack_t* stack, stack_t* old) {
  static stack_t current = {.ss_flags = SS_DISABLE};
  if (stack != NULL && (stack->ss_flags & ~SS_DISABLE) != 0) {
    return fail(EINVAL);
  }
  if (stack != NULL && (stack->ss_flags & SS_DISABLE) == 0 && stack->ss_size < MINSIGSTKSZ) {
    return fail(ENOMEM);
  }
  if (old != NULL) {
    *old = current;
  }
  if (stack != NULL) {
    current = *stack;
  }
  return 0;
}

// No signal comes while it waits, so the mask makes no difference.
PUBLIC int ppoll(struct pollfd* descriptors, nfds_t count, const struct timespec* timeout,
                 const sigset_t* mask) {
  int timeout_ms = -1;
  if (timeout != NULL) {
    long long ms = timeout->tv_sec * 1000LL + (timeout->tv_nsec + 999999) / 1000000;
    timeout_ms = ms > INT_MAX ? INT_MAX : (int)ms;
  }
  return poll(descriptors, count, timeout_ms);
}

PUBLIC int __libc_current_sigrtmin(void) { return 35; }
PUBLIC int __libc_current_sigrtmax(void) { return 64; }

static const char* const names[] = {
    [SIGHUP] = "Hangup",
    [SIGINT] = "Interrupt",
    [SIGQUIT] = "Quit",
    [SIGILL] = "Illegal instruction",
    [SIGTRAP] = "Trace/breakpoint trap",
    [SIGABRT] = "Aborted",
    [SIGBUS] = "Bus error",
    [SIGFPE] = "Floating point exception",
    [SIGKILL] = "Killed",
    [SIGUSR1] = "User defined signal 1",
    [SIGSEGV] = "Segmentation fault",
    [SIGUSR2] = "User defined signal 2",
    [SIGPIPE] = "Broken pipe",
    [SIGALRM] = "Alarm clock",
    [SIGTERM] = "Terminated",
    [SIGSTKFLT] = "Stack fault",
    [SIGCHLD] = "Child exited",
    [SIGCONT] = "Continued",
    [SIGSTOP] = "Stopped (signal)",
    [SIGTSTP] = "Stopped",
    [SIGTTIN] = "Stopped (tty input)",
    [SIGTTOU] = "Stopped (tty output)",
    [SIGURG] = "Urgent I/O condition",
    [SIGXCPU] = "CPU time limit exceeded",
    [SIGXFSZ] = "File size limit exceeded",
    [SIGVTALRM] = "Virtual timer expired",
    [SIGPROF] = "Profiling timer expired",
    [SIGWINCH] = "Window changed",
    [SIGIO] = "I/O possible",
    [SIGPWR] = "Power failure",
    [SIGSYS] = "Bad system call",
};

PUBLIC char* strsignal(int signal) {
  static char text[32];
  if (signal > 0 && signal < (int)(sizeof names / sizeof *names)) {
    return (char*)names[signal];
  }
  snprintf(text, sizeof text, "Unknown signal %d", signal);
  return text;
}

PUBLIC void psignal(int signal, const char* message) {
  const char* separator = is_empty(message) ? "" : ": ";
  fprintf(stderr, "%s%s%s\n", is_empty(message) ? "" : message, separator, strsignal(signal));
}

PUBLIC void psiginfo(const siginfo_t* info, const char* message) {
  psignal(info->si_signo, message);
}
