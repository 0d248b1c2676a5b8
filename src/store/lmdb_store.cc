#include "store/lmdb_store.h"

#include <atomic>
#include <cstring>
#include <thread>

#include "store/blobs.h"
#include "store/commit_queue.h"
#include "store/data_directory.h"
#include "store/lmdb_environment.h"
#include "store/lmdb_group.h"

namespace weft::store {

namespace {

class LmdbStore : public Store {
 public:
  LmdbStore(LmdbOptions options, DataDirectory directory, std::unique_ptr<Environment> environment,
            std::unique_ptr<Blobs> blobs)
      : options_(std::move(options)),
        directory_(std::move(directory)),
        environment_(std::move(environment)),
        blobs_(std::move(blobs)),
        writer_([this] { write_groups(); }) {}
  ~LmdbStore() override;

  Result<std::optional<std::string>> get(std::string_view key) override;
  Result<std::vector<Entry>> scan(const Range& range) override;
  void commit(Batch batch, Done done) override;
  Stats stats() const override;

 private:
  Result<void> admit(const Batch& batch);
  void finish(QueuedBatch& item, Result<void> result);

  void write_large();
  Result<void> write_blobs(QueuedBatch& item);
  void erase_blobs(const QueuedBatch& item);

  void write_groups();
  void commit_group(std::vector<QueuedBatch>& group);
  Result<void> overcome(int code, bool& last_try);
  int try_group(std::vector<QueuedBatch>& group, std::vector<bool>& conflicts,
                std::vector<BlobName>& erased);

  Result<std::string> value_of(std::string_view key, const MDB_val& stored);
  Result<std::optional<std::string>> read_once(std::string_view key);
  Result<std::vector<Entry>> scan_once(const Range& range);

  const LmdbOptions options_;
  const DataDirectory directory_;
  const std::unique_ptr<Environment> environment_;
  const std::unique_ptr<Blobs> blobs_;

  std::atomic<uint64_t> queued_batches_ = 0;
  std::atomic<uint64_t> queued_bytes_ = 0;
  std::atomic<uint64_t> groups_ = 0;
  std::atomic<uint64_t> batches_ = 0;
  std::atomic<uint64_t> conflicts_ = 0;
  std::atomic<uint64_t> failures_ = 0;

