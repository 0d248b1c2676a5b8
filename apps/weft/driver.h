// Runs one faaslet on the calling thread, or watches over a program with threads, until it ends or
// something from outside stops it: a deadline, a signal.
//
//     ready ──► step ──► ended
//       ▲         └────► waiting ──► poll(its descriptors, wake, signals; its deadline, ours)
//       └──────────────────┘
//
// Ticks run only while a deadline of ours needs one: the first tick is the deadline itself, so an
// undisturbed guest takes none. Thread safety: main thread only.
#pragma once

#include <memory>
#include <optional>

#include "base/unique_fd.h"
#include "cpu/thread.h"
#include "faaslet/faaslet.h"
#include "signals.h"
#include "threads/program.h"

namespace weft::cli {

class Driver {
 public:
  enum class Stop : uint8_t {
    ended,      // see Faaslet::result()
    deadline,   // the earliest of those given has passed; the faaslet is ready or waiting
    signalled,  // see Signals::pending()
  };
  using Deadline = std::optional<host::Clock::time_point>;

  static Result<std::unique_ptr<Driver>> create(Signals& signals);

  // Error io when timers or poll fail.
  Result<Stop> run(faaslet::Faaslet& faaslet, Deadline deadline);
  // A program with threads, which is started already; its workers run it, and this thread watches.
  Result<Stop> run(threads::Program& program, Deadline deadline);

 private:
  Driver(Signals& signals, std::unique_ptr<cpu::Thread> thread, UniqueFd event)
      : signals_(signals), thread_(std::move(thread)), event_(std::move(event)) {}
  Result<void> wait(faaslet::Faaslet& faaslet, Deadline deadline);
  Result<void> set_tick(Deadline deadline);
  void clear_event() const;

  Signals& signals_;
  std::unique_ptr<cpu::Thread> thread_;
  UniqueFd event_;  // written by the faaslet's waker and by the signal handlers
};

}  // namespace weft::cli
