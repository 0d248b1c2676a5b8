// Signals: handlers are kept, masks hold, and what a program sends to itself or one of its threads
// arrives. Nothing else ever sends one: a guest is ended from outside without a word, and a trap
// (bad memory, division by zero) ends it without SIGSEGV or SIGFPE.
//
// Each thread has its mask. What the program's only or another thread sends to the program is
// delivered where it was sent, or, while it is blocked there, to the first thread that unblocks or
// awaits it. What is sent to another thread is delivered when that one waits: see thread.h.
#include "signals.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "posix.h"
#include "thread.h"

enum { signals_end = 65 };

static struct sigaction actions[signals_end];
static sigset_t pending_signals;  // for the program; its words are changed atomically
static volatile int bell;         // counts the signals that became pending

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
  sigset_t before = weft_self.blocked;
  sigorset(&weft_self.blocked, &weft_self.blocked, &action.sa_mask);
  if ((action.sa_flags & SA_NODEFER) == 0) {
    sigaddset(&weft_self.blocked, signal);
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
  weft_self.blocked = before;
}

static void add_pending(sigset_t* set, int signal) {
  __atomic_fetch_or(&set->__bits[word_of(signal)], bit_of(signal), __ATOMIC_SEQ_CST);
  __atomic_fetch_add(&bell, 1, __ATOMIC_SEQ_CST);
#ifdef _REENTRANT
  __builtin_wasm_memory_atomic_notify((int*)&bell, 0x7fffffff);
#endif
}

static int take_pending(sigset_t* set, int signal) {
  unsigned long bit = bit_of(signal);
  return (__atomic_fetch_and(&set->__bits[word_of(signal)], ~bit, __ATOMIC_SEQ_CST) & bit) != 0;
}

static int is_deadly(int signal) {
  return signal == SIGKILL ||
         (actions[signal].sa_handler == SIG_DFL && !is_ignored_by_default(signal));
}

// EINTR or weft_restart when a handler has run.
static int act(int signal) {
  if (is_deadly(signal)) {
    act_by_default(signal);
    return 0;
  }
  if (actions[signal].sa_handler == SIG_DFL || actions[signal].sa_handler == SIG_IGN) {
    return 0;
  }
  int outcome = (actions[signal].sa_flags & SA_RESTART) != 0 ? weft_restart : EINTR;
  run_handler(signal);
  return outcome;
}

static int is_blocked(int signal) {
  return sigismember(&weft_self.blocked, signal) && signal != SIGKILL && signal != SIGSTOP;
}

// To this program.
static int deliver(int signal) {
  if (is_blocked(signal)) {
    add_pending(&pending_signals, signal);
  } else {
    act(signal);
  }
  return 0;
}

static int deliver_pending(void) {
  int outcome = 0;
  for (int signal = 1; signal < signals_end; ++signal) {
    if (!is_blocked(signal) &&
        (take_pending(&weft_self.pending, signal) || take_pending(&pending_signals, signal))) {
      int done = act(signal);
      outcome = outcome == EINTR || done == 0 ? outcome : done;
    }
  }
  return outcome;
}

int weft_take_signals(void) {
  weft_self.signalled = 0;
  return deliver_pending();
}

PUBLIC int pthread_kill(pthread_t thread, int signal) {
  if (signal != 0 && !is_signal(signal)) {
    return EINVAL;
  }
  if (!weft_is_thread(thread)) {
    return ESRCH;
  }
  struct weft_thread* target = weft_thread_of(thread);
  if (signal == 0) {
    return 0;
  }
  int is_open = target->begun && !sigismember(&target->blocked, signal);
  if (is_deadly(signal) && (signal == SIGKILL || is_open)) {
    act_by_default(signal);
    return 0;
  }
  add_pending(&target->pending, signal);
  if (target == &weft_self) {
    deliver_pending();
    return 0;
  }
  target->signalled = 1;
  weft_ring(target);
  return 0;
}

