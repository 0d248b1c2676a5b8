// A core: one thread, one event loop, one run queue. It drives any number of faaslets; those that
// wait cost nothing.
//
//     add ──► run queue ──step──► again at the end of the queue (preempted)
//                 ▲          └──► waiting: descriptors and deadlines in the event loop, or a Waker
//                 └──────────────────┘
//
// A tick preempts whoever has run for the quantum, so guests share the core fairly, whatever they
// do.
//
// Thread safety: a Core belongs to the thread that calls run(); post(), kill() and stop() may be
// called from any thread.
#pragma once

#include <boost/asio/io_context.hpp>
#include <chrono>
#include <cstdint>
#include <deque>
#include <functional>
#include <memory>
#include <unordered_map>

#include "base/result.h"
#include "cpu/thread.h"
#include "faaslet/faaslet.h"

namespace weft::faaslet {

enum class FaasletId : uint64_t {};

class Core {
 public:
  struct Options {
    std::chrono::nanoseconds quantum = std::chrono::milliseconds(1);
    size_t max_faaslets = 200'000;
  };
  // Told on this thread when a faaslet has ended; takes it over, to read its results, reset it or
  // drop it.
  using Ended = std::function<void(FaasletId, std::unique_ptr<Faaslet>)>;

  // For the calling thread.
  static Result<std::unique_ptr<Core>> attach(const Options& options, Ended ended);
  static Result<std::unique_ptr<Core>> attach(Ended ended) {
    return attach(Options(), std::move(ended));
  }
  ~Core();
  Core(const Core&) = delete;
  Core& operator=(const Core&) = delete;

  // Error exhausted when the core is full. The deadline ends the faaslet with TimedOut.
  Result<FaasletId> add(std::unique_ptr<Faaslet> faaslet,
                        std::optional<std::chrono::milliseconds> time_limit = std::nullopt);

  // Runs until no faaslet is left, or stop().
  void run();
  void stop();

  // Runs `task` on this core, between two steps. Any thread.
  void post(std::function<void()> task);
  // Ends a faaslet within a tick, wherever it is; does nothing when it has ended. Any thread.
  void kill(FaasletId id, host::Outcome outcome);

  size_t size() const { return entries_.size(); }
  uint64_t preemptions() const { return preemptions_; }
  boost::asio::io_context& events() { return events_; }

 private:
  struct Entry;

  Core(const Options& options, Ended ended);
  void step(Entry& entry);
  void wait(Entry& entry);
  void wake(Entry& entry);
  void finish(Entry& entry);
  void enqueue(Entry& entry);
  void set_ticking(bool ticking);

  Options options_;
  Ended ended_;
  std::unique_ptr<cpu::Thread> thread_;
  boost::asio::io_context events_{1};
  std::unordered_map<uint64_t, std::unique_ptr<Entry>> entries_;
  std::deque<uint64_t> ready_;
  uint64_t next_id_ = 1;
  uint64_t preemptions_ = 0;
  bool ticking_ = false;
  std::atomic<bool> stopped_ = false;
};

}  // namespace weft::faaslet
