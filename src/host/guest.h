// What a host function sees of the program that called it: its memory, and the ways to wait and to
// end.
//
// Host functions are plain C++ member functions of an import module (WASI, state, MPI, …), bound by
// bind<&Wasi::fd_write>(…) in host/imports.h. One that cannot answer yet *restarts*: it says what
// it waits for and is called again, with the same arguments, when that happened or the deadline
// passed – as a restartable system call in a kernel. So nothing of the host is tied up while a
// guest waits, and a waiting guest can be frozen, moved and woken elsewhere.
//
//     Answer<uint32_t> Wasi::fd_read(…) {
//       …
//       if (would_block) return guest().wait({.fds = {{fd, POLLIN}}});
//
// Thread safety: a Guest belongs to the thread that runs it; Waker::wake is safe from any thread.
// Guests are hostile: every address, length and count goes through Memory, which checks it against
// the current size.
#pragma once

#include <poll.h>

#include <chrono>
#include <cstring>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <variant>
#include <vector>

#include "cpu/instance_head.h"
#include "wasm/types.h"

namespace weft::host {

using Clock = std::chrono::steady_clock;

// A guest address: an offset into linear memory. Distinct from lengths and counts.
enum class GuestAddress : uint32_t {};

inline constexpr GuestAddress operator+(GuestAddress a,
                                        uint32_t n) {  // wraps, as the guest's own arithmetic does
  return GuestAddress{static_cast<uint32_t>(a) + n};
}

// A view of linear memory as it is now. It may grow during a wait, never shrink; do not keep spans
// across one. Other threads of the guest may write at any time (shared memory): copy a value before
// checking it.
class Memory {
 public:
  Memory(std::byte* base, uint64_t size_bytes) : base_(base), size_(size_bytes) {}

  uint64_t size_bytes() const { return size_; }

  // The bytes [address, address + length), or nothing when any of them is outside.
  std::optional<std::span<std::byte>> bytes(GuestAddress address, uint64_t length) const {
    uint64_t begin = static_cast<uint32_t>(address);
    if (length > size_ || begin > size_ - length) {
      return std::nullopt;
    }
    return std::span(base_ + begin, length);
  }
  std::optional<std::string_view> text(GuestAddress address, uint64_t length) const {
    auto b = bytes(address, length);
    if (!b) {
      return std::nullopt;
    }
    return std::string_view(reinterpret_cast<const char*>(b->data()), b->size());
  }
  template <class T>
  std::optional<T> load(GuestAddress address) const {
    static_assert(std::is_trivially_copyable_v<T>);
    auto b = bytes(address, sizeof(T));
    if (!b) {
      return std::nullopt;
    }
    T value;
    std::memcpy(&value, b->data(), sizeof(T));
    return value;
  }
  template <class T>
  [[nodiscard]] bool store(GuestAddress address, const T& value) const {
    static_assert(std::is_trivially_copyable_v<T>);
    auto b = bytes(address, sizeof(T));
    if (b) {
      std::memcpy(b->data(), &value, sizeof(T));
    }
    return b.has_value();
  }

