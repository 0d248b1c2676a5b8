// LMDB's memory-mapped file, its tables, and who may touch it when.
//
// Reading is a short transaction out of a pool. Two things need the file to themselves: a map that
// grows, and opening it anew after LMDB has given up on it (a failed write of its root). Readers
// hold a shared lock for that; the writer takes it alone.
//
// A value lies there behind five bytes: a tag (inline or a blob's reference) and a checksum of key,
// tag and value, as LMDB has none.
//
// Thread safety: read() and table() from any thread; the rest belongs to the writer thread.
#pragma once

#include <lmdb.h>

#include <array>
#include <atomic>
#include <memory>
#include <mutex>
#include <optional>
#include <shared_mutex>
#include <string>
#include <vector>

#include "base/result.h"
#include "store/blobs.h"

namespace weft::store {

using MapLock = std::shared_mutex;

inline constexpr size_t tables_max = 256;
inline constexpr unsigned no_table = 0;  // LMDB's own table of free pages has this number

class Environment {
 public:
  struct Options {
    std::string directory;
    size_t map_bytes;  // to begin with
    size_t max_bytes;  // the map never grows beyond
  };

  // Errors: corrupt, unsupported (a newer version wrote it), exhausted, denied, io.
  static Result<std::unique_ptr<Environment>> open(Options options);
  ~Environment();
  Environment(const Environment&) = delete;
  Environment& operator=(const Environment&) = delete;

  // A reading transaction; returns to the pool by itself.
  class Reading {
   public:
    Reading(Environment& environment, std::shared_lock<MapLock> lock, MDB_txn* txn)
        : environment_(&environment), lock_(std::move(lock)), txn_(txn) {}
    Reading(Reading&& other) noexcept
        : environment_(other.environment_),
          lock_(std::move(other.lock_)),
          txn_(std::exchange(other.txn_, nullptr)) {}
    Reading& operator=(Reading&&) = delete;
    ~Reading();
    MDB_txn* txn() const { return txn_; }

   private:
    Environment* environment_;
    std::shared_lock<MapLock> lock_;
    MDB_txn* txn_;
  };

  // Ask for the table before the transaction: then the transaction knows it.
  Result<Reading> read();
  unsigned table(uint8_t name) const { return tables_[name].load(std::memory_order_acquire); }
  unsigned blobs_table() const { return blobs_; }
  // All that something refers to, in their order.
  Result<std::vector<BlobName>> blobs();

  // LMDB's codes: 0 is success, positive ones are errno.
  int begin_write(MDB_txn** txn);
  // Opens or makes a table in the transaction; adopt() it after the commit.
  static int open_table(MDB_txn* txn, uint8_t name, unsigned* table);
  void adopt(uint8_t name, unsigned table) {
    tables_[name].store(table, std::memory_order_release);
  }
  // REQUIRES no transaction of the writer. Twice the size; error exhausted at the limit.
  [[nodiscard]] Result<void> grow();
  // After a failed commit: opens the file anew when LMDB has given up on it. When that fails too,
  // reading fails, and the next commit tries again.
  [[nodiscard]] Result<void> mend();
  // A commit of nothing: what the last transaction freed can be used after it. LMDB's code.
  int turn_over();
  // Held while tables change.
  std::unique_lock<MapLock> alone() { return std::unique_lock(map_lock_); }

  const std::string& directory() const { return options_.directory; }
  // What an LMDB code means here.
  std::unexpected<Error> failure(int code) const;

 private:
  explicit Environment(Options options) : options_(std::move(options)) {}
  [[nodiscard]] Result<void> map();
  [[nodiscard]] Result<void> reopen();
  [[nodiscard]] Result<void> open_tables();
  void close();
  void give_back(MDB_txn* txn);

  Options options_;
  MapLock map_lock_;
  bool ready_ = false;  // for readers; the writer looks at env_
  MDB_env* env_ = nullptr;
  size_t map_bytes_ = 0;
  unsigned own_ = no_table;
  unsigned blobs_ = no_table;
  std::array<std::atomic<unsigned>, tables_max> tables_ = {};
  std::mutex pool_mutex_;
  std::vector<MDB_txn*> pool_;
};

// --- values

enum class Tag : uint8_t { plain, blob };
inline constexpr size_t value_head_bytes = 5;

struct TaggedValue {
  Tag tag;
  std::string_view bytes;
};

void write_value(char* to, std::string_view key, Tag tag, std::string_view value);
// Error corrupt.
Result<TaggedValue> read_value(std::string_view key, const MDB_val& stored);

inline MDB_val as_val(std::string_view bytes) {
  return {bytes.size(), const_cast<char*>(bytes.data())};
}
inline std::string_view as_view(const MDB_val& val) {
  return {static_cast<const char*>(val.mv_data), val.mv_size};
}

}  // namespace weft::store
