// Signals: handlers are kept, masks hold, and what a program sends to itself arrives. Nothing else
// ever sends one: a guest is ended from outside without a word, and a trap (bad memory, division by
// zero) ends it without SIGSEGV or SIGFPE.
#include "signals.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "posix.h"

enum { signals_end = 65 };

static struct sigaction actions[signals_end];
static sigset_t blocked_signals;
static sigset_t pending_signals;

PUBLIC void __SIG_IGN(int signal) {}
PUBLIC _Noreturn void __SIG_ERR(int signal) { __builtin_trap(); }

static int is_signal(int signal) { return signal > 0 && signal < signals_end; }

enum { bits_per_word = 8 * sizeof(long) };

static unsigned long bit_of(int signal) { return 1UL << ((signal - 1) % bits_per_word); }
static unsigned word_of(int signal) { return (unsigned)(signal - 1) / bits_per_word; }

PUBLIC int sigemptyset(sigset_t* set) {
  memset(set, 0, sizeof *set);
  return 0;
}

PUBLIC int sigfillset(sigset_t* set) {
  memset(set, 0xff, sizeof *set);
  return 0;
}

PUBLIC int sigaddset(sigset_t* set, int signal) {
  if (!is_signal(signal)) {
    return fail(EINVAL);
  }
  set->__bits[word_of(signal)] |= bit_of(signal);
  return 0;
}

PUBLIC int sigdelset(sigset_t* set, int signal) {
  if (!is_signal(signal)) {
    return fail(EINVAL);
  }
  set->__bits[word_of(signal)] &= ~bit_of(signal);
  return 0;
}

PUBLIC int sigismember(const sigset_t* set, int signal) {
  if (!is_signal(signal)) {
    return fail(EINVAL);
  }
  return (set->__bits[word_of(signal)] & bit_of(signal)) != 0;
}

PUBLIC int sigisemptyset(const sigset_t* set) {
  static const sigset_t none;
  return memcmp(set, &none, sizeof none) == 0;
}

PUBLIC int sigorset(sigset_t* out, const sigset_t* a, const sigset_t* b) {
  for (unsigned i = 0; i < sizeof out->__bits / sizeof *out->__bits; ++i) {
    out->__bits[i] = a->__bits[i] | b->__bits[i];
  }
  return 0;
}

PUBLIC int sigandset(sigset_t* out, const sigset_t* a, const sigset_t* b) {
  for (unsigned i = 0; i < sizeof out->__bits / sizeof *out->__bits; ++i) {
    out->__bits[i] = a->__bits[i] & b->__bits[i];
  }
  return 0;
}

static int is_ignored_by_default(int signal) {
  return signal == SIGCHLD || signal == SIGURG || signal == SIGWINCH || signal == SIGCONT;
}

// Stopping means nothing, for who would continue it? All else ends the program, as a shell would
// report it. SIGABRT and the signals of errors trap, so that weft says where.
static void act_by_default(int signal) {
  switch (signal) {
    case SIGABRT:
    case SIGBUS:
    case SIGFPE:
    case SIGILL:
    case SIGSEGV:
    case SIGSYS:
    case SIGTRAP:
      fprintf(stderr, "%s\n", strsignal(signal));
      __builtin_trap();
    case SIGSTOP:
    case SIGTSTP:
    case SIGTTIN:
    case SIGTTOU:
      return;
    default:
      fprintf(stderr, "%s\n", strsignal(signal));
      _Exit(128 + signal);
  }
}

static void run_handler(int signal) {
  struct sigaction action = actions[signal];
  sigset_t before = blocked_signals;
  sigorset(&blocked_signals, &blocked_signals, &action.sa_mask);
  if ((action.sa_flags & SA_NODEFER) == 0) {
    sigaddset(&blocked_signals, signal);
  }
  if ((action.sa_flags & SA_RESETHAND) != 0) {
    actions[signal].sa_handler = SIG_DFL;
  }
  if ((action.sa_flags & SA_SIGINFO) != 0) {
    siginfo_t info = {.si_signo = signal, .si_code = SI_USER};
    info.si_pid = getpid();
    action.sa_sigaction(signal, &info, NULL);
  } else {
    action.sa_handler(signal);
  }
  blocked_signals = before;
}

