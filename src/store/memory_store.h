// The store as a map in memory: the fake for tests, which decides when commits happen and how they
// fail.
//
//   MemoryStore store;                    commits happen inside commit(), done() too
//   store.hold();                         from here they queue …
//   store.release(3);                     … three of them are committed, as one group
//   store.fail_next(2, error);            the next two batches fail with this, nothing written
//   store.lose_answers(1);                the next batch is written, and its done told `io`
//   store.crash();                        what is queued is lost, all later calls fail with `io`
//   MemoryStore again(store.contents());  what a process finds that starts after the crash
//
// Thread safety: as Store; `done` is called by the thread in commit() or release(), with no lock
// held.
#pragma once

#include <deque>
#include <map>
#include <mutex>

#include "store/store.h"

namespace weft::store {

class MemoryStore : public Store {
 public:
  using Contents = std::map<std::string, std::string, std::less<>>;

  MemoryStore() = default;
  explicit MemoryStore(Contents contents) : contents_(std::move(contents)) {}
  ~MemoryStore() override;

  Result<std::optional<std::string>> get(std::string_view key) override;
  Result<std::vector<Entry>> scan(const Range& range) override;
  void commit(Batch batch, Done done) override;
  Stats stats() const override;

  void hold();
  // Commits the oldest `count` batches, and goes on holding.
  void release(size_t count);
  // Commits all, and holds no longer.
  void resume();
  size_t held() const;

  void fail_next(size_t count, Error with);
  void fail_reads(size_t count, Error with);
  void lose_answers(size_t count);
  // The queue's bound; beyond it commit() answers `exhausted`.
  void set_queue_limit(size_t batches);
  // Commits until `batches` more were committed, then crashes by itself, before or after the last
  // one's done was told.
  enum class LastAnswer : uint8_t { told, lost };
  void crash_after(size_t batches, LastAnswer last);
  void crash();
  bool crashed() const;

  Contents contents() const;

 private:
  struct Pending {
    Batch batch;
    Done done;
  };

  void run_one(Pending pending);
  Result<void> apply(const Batch& batch);

  mutable std::mutex mutex_;
  Contents contents_;
  std::deque<Pending> queue_;
  bool holding_ = false;
  bool crashed_ = false;
  size_t queue_limit_ = 65536;
  size_t failing_ = 0;
  size_t failing_reads_ = 0;
  size_t losing_ = 0;
  std::optional<size_t> until_crash_;
  LastAnswer last_answer_ = LastAnswer::told;
  Error failure_{Error::Kind::io, ""};
  Error read_failure_{Error::Kind::io, ""};
  Stats stats_;
};

}  // namespace weft::store
