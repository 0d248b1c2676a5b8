// The signals by which a person or a supervisor ends weft: SIGINT, SIGTERM, SIGHUP.
//
//     before a guest runs     the line of the progress bar is erased, and weft dies of the signal
//     while one runs          the guest is interrupted, the driver sees pending(), and weft dies of
//     the signal a second signal         weft dies at once, whatever it is doing
//
// So the shell sees the same exit status as of a native program. A signal that was ignored when
// weft started stays ignored (nohup, background jobs). All other signals keep their default action.
// Thread safety: one object a process, on the main thread; the handlers run anywhere.
#pragma once

#include <csignal>

#include "cpu/thread.h"

namespace weft::cli {

class Signals {
 public:
  Signals();
  ~Signals();
  Signals(const Signals&) = delete;
  Signals& operator=(const Signals&) = delete;

  // From here on a signal is noted, `thread` is interrupted and `event_fd` becomes readable. Both
  // must outlive this.
  void guard(cpu::Thread& thread, int event_fd);
  // The signal that asked weft to end, or 0.
  int pending() const;

  // Is there a line on the terminal that a dying weft should erase? Any thread.
  static void line_is_drawn(bool drawn);

  // Ends the process as if it had never caught the signal.
  [[noreturn]] static void die_of(int signal);
};

// Keeps the three signals from this thread while it lives: for what must not be left half done.
class SignalsHeld {
 public:
  SignalsHeld();
  ~SignalsHeld();
  SignalsHeld(const SignalsHeld&) = delete;
  SignalsHeld& operator=(const SignalsHeld&) = delete;

 private:
  sigset_t before_;
};

}  // namespace weft::cli
