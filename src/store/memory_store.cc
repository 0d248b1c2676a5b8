#include "store/memory_store.h"

#include <algorithm>

namespace weft::store {

MemoryStore::~MemoryStore() {
  if (!crashed()) {
    resume();
  }
}

Result<std::optional<std::string>> MemoryStore::get(std::string_view key) {
  std::lock_guard lock(mutex_);
  if (crashed_) {
    return error(Error::Kind::io, "the store has crashed");
  }
  if (failing_reads_ > 0) {
    --failing_reads_;
    return std::unexpected(read_failure_);
  }
  auto found = contents_.find(key);
  return found == contents_.end() ? std::nullopt : std::optional(found->second);
}

Result<std::vector<Entry>> MemoryStore::scan(const Range& range) {
  CHECK(!range.prefix.empty());
  std::lock_guard lock(mutex_);
  if (crashed_) {
    return error(Error::Kind::io, "the store has crashed");
  }
  if (failing_reads_ > 0) {
    --failing_reads_;
    return std::unexpected(read_failure_);
  }
  std::vector<Entry> entries;
  auto add = [&](const auto& item) {
    if (entries.size() == range.limit || !item.first.starts_with(range.prefix)) {
      return false;
    }
    entries.push_back({item.first, range.values == Values::with ? item.second : ""});
    return true;
  };
  auto first = contents_.lower_bound(range.prefix);
  auto last = std::find_if_not(first, contents_.end(), [&](const auto& item) {
    return item.first.starts_with(range.prefix);
  });
  if (range.direction == Direction::forward) {
    if (!range.after.empty() && range.after >= range.prefix) {
      first = contents_.upper_bound(range.after);
    }
    for (; first != contents_.end() && add(*first); ++first) {
    }
  } else {
    if (!range.after.empty() && (last == contents_.end() || range.after <= last->first)) {
      last = contents_.lower_bound(range.after);
    }
    while (last != contents_.begin() && add(*std::prev(last))) {
      --last;
    }
  }
  return entries;
}

void MemoryStore::commit(Batch batch, Done done) {
  std::unique_lock lock(mutex_);
  if (!crashed_ && !holding_) {
    lock.unlock();
    return run_one({std::move(batch), std::move(done)});
  }
  bool full = queue_.size() >= queue_limit_;
  if (!crashed_ && !full) {
    queue_.push_back({std::move(batch), std::move(done)});
    return;
  }
  ++stats_.failures;
  auto refused = crashed_ ? error(Error::Kind::io, "the store has crashed")
                          : error(Error::Kind::exhausted, "the store's queue is full ({} batches)",
                                  queue_limit_);
  lock.unlock();
  done(std::move(refused));
}

Result<void> MemoryStore::apply(const Batch& batch) {
  if (crashed_) {
    return error(Error::Kind::io, "the store has crashed");
  }
  if (failing_ > 0) {
    --failing_;
    ++stats_.failures;
    return std::unexpected(failure_);
  }
  bool held = batch.conditions([&](const Batch::Step& s) {
    auto found = contents_.find(s.key);
    return s.kind == Batch::Kind::absent ? found == contents_.end()
                                         : found != contents_.end() && found->second == s.value;
  });
  if (!held) {
    ++stats_.conflicts;
    return error(Error::Kind::conflict, "a condition of the batch does not hold");
  }
  batch.writes([&](const Batch::Step& s) {
    if (s.kind == Batch::Kind::erase) {
      auto found = contents_.find(s.key);
      if (found != contents_.end()) {
        contents_.erase(found);
      }
    } else {
      contents_.insert_or_assign(std::string(s.key), std::string(s.value));
    }
    return true;
  });
  ++stats_.groups;
  ++stats_.batches;
  return {};
}

void MemoryStore::run_one(Pending pending) {
  std::unique_lock lock(mutex_);
  Result<void> result = apply(pending.batch);
  if (result && losing_ > 0) {
    --losing_;
    result = error(Error::Kind::io, "the answer was lost");
  }
  if (until_crash_ && !crashed_ && --*until_crash_ == 0) {
    crashed_ = true;
    if (last_answer_ == LastAnswer::lost) {
      result = error(Error::Kind::io, "the store has crashed");
    }
  }
  lock.unlock();
  pending.done(std::move(result));
}

void MemoryStore::hold() {
  std::lock_guard lock(mutex_);
  holding_ = true;
}

void MemoryStore::release(size_t count) {
  for (; count > 0; --count) {
    std::unique_lock lock(mutex_);
    if (queue_.empty()) {
      return;
    }
    Pending pending = std::move(queue_.front());
    queue_.pop_front();
    lock.unlock();
    run_one(std::move(pending));
  }
}

void MemoryStore::resume() {
  while (held() > 0) {
    release(1);
  }
  std::lock_guard lock(mutex_);
  holding_ = false;
}

size_t MemoryStore::held() const {
  std::lock_guard lock(mutex_);
  return queue_.size();
}

void MemoryStore::fail_next(size_t count, Error with) {
  std::lock_guard lock(mutex_);
  failing_ = count;
  failure_ = std::move(with);
}

void MemoryStore::fail_reads(size_t count, Error with) {
  std::lock_guard lock(mutex_);
  failing_reads_ = count;
  read_failure_ = std::move(with);
}

void MemoryStore::lose_answers(size_t count) {
  std::lock_guard lock(mutex_);
  losing_ = count;
}

void MemoryStore::set_queue_limit(size_t batches) {
  std::lock_guard lock(mutex_);
  queue_limit_ = batches;
}

void MemoryStore::crash_after(size_t batches, LastAnswer last) {
  CHECK(batches > 0);
  std::lock_guard lock(mutex_);
  until_crash_ = batches;
  last_answer_ = last;
}

void MemoryStore::crash() {
  std::deque<Pending> lost;
  std::lock_guard lock(mutex_);
  crashed_ = true;
  lost.swap(queue_);
}

bool MemoryStore::crashed() const {
  std::lock_guard lock(mutex_);
  return crashed_;
}

Stats MemoryStore::stats() const {
  std::lock_guard lock(mutex_);
  Stats stats = stats_;
  stats.queued_batches = queue_.size();
  for (const Pending& pending : queue_) {
    stats.queued_bytes += pending.batch.bytes();
  }
  return stats;
}

MemoryStore::Contents MemoryStore::contents() const {
  std::lock_guard lock(mutex_);
  return contents_;
}

}  // namespace weft::store