  LastKeys last_;  // the writer's
  CommitQueue queue_;
  CommitQueue large_queue_;
  std::once_flag large_started_;
  std::thread large_writer_;
  std::thread writer_;
};

LmdbStore::~LmdbStore() {
  // Large values first: their batches line up behind the others.
  large_queue_.close();
  if (large_writer_.joinable()) {
    large_writer_.join();
  }
  queue_.close();
  writer_.join();
}

// --- committing

Result<void> LmdbStore::admit(const Batch& batch) {
  // Counted first, so that many threads at once don't go past the limit together.
  uint64_t batches = queued_batches_.fetch_add(1) + 1;
  uint64_t bytes = queued_bytes_.fetch_add(batch.bytes()) + batch.bytes();
  bool alone = batches == 1;  // a batch of any size has its turn
  if (batches <= options_.queue_max_batches && (bytes <= options_.queue_max_bytes || alone)) {
    return {};
  }
  return error(Error::Kind::exhausted,
               "the store's queue is full: {} batches of {} KiB wait to be written", batches - 1,
               (bytes - batch.bytes()) >> 10);
}

void LmdbStore::finish(QueuedBatch& item, Result<void> result) {
  queued_batches_ -= 1;
  queued_bytes_ -= item.batch.bytes();
  if (!result && result.error().kind() != Error::Kind::conflict) {
    ++failures_;
  }
  item.done(std::move(result));
}

void LmdbStore::commit(Batch batch, Done done) {
  QueuedBatch item{std::move(batch), std::move(done), {}};
  if (auto admitted = admit(item.batch); !admitted) {
    return finish(item, std::move(admitted));
  }
  if (item.batch.large().empty()) {
    return queue_.push(std::move(item));
  }
  std::call_once(large_started_,
                 [this] { large_writer_ = std::thread([this] { write_large(); }); });
  large_queue_.push(std::move(item));
}

void LmdbStore::write_large() {
  for (;;) {
    auto items = large_queue_.take(options_.group_max_bytes);
    if (items.empty()) {
      return;
    }
    std::vector<Result<void>> written;
    written.reserve(items.size());
    for (QueuedBatch& item : items) {
      written.push_back(write_blobs(item));
    }
    Result<void> synced = blobs_->sync();
    for (size_t i = 0; i < items.size(); ++i) {
      if (written[i] && synced) {
        queue_.push(std::move(items[i]));
      } else {
        erase_blobs(items[i]);
        finish(items[i], written[i] ? synced : written[i]);
      }
    }
  }
}

Result<void> LmdbStore::write_blobs(QueuedBatch& item) {
  for (const std::string& value : item.batch.large()) {
    TRY(reference, blobs_->write(value));
    item.references.push_back(reference);
  }
  return {};
}

void LmdbStore::erase_blobs(const QueuedBatch& item) {
  for (const BlobReference& reference : item.references) {
    blobs_->erase(reference.name);
  }
}

void LmdbStore::write_groups() {
  for (;;) {
    auto group = queue_.take(options_.group_max_bytes);
    if (group.empty()) {
      return;
    }
    commit_group(group);
  }
}

int LmdbStore::try_group(std::vector<QueuedBatch>& group, std::vector<bool>& conflicts,
                         std::vector<BlobName>& erased) {
  Group transaction(*environment_, last_);
  int rc = transaction.begin();
  for (size_t i = 0; rc == 0 && i < group.size(); ++i) {
    rc = transaction.apply(group[i].batch, group[i].references);
    conflicts[i] = rc == Group::condition_failed;
    rc = conflicts[i] ? 0 : rc;
  }
  rc = rc != 0 ? rc : transaction.commit();
  erased = transaction.erased();
  return rc;
}

// Does what there is to do about LMDB's code, so that the group can be tried again, or gives the
// error.
Result<void> LmdbStore::overcome(int code, bool& last_try) {
  Result<void> result = environment_->failure(code);
  if (code == MDB_MAP_FULL) {
    result = environment_->grow();
  }
  if (result) {
    return {};
  }
  // A file at its limit may have pages that the last transaction freed; after a failed root the
  // file has to be opened anew.
  bool helped = code == MDB_MAP_FULL ? environment_->turn_over() == 0
                                     : environment_->mend().has_value() && code == MDB_PANIC;
  return helped && !std::exchange(last_try, true) ? Result<void>() : result;
}

void LmdbStore::commit_group(std::vector<QueuedBatch>& group) {
  std::vector<bool> conflicts(group.size());
  std::vector<BlobName> erased;
  Result<void> result;
  bool last_try = false;
  int rc = try_group(group, conflicts, erased);
  while (rc != 0 && (result = overcome(rc, last_try))) {
    rc = try_group(group, conflicts, erased);
  }
  if (result) {
    ++groups_;
    for (BlobName name : erased) {
      blobs_->erase(name);
    }
  }
  for (size_t i = 0; i < group.size(); ++i) {
    bool written = result && !conflicts[i];
    // After `io` it is not known whether the reference was written: the next open() finds out.
    bool unknown = !result && result.error().kind() == Error::Kind::io;
    if (!written && !unknown) {
      erase_blobs(group[i]);
    }
    if (written) {
      ++batches_;
      finish(group[i], {});
    } else if (result) {
      ++conflicts_;
      finish(group[i], error(Error::Kind::conflict, "a condition of the batch does not hold"));
    } else {
      finish(group[i], result);
    }
  }
}

// --- reading

Result<std::string> LmdbStore::value_of(std::string_view key, const MDB_val& stored) {
  TRY(value, read_value(key, stored));
  if (value.tag == Tag::plain) {
    return std::string(value.bytes);
  }
  BlobReference reference;
  if (value.bytes.size() != sizeof reference) {
    return error(Error::Kind::corrupt,
                 "the data directory is damaged: a blob's reference has {} bytes",
                 value.bytes.size());
  }
  std::memcpy(&reference, value.bytes.data(), sizeof reference);
  return blobs_->read(reference);
}

Result<std::optional<std::string>> LmdbStore::read_once(std::string_view key) {
  unsigned table = environment_->table(static_cast<uint8_t>(key[0]));
  if (table == no_table) {
    return std::nullopt;
  }
  TRY(reading, environment_->read());
  MDB_val k = as_val(key);
  MDB_val stored = {};
  int rc = mdb_get(reading.txn(), table, &k, &stored);
  if (rc == MDB_NOTFOUND) {
    return std::nullopt;
  }
  if (rc != 0) {
    return environment_->failure(rc);
  }
  return value_of(key, stored);
}

// A blob goes as soon as nothing refers to it, which may be between the two halves of a read. One
// that is missing each time is lost.
template <class Read>
auto again_when_a_blob_vanishes(Read read) {
  for (int tries = 1;; ++tries) {
    auto result = read();
    bool vanished = !result && result.error().kind() == Error::Kind::not_found;
    if (!vanished) {
      return result;
    }
    if (tries == 10) {
      return decltype(result)(error(Error::Kind::corrupt, "the data directory is damaged: {}",
                                    result.error().message()));
    }
  }
}

Result<std::optional<std::string>> LmdbStore::get(std::string_view key) {
  CHECK(!key.empty() && key.size() <= max_key_bytes);
  return again_when_a_blob_vanishes([&] { return read_once(key); });
}

Result<std::vector<Entry>> LmdbStore::scan(const Range& range) {
  CHECK(!range.prefix.empty() && range.prefix.size() <= max_key_bytes);
  return again_when_a_blob_vanishes([&] { return scan_once(range); });
}

struct CursorCloser {
  void operator()(MDB_cursor* cursor) const { mdb_cursor_close(cursor); }
};

// Puts the cursor on the first entry of the range; gives LMDB's code.
int seek(MDB_cursor* cursor, const Range& range, MDB_val* key, MDB_val* value) {
  bool forward = range.direction == Direction::forward;
  if (forward) {
    bool inside = range.after >= range.prefix;
    *key = as_val(inside ? range.after : range.prefix);
    int rc = mdb_cursor_get(cursor, key, value, MDB_SET_RANGE);
    bool skip = rc == 0 && inside && as_view(*key) == range.after;
    return skip ? mdb_cursor_get(cursor, key, value, MDB_NEXT) : rc;
  }
  // The first key that lies behind the range; the one before it is wanted.
  std::string end = range.prefix;
  while (!end.empty() && static_cast<uint8_t>(end.back()) == 0xff) {
    end.pop_back();
  }
  if (!end.empty()) {
    end.back() = static_cast<char>(end.back() + 1);
  }
  if (!range.after.empty() && (end.empty() || range.after < end)) {
    end = range.after;
  }
  *key = as_val(end);
  int rc = end.empty() ? MDB_NOTFOUND : mdb_cursor_get(cursor, key, value, MDB_SET_RANGE);
  return mdb_cursor_get(cursor, key, value, rc == MDB_NOTFOUND ? MDB_LAST : MDB_PREV);
}

Result<std::vector<Entry>> LmdbStore::scan_once(const Range& range) {
  std::vector<Entry> entries;
  unsigned table = environment_->table(static_cast<uint8_t>(range.prefix[0]));
  if (table == no_table || range.limit == 0) {
    return entries;
  }
  TRY(reading, environment_->read());
  MDB_cursor* opened = nullptr;
  if (int rc = mdb_cursor_open(reading.txn(), table, &opened); rc != 0) {
    return environment_->failure(rc);
  }
  std::unique_ptr<MDB_cursor, CursorCloser> cursor(opened);
  MDB_val key = {};
  MDB_val value = {};
  MDB_cursor_op next = range.direction == Direction::forward ? MDB_NEXT : MDB_PREV;
  int rc = seek(opened, range, &key, &value);
  for (; rc == 0 && entries.size() < range.limit && as_view(key).starts_with(range.prefix);
       rc = mdb_cursor_get(opened, &key, &value, next)) {
    Entry& entry = entries.emplace_back(std::string(as_view(key)));
    if (range.values == Values::with) {
      TRY(bytes, value_of(entry.key, value));
      entry.value = std::move(bytes);
    }
  }
  if (rc != 0 && rc != MDB_NOTFOUND) {
    return environment_->failure(rc);
  }
  return entries;
}

Stats LmdbStore::stats() const {
  return {groups_, batches_, conflicts_, failures_, queued_batches_, queued_bytes_};
}

}  // namespace

Result<std::unique_ptr<Store>> open_lmdb(LmdbOptions options) {
  TRY(directory, DataDirectory::acquire(options.directory));
  TRY(blobs, Blobs::open(directory.file("blobs")));
  TRY(environment, Environment::open({options.directory, options.map_bytes, options.max_bytes}));
  TRY(used, environment->blobs());
  TRY_VOID(blobs->collect(used));
  return std::make_unique<LmdbStore>(std::move(options), std::move(directory),
                                     std::move(environment), std::move(blobs));
}

}  // namespace weft::store
