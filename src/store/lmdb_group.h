// One group of batches as one LMDB transaction.
//
// Thread safety: the writer thread's.
#pragma once

#include <array>
#include <span>
#include <string>
#include <vector>

#include "store/batch.h"
#include "store/blobs.h"
#include "store/lmdb_environment.h"

namespace weft::store {

// The highest key of each table, as far as it is known: what lies behind it can be appended. It may
// be higher than what the table has now (erased, or of a transaction that failed), never lower.
struct LastKeys {
  std::array<std::optional<std::string>, tables_max> keys;
};

class Group {
 public:
  // Not a code of LMDB's: a condition did not hold, and nothing of the batch was written.
  static constexpr int condition_failed = -1;

  Group(Environment& environment, LastKeys& last) : environment_(environment), last_(last) {}
  ~Group() { abort(); }
  Group(const Group&) = delete;
  Group& operator=(const Group&) = delete;

  // All three give LMDB's codes. After any but 0 and condition_failed the group is void.
  int begin();
  // `references`: of the batch's large values, in their order.
  int apply(const Batch& batch, std::span<const BlobReference> references);
  int commit();

  // After commit(): the blobs that nothing refers to any more.
  const std::vector<BlobName>& erased() const { return erased_; }

 private:
  struct Table {
    unsigned number = no_table;
    MDB_cursor* cursor = nullptr;
    bool made_here = false;
  };

  void abort();
  int find(uint8_t name, bool make, Table** table);
  int holds(const Batch::Step& step, bool* result);
  int put(std::string_view key, Tag tag, std::string_view value);
  int erase(std::string_view key);
  int refer(const BlobReference& reference);
  int forget(std::string_view key, const MDB_val& stored);

  Environment& environment_;
  LastKeys& last_;
  MDB_txn* txn_ = nullptr;
  std::array<Table, tables_max> tables_;
  std::vector<BlobName> erased_;
};

}  // namespace weft::store
