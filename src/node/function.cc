#include "node/function.h"

#include <utility>

namespace weft::node {

std::shared_ptr<const Prepared> Function::prepared() const {
  std::lock_guard lock(mutex_);
  return prepared_;
}

bool Function::wait_for_preparation(WhenPrepared when) {
  std::unique_lock lock(mutex_);
  if (prepared_ != nullptr) {
    auto prepared = prepared_;
    lock.unlock();
    when(prepared);
    return false;
  }
  waiting_.push_back(std::move(when));
  return waiting_.size() == 1;
}

void Function::prepared_as(PreparedResult result) {
  std::vector<WhenPrepared> waiting;
  {
    std::lock_guard lock(mutex_);
    if (result) {
      prepared_ = *result;
    }
    waiting = std::exchange(waiting_, {});
  }
  for (const WhenPrepared& when : waiting) {
    when(result);
  }
}

void Function::drop() {
  std::lock_guard lock(mutex_);
  prepared_ = nullptr;
}

}  // namespace weft::node