 private:
  std::byte* base_;
  uint64_t size_;
};

// How a guest ended, as a value.
struct Returned {};  // the entry function returned; results in the argument area
struct Exited {
  uint32_t code;
};  // proc_exit
struct Trapped {
  wasm::TrapKind kind;
  std::string message;
};  // message only for TrapKind::host
struct Killed {
  std::string reason;
};  // from outside
struct TimedOut {
  std::chrono::milliseconds limit;
};
struct OutOfLimits {
  std::string limit;  // which one, and how much it is: "output limit of 4096 bytes exceeded"
};
using Outcome = std::variant<Returned, Exited, Trapped, Killed, TimedOut, OutOfLimits>;

// What a call that waits has done so far; its own, empty when the call begins.
struct Progress {
  uint64_t done = 0;                     // bytes moved
  std::vector<uint64_t> deadlines_ns{};  // of each thing that it waits for, as the call counts time
};

struct FdWait {
  int fd;
  short events;  // POLLIN | POLLOUT
};

// What a host call waits for: any of these, whichever is first. With neither fds nor deadline only
// Waker::wake ends the wait.
struct Wait {
  std::vector<FdWait> fds;
  std::optional<Clock::time_point> deadline;
};

// Wakes a guest that waits; spurious wakes are allowed, a wake before the wait is kept. Outlives
// the guest harmlessly.
class Waker {
 public:
  virtual ~Waker() = default;
  virtual void wake() = 0;
};

struct Pending {};  // the call waits and will be made again
struct Stopped {};  // the guest has ended

// What a host function answers: a value of R, or one of the two above. Answer<void> for functions
// without results.
template <class R>
class [[nodiscard]] Answer {
 public:
  Answer(R value)
      : value_(std::move(value)),
        action_(cpu::Action::go_on) {}                // NOLINT(google-explicit-constructor)
  Answer(Pending) : action_(cpu::Action::suspend) {}  // NOLINT(google-explicit-constructor)
  Answer(Stopped) : action_(cpu::Action::stop) {}     // NOLINT(google-explicit-constructor)
  cpu::Action action() const { return action_; }
  const R& value() const { return value_; }

 private:
  R value_{};
  cpu::Action action_;
};
template <>
class [[nodiscard]] Answer<void> {
 public:
  Answer() : action_(cpu::Action::go_on) {}
  Answer(Pending) : action_(cpu::Action::suspend) {}  // NOLINT(google-explicit-constructor)
  Answer(Stopped) : action_(cpu::Action::stop) {}     // NOLINT(google-explicit-constructor)
  cpu::Action action() const { return action_; }

 private:
  cpu::Action action_;
};

class Guest {
 public:
  explicit Guest(cpu::InstanceHead* head) : head_(head) {}
  Guest(const Guest&) = delete;
  Guest& operator=(const Guest&) = delete;
  virtual ~Guest() = default;

  // What the guest has run for, waits and others' turns not counted, as far as it is measured.
  virtual std::chrono::nanoseconds processor_time() const { return {}; }

  Memory memory() const { return Memory(cpu::base_of(head_), head_->memory_bytes); }

  // Ends the guest. The first reason given counts.
  Stopped exit(uint32_t code) { return stop(Exited{code}); }
  Stopped trap(wasm::TrapKind kind) { return stop(Trapped{kind, {}}); }
  Stopped fail(std::string message) {
    return stop(Trapped{wasm::TrapKind::host, std::move(message)});
  }
  Stopped stop(Outcome outcome) {
    if (!outcome_) {
      outcome_ = std::move(outcome);
    }
    return {};
  }

  // The call in progress waits and is made again.
  Pending wait(Wait wait) {
    wait_ = std::move(wait);
    return {};
  }
  // Is this the second or a later time that this call is made? Then previous_wait() is what it
  // waited for.
  bool resumed() const { return resumed_; }
  const Wait& previous_wait() const { return wait_; }
  Progress& progress() { return progress_; }
  const Progress& progress() const { return progress_; }

  // For wake-ups from elsewhere: another guest, another thread. Null where nothing can wait (some
  // tests).
  virtual std::shared_ptr<Waker> waker() { return nullptr; }

  // --- for the faaslet that runs this guest ---
  cpu::InstanceHead* head() const { return head_; }
  const std::optional<Outcome>& outcome() const { return outcome_; }
  std::optional<Outcome> take_outcome() { return std::exchange(outcome_, std::nullopt); }
  void set_resumed(bool resumed) { resumed_ = resumed; }
  void set_wait(Wait wait) { wait_ = std::move(wait); }

 protected:
  cpu::InstanceHead* head_;

 private:
  std::optional<Outcome> outcome_;
  Wait wait_;
  Progress progress_;
  bool resumed_ = false;
};

}  // namespace weft::host
