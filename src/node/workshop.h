// Threads for what would hold up the cores: checking and compiling modules, running start-ups,
// reading files.
//
// Thread safety: post() from any thread.
#pragma once

#include <condition_variable>
#include <deque>
#include <functional>
#include <memory>
#include <mutex>
#include <thread>
#include <vector>

#include "base/result.h"
#include "cpu/thread.h"

namespace weft::node {

class Workshop {
 public:
  // Runs guests, if it likes, on the thread that it is given.
  using Job = std::function<void(cpu::Thread&)>;

  static Result<std::unique_ptr<Workshop>> open(size_t threads, size_t most_waiting = 10'000);
  ~Workshop() { close(); }
  Workshop(const Workshop&) = delete;
  Workshop& operator=(const Workshop&) = delete;

  // False when too many are waiting, or it is closed.
  [[nodiscard]] bool post(Job job);
  // Waits for the jobs that have begun and drops the others. Jobs post to workers: so it is closed
  // before they end.
  void close();

 private:
  explicit Workshop(size_t most_waiting) : most_waiting_(most_waiting) {}
  void work(cpu::Thread& thread);

  const size_t most_waiting_;
  std::mutex mutex_;
  std::condition_variable changed_;
  std::deque<Job> jobs_;
  bool closing_ = false;
  std::vector<std::thread> threads_;
};

}  // namespace weft::node
