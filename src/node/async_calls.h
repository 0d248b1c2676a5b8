// Calls that the ledger remembers: accepted durably, run when there is room, ended durably, and
// retried as their policy says.
//
//     accept ──ledger──► queue ──room──► ledger: running ──► a worker ──► ledger: ended ──► who
//     waits
//                          ▲                                    │
//                          └── after its back-off ◄── again ────┘ failed, at-least-once
//
// They begin in the order of their acceptance, as many at a time as `most_running`. Those that wait
// keep their input in memory as long as `most_input_bytes` allow; others are read from the ledger
// again when their turn comes.
//
// Thread safety: any thread may call anything; answers come on any thread.
#pragma once

#include <boost/asio/steady_timer.hpp>
#include <deque>
#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <unordered_map>
#include <vector>

#include "call/ledger.h"
#include "node/node.h"

namespace weft::node {

class AsyncCalls {
 public:
  struct Options {
    size_t most_running = 2048;
    size_t most_input_bytes = size_t{64} << 20;
  };
  using Told = std::function<void()>;

  // Both outlive it. It is destroyed when nothing of either calls it any more: after the node was
  // closed, and the ledger has given its last answer.
  AsyncCalls(Node& node, call::Ledger& ledger, const Options& options);
  ~AsyncCalls();
  AsyncCalls(const AsyncCalls&) = delete;
  AsyncCalls& operator=(const AsyncCalls&) = delete;

  // Takes up what an earlier process left. Call once, when the node serves.
  void resume();
  // No further call begins.
  void stop();

  void accept(call::Submission submission, call::Ledger::AcceptDone done);
  void accept_map(call::Submission common, std::vector<std::string> inputs,
                  call::Ledger::AcceptDone done);
  // `told` once the call has ended, durably; at once when it has. Those that wait no more forget().
  uint64_t when_ended(call::CallId id, Told told);
  // False when it was told already, or is being told.
  bool forget(call::CallId id, uint64_t waiting);
  // Errors: not_found, conflict (it has ended).
  void cancel(call::CallId id, call::Ledger::Done done);

  size_t queued() const;
  size_t running() const;
  call::Ledger& ledger() { return ledger_; }

 private:
  // What one acceptance has in common; the inputs are each call's own.
  struct Common {
    call::Submission submission;
  };
  struct Queued {
    call::CallId id;
    std::shared_ptr<const Common> common;  // null: to be read from the ledger
    std::string input;
  };

  void collect();
  void enqueue(Queued queued);
  void pump();
  void begin(Queued queued);
  void run(Queued queued);
  void ended(call::CallId id, Result<Reply> reply);
  call::Reason reason_of(const Error& error) const;
  void write_end(call::CallId id, call::End end);
  void leave();
  void tell(call::CallId id);
  void later(call::CallId id, WallTime when);
  void after(std::chrono::milliseconds pause, std::function<void()> then);

  Node& node_;
  call::Ledger& ledger_;
  const Options options_;
  mutable std::mutex mutex_;
  std::deque<Queued> queue_;
  size_t input_bytes_ = 0;
  size_t running_ = 0;
  size_t next_worker_ = 0;
  bool stopped_ = true;  // until resume()
  uint64_t next_waiting_ = 1;
  std::unordered_map<call::CallId, std::map<uint64_t, Told>> waiting_;
};

// How a reply reads in the ledger; the output goes with it.
call::End end_of(Reply reply);
// Lines "FUNCTION+0xOFFSET", innermost first.
std::string backtrace_text(const std::vector<faaslet::TraceFrame>& frames);

}  // namespace weft::node
