#include "threads/scheduler.h"

#include <immintrin.h>

#include <future>
#include <utility>

namespace weft::threads {

namespace {

// How long a worker looks for work before it sleeps: about what a sleep and a wake cost.
constexpr auto look_for = std::chrono::microseconds(20);

}  // namespace

Result<void> Scheduler::start(uint32_t cores) {
  for (uint32_t i = 0; i < cores; ++i) {
    std::promise<Result<void>> attached;
    auto answer = attached.get_future();
    auto worker = std::make_unique<Worker>();
    worker->host = std::thread([this, &attached, w = worker.get()] {
      auto thread = cpu::Thread::attach();
      if (!thread) {
        attached.set_value(std::unexpected(thread.error()));
        return;
      }
      {
        std::lock_guard lock(mutex_);
        w->thread = std::move(*thread);
      }
      attached.set_value({});
      work(*w);
      std::lock_guard lock(mutex_);
      w->thread.reset();
    });
    if (auto result = answer.get(); !result) {
      worker->host.join();
      return result;
    }
    std::lock_guard lock(mutex_);
    workers_.push_back(std::move(worker));
  }
  return {};
}

void Scheduler::add(const std::shared_ptr<Task>& task) {
  std::weak_ptr<Task> weak = task;
  task->faaslet->on_wake([this, weak] {
    if (auto woken = weak.lock()) {
      wake(woken);
    }
  });
  std::lock_guard lock(mutex_);
  tasks_.emplace(task->id, task);
  task->faaslet->make_ready();  // one that was thawed makes its host call again
  push(task);
}

void Scheduler::request_stop() {
  std::lock_guard lock(mutex_);
  stopping_.store(true);
  work_.notify_all();
  interrupt_all();
}

void Scheduler::stop() {
  request_stop();
  std::vector<Worker*> workers;
  {
    std::lock_guard lock(mutex_);
    for (const auto& worker : workers_) {
      workers.push_back(worker.get());
    }
  }
  for (Worker* worker : workers) {
    if (worker->host.joinable()) {
      worker->host.join();
    }
  }
  for (const auto& task : tasks()) {
    task->faaslet->on_wake(nullptr);
    task->watch = {};
  }
}

void Scheduler::pause() {
  Lock lock(mutex_);
  paused_ = true;
  work_.notify_all();
  interrupt_all();
  parked_.wait(lock, [&] { return parked_count_ == workers_.size() || stopping_.load(); });
}

void Scheduler::resume() {
  std::lock_guard lock(mutex_);
  paused_ = false;
  work_.notify_all();
}

std::vector<std::shared_ptr<Task>> Scheduler::tasks() const {
  std::lock_guard lock(mutex_);
  std::vector<std::shared_ptr<Task>> all;
  all.reserve(tasks_.size());
  for (const auto& [id, task] : tasks_) {
    all.push_back(task);
  }
  return all;
}

void Scheduler::work(Worker& worker) {
  Lock lock(mutex_);
  while (!stopping_.load()) {
    if (paused_) {
      park(lock);
      continue;
    }
    wake_due();
    if (ready_.empty()) {
      idle(lock);
    } else {
      run(worker, lock);
    }
  }
  parked_.notify_all();
}

void Scheduler::park(Lock& lock) {
  ++parked_count_;
  parked_.notify_all();
  work_.wait(lock, [&] { return !paused_ || stopping_.load(); });
  --parked_count_;
}

void Scheduler::idle(Lock& lock) {
  ++idle_;
  lock.unlock();
  auto until = host::Clock::now() + look_for;
  while (ready_count_.load(std::memory_order_relaxed) == 0 && host::Clock::now() < until) {
    _mm_pause();
  }
  lock.lock();
  if (ready_.empty() && !paused_ && !stopping_.load()) {
    if (timers_.empty()) {
      work_.wait(lock);
    } else {
      auto first = timers_.begin()->first;
      work_.wait_until(lock, first);
    }
  }
  --idle_;
}

void Scheduler::run(Worker& worker, Lock& lock) {
  auto task = std::move(ready_.front());
  ready_.pop_front();
  ready_count_.store(ready_.size(), std::memory_order_relaxed);
  task->place = Task::Place::running;
  task->woken = false;
  if (bool ticks = needs_ticks(); ticks != worker.ticking) {
    worker.ticking = ticks;
    auto set = worker.thread->set_tick(ticks ? quantum : std::chrono::nanoseconds(0));
    CHECK(set.has_value(), "{}", set.error().message());
  }
  lock.unlock();
  // A freeze may have brought it further without running it (Faaslet::settle).
  faaslet::State state = task->faaslet->state();
  if (state == faaslet::State::ready) {
    state = task->faaslet->step(*worker.thread);
  }
  switch (state) {
    case faaslet::State::ready:
      lock.lock();
      push(task);
      return;
    case faaslet::State::waiting:
      begin_wait(task, lock);
      return;
    case faaslet::State::ended:
      finish(std::move(task), lock);
      return;
  }
}

void Scheduler::begin_wait(const std::shared_ptr<Task>& task, Lock& lock) {
  const host::Wait& what = task->faaslet->waiting_for();
  lock.lock();
  task->place = Task::Place::waiting;
  if (task->woken || (what.fds.empty() && what.deadline && *what.deadline <= host::Clock::now())) {
    make_ready(task);
    return;
  }
  if (what.deadline) {
    task->timer = timers_.emplace(*what.deadline, task);
    if (idle_ > 0 && *task->timer == timers_.begin()) {
      work_.notify_one();
    }
  }
  if (!what.fds.empty()) {
    std::weak_ptr<Task> weak = task;
    task->watch = descriptors_.watch(what.fds, [this, weak] {
      if (auto woken = weak.lock()) {
        wake(woken);
      }
    });
  }
}

void Scheduler::finish(std::shared_ptr<Task> task, Lock& lock) {
  task->faaslet->on_wake(nullptr);
  lock.lock();
  task->place = Task::Place::outside;
  tasks_.erase(task->id);
  lock.unlock();
  ended_(task);
  task = nullptr;  // its faaslet ends here, and not with the mutex held
  lock.lock();
}

void Scheduler::wake(const std::shared_ptr<Task>& task) {
  std::lock_guard lock(mutex_);
  if (task->place == Task::Place::running) {
    task->woken = true;
  } else if (task->place == Task::Place::waiting) {
    make_ready(task);
  }
}

void Scheduler::make_ready(const std::shared_ptr<Task>& task) {
  if (auto timer = std::exchange(task->timer, std::nullopt)) {
    timers_.erase(*timer);
  }
  task->watch = {};
  task->faaslet->make_ready();
  push(task);
}

void Scheduler::push(const std::shared_ptr<Task>& task) {
  task->place = Task::Place::ready;
  ready_.push_back(task);
  ready_count_.store(ready_.size(), std::memory_order_relaxed);
  if (idle_ > 0) {
    work_.notify_one();
  } else {
    tick_all();
  }
}

void Scheduler::wake_due() {
  while (!timers_.empty() && timers_.begin()->first <= host::Clock::now()) {
    auto task = timers_.begin()->second;
    make_ready(task);
  }
}

bool Scheduler::needs_ticks() const { return !ready_.empty() || (!timers_.empty() && idle_ == 0); }

void Scheduler::tick_all() {
  for (const auto& worker : workers_) {
    if (worker->thread != nullptr && !std::exchange(worker->ticking, true)) {
      auto set = worker->thread->set_tick(quantum);
      CHECK(set.has_value(), "{}", set.error().message());
    }
  }
}

void Scheduler::interrupt_all() {
  for (const auto& worker : workers_) {
    if (worker->thread != nullptr) {
      worker->thread->interrupt();
    }
  }
}

}  // namespace weft::threads
