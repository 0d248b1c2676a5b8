// The bounded queue between those who commit and the writer.
//
// Thread safety: any thread; take() by one.
#pragma once

#include <condition_variable>
#include <deque>
#include <mutex>
#include <vector>

#include "store/blobs.h"
#include "store/store.h"

namespace weft::store {

struct QueuedBatch {
  Batch batch;
  Done done;
  std::vector<BlobReference> references;  // of its large values, once they are written
};

class CommitQueue {
 public:
  void push(QueuedBatch item) {
    bool wake = false;
    {
      std::lock_guard lock(mutex_);
      items_.push_back(std::move(item));
      wake = std::exchange(waiting_, false);
    }
    if (wake) {
      ready_.notify_one();
    }
  }

  // The oldest batches up to `max_bytes`, at least one; waits for it. Empty: closed, and all taken.
  std::vector<QueuedBatch> take(size_t max_bytes) {
    std::unique_lock lock(mutex_);
    while (items_.empty() && !closed_) {
      waiting_ = true;
      ready_.wait(lock);
    }
    std::vector<QueuedBatch> group;
    group.reserve(items_.size());
    for (size_t bytes = 0; !items_.empty(); items_.pop_front()) {
      bytes += items_.front().batch.bytes();
      if (bytes > max_bytes && !group.empty()) {
        break;
      }
      group.push_back(std::move(items_.front()));
    }
    return group;
  }

  void close() {
    std::lock_guard lock(mutex_);
    closed_ = true;
    ready_.notify_one();
  }

 private:
  std::mutex mutex_;
  std::condition_variable ready_;
  std::deque<QueuedBatch> items_;
  bool waiting_ = false;
  bool closed_ = false;
};

}  // namespace weft::store