int weft_deliver(int signal) {
  if (sigismember(&blocked_signals, signal) && signal != SIGKILL && signal != SIGSTOP) {
    return sigaddset(&pending_signals, signal);
  }
  if (actions[signal].sa_handler == SIG_DFL) {
    if (!is_ignored_by_default(signal)) {
      act_by_default(signal);
    }
  } else if (actions[signal].sa_handler != SIG_IGN) {
    run_handler(signal);
  }
  return 0;
}

static void deliver_pending(void) {
  for (int signal = 1; signal < signals_end; ++signal) {
    if (sigismember(&pending_signals, signal) && !sigismember(&blocked_signals, signal)) {
      sigdelset(&pending_signals, signal);
      weft_deliver(signal);
    }
  }
}

PUBLIC int raise(int signal) { return is_signal(signal) ? weft_deliver(signal) : fail(EINVAL); }

PUBLIC int kill(pid_t process, int signal) {
  if (signal != 0 && !is_signal(signal)) {
    return fail(EINVAL);
  }
  if (process > 0 && process != getpid()) {
    return fail(ESRCH);
  }
  // 0, -1 and a negative number name groups, of which this program is the only member that there
  // is.
  if (process < -1 && -process != getpid()) {
    return fail(ESRCH);
  }
  return signal == 0 ? 0 : weft_deliver(signal);
}

PUBLIC int killpg(pid_t group, int signal) {
  return group < 0 ? fail(EINVAL) : kill(group == 0 ? 0 : -group, signal);
}

PUBLIC int sigqueue(pid_t process, int signal, union sigval value) { return kill(process, signal); }

PUBLIC int sigaction(int signal, const struct sigaction* action, struct sigaction* old) {
  if (!is_signal(signal) || (action != NULL && (signal == SIGKILL || signal == SIGSTOP))) {
    return fail(EINVAL);
  }
  struct sigaction before = actions[signal];
  if (action != NULL) {
    actions[signal] = *action;
  }
  if (old != NULL) {
    *old = before;
  }
  return 0;
}

PUBLIC void (*signal(int signal, void (*handler)(int)))(int) {
  struct sigaction action = {.sa_handler = handler, .sa_flags = SA_RESTART};
  struct sigaction old;
  return sigaction(signal, &action, &old) == 0 ? old.sa_handler : SIG_ERR;
}

PUBLIC void (*bsd_signal(int number, void (*handler)(int)))(int) { return signal(number, handler); }
PUBLIC void (*__sysv_signal(int number, void (*handler)(int)))(int) {
  struct sigaction action = {.sa_handler = handler, .sa_flags = SA_RESETHAND | SA_NODEFER};
  struct sigaction old;
  return sigaction(number, &action, &old) == 0 ? old.sa_handler : SIG_ERR;
}

PUBLIC int sigprocmask(int how, const sigset_t* set, sigset_t* old) {
  sigset_t before = blocked_signals;
  if (set != NULL) {
    switch (how) {
      case SIG_BLOCK:
        sigorset(&blocked_signals, &blocked_signals, set);
        break;
      case SIG_UNBLOCK:
        for (unsigned i = 0; i < sizeof set->__bits / sizeof *set->__bits; ++i) {
          blocked_signals.__bits[i] &= ~set->__bits[i];
        }
        break;
      case SIG_SETMASK:
        blocked_signals = *set;
        break;
      default:
        return fail(EINVAL);
    }
    deliver_pending();
  }
  if (old != NULL) {
    *old = before;
  }
  return 0;
}

