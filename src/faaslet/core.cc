#include "faaslet/core.h"

#include <unistd.h>

#include <algorithm>
#include <boost/asio/executor_work_guard.hpp>
#include <boost/asio/posix/stream_descriptor.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/steady_timer.hpp>

namespace weft::faaslet {

namespace asio = boost::asio;

// A faaslet on this core, and what it waits for. `generation` tells the events of one wait from
// those of an earlier one.
struct Core::Entry {
  Entry(asio::io_context& events, uint64_t entry_id, const Terms& terms,
        std::unique_ptr<Faaslet> owned)
      : id(entry_id),
        share(terms.share),
        cpu_limit(terms.cpu_limit.value_or(std::chrono::nanoseconds::max())),
        faaslet(std::move(owned)),
        deadline(events) {}

  uint64_t id;
  Share share;
  std::chrono::nanoseconds cpu_limit;
  std::unique_ptr<Faaslet> faaslet;
  bool queued = false;
  bool is_long = false;
  uint64_t generation = 0;
  asio::steady_timer deadline;
  std::optional<Limits::iterator> limit;
  std::vector<asio::posix::stream_descriptor> descriptors;
};

Core::Core(const Options& options, Ended ended) : options_(options), ended_(std::move(ended)) {}

Result<std::unique_ptr<Core>> Core::attach(const Options& options, Ended ended) {
  std::unique_ptr<Core> core(new Core(options, std::move(ended)));
  TRY(thread, cpu::Thread::attach());
  core->thread_ = std::move(thread);
  core->limit_ = std::make_unique<asio::steady_timer>(core->events_);
  return core;
}

Core::~Core() {
  for (auto& [id, entry] : entries_) {
    entry->faaslet->on_wake(nullptr);  // from here on no other thread finds this core
  }
  entries_.clear();
}

Result<FaasletId> Core::add(std::unique_ptr<Faaslet> faaslet, const Terms& terms) {
  CHECK(static_cast<size_t>(terms.share) < queues_.size(), "there is no share {}",
        static_cast<uint32_t>(terms.share));
  if (entries_.size() >= options_.max_faaslets) {
    return error(Error::Kind::exhausted, "this core runs {} faaslets already, its limit",
                 entries_.size());
  }
  uint64_t id = next_id_++;
  auto& entry =
      *entries_.emplace(id, std::make_unique<Entry>(events_, id, terms, std::move(faaslet)))
           .first->second;
  auto look = [this, id] {
    auto found = entries_.find(id);
    if (found != entries_.end() && found->second->faaslet->state() == State::waiting) {
      wake(*found->second);
    }
  };
  entry.faaslet->on_wake([this, look] { asio::post(events_, look); });
  if (terms.time_limit) {
    entry.limit =
        limits_.emplace(host::Clock::now() + *terms.time_limit, std::pair(id, *terms.time_limit));
    arm_limits();
  }
  if (entry.faaslet->state() == State::waiting) {
    wake(entry);  // a thawed guest makes its host call again
  } else {
    enqueue(entry);
  }
  return FaasletId{id};
}

// Fires no later than the first limit passes. One that was armed for a guest that has ended since
// is left to fire: most limits of a core are alike, so that is once in such a time.
void Core::arm_limits() {
  if (limits_.empty() || (limit_armed_ && *limit_armed_ <= limits_.begin()->first)) {
    return;
  }
  limit_armed_ = limits_.begin()->first;
  limit_->expires_at(*limit_armed_);
  limit_->async_wait([this](const boost::system::error_code& cancelled) {
    if (cancelled) {
      return;
    }
    limit_armed_.reset();
    auto now = host::Clock::now();
    while (!limits_.empty() && limits_.begin()->first <= now) {
      auto [id, limit] = limits_.begin()->second;
      Entry& entry = *entries_.at(id);
      limits_.erase(limits_.begin());
      entry.limit.reset();
      entry.faaslet->kill(host::TimedOut{limit});
      wake(entry);
    }
    arm_limits();
  });
}

Share Core::add_share(uint32_t weight) {
  queues_.push_back({.weight = std::max(weight, 1U)});
  return Share{static_cast<uint32_t>(queues_.size() - 1)};
}

void Core::set_weight(Share share, uint32_t weight) {
  queues_.at(static_cast<size_t>(share)).weight = std::max(weight, 1U);
}

std::chrono::nanoseconds Core::used(Share share) const {
  return queues_.at(static_cast<size_t>(share)).used;
}

std::chrono::nanoseconds Core::used() const {
  std::chrono::nanoseconds all{};
  for (const Queue& queue : queues_) {
    all += queue.used;
  }
  return all;
}

void Core::enqueue(Entry& entry) {
  if (std::exchange(entry.queued, true)) {
    return;
  }
  auto share = static_cast<uint32_t>(entry.share);
  Queue& queue = queues_[share];
  queue.ready.push_back(entry.id);
  if (!std::exchange(queue.listed, true)) {
    queue.stride_ns = std::max(queue.stride_ns, stride_now_);
    activate(share);
  }
}

void Core::set_long(Entry& entry, bool is_long) {
  if (std::exchange(entry.is_long, is_long) != is_long) {
    long_runners_.fetch_add(is_long ? 1 : -1U, std::memory_order_relaxed);
  }
}

void Core::activate(uint32_t share) {
  active_.push_back(share);
  std::ranges::push_heap(active_, std::greater{}, [&](uint32_t s) { return queues_[s].stride_ns; });
}

void Core::set_ticking(bool ticking) {
  if (ticking != ticking_) {
    auto set = thread_->set_tick(ticking ? options_.quantum : std::chrono::nanoseconds(0));
    CHECK(set.has_value(), "{}", set.error().message());
    ticking_ = ticking;
  }
}

void Core::run() { run(Until::empty); }

void Core::serve() { run(Until::stopped); }

void Core::run(Until until) {
  stopped_.store(false);
  // A guest may wait for nothing but its Waker, of which the event loop does not know.
  auto more_comes = asio::make_work_guard(events_);
  while (!stopped_.load() && (until == Until::stopped || !entries_.empty())) {
    events_.restart();
    if (active_.empty()) {
      set_ticking(false);
      events_.run_one();
    } else {
      set_ticking(true);
      run_steps();
      events_.poll();
    }
  }
  set_ticking(false);
}

// Until events should be looked at: a quantum has passed, something was posted, or nobody is ready.
// in_steps_ is set before called_ is looked at, and post() does it the other way round: one of the
// two sees the other.
void Core::run_steps() {
  in_steps_.store(true);
  auto begin = host::Clock::now();
  auto before = begin;
  while (!active_.empty() && !stopped_.load(std::memory_order_relaxed) && !called_.load() &&
         before - begin < options_.quantum) {
    auto stride = [&](uint32_t s) { return queues_[s].stride_ns; };
    std::ranges::pop_heap(active_, std::greater{}, stride);
    uint32_t share = active_.back();
    active_.pop_back();
    uint64_t id = queues_[share].ready.front();
    queues_[share].ready.pop_front();
    stride_now_ = queues_[share].stride_ns;
    auto now = before;
    if (auto found = entries_.find(id); found != entries_.end()) {
      found->second->queued = false;
      now = step(*found->second, before);
    }
    Queue& queue = queues_[share];  // a step may have added shares
    queue.used += now - before;
    queue.stride_ns += static_cast<uint64_t>((now - before).count()) / queue.weight;
    before = now;
    queue.listed = !queue.ready.empty();
    if (queue.listed) {
      activate(share);
    }
  }
  in_steps_.store(false);
}

void Core::stop() {
  stopped_.store(true);
  thread_->interrupt();
  asio::post(events_, [] {});
}

// The first of those that come together wakes the event loop. What this thread posts itself waits
// for the guests' quantum as all else in the loop does; another thread's preempts them.
void Core::post(Posted task) {
  bool is_elsewhere = std::this_thread::get_id() != owner_;
  bool is_first = false;
  bool is_called = false;
  {
    std::lock_guard lock(posted_mutex_);
    is_first = posted_.empty();
    posted_.push_back(std::move(task));
    is_called = is_elsewhere && !called_.exchange(true);
  }
  if (is_first) {
    asio::post(events_, [this] { run_posted(); });
  }
  if (is_called && in_steps_.load()) {
    thread_->interrupt();
  }
}

void Core::run_posted() {
  std::vector<Posted> tasks;
  {
    std::lock_guard lock(posted_mutex_);
    tasks.swap(posted_);
    called_.store(false);
  }
  for (Posted& task : tasks) {
    task();
  }
}

void Core::kill(FaasletId id, host::Outcome outcome) {
  post([this, id, outcome = std::move(outcome)]() mutable {
    auto found = entries_.find(static_cast<uint64_t>(id));
    if (found != entries_.end()) {
      Entry& entry = *found->second;
      entry.faaslet->kill(std::move(outcome));
      wake(entry);
    }
  });
}

// Returns the time after it.
host::Clock::time_point Core::step(Entry& entry, host::Clock::time_point before) {
  Faaslet& faaslet = *entry.faaslet;
  faaslet.begin_step(before);
  State state = faaslet.step(*thread_);
  auto now = host::Clock::now();
  faaslet.charge(now - before);
  switch (state) {
    case State::ready:
      ++preemptions_;
      if (faaslet.ran_for() > entry.cpu_limit) {
        faaslet.kill(host::OutOfLimits{fmt::format(
            "CPU time limit of {} ms exceeded",
            std::chrono::duration_cast<std::chrono::milliseconds>(entry.cpu_limit).count())});
      }
      set_long(entry, true);
      enqueue(entry);
      break;
    case State::waiting:
      set_long(entry, false);
      wait(entry);
      break;
    case State::ended:
      finish(entry);
      break;
  }
  return now;
}

void Core::wait(Entry& entry) {
  if (entry.faaslet->take_wake()) {
    wake(entry);
    return;
  }
  uint64_t generation = ++entry.generation;
  auto fired = [this, id = entry.id, generation](const boost::system::error_code& cancelled) {
    auto found = entries_.find(id);
    if (!cancelled && found != entries_.end() && found->second->generation == generation) {
      wake(*found->second);
    }
  };
  const host::Wait& what = entry.faaslet->waiting_for();
  if (what.deadline) {
    entry.deadline.expires_at(*what.deadline);
    entry.deadline.async_wait(fired);
  }
  for (const host::FdWait& fd : what.fds) {
    asio::posix::stream_descriptor descriptor(events_);
    boost::system::error_code refused;
    // The event loop owns a copy, as closing the guest's descriptor is the guest's affair. Regular
    // files are always ready.
    int copy = dup(fd.fd);
    refused = descriptor.assign(copy, refused);
    if (copy < 0 || refused) {
      if (copy >= 0) {
        ::close(copy);
      }
      wake(entry);
      return;
    }
    bool writes = (fd.events & POLLOUT) != 0;
    if ((fd.events & POLLIN) != 0) {
      descriptor.async_wait(asio::posix::stream_descriptor::wait_read, fired);
    }
    if (writes) {
      descriptor.async_wait(asio::posix::stream_descriptor::wait_write, fired);
    }
    entry.descriptors.push_back(std::move(descriptor));
  }
}

void Core::wake(Entry& entry) {
  ++entry.generation;
  entry.deadline.cancel();
  entry.descriptors.clear();
  entry.faaslet->make_ready();
  enqueue(entry);
}

void Core::finish(Entry& entry) {
  FaasletId id{entry.id};
  set_long(entry, false);
  entry.faaslet->on_wake(nullptr);
  if (entry.limit) {
    limits_.erase(*entry.limit);
  }
  auto faaslet = std::move(entry.faaslet);
  entries_.erase(entry.id);
  ended_(id, std::move(faaslet));
}

}  // namespace weft::faaslet