PUBLIC int raise(int signal) {
  return is_signal(signal) ? pthread_kill(pthread_self(), signal) : fail(EINVAL);
}

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
  return signal == 0 ? 0 : deliver(signal);
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
  sigset_t before = weft_self.blocked;
  if (set != NULL) {
    switch (how) {
      case SIG_BLOCK:
        sigorset(&weft_self.blocked, &weft_self.blocked, set);
        break;
      case SIG_UNBLOCK:
        for (unsigned i = 0; i < sizeof set->__bits / sizeof *set->__bits; ++i) {
          weft_self.blocked.__bits[i] &= ~set->__bits[i];
        }
        break;
      case SIG_SETMASK:
        weft_self.blocked = *set;
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
  int before = errno;
  int error = sigprocmask(how, set, old) == 0 ? 0 : errno;
  errno = before;
  return error;
}

PUBLIC int sigpending(sigset_t* set) { return sigorset(set, &pending_signals, &weft_self.pending); }

static int take_first(const sigset_t* blocked) {
  for (int signal = 1; signal < signals_end; ++signal) {
    if (!sigismember(blocked, signal) &&
        (take_pending(&weft_self.pending, signal) || take_pending(&pending_signals, signal))) {
      return signal;
    }
  }
  return 0;
}

// Signals come from the program itself: while it sleeps, from its other threads or the alarm.
int weft_wait_for_signal(const sigset_t* blocked, uint64_t deadline_ns) {
  for (;;) {
    int heard = bell;
    int signal = take_first(blocked);
    if (signal != 0) {
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
    int64_t left = (int64_t)(until - now < hour_ns ? until - now : hour_ns);
    int outcome = weft_wait(&bell, heard, left, 1);
    if (outcome == ECANCELED) {
      weft_act_on_cancel();
    }
    if (outcome == EINTR || outcome == weft_restart) {
      return weft_handled;
    }
  }
}

PUBLIC int sigsuspend(const sigset_t* mask) {
  sigset_t before = weft_self.blocked;
  weft_self.blocked = *mask;
  int signal = weft_wait_for_signal(mask, UINT64_MAX);
  if (signal != weft_handled) {
    act(signal);
  }
  weft_self.blocked = before;
  deliver_pending();
  return fail(EINTR);
}

PUBLIC int pause(void) {
  sigset_t mask = weft_self.blocked;
  return sigsuspend(&mask);
}

// Waits for one of `set`, which are blocked everywhere else: the complement is what does not count.
static int wait_for_one_of(const sigset_t* set, siginfo_t* info, uint64_t deadline_ns) {
  sigset_t others;
  for (unsigned i = 0; i < sizeof others.__bits / sizeof *others.__bits; ++i) {
    others.__bits[i] = ~set->__bits[i];
  }
  int signal = weft_wait_for_signal(&others, deadline_ns);
  if (signal > 0 && info != NULL) {
    *info = (siginfo_t){.si_signo = signal, .si_code = SI_USER};
  }
  return signal;
}

PUBLIC int sigwait(const sigset_t* set, int* signal) {
  do {
    *signal = wait_for_one_of(set, NULL, UINT64_MAX);
  } while (*signal == weft_handled);
  return 0;
}

PUBLIC int sigwaitinfo(const sigset_t* set, siginfo_t* info) {
  int signal = wait_for_one_of(set, info, UINT64_MAX);
  return signal == weft_handled ? fail(EINTR) : signal;
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
  return signal > 0 ? signal : fail(signal == weft_handled ? EINTR : EAGAIN);
}

// abort() ends in a trap, as it does in wasi-libc; a handler of SIGABRT sees it first.
PUBLIC _Noreturn void abort(void) {
  if (actions[SIGABRT].sa_handler != SIG_DFL && actions[SIGABRT].sa_handler != SIG_IGN) {
    run_handler(SIGABRT);
  }
  __builtin_trap();
}