PUBLIC int pthread_sigmask(int how, const sigset_t* set, sigset_t* old) {
  return sigprocmask(how, set, old) == 0 ? 0 : errno;
}

PUBLIC int sigpending(sigset_t* set) {
  *set = pending_signals;
  return 0;
}

static int first_pending(const sigset_t* blocked) {
  for (int signal = 1; signal < signals_end; ++signal) {
    if (sigismember(&pending_signals, signal) && !sigismember(blocked, signal)) {
      return signal;
    }
  }
  return 0;
}

// Signals come from the program itself, so while it sleeps only the alarm can bring one.
int weft_wait_for_signal(const sigset_t* blocked, uint64_t deadline_ns) {
  for (;;) {
    int signal = first_pending(blocked);
    if (signal != 0) {
      sigdelset(&pending_signals, signal);
      return signal;
    }
    uint64_t now = weft_monotonic_ns();
    uint64_t alarm = weft_alarm_at();
    if (alarm != 0 && now >= alarm && !sigismember(blocked, SIGALRM)) {
      weft_alarm_fired();
      return SIGALRM;
    }
    if (now >= deadline_ns) {
      return 0;
    }
    uint64_t until = alarm != 0 && !sigismember(blocked, SIGALRM) ? alarm : UINT64_MAX;
    until = until < deadline_ns ? until : deadline_ns;
    const uint64_t hour_ns = 3600ULL * 1000 * 1000 * 1000;
    uint64_t left = until - now < hour_ns ? until - now : hour_ns;
    struct timespec time = {(time_t)(left / 1000000000), (long)(left % 1000000000)};
    nanosleep(&time, NULL);
  }
}

PUBLIC int sigsuspend(const sigset_t* mask) {
  int signal = weft_wait_for_signal(mask, UINT64_MAX);
  sigset_t before = blocked_signals;
  blocked_signals = *mask;
  weft_deliver(signal);
  blocked_signals = before;
  return fail(EINTR);
}

PUBLIC int pause(void) { return sigsuspend(&blocked_signals); }

// Waits for one of `set`, which are blocked everywhere else: the complement is what does not count.
static int wait_for_one_of(const sigset_t* set, siginfo_t* info, uint64_t deadline_ns) {
  sigset_t others;
  for (unsigned i = 0; i < sizeof others.__bits / sizeof *others.__bits; ++i) {
    others.__bits[i] = ~set->__bits[i];
  }
  int signal = weft_wait_for_signal(&others, deadline_ns);
  if (signal != 0 && info != NULL) {
    *info = (siginfo_t){.si_signo = signal, .si_code = SI_USER};
  }
  return signal;
}

PUBLIC int sigwait(const sigset_t* set, int* signal) {
  *signal = wait_for_one_of(set, NULL, UINT64_MAX);
  return 0;
}

PUBLIC int sigwaitinfo(const sigset_t* set, siginfo_t* info) {
  return wait_for_one_of(set, info, UINT64_MAX);
}

PUBLIC int sigtimedwait(const sigset_t* set, siginfo_t* info, const struct timespec* timeout) {
  uint64_t deadline = UINT64_MAX;
  if (timeout != NULL) {
    if (timeout->tv_nsec < 0 || timeout->tv_nsec >= 1000000000 || timeout->tv_sec < 0) {
      return fail(EINVAL);
    }
    deadline =
        weft_monotonic_ns() + (uint64_t)timeout->tv_sec * 1000000000 + (uint64_t)timeout->tv_nsec;
  }
  int signal = wait_for_one_of(set, info, deadline);
  return signal != 0 ? signal : fail(EAGAIN);
}

// abort() ends in a trap, as it does in wasi-libc; a handler of SIGABRT sees it first.
PUBLIC _Noreturn void abort(void) {
  if (actions[SIGABRT].sa_handler != SIG_DFL && actions[SIGABRT].sa_handler != SIG_IGN) {
    run_handler(SIGABRT);
  }
  __builtin_trap();
}
