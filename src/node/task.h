// One call on its way through the node: what is asked for, and how it ended.
//
// Thread safety: values; a Task belongs to the worker that has it.
#pragma once

#include <chrono>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "faaslet/faaslet.h"
#include "host/guest.h"
#include "node/function.h"

namespace weft::node {

using host::Clock;

enum class Ending : uint8_t { returned, exited, trapped, timed_out, cancelled, out_of_limits };
inline constexpr size_t endings = 6;
std::string_view name(Ending ending);

struct Reply {
  Ending ending = Ending::returned;
  uint32_t exit_code = 0;
  std::string message;  // why, unless it returned or exited
  std::vector<faaslet::TraceFrame> backtrace;
  std::string output;
  std::string log;
  std::chrono::nanoseconds queued{};  // from its acceptance to its start
  std::chrono::nanoseconds ran{};     // from there to its end, waits included
  std::chrono::nanoseconds cpu{};     // without them
  uint64_t memory_bytes = 0;          // its linear memory at the end
  uint32_t core = 0;
  bool cold = false;  // the function had to be prepared for it
};

struct Task {
  // An Error when it could not be started: exhausted, or what keeps the function from being
  // prepared. On the thread of the worker that the call was given to first.
  using Done = std::function<void(Result<Reply>)>;

  std::shared_ptr<Function> function;
  std::string id;
  std::string trace_id;
  uint32_t depth = 0;  // how many calls it is the call of a call of
  std::string input;
  std::vector<std::string> args;  // after the function's own
  std::vector<std::string> env;
  std::string entry;  // empty: the function's
  Clock::time_point accepted = Clock::now();
  std::optional<Clock::time_point> deadline;  // the earlier of it and the function's limit counts
  Done done;
};

// What the outcome of a guest means for its call; backtrace, output and times are the worker's.
Reply reply_of(const host::Outcome& outcome);
inline constexpr std::string_view cancelled_reason = "cancelled";

}  // namespace weft::node
