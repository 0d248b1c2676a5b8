// The ledger of calls: what was accepted, what has begun, how it ended. It remembers; it does not
// run anything.
//
//                      ┌── again() ──┐ at least once, attempts left
//                      ▼             │
//   accept() ──► accepted ─running()─► running ──ended()──► ended(returned | exited | trapped |
//                      │                                          timed_out | cancelled |
//                      └── cancel() ────────────────────► ended    out_of_limits | lost)
//
// What an answer promises:
//   accept    The call is durable: it will end, whatever happens to this process.
//   running   Of an at-most-once call: that it begins is durable, so after a crash it is `lost` and
//             not begun again; the call must not start before. Of an at-least-once call: the answer
//             comes at once, and is written soon. After a crash the attempt may not be counted.
//   ended     The end and the output are durable and can be read.
// An answer `exhausted` (queue or disk full) means that nothing happened, the state is what it was,
// and asking again may help. After `io` the same holds as long as this process lives; what is on
// disk may be either. In particular a call whose accept failed with `io` may be there, unknown to
// anybody, after a restart, and then runs.
//
// open() finds what a crash left. Accepted calls are pending again; of those that had begun, an
// at-least-once call with attempts left is pending, after its back-off, any other one is `lost`.
// pending() gives them in the order of acceptance, which is the order of the ids.
//
// Idempotency keys belong to a namespace. The same key with the same submission gives the first
// call's id for as long as the key is kept; with a different one, `conflict`.
//
// The clock only dates things. When it jumps back, ids still increase and no duration is negative;
// when it jumps ahead, results and keys may be collected early, back-offs end early.
//
// In memory: the calls that have not ended (some 250 bytes each; at most live_max), and the names
// of functions. All else is read from the store. Records are drawn in records.h.
//
// Thread safety: any thread may call anything. Answers come on the store's writer thread, or from
// inside the call when it is refused, or answered, at once; no lock is held then. Functions that
// return a value read the store, and are not for a core's event loop. The ledger must outlive all
// answers, the store the ledger: the destructor waits for answers that are missing.
#pragma once

#include <array>
#include <condition_variable>
#include <functional>
#include <memory>
#include <mutex>
#include <optional>
#include <unordered_map>
#include <unordered_set>
#include <vector>

#include "base/clock.h"
#include "base/result.h"
#include "call/call.h"
#include "call/call_id.h"
#include "call/live_calls.h"
#include "call/names.h"
#include "call/records.h"
#include "store/store.h"

namespace weft::call {

struct Accepted {
  CallId first;           // first.plus(i) is the id of the ith
  uint32_t count = 1;     // the number of inputs
  bool existing = false;  // an idempotency key found it; it may even have ended, or be collected
};

// A call that waits to be run.
struct Pending {
  CallId id;
  FunctionName function;
  std::string version;
  uint16_t attempt = 0;  // how often it was begun before
  WallTime not_before;   // a back-off; in the past for most
};

struct CallFilter {
  std::optional<std::string> name_space;
  std::optional<std::string> function;  // in that namespace, which is REQUIRED then
  std::optional<State> state;
  std::optional<Reason> reason;  // implies ended
};

struct CallPage {
  std::vector<Call> calls;
  std::optional<CallId> next;  // the cursor of the next page; none after the last
};

struct Counts {
  uint64_t accepted = 0;
  uint64_t running = 0;
  std::array<uint64_t, reasons> ended = {};  // those whose results are kept
  uint64_t kept_bytes = 0;                   // of their results
  bool complete = false;  // until collect() has seen all that was there at open(): too low
};

struct Collected {
  uint64_t calls = 0;
  uint64_t keys = 0;
  bool more = false;  // there is more to do right away
};

class Ledger {
 public:
  struct Options {
    std::chrono::seconds keep_results = std::chrono::hours(24 * 7);
    uint64_t keep_bytes = uint64_t{4} << 30;
    std::chrono::seconds keep_keys = std::chrono::hours(24);
    size_t live_max = 1'000'000;
    size_t map_max = 100'000;
    // A step of collect() looks at that many records.
    size_t collect_step = 256;
  };
  using Done = std::move_only_function<void(Result<void>)>;
  using AcceptDone = std::move_only_function<void(Result<Accepted>)>;
  using RunningDone = std::move_only_function<void(Result<uint16_t>)>;  // which attempt: 1, 2, …
  using CollectDone = std::move_only_function<void(Result<Collected>)>;

