// What the switches cost, as ratios to their floors: a plain call, and a bare signal with an empty
// handler. Medians of thread CPU time; a plain program because what counts is pairs measured in
// turns, so that a machine's moods meet both.

#include <fmt/format.h>
#include <signal.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

#include <algorithm>
#include <functional>
#include <vector>

#include "cpu/core.h"
#include "cpu/testguest/test_guest.h"

namespace weft::cpu {
namespace {

using testguest::TestGuest;

constexpr int rounds = 25;

double cpu_now_ns() {
  timespec t{};
  clock_gettime(CLOCK_THREAD_CPUTIME_ID, &t);
  return static_cast<double>(t.tv_sec) * 1e9 + static_cast<double>(t.tv_nsec);
}

struct Case {
  const char* name;
  int repeats;
  std::function<void(int)> run;
  std::vector<double> ns = {};
  double median() const { return ns[ns.size() / 2]; }
};

// Nanoseconds for each repeat, the cases in turns.
void measure(std::vector<Case>& cases) {
  for (int round = 0; round < rounds; ++round) {
    for (Case& c : cases) {
      double before = cpu_now_ns();
      c.run(c.repeats);
      c.ns.push_back((cpu_now_ns() - before) / c.repeats);
    }
  }
  for (Case& c : cases) {
    std::ranges::sort(c.ns);
  }
}

HostReturn identity(void*, uint64_t a0, uint64_t, uint64_t, uint64_t, uint64_t) {
  return {a0, Action::go_on};
}
HostReturn waits(void*, uint64_t, uint64_t, uint64_t, uint64_t, uint64_t) {
  return {0, Action::suspend};
}
void empty(int, siginfo_t*, void*) {}

void install_empty(int signal) {
  struct sigaction action = {};
  action.sa_sigaction = empty;
  action.sa_flags = SA_SIGINFO | SA_ONSTACK | SA_RESTART;
  sigaction(signal, &action, nullptr);
}

int run() {
  auto pool = *slot::SlotPool::reserve(4);
  auto thread = *Thread::attach();
  TestGuest a(*pool);
  TestGuest b(*pool);
  auto loop = [&](const char* function, int n) {
    a.arg(0) = static_cast<uint64_t>(n);
    a.prepare(function);
    thread->enter(a.activation);
  };
  TestGuest* both[] = {&a, &b};
  auto suspend = [&](int n) {
    for (TestGuest* guest : both) {
      guest->host(1, waits);
      guest->arg(0) = static_cast<uint64_t>(n);
      guest->prepare(guest_call_loop);
    }
    for (int i = 0; i < n; ++i) {
      thread->enter(both[i % 2]->activation);
    }
    a.host(1, identity);
  };
  auto fault = [&](const char* function, uint64_t argument, int n) {
    for (int i = 0; i < n; ++i) {
      a.arg(0) = argument;
      a.arg(1) = 0;
      a.prepare(function);
      thread->enter(a.activation);
    }
  };
  // The floors: int3 costs an exception, a frame and a sigreturn, as a fault does; tgkill to
  // oneself is a tick that comes when it is called, from the host with an empty handler, from guest
  // code with ours.
  install_empty(SIGTRAP);
  install_empty(SIGUSR1);
  pid_t pid = getpid();
  auto tid = static_cast<pid_t>(syscall(SYS_gettid));
  a.host(1, identity);
  std::vector<Case> cases = {
      {"plain call", 1'000'000, [&](int n) { loop(guest_plain_loop, n); }},
      {"host call", 1'000'000, [&](int n) { loop(guest_call_loop, n); }},
      {"suspend + resume another guest", 200'000, suspend},
      {"bare signal (int3, empty handler)", 2000,
       [&](int n) {
         for (int i = 0; i < n; ++i) {
           asm volatile("int3");
         }
       }},
      {"trap by a load, prepare and enter", 2000,
       [&](int n) { fault(guest_load, slot::page_bytes, n); }},
      {"trap by a division, prepare and enter", 2000, [&](int n) { fault(guest_divide, 5, n); }},
      {"trap by a stub, prepare and enter", 200'000, [&](int n) { fault(guest_trap, 0, n); }},
      {"bare signal to oneself (tgkill)", 2000,
       [&](int n) {
         for (int i = 0; i < n; ++i) {
           syscall(SYS_tgkill, pid, tid, SIGUSR1);
         }
       }},
      {"preempt + resume (tgkill)", 2000,
       [&](int n) {
         a.arg(0) = static_cast<uint64_t>(n);
         a.arg(1) = static_cast<uint64_t>(pid);
         a.arg(2) = static_cast<uint64_t>(tid);
         a.arg(3) = static_cast<uint64_t>(tick_signal());
         a.prepare(guest_ticks);
         while (thread->enter(a.activation).reason == Leave::preempted) {
         }
       }},
  };
  measure(cases);
  for (const Case& c : cases) {
    fmt::print("{:<40} {:>10.1f} ns  (min {:.1f})\n", c.name, c.median(), c.ns.front());
  }
  auto at = [&](size_t i) { return cases[i].median(); };
  fmt::print("host call - plain call: {:.2f} ns\n", at(1) - at(0));
  fmt::print("trap / bare signal: load {:.2f}, division {:.2f}\n", at(4) / at(3), at(5) / at(3));
  fmt::print("preempt + resume / bare signal: {:.2f}\n", at(8) / at(7));
  return 0;
}

}  // namespace
}  // namespace weft::cpu

int main() { return weft::cpu::run(); }
