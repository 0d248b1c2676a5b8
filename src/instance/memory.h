// The linear memory of an instance; under open linking, of several, each of which sees it at its
// own base.
//
// One instance alone has private pages. When a second one imports the memory, it moves to a memory
// file that both map. The memory of a program with threads lies in a file from the start: every
// thread's slot maps all that it may ever grow to, and what lies beyond the file's end traps
// (SIGBUS), so that growing is setting the file's length, for all threads at once. Thread safety:
// grow() and the wait queue are safe from any thread; the rest belongs to the instances' thread.
#pragma once

#include <cstdint>
#include <deque>
#include <map>
#include <memory>
#include <optional>
#include <vector>

#include "base/result.h"
#include "base/spin_mutex.h"
#include "base/unique_fd.h"
#include "cpu/instance_head.h"
#include "host/guest.h"
#include "slot/slot_pool.h"
#include "wasm/types.h"

namespace weft::instance {

class LinearMemory {
 public:
  enum class Backing : uint8_t { pages, file };
  // `limit_pages` bounds growth below the declared maximum.
  LinearMemory(wasm::Limits limits, uint64_t limit_pages, Backing backing = Backing::pages)
      : limits_(limits), limit_pages_(limit_pages), backing_(backing) {}

  const wasm::Limits& limits() const { return limits_; }
  uint64_t pages() const { return pages_; }
  // The file that it lies in, or -1.
  int file() const { return file_ ? file_.value() : -1; }

  // Opens the initial pages in the first user's slot, or maps what there is into a further one.
  // With `is_mapped` it is there already.
  [[nodiscard]] Result<void> attach(slot::Slot& slot, cpu::InstanceHead* head,
                                    bool is_mapped = false);
  // Makes it of that size rather than the declared one, before the first user (a thawed program).
  [[nodiscard]] Result<void> open(uint64_t pages);
  void detach(const cpu::InstanceHead* head);
  // Takes over pages that are mapped already (an image).
  void adopt(slot::Slot& slot, cpu::InstanceHead* head, uint64_t pages);
  // Old size in pages, or nothing when the limit or memory is exhausted.
  std::optional<uint64_t> grow(uint64_t pages);

  // --- memory.atomic.wait and notify (proposal threads) ---
  struct Waiter {
    uint64_t address;
    std::shared_ptr<host::Waker> waker;
    bool notified = false;
  };
  // Queues a waiter if *address still has the expected value; null if not. `bytes` is 4 or 8.
  std::shared_ptr<Waiter> enqueue(const std::byte* base, uint64_t address, uint64_t expected,
                                  int bytes, std::shared_ptr<host::Waker> waker);
  bool is_notified(const Waiter& waiter);
  // Removes it; false when it had been notified after all.
  bool cancel(const std::shared_ptr<Waiter>& waiter);
  uint32_t notify(uint64_t address, uint32_t count);

 private:
  struct User {
    slot::Slot* slot;
    cpu::InstanceHead* head;
  };
  Result<void> move_to_file();
  uint64_t most_pages() const;

  SpinMutex mutex_;
  wasm::Limits limits_;
  uint64_t limit_pages_;
  Backing backing_;
  bool is_open_ = false;
  uint64_t pages_ = 0;
  UniqueFd file_;
  std::vector<User> users_;
  std::map<uint64_t, std::deque<std::shared_ptr<Waiter>>> waiters_;
};

}  // namespace weft::instance
