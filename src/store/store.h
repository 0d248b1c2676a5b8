// An ordered store of keys and values, written in groups: what weft remembers lies behind this one
// interface.
//
//      commit(batch, done)  ──► queue ──► one writer: all batches that wait in one transaction,
//      from any thread         bounded    one sync ──► done(result) of each, in order of submission
//
// A batch is all or nothing. It names conditions (a key is absent, a key has this value) and
// writes; when a condition does not hold the batch fails with `conflict` and none of its writes
// happen, while its neighbours in the group are not touched. A batch sees what earlier batches
// wrote, of its own group too. When `done` says success the writes are durable: they survive the
// death of the process and, in a store on disk, of the machine. When it says `conflict`,
// `exhausted` or `invalid` nothing was written; after `io` the writes may or may not have happened.
//
// Order: batches are committed in the order of commit() calls, but for those with a value above
// `inline_max_bytes`, which line up when the value is on disk. Whoever needs an order between two
// batches of which one is large waits for the first one's `done`.
//
// `done` is called exactly once: on the store's writer thread, or from inside commit() when the
// batch is refused at once (queue full: `exhausted`; closed: `denied`). It must not wait for
// another commit; it may call commit() and read.
//
// Reads are short and see whole batches only. There is no transaction over several reads, so the
// store can be a server: a condition in the batch says that what was read still holds. A read may
// take as long as a disk or a round trip; code on a core's event loop has no business here.
//
// A key has 1 to max_key_bytes bytes and is ordered bytewise. Its first byte names its *table*:
// scans stay in one table, and writing behind the last key of a table is the cheapest write there
// is, so what grows by time has a table of its own.
// Who has which: lower-case letters the ledger (call/records.h), 'F' the catalog, 'T' the tokens.
//
// Thread safety: any thread may call anything. The destructor commits what is queued first.
#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "store/batch.h"

namespace weft::store {

using Done = std::move_only_function<void(Result<void>)>;

struct Entry {
  std::string key;
  std::string value;
  bool operator==(const Entry&) const = default;
};

enum class Direction : uint8_t { forward, backward };
enum class Values : uint8_t { with, without };

// The keys that begin with `prefix`, of which the first byte is the table, from one end.
struct Range {
  std::string prefix;
  // Begins behind this key (before it, backward); empty: at the end of the range. Need not exist.
  std::string after = {};
  Direction direction = Direction::forward;
  size_t limit = 1000;
  Values values = Values::with;
};

struct Stats {
  uint64_t groups = 0;     // transactions committed
  uint64_t batches = 0;    // batches in them that succeeded
  uint64_t conflicts = 0;  // batches whose condition failed
  uint64_t failures = 0;   // batches that failed for another reason, refused ones among them
  uint64_t queued_batches = 0;
  uint64_t queued_bytes = 0;
};

class Store {
 public:
  virtual ~Store() = default;

  // REQUIRES for all keys: 1 <= size <= max_key_bytes. Errors: corrupt, io.
  virtual Result<std::optional<std::string>> get(std::string_view key) = 0;
  // At most `limit` entries of one moment, in the direction asked for.
  virtual Result<std::vector<Entry>> scan(const Range& range) = 0;

  virtual void commit(Batch batch, Done done) = 0;

  virtual Stats stats() const = 0;
};

// Commits and waits for it: for set-up and tests, never on a core or in a `done`.
[[nodiscard]] Result<void> commit_and_wait(Store& store, Batch batch);

}  // namespace weft::store
