// A worker: one core's thread, with the functions that are called on it, their warm slots and the
// calls that run or wait.
//
//     call ──► its function's queue ──prepared, room──► slot from the image ──► Core ──► Reply
//                    │ not prepared: Workshop ─┘            ▲                       │
//                    └ beyond its time: timed_out           └── back to the image ──┘
//
// A call stays on the worker that it came to, unless that one has guests that run long and another
// has fewer. Everything that a call needs lies on its worker; no lock is taken on its way but those
// of functions and slots, which are not contended.
//
// Thread safety: everything belongs to the worker's thread, but for post(), load() and what says
// so. Invariants: each task is told its end exactly once; calls of one function start in the order
// in which they came.
#pragma once

#include <array>
#include <atomic>
#include <boost/asio/steady_timer.hpp>
#include <deque>
#include <future>
#include <list>
#include <memory>
#include <string>
#include <thread>
#include <unordered_map>

#include "faaslet/core.h"
#include "node/call_imports.h"
#include "node/histogram.h"
#include "node/program_run.h"
#include "node/site.h"
#include "node/task.h"

namespace weft::node {

class Worker {
 public:
  struct Options {
    size_t most_running = 2000;  // beyond it calls wait
    size_t most_waiting = 20'000;
    size_t most_warm = 1000;  // slots kept for calls to come, of all functions
    size_t most_warm_of_one = 64;
    std::chrono::nanoseconds quantum = std::chrono::microseconds(250);
    std::chrono::seconds idle_limit = std::chrono::minutes(10);  // then a function is dropped
  };
  struct Counts {
    uint64_t started = 0;
    uint64_t cold = 0;
    uint64_t slots_lost = 0;  // that could not be brought back to their image
    std::array<uint64_t, endings> ended = {};
    Histogram latency;       // from acceptance to the end
    double calls_per_s = 0;  // these two in the last second
    double busy = 0;         // the part of it that guests ran
    std::chrono::nanoseconds cpu{};
  };
  // Of a function, on this worker, since it was last prepared here.
  struct FunctionCounts {
    std::string function;  // with its namespace
    uint64_t calls = 0;    // ended
    uint64_t failed = 0;   // by anything but returning, or exiting with 0
    size_t running = 0;
    size_t waiting = 0;
    double calls_per_s = 0;
    Histogram latency;
  };

  // Starts the thread, which waits for serve(). `site` outlives it; its workshop is closed before
  // the worker ends.
  static Result<std::unique_ptr<Worker>> start(uint32_t index, Site& site, const Options& options);
  ~Worker();
  Worker(const Worker&) = delete;
  Worker& operator=(const Worker&) = delete;

  // From now on the event loop runs. What is to be set up in it before, is.
  void serve();
  // Ends what runs; its calls are told that they were cancelled. Whatever is posted from now on is
  // not done; so all workers are closed before the first one is destroyed. REQUIRES: not on its
  // thread.
  void close();

  uint32_t index() const { return index_; }
  // Calls that run or wait, and of these the ones that keep the core busy. Any thread.
  uint32_t calls() const { return calls_.load(std::memory_order_relaxed); }
  uint32_t long_runners() const { return core_->long_runners(); }
  void post(faaslet::Core::Posted task) { core_->post(std::move(task)); }  // any thread
  boost::asio::io_context& events() { return core_->events(); }

  // Runs it here. `done` is called on this thread, maybe at once.
  void call(std::unique_ptr<Task> task);
  // Ends a call of that id that runs or waits here. False when there is none.
  bool cancel(std::string_view id);
  // The log of a call that runs here, as far as it has come.
  std::optional<std::string_view> log_of(std::string_view id) const;
  // Gives up the slots that are kept for calls to come. False when there are none.
  bool drop_warm();
  // The weight of a namespace's calls, 100 unless it is set.
  void set_weight(const std::string& space, uint32_t weight);

  const Counts& counts() const { return counts_; }
  std::vector<FunctionCounts> function_counts() const;
  size_t running() const { return running_.size(); }
  size_t waiting() const { return waiting_; }

 private:
  // A function on this core.
  struct Station {
    std::shared_ptr<Function> function;
    std::shared_ptr<const Prepared> prepared;
    std::vector<std::unique_ptr<faaslet::WarmPool>> pools;  // one for each template used here
    std::vector<bool> busy;                                 // of pools of one slot each
    faaslet::Share share{};
    bool preparing = false;
    bool blocked = false;  // in blocked_
    bool cold = false;     // was prepared for the calls that wait
    size_t running = 0;
    size_t most_running = 0;
    std::deque<std::unique_ptr<Task>> waiting;
    Clock::time_point last_used;
    uint64_t calls = 0;
    uint64_t failed = 0;
    uint64_t calls_before = 0;  // a second ago
    double calls_per_s = 0;
    Histogram latency;
  };
  struct Running {
    std::unique_ptr<Task> task;
    std::unique_ptr<CallImports> imports;
    Station* station = nullptr;
    size_t pool = 0;
    Clock::time_point started;
    bool cold = false;
    std::unique_ptr<ProgramRun> program = nullptr;  // of a program with threads
  };

  Worker(uint32_t index, Site& site, const Options& options);
  void live(const std::function<void(Result<void>)>& attached);

  void end_all();
  Station& station_of(const std::shared_ptr<Function>& function);
  faaslet::Share share_of(const std::string& space);
  void prepare(Station& station);
  void prepared(Station& station, const Function::PreparedResult& result);
  void admit(Station& station);
  void admit_blocked();
  // False when there is no slot for it: then it waits again, as the first.
  bool begin(Station& station, std::unique_ptr<Task> task);
  void block(Station& station);
  std::chrono::milliseconds time_limit_of(const Task& task) const;
  Result<uint64_t> begin_faaslet(Station& station, Running& running);
  Result<uint64_t> begin_program(Station& station, Running& running);
  std::optional<size_t> free_pool(Station& station) const;
  void ended(faaslet::FaasletId id, std::unique_ptr<faaslet::Faaslet> faaslet);
  void program_ended(uint64_t id);
  Running take_running(uint64_t id);
  void answer(Running& running, Reply reply, const faaslet::Faaslet& speaker);
  void count(Station& station, const Reply& reply);
  void leave(Station& station);
  void refuse(std::unique_ptr<Task> task, const Error& error);
  void refuse_begun(std::unique_ptr<Task> task, const Error& error);
  void expire(Station& station, Task& task);
  void sweep();
  void measure_rates(Clock::time_point now);
  void arm_sweep();

  const uint32_t index_;
  Site& site_;
  const Options options_;
  std::atomic<uint32_t> calls_ = 0;
  Counts counts_;
  std::unique_ptr<faaslet::Core> core_;
  std::unordered_map<const Function*, std::unique_ptr<Station>> stations_;
  std::unordered_map<std::string, faaslet::Share> shares_;
  std::unordered_map<uint64_t, Running> running_;  // by FaasletId, or below
  uint64_t next_program_ = uint64_t{1} << 63;      // names programs with threads
  std::deque<Station*> blocked_;  // have calls waiting for others of the worker to end
  size_t waiting_ = 0;
  Clock::time_point measured_ = Clock::now();
  std::chrono::nanoseconds used_before_{};
  bool closing_ = false;
  std::unique_ptr<boost::asio::steady_timer> sweep_;
  std::promise<void> begun_;     // serve() was called, or nobody will
  std::promise<void> served_;    // the loop has ended
  std::promise<void> released_;  // nobody posts any more
  bool is_serving_ = false;
  bool closed_ = false;
  std::thread thread_;
};

}  // namespace weft::node
