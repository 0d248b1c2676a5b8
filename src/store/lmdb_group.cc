#include "store/lmdb_group.h"

#include <cstring>

namespace weft::store {

namespace {

// Numbers as keys, in their order.
std::array<char, 8> big_endian(uint64_t number) {
  number = __builtin_bswap64(number);
  std::array<char, 8> bytes;
  std::memcpy(bytes.data(), &number, sizeof number);
  return bytes;
}

}  // namespace

int Group::begin() { return environment_.begin_write(&txn_); }

void Group::abort() {
  if (txn_ != nullptr) {
    mdb_txn_abort(txn_);  // closes the cursors of a writing transaction
    txn_ = nullptr;
  }
}

int Group::commit() {
  bool new_tables = false;
  for (const Table& table : tables_) {
    new_tables |= table.made_here;
  }
  // A new table changes what transactions begin with.
  auto lock = new_tables ? environment_.alone() : std::unique_lock<MapLock>();
  int rc = mdb_txn_commit(std::exchange(txn_, nullptr));
  for (size_t name = 0; rc == 0 && name < tables_max; ++name) {
    if (tables_[name].made_here) {
      environment_.adopt(static_cast<uint8_t>(name), tables_[name].number);
    }
  }
  return rc;
}

int Group::find(uint8_t name, bool make, Table** found) {
  Table& table = tables_[name];
  *found = nullptr;
  if (table.number == no_table) {
    table.number = environment_.table(name);
  }
  if (table.number == no_table) {
    if (!make) {
      return 0;
    }
    if (int rc = Environment::open_table(txn_, name, &table.number); rc != 0) {
      return rc;
    }
    table.made_here = true;
  }
  if (table.cursor == nullptr) {
    if (int rc = mdb_cursor_open(txn_, table.number, &table.cursor); rc != 0) {
      return rc;
    }
    if (!last_.keys[name]) {
      MDB_val key = {};
      MDB_val value = {};
      int rc = mdb_cursor_get(table.cursor, &key, &value, MDB_LAST);
      if (rc != 0 && rc != MDB_NOTFOUND) {
        return rc;
      }
      last_.keys[name] = rc == 0 ? std::string(as_view(key)) : std::string();
    }
  }
  *found = &table;
  return 0;
}

int Group::holds(const Batch::Step& step, bool* result) {
  Table* table = nullptr;
  int rc = find(static_cast<uint8_t>(step.key[0]), false, &table);
  MDB_val key = as_val(step.key);
  MDB_val stored = {};
  if (rc == 0) {
    rc = table == nullptr ? MDB_NOTFOUND : mdb_cursor_get(table->cursor, &key, &stored, MDB_SET);
  }
  if (rc != 0) {
    *result = step.kind == Batch::Kind::absent;
    return rc == MDB_NOTFOUND ? 0 : rc;
  }
  *result = false;
  if (step.kind == Batch::Kind::equals) {
    auto value = read_value(step.key, stored);
    if (!value) {
      return MDB_CORRUPTED;
    }
    // A blob is longer than anything that may be compared.
    *result = value->tag == Tag::plain && value->bytes == step.value;
  }
  return 0;
}

int Group::apply(const Batch& batch, std::span<const BlobReference> references) {
  int rc = 0;
  bool all_hold = batch.conditions([&](const Batch::Step& step) {
    bool holds_now = false;
    rc = holds(step, &holds_now);
    return rc == 0 && holds_now;
  });
  if (!all_hold) {
    return rc != 0 ? rc : condition_failed;
  }
  batch.writes([&](const Batch::Step& step) {
    if (step.kind == Batch::Kind::erase) {
      rc = erase(step.key);
    } else if (step.kind == Batch::Kind::put) {
      rc = put(step.key, Tag::plain, step.value);
    } else {
      const BlobReference& reference = references[step.large];
      rc = put(step.key, Tag::blob, {reinterpret_cast<const char*>(&reference), sizeof reference});
      rc = rc == 0 ? refer(reference) : rc;
    }
    return rc == 0;
  });
  return rc;
}

int Group::put(std::string_view key, Tag tag, std::string_view value) {
  Table* table = nullptr;
  auto name = static_cast<uint8_t>(key[0]);
  if (int rc = find(name, true, &table); rc != 0) {
    return rc;
  }
  MDB_val k = as_val(key);
  MDB_val stored = {value_head_bytes + value.size(), nullptr};
  int rc = 0;
  if (std::string& last = *last_.keys[name]; key > last) {
    rc = mdb_cursor_put(table->cursor, &k, &stored, MDB_APPEND | MDB_RESERVE);
    last = key;
  } else {
    rc = mdb_cursor_put(table->cursor, &k, &stored, MDB_NOOVERWRITE | MDB_RESERVE);
    if (rc == MDB_KEYEXIST) {
      rc = forget(key, stored);
      stored = {value_head_bytes + value.size(), nullptr};
      rc = rc == 0 ? mdb_cursor_put(table->cursor, &k, &stored, MDB_CURRENT | MDB_RESERVE) : rc;
    }
  }
  if (rc == 0) {
    write_value(static_cast<char*>(stored.mv_data), key, tag, value);
  }
  return rc;
}

int Group::erase(std::string_view key) {
  Table* table = nullptr;
  int rc = find(static_cast<uint8_t>(key[0]), false, &table);
  if (rc != 0 || table == nullptr) {
    return rc;
  }
  MDB_val k = as_val(key);
  MDB_val stored = {};
  rc = mdb_cursor_get(table->cursor, &k, &stored, MDB_SET);
  if (rc != 0) {
    return rc == MDB_NOTFOUND ? 0 : rc;
  }
  rc = forget(key, stored);
  return rc == 0 ? mdb_cursor_del(table->cursor, 0) : rc;
}

int Group::refer(const BlobReference& reference) {
  auto name = big_endian(static_cast<uint64_t>(reference.name));
  MDB_val key = {name.size(), name.data()};
  MDB_val nothing = {0, nullptr};
  return mdb_put(txn_, environment_.blobs_table(), &key, &nothing, 0);
}

// What a key had before goes: when that was a blob, the blob too.
int Group::forget(std::string_view key, const MDB_val& stored) {
  if (stored.mv_size < value_head_bytes ||
      static_cast<Tag>(static_cast<const char*>(stored.mv_data)[0]) != Tag::blob) {
    return 0;
  }
  auto value = read_value(key, stored);
  BlobReference reference;
  if (!value || value->bytes.size() != sizeof reference) {
    return 0;  // damaged: the blob stays
  }
  std::memcpy(&reference, value->bytes.data(), sizeof reference);
  auto name = big_endian(static_cast<uint64_t>(reference.name));
  MDB_val blob = {name.size(), name.data()};
  int rc = mdb_del(txn_, environment_.blobs_table(), &blob, nullptr);
  erased_.push_back(reference.name);
  return rc == MDB_NOTFOUND ? 0 : rc;
}

}  // namespace weft::store
