#include "signals.h"

#include <unistd.h>

#include <atomic>
#include <cerrno>
#include <cstdint>
#include <cstdlib>

#include "base/result.h"

namespace weft::cli {

namespace {

constexpr int ending_signals[] = {SIGINT, SIGTERM, SIGHUP};

// What the handler needs; a handler has no other way to it.
struct Shared {
  std::atomic<cpu::Thread*> thread = nullptr;
  std::atomic<int> event_fd = -1;
  std::atomic<int> pending = 0;
  std::atomic<bool> line = false;
};
constinit Shared shared;
static_assert(std::atomic<cpu::Thread*>::is_always_lock_free);

// In a handler the signal is blocked, so raise() takes effect when the handler returns.
void die_on_return(int signal) {
  if (shared.line) {
    constexpr char erase[] = "\r\033[K";
    (void)!write(STDERR_FILENO, erase, sizeof erase - 1);
  }
  ::signal(signal, SIG_DFL);
  raise(signal);
}

void on_signal(int signal) {
  int saved = errno;
  cpu::Thread* thread = shared.thread;
  if (thread == nullptr || shared.pending.exchange(signal) != 0) {
    die_on_return(signal);
  } else {
    thread->interrupt();
    uint64_t one = 1;
    (void)!write(shared.event_fd, &one, sizeof one);
  }
  errno = saved;
}

sigset_t ending_set() {
  sigset_t set;
  sigemptyset(&set);
  for (int signal : ending_signals) {
    sigaddset(&set, signal);
  }
  return set;
}

}  // namespace

Signals::Signals() {
  for (int signal : ending_signals) {
    struct sigaction before = {};
    sigaction(signal, nullptr, &before);
    if (before.sa_handler == SIG_IGN) {
      continue;
    }
    struct sigaction action = {};
    action.sa_handler = on_signal;
    // It may find the thread on a guest's stack. A tick must find the guest, not this handler.
    sigfillset(&action.sa_mask);
    action.sa_flags = SA_ONSTACK | SA_RESTART;
    sigaction(signal, &action, nullptr);
  }
}

Signals::~Signals() {
  shared.thread = nullptr;
  shared.event_fd = -1;
}

void Signals::guard(cpu::Thread& thread, int event_fd) {
  shared.event_fd = event_fd;
  shared.thread = &thread;
}

int Signals::pending() const { return shared.pending.load(std::memory_order_relaxed); }

void Signals::line_is_drawn(bool drawn) { shared.line = drawn; }

void Signals::die_of(int signal) {
  ::signal(signal, SIG_DFL);
  sigset_t set;
  sigemptyset(&set);
  sigaddset(&set, signal);
  pthread_sigmask(SIG_UNBLOCK, &set, nullptr);
  raise(signal);
  _exit(128 + signal);  // only where the signal cannot end the process (init of a container)
}

SignalsHeld::SignalsHeld() {
  sigset_t set = ending_set();
  pthread_sigmask(SIG_BLOCK, &set, &before_);
}
SignalsHeld::~SignalsHeld() { pthread_sigmask(SIG_SETMASK, &before_, nullptr); }

}  // namespace weft::cli
