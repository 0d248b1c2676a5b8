// A core: one thread, one event loop, a run queue for each share. It drives any number of faaslets;
// those that wait cost nothing.
//
//     add ──► its share's queue ──step──► again at the end of the queue (preempted)
//                 ▲                  └──► waiting: descriptors and deadlines in the event loop, or
//                 │                       a Waker
//                 └──────────────────┘
//
// A tick preempts whoever has run for the quantum. Shares get the core's time in proportion to
// their weights, whatever their guests do and however many they are: the next step is one of the
// share that has had least (stride scheduling, Waldspurger and Weihl 1995). A share that was idle
// does not save up: it comes back no further behind than the one that is served then.
//
// Thread safety: a Core belongs to the thread that calls run(); post(), kill() and stop() may be
// called from any thread.
#pragma once

#include <atomic>
#include <boost/asio/io_context.hpp>
#include <boost/asio/steady_timer.hpp>
#include <chrono>
#include <cstdint>
#include <deque>
#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <thread>
#include <unordered_map>
#include <vector>

#include "base/result.h"
#include "cpu/thread.h"
#include "faaslet/faaslet.h"

namespace weft::faaslet {

enum class FaasletId : uint64_t {};
// Whose guests have a part of the core's time together: a tenant's.
enum class Share : uint32_t {};

class Core {
 public:
  struct Options {
    std::chrono::nanoseconds quantum = std::chrono::milliseconds(1);
    size_t max_faaslets = 200'000;
  };
  struct Terms {
    std::optional<std::chrono::milliseconds> time_limit = {};  // beyond it TimedOut
    std::optional<std::chrono::nanoseconds> cpu_limit = {};    // of running; beyond it OutOfLimits
    Share share = {};
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

  // Error exhausted when the core is full.
  Result<FaasletId> add(std::unique_ptr<Faaslet> faaslet, const Terms& terms);
  Result<FaasletId> add(std::unique_ptr<Faaslet> faaslet) { return add(std::move(faaslet), {}); }

  // A share of the given weight, at least 1. Share{} is there already, with weight 1.
  Share add_share(uint32_t weight);
  void set_weight(Share share, uint32_t weight);
  // What its guests have run for, waits not counted.
  std::chrono::nanoseconds used(Share share) const;
  std::chrono::nanoseconds used() const;  // of all shares

  // Runs until no faaslet is left, or stop().
  void run();
  // Runs until stop(): what comes by the event loop may add faaslets at any time.
  void serve();
  void stop();

  // Runs `task` on this core, between two steps: a guest that runs is preempted for it. Any thread.
  // Tasks run in the order of their posts; many that come at once wake the core once.
  using Posted = std::move_only_function<void()>;
  void post(Posted task);
  // Ends a faaslet within a tick, wherever it is; does nothing when it has ended. Any thread.
  void kill(FaasletId id, host::Outcome outcome);

  size_t size() const { return entries_.size(); }
  uint64_t preemptions() const { return preemptions_; }
  // Guests that were preempted and go on running: who comes now waits for them. Any thread.
  uint32_t long_runners() const { return long_runners_.load(std::memory_order_relaxed); }
  boost::asio::io_context& events() { return events_; }

 private:
  struct Entry;
  struct Queue {
    uint32_t weight = 1;
    uint64_t stride_ns = 0;  // time used, divided by the weight
    std::chrono::nanoseconds used{};
    std::deque<uint64_t> ready;
    bool listed = false;  // in active_
  };
  enum class Until : uint8_t { empty, stopped };
  // Of time limits, with the guests that they are for. They hardly ever pass, so one timer serves
  // them all.
  using Limits =
      std::multimap<host::Clock::time_point, std::pair<uint64_t, std::chrono::milliseconds>>;

  Core(const Options& options, Ended ended);
  void run(Until until);
  void run_steps();
  void run_posted();
  void arm_limits();
  host::Clock::time_point step(Entry& entry, host::Clock::time_point before);
  void wait(Entry& entry);
  void wake(Entry& entry);
  void finish(Entry& entry);
  void enqueue(Entry& entry);
  void set_long(Entry& entry, bool is_long);
  void activate(uint32_t share);
  void set_ticking(bool ticking);

  Options options_;
  Ended ended_;
  std::unique_ptr<cpu::Thread> thread_;
  std::mutex posted_mutex_;  // guards posted_
  std::vector<Posted> posted_;
  std::atomic<bool> called_ = false;    // another thread posted what was not looked at yet
  std::atomic<bool> in_steps_ = false;  // guests run: whoever calls interrupts them
  std::thread::id owner_ = std::this_thread::get_id();
  boost::asio::io_context events_{1};
  Limits limits_;
  std::unique_ptr<boost::asio::steady_timer> limit_;  // the first of limits_, or earlier
  std::optional<host::Clock::time_point> limit_armed_;
  std::unordered_map<uint64_t, std::unique_ptr<Entry>> entries_;
  std::vector<Queue> queues_{1};  // by share
  std::vector<uint32_t> active_;  // shares with ready guests, a heap with the least stride in front
  uint64_t stride_now_ = 0;       // of the share that was served last
  uint64_t next_id_ = 1;
  uint64_t preemptions_ = 0;
  std::atomic<uint32_t> long_runners_ = 0;
  bool ticking_ = false;
  std::atomic<bool> stopped_ = false;
};

}  // namespace weft::faaslet
