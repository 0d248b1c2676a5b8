// Runs the threads of one program on as many threads of the host as the program has cores.
//
//     ready ──a worker takes it──► running ──► ended
//       ▲ ◄────── preempted ──────────┤
//       └── woken, deadline, descriptor ── waiting
//
// One queue for all workers, first come first served: a thread that is woken runs on whichever core
// is free first. A worker that finds nothing looks for a moment longer before it sleeps, since what
// waits in a team of threads rarely waits long. Ticks run only while there are more threads that
// could run than cores, or a deadline and nobody idle to watch it.
//
// Thread safety: all functions from any thread, but stop() and the destructor not from a worker.
// Lock order: a faaslet's wake flag, then the scheduler's mutex; with it held nothing of a faaslet
// is called that takes a lock.
#pragma once

#include <atomic>
#include <condition_variable>
#include <cstdint>
#include <deque>
#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <thread>
#include <unordered_map>
#include <vector>

#include "base/result.h"
#include "base/spin_mutex.h"
#include "cpu/thread.h"
#include "faaslet/faaslet.h"
#include "threads/descriptor_waits.h"

namespace weft::threads {

struct Task;
using Timers = std::multimap<host::Clock::time_point, std::shared_ptr<Task>>;

// A thread of the program, and its place in the scheduler, which alone writes what follows
// `faaslet`.
struct Task {
  Task(uint32_t thread_id, std::unique_ptr<faaslet::Faaslet> guest)
      : id(thread_id), faaslet(std::move(guest)) {}

  const uint32_t id;
  const std::unique_ptr<faaslet::Faaslet> faaslet;

  enum class Place : uint8_t { outside, ready, running, waiting };
  Place place = Place::outside;
  bool woken = false;  // while it ran
  std::optional<Timers::iterator> timer;
  DescriptorWaits::Watch watch;
};

class Scheduler {
 public:
  static constexpr std::chrono::nanoseconds quantum = std::chrono::milliseconds(1);

  // Told on a worker when a thread has ended; the scheduler knows it no longer.
  using Ended = std::function<void(const std::shared_ptr<Task>&)>;

  explicit Scheduler(Ended ended) : ended_(std::move(ended)) {}
  ~Scheduler() { stop(); }
  Scheduler(const Scheduler&) = delete;
  Scheduler& operator=(const Scheduler&) = delete;

  // Starts that many workers. Error io.
  Result<void> start(uint32_t cores);
  void add(const std::shared_ptr<Task>& task);
  // Would another thread run if the caller's gave way?
  bool is_crowded() const { return ready_count_.load(std::memory_order_relaxed) != 0; }

  // No thread runs on; those that run leave within a moment. The first may be called on a worker.
  void request_stop();
  void stop();  // and the workers are gone
  // All threads stand still, between two instructions or in a wait, until resume().
  void pause();
  void resume();
  // While nothing runs: those that have not ended.
  std::vector<std::shared_ptr<Task>> tasks() const;

 private:
  struct Worker {
    std::unique_ptr<cpu::Thread> thread;
    bool ticking = false;
    std::thread host;
  };
  using Lock = std::unique_lock<SpinMutex>;

  void work(Worker& worker);
  void park(Lock& lock);
  void idle(Lock& lock);
  void run(Worker& worker, Lock& lock);
  void begin_wait(const std::shared_ptr<Task>& task, Lock& lock);
  void finish(std::shared_ptr<Task> task, Lock& lock);
  void wake(const std::shared_ptr<Task>& task);

  // REQUIRE: the mutex
  void make_ready(const std::shared_ptr<Task>& task);
  void push(const std::shared_ptr<Task>& task);
  void wake_due();
  bool needs_ticks() const;
  void tick_all();
  void interrupt_all();

  Ended ended_;
  mutable SpinMutex mutex_;
  std::condition_variable_any work_;    // something is ready, or the workers are to stop or to park
  std::condition_variable_any parked_;  // a worker has parked
  DescriptorWaits descriptors_;         // outlives the watches of tasks
  std::unordered_map<uint32_t, std::shared_ptr<Task>> tasks_;
  std::deque<std::shared_ptr<Task>> ready_;
  std::atomic<size_t> ready_count_ = 0;  // = ready_.size(), to be looked at without the mutex
  Timers timers_;
  std::vector<std::unique_ptr<Worker>> workers_;
  size_t idle_ = 0;
  size_t parked_count_ = 0;
  bool paused_ = false;
  std::atomic<bool> stopping_ = false;
};

}  // namespace weft::threads