  // Reads what has not ended, and ends what is lost. Errors: corrupt, unsupported (a newer version
  // wrote it), io, exhausted.
  static Result<std::unique_ptr<Ledger>> open(store::Store& store, const Clock& clock,
                                              Options options);
  ~Ledger();
  Ledger(const Ledger&) = delete;
  Ledger& operator=(const Ledger&) = delete;

  // Errors: invalid (a name or size), exhausted (live_max, the store's queue, the disk), conflict
  // (idempotency key), io.
  void accept(const Submission& submission, AcceptDone done);
  // One call for each input (`common.input` is not looked at), all or none.
  void accept_map(const Submission& common, const std::vector<std::string>& inputs,
                  AcceptDone done);

  // Errors of these: not_found, conflict (it is not in the state that this begins with), exhausted,
  // io.
  void running(CallId id, RunningDone done);
  void ended(CallId id, const End& end, Done done);
  void cancel(CallId id, Done done);  // an accepted call; a running one is the node's to stop
  // Puts a running call back, when its policy lets it run again; gives the time of that. Error
  // conflict when not: then it is ended() that is due.
  Result<WallTime> again(CallId id);

  // Errors: not_found (never accepted here, or collected), conflict (output, log: has not ended;
  // submission: has), corrupt, io.
  Result<Call> find(CallId id);
  Result<std::string> output(CallId id);
  Result<std::string> log(CallId id);
  Result<Submission> submission(CallId id);  // what is needed to run it; without its key
  // The calls that have this one as parent, in order of acceptance; at most `limit`.
  Result<std::vector<CallId>> children(CallId id, size_t limit);

  // Calls that wait to be run, of ids above `after`, in order of acceptance.
  std::vector<Pending> pending(std::optional<CallId> after, size_t limit);
  // Newest first; `cursor` is a page's `next`. By index: costs a page, not a table, and one look
  // for each function of a namespace when no function is given.
  Result<CallPage> list(const CallFilter& filter, std::optional<CallId> cursor, size_t limit);
  Counts counts();

  // One small step of forgetting what is too old or too much; one at a time.
  void collect(CollectDone done);

 private:
  Ledger(store::Store& store, const Clock& clock, const Options& options)
      : store_(store), clock_(clock), options_(options) {}

  // ledger_open.cc
  Result<void> recover();
  Result<void> check_format();
  Result<void> read_live();
  Result<void> end_lost(const std::vector<CallId>& lost);
  Result<void> find_kept_reasons();
  Result<CallId> last_id();

  // ledger.cc
  struct Acceptance;
  Result<void> admit(uint32_t count);
  void accept_all(const Submission& common, const std::string* inputs, uint32_t count,
                  AcceptDone done);
  void accept_written(Acceptance& acceptance, Result<void> written);
  Result<Accepted> accepted_before(const IdempotencyRecord& now, std::string_view key);
  void note_end(CallId id);
  void end_call(CallId id, State from, const End& end, Done done);
  store::Batch end_batch(CallId id, const Live& live, const End& end, uint64_t* kept_bytes);
  void end_written(CallId id, uint64_t kept_bytes, Reason reason, const Result<void>& written);
  // Counts the answer as missing until it has been given, or given up.
  void commit(store::Batch batch, store::Done done);

  // ledger_read.cc
  Call describe(CallId id, const Live& live) const;
  Call describe(CallId id, const EndedRecord& record) const;
  Result<std::string> ended_record(CallId id);
  Result<std::string> ended_bytes(CallId id, Table table);

  // ledger_collect.cc
  struct Step;
  Result<void> count_step();
  Result<void> collect_results(Step& step);
  Result<void> collect_keys(Step& step);

  store::Store& store_;
  const Clock& clock_;
  const Options options_;

  std::mutex mutex_;
  std::condition_variable answered_;
  std::unordered_map<CallId, uint32_t>
      map_left_;  // first of a map -> its calls that have not ended
  CallIdSource ids_;
  Names names_;
  LiveCalls live_;
  size_t accepting_ = 0;  // of live_max: calls that are being written
  size_t unanswered_ = 0;
  // Kept results: those that end are counted as they do; those that were there at open() step by
  // step, up to this id, all once it is none.
  std::optional<CallId> counted_to_ = CallId{};
  CallId opened_last_;                      // the last id of then
  std::unordered_set<CallId> ended_since_;  // of then, and ended since; while it is counted
  Counts kept_;
  bool collecting_ = false;
  std::string keys_cursor_;
};

}  // namespace weft::call
