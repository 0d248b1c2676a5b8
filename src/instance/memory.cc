#include "instance/memory.h"

#include <sys/mman.h>

#include <algorithm>
#include <cstring>
#include <mutex>

namespace weft::instance {

using wasm::page_bytes;

uint64_t LinearMemory::most_pages() const {
  return std::min(
      {limits_.max.value_or(wasm::max_memory_pages), limit_pages_, wasm::max_memory_pages});
}

Result<void> LinearMemory::open(uint64_t pages) {
  if (pages > limit_pages_) {
    return error(Error::Kind::exhausted,
                 "the module wants {} pages of memory at its start; its limit is {} (64 KiB each)",
                 pages, limit_pages_);
  }
  if (backing_ == Backing::file) {
    file_ = UniqueFd(memfd_create("weft-memory", MFD_CLOEXEC));
    if (!file_ || ftruncate(file_.value(), static_cast<off_t>(pages * page_bytes)) != 0) {
      return io_error(errno, "making a memory for threads");
    }
  }
  pages_ = pages;
  is_open_ = true;
  return {};
}

Result<void> LinearMemory::attach(slot::Slot& slot, cpu::InstanceHead* head, bool is_mapped) {
  std::lock_guard lock(mutex_);
  if (!is_open_) {
    TRY_VOID(open(limits_.min));
  }
  if (backing_ == Backing::file) {
    if (most_pages() != 0 && !is_mapped) {
      TRY_VOID(slot.map_shared(0, most_pages() * page_bytes, file_.value(), 0));
    }
  } else if (users_.empty()) {
    if (pages_ != 0) {
      TRY_VOID(slot.open(0, pages_ * page_bytes));
    }
  } else {
    TRY_VOID(move_to_file());
    if (pages_ != 0) {
      TRY_VOID(slot.map_shared(0, pages_ * page_bytes, file_.value(), 0));
    }
  }
  head->memory_bytes = pages_ * page_bytes;
  users_.push_back({&slot, head});
  return {};
}

void LinearMemory::adopt(slot::Slot& slot, cpu::InstanceHead* head, uint64_t pages) {
  std::lock_guard lock(mutex_);
  pages_ = pages;
  is_open_ = true;
  users_.push_back({&slot, head});
}

void LinearMemory::detach(const cpu::InstanceHead* head) {
  std::lock_guard lock(mutex_);
  std::erase_if(users_, [&](const User& user) { return user.head == head; });
}

// From private pages to a file that several slots map.
Result<void> LinearMemory::move_to_file() {
  if (file_) {
    return {};
  }
  UniqueFd file(memfd_create("weft-memory", MFD_CLOEXEC));
  auto bytes = static_cast<off_t>(pages_ * page_bytes);
  if (!file || ftruncate(file.value(), bytes) != 0) {
    return io_error(errno, "making a memory that several instances share");
  }
  User& user = users_.front();
  const std::byte* base = cpu::base_of(user.head);
  for (off_t done = 0; done < bytes;) {
    ssize_t n = pwrite(file.value(), base + done, static_cast<size_t>(bytes - done), done);
    if (n <= 0) {
      return io_error(errno, "copying a memory that several instances share");
    }
    done += n;
  }
  if (bytes != 0) {
    TRY_VOID(user.slot->map_shared(0, static_cast<uint64_t>(bytes), file.value(), 0));
  }
  file_ = std::move(file);
  return {};
}

std::optional<uint64_t> LinearMemory::grow(uint64_t pages) {
  std::lock_guard lock(mutex_);
  uint64_t most = most_pages();
  if (pages > most || pages_ > most - pages) {
    return std::nullopt;
  }
  uint64_t old = pages_;
  if (pages == 0) {
    return old;
  }
  uint64_t at = old * page_bytes;
  uint64_t bytes = pages * page_bytes;
  if (file_ && ftruncate(file_.value(), static_cast<off_t>(at + bytes)) != 0) {
    return std::nullopt;
  }
  for (User& user : backing_ == Backing::pages ? users_ : std::vector<User>()) {
    auto opened = file_ ? user.slot->map_shared(static_cast<int64_t>(at), bytes, file_.value(), at)
                        : user.slot->open(static_cast<int64_t>(at), bytes);
    if (!opened) {
      return std::nullopt;  // those opened stay unreachable: no head knows of them
    }
  }
  pages_ = old + pages;
  for (User& user : users_) {
    user.head->memory_bytes = pages_ * page_bytes;
  }
  return old;
}

std::shared_ptr<LinearMemory::Waiter> LinearMemory::enqueue(const std::byte* base, uint64_t address,
                                                            uint64_t expected, int bytes,
                                                            std::shared_ptr<host::Waker> waker) {
  std::lock_guard lock(mutex_);
  uint64_t value = 0;
  if (bytes == 4) {
    value = __atomic_load_n(reinterpret_cast<const uint32_t*>(base + address), __ATOMIC_SEQ_CST);
  } else {
    value = __atomic_load_n(reinterpret_cast<const uint64_t*>(base + address), __ATOMIC_SEQ_CST);
  }
  if (value != expected) {
    return nullptr;
  }
  auto waiter = std::make_shared<Waiter>(address, std::move(waker));
  waiters_[address].push_back(waiter);
  return waiter;
}

bool LinearMemory::is_notified(const Waiter& waiter) {
  std::lock_guard lock(mutex_);
  return waiter.notified;
}

bool LinearMemory::cancel(const std::shared_ptr<Waiter>& waiter) {
  std::lock_guard lock(mutex_);
  if (waiter->notified) {
    return false;
  }
  auto queue = waiters_.find(waiter->address);
  if (queue != waiters_.end()) {
    std::erase(queue->second, waiter);
    if (queue->second.empty()) {
      waiters_.erase(queue);
    }
  }
  return true;
}

uint32_t LinearMemory::notify(uint64_t address, uint32_t count) {
  std::vector<std::shared_ptr<Waiter>> woken;
  {
    std::lock_guard lock(mutex_);
    auto queue = waiters_.find(address);
    if (queue == waiters_.end()) {
      return 0;
    }
    while (!queue->second.empty() && woken.size() < count) {
      queue->second.front()->notified = true;
      woken.push_back(std::move(queue->second.front()));
      queue->second.pop_front();
    }
    if (queue->second.empty()) {
      waiters_.erase(queue);
    }
  }
  for (const auto& waiter : woken) {
    if (waiter->waker) {
      waiter->waker->wake();
    }
  }
  return static_cast<uint32_t>(woken.size());
}

}  // namespace weft::instance
