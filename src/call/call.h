// What the ledger is told of a call, and what it tells.
//
// Thread safety: values.
#pragma once

#include <chrono>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/clock.h"
#include "base/result.h"
#include "call/call_id.h"

namespace weft::call {

enum class State : uint8_t { accepted, running, ended };

// How a call ended.
enum class Reason : uint8_t {
  returned,       // its entry returned, or exited with 0
  exited,         // with a code
  trapped,        // by a fault of its own
  timed_out,      // its time limit passed
  cancelled,      // by a client, before or while it ran
  out_of_limits,  // of memory, output, …
  lost,           // the node died while it ran, and its policy does not let it run again
};
inline constexpr size_t reasons = 7;

std::string_view name(State state);
std::string_view name(Reason reason);
std::optional<State> parse_state(std::string_view text);
std::optional<Reason> parse_reason(std::string_view text);

struct FunctionName {
  std::string name_space;
  std::string name;
  auto operator<=>(const FunctionName&) const = default;
};

struct Policy {
  enum class Kind : uint8_t {
    at_most_once,   // begun once; lost when the node dies meanwhile
    at_least_once,  // begun up to `attempts` times
  };
  Kind kind = Kind::at_most_once;
  uint16_t attempts = 1;
  std::chrono::milliseconds back_off{0};

  // How long to wait after attempt `attempt` (1, 2, …) failed: back_off, and twice as long each
  // time, an hour at most.
  std::chrono::milliseconds wait_after(uint16_t attempt) const;
};

// A call as a client asks for it.
struct Submission {
  FunctionName function;
  std::string version;
  std::string input;
  std::vector<std::string> arguments;
  std::vector<std::string> environment;  // K=V
  Policy policy;
  std::chrono::milliseconds time_limit{0};  // 0: the function's own
  std::string idempotency_key;              // empty: none
  std::optional<CallId> parent;
  std::string trace;  // the W3C trace context, as it came
};

// The longest that the ledger takes. What is too long is refused with `invalid`; of the texts of
// an End the beginning is kept (of the log, the end).
inline constexpr size_t name_max_bytes = 64;
inline constexpr size_t version_max_bytes = 128;
inline constexpr size_t idempotency_key_max_bytes = 128;
inline constexpr size_t trace_max_bytes = 512;
inline constexpr size_t lists_max_bytes = size_t{64} << 10;  // arguments and environment together
inline constexpr size_t bytes_max = size_t{1} << 29;         // input, output, log
inline constexpr size_t message_max_bytes = size_t{16} << 10;
inline constexpr size_t backtrace_max_bytes = size_t{64} << 10;

// How a call ended, as the node tells it.
struct End {
  Reason reason = Reason::returned;
  int32_t exit_code = 0;
  std::string message;    // one sentence, for all but returned
  std::string backtrace;  // of a trap; the ledger does not look into it
  std::chrono::microseconds cpu{0};
  uint64_t peak_memory_bytes = 0;
  uint16_t core = 0;
  bool cold = false;
  std::string output;
  std::string log;
};

// What is known of a call, all but its input, output and log.
struct Call {
  CallId id;
  State state = State::accepted;
  FunctionName function;
  std::string version;
  uint16_t attempt = 0;  // how often it was begun
  uint16_t attempts = 1;
  WallTime accepted;
  WallTime started;  // the last attempt; when attempt > 0
  uint64_t input_bytes = 0;
  std::optional<CallId> parent;
  std::string trace;

  // Of an ended call:
  Reason reason = Reason::returned;
  WallTime ended;
  int32_t exit_code = 0;
  std::string message;
  std::string backtrace;
  std::chrono::microseconds cpu{0};
  uint64_t peak_memory_bytes = 0;
  uint16_t core = 0;
  bool cold = false;
  uint64_t output_bytes = 0;
  uint64_t log_bytes = 0;
};

}  // namespace weft::call
