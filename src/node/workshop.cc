#include "node/workshop.h"

#include <future>
#include <utility>

namespace weft::node {

Result<std::unique_ptr<Workshop>> Workshop::open(size_t threads, size_t most_waiting) {
  std::unique_ptr<Workshop> workshop(new Workshop(most_waiting));
  for (size_t i = 0; i < threads; ++i) {
    std::promise<Result<void>> attached;
    auto outcome = attached.get_future();
    workshop->threads_.emplace_back(
        [raw = workshop.get(), attached = std::move(attached)]() mutable {
          auto thread = cpu::Thread::attach();
          if (!thread) {
            attached.set_value(std::unexpected(thread.error()));
            return;
          }
          attached.set_value({});
          raw->work(**thread);
        });
    TRY_VOID(outcome.get());
  }
  return workshop;
}

void Workshop::close() {
  {
    std::lock_guard lock(mutex_);
    closing_ = true;
    jobs_.clear();
  }
  changed_.notify_all();
  for (std::thread& thread : threads_) {
    thread.join();
  }
  threads_.clear();
}

bool Workshop::post(Job job) {
  {
    std::lock_guard lock(mutex_);
    if (closing_ || jobs_.size() >= most_waiting_) {
      return false;
    }
    jobs_.push_back(std::move(job));
  }
  changed_.notify_one();
  return true;
}

void Workshop::work(cpu::Thread& thread) {
  std::unique_lock lock(mutex_);
  while (true) {
    changed_.wait(lock, [&] { return closing_ || !jobs_.empty(); });
    if (closing_) {
      return;
    }
    Job job = std::move(jobs_.front());
    jobs_.pop_front();
    lock.unlock();
    job(thread);
    job = nullptr;
    lock.lock();
  }
}

}  // namespace weft::node
