// The calls that have not ended, in memory: by id, and of each function in order of acceptance.
//
// Thread safety: none; the ledger's lock guards it.
#pragma once

#include <deque>
#include <map>
#include <memory>
#include <optional>
#include <unordered_map>
#include <vector>

#include "call/call.h"
#include "call/call_id.h"
#include "call/records.h"

namespace weft::call {

struct Live {
  std::shared_ptr<const Common> common;
  uint32_t function = 0;
  uint32_t index = 0;  // in its map
  uint64_t input_bytes = 0;
  WallTime started;     // the last attempt
  WallTime not_before;  // of the next attempt
  uint16_t attempt = 0;
  State state = State::accepted;
  // Its beginning or end is being written: until that is known it takes no other.
  bool busy = false;

  bool of_map() const { return common->count > 1; }
};

class LiveCalls {
 public:
  // REQUIRES: not there yet.
  void add(CallId id, Live live);
  Live* find(CallId id);
  void set_state(CallId id, State state);
  // Gives what the call was.
  Live erase(CallId id);

  size_t size() const { return by_id_.size(); }
  size_t accepted() const { return by_id_.size() - running_; }
  size_t running() const { return running_; }

  // Accepted calls above `after` that are not busy, in order of acceptance.
  std::vector<std::pair<CallId, const Live*>> waiting(std::optional<CallId> after, size_t limit);
  // Those of a function in that state below `before`, newest first.
  std::vector<std::pair<CallId, const Live*>> newest(uint32_t function, State state,
                                                     std::optional<CallId> before,
                                                     size_t limit) const;

 private:
  using Ordered = std::map<CallId, Live>;
  struct Function {
    Ordered accepted;
    Ordered running;
    Ordered& in(State state) { return state == State::accepted ? accepted : running; }
  };

  std::deque<Function> functions_;  // maps stay where they are
  std::unordered_map<CallId, Ordered::iterator> by_id_;
  size_t running_ = 0;
};

}  // namespace weft::call
