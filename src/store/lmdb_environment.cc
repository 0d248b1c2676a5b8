#include "store/lmdb_environment.h"

#include <sys/statvfs.h>

#include <cerrno>
#include <charconv>
#include <cstring>

#include "base/archive.h"
#include "store/data_directory.h"
#include "store/lmdb_check.h"
#include "xxhash.h"

namespace weft::store {

namespace {

constexpr uint32_t format_version = 1;
constexpr unsigned readers_max = 1024;
constexpr const char* own_table = "store";
constexpr const char* blobs_table_name = "blobs";
constexpr std::string_view version_key = "format";

std::string table_name(uint8_t name) { return fmt::format("t.{:02x}", name); }

std::optional<uint8_t> parse_table_name(std::string_view text) {
  uint8_t name = 0;
  if (text.size() != 4 || !text.starts_with("t.")) {
    return std::nullopt;
  }
  auto [end, problem] = std::from_chars(text.data() + 2, text.data() + 4, name, 16);
  return problem == std::errc() && end == text.data() + 4 ? std::optional(name) : std::nullopt;
}

uint32_t checksum(std::string_view key, Tag tag, std::string_view value) {
  uint64_t seed = XXH3_64bits(key.data(), key.size()) + static_cast<uint64_t>(tag);
  return static_cast<uint32_t>(XXH3_64bits_withSeed(value.data(), value.size(), seed));
}

// The store's own version record: written when new, compared when not.
Result<int> check_version(MDB_txn* txn, unsigned own, const std::string& directory) {
  MDB_val key = as_val(version_key);
  MDB_val value = {};
  int rc = mdb_get(txn, own, &key, &value);
  if (rc == MDB_NOTFOUND) {
    value = {sizeof format_version, const_cast<uint32_t*>(&format_version)};
    return mdb_put(txn, own, &key, &value, 0);
  }
  if (rc != 0) {
    return rc;
  }
  uint32_t written = 0;
  if (value.mv_size != sizeof written) {
    return error(Error::Kind::corrupt, "{} is damaged: its version record has {} bytes", directory,
                 value.mv_size);
  }
  std::memcpy(&written, value.mv_data, sizeof written);
  if (written > format_version) {
    return error(Error::Kind::unsupported,
                 "{} was written by a newer version of weft (format {}, this one knows {}); use "
                 "that version, or another directory",
                 directory, written, format_version);
  }
  return 0;
}

}  // namespace

void write_value(char* to, std::string_view key, Tag tag, std::string_view value) {
  uint32_t sum = checksum(key, tag, value);
  to[0] = static_cast<char>(tag);
  std::memcpy(to + 1, &sum, sizeof sum);
  if (!value.empty()) {
    std::memcpy(to + value_head_bytes, value.data(), value.size());
  }
}

Result<TaggedValue> read_value(std::string_view key, const MDB_val& stored) {
  std::string_view bytes = as_view(stored);
  if (bytes.size() >= value_head_bytes) {
    TaggedValue value{static_cast<Tag>(bytes[0]), bytes.substr(value_head_bytes)};
    uint32_t sum = 0;
    std::memcpy(&sum, bytes.data() + 1, sizeof sum);
    if (value.tag <= Tag::blob && sum == checksum(key, value.tag, value.bytes)) {
      return value;
    }
  }
  return error(Error::Kind::corrupt,
               "the data directory is damaged: a value in table {:#04x} fails its checksum",
               static_cast<uint8_t>(key[0]));
}

std::unexpected<Error> Environment::failure(int code) const {
  std::string file = options_.directory + "/data.mdb";
  switch (code) {
    case MDB_INVALID:
    case MDB_CORRUPTED:
    case MDB_PAGE_NOTFOUND:
    case MDB_BAD_TXN:
    case MDB_INCOMPATIBLE:
      return error(Error::Kind::corrupt,
                   "{} is damaged ({}); restore the directory from a backup, or move it away", file,
                   mdb_strerror(code));
    case MDB_VERSION_MISMATCH:
      return error(Error::Kind::unsupported, "{} was written by another version of LMDB", file);
    case MDB_READERS_FULL:
      return error(Error::Kind::exhausted, "more than {} threads read {} at once", readers_max,
                   file);
    case MDB_TXN_FULL:
      return error(Error::Kind::exhausted, "a batch is too large for one transaction");
    default:
      break;
  }
  if (code < 0) {
    return error(Error::Kind::io, "{}: {}", file, mdb_strerror(code));
  }
  // LMDB takes a write that was cut short for EIO; on a disk without room that is what happens.
  struct statvfs room = {};
  if (code == EIO && ::statvfs(options_.directory.c_str(), &room) == 0 &&
      room.f_bavail * room.f_frsize < size_t{1} << 20) {
    code = ENOSPC;
  }
  return write_error(code, options_.directory);
}

Result<std::unique_ptr<Environment>> Environment::open(Options options) {
  std::unique_ptr<Environment> environment(new Environment(std::move(options)));
  environment->map_bytes_ = environment->options_.map_bytes;
  // The table of readers is of this process alone; one that another left may hold anything.
  std::string readers = environment->options_.directory + "/lock.mdb";
  if (::unlink(readers.c_str()) != 0 && errno != ENOENT) {
    return environment->failure(errno);
  }
  TRY_VOID(check_lmdb_file(environment->options_.directory + "/data.mdb"));
  TRY_VOID(environment->map());
  environment->ready_ = true;
  return environment;
}

Environment::~Environment() { close(); }

void Environment::close() {
  for (MDB_txn* txn : pool_) {
    mdb_txn_abort(txn);
  }
  pool_.clear();
  if (env_ != nullptr) {
    mdb_env_close(env_);
    env_ = nullptr;
  }
}

Result<void> Environment::map() {
  int rc = mdb_env_create(&env_);
  if (rc != 0) {
    return failure(rc);
  }
  mdb_env_set_mapsize(env_, map_bytes_);
  mdb_env_set_maxdbs(env_, tables_max + 2);
  mdb_env_set_maxreaders(env_, readers_max);
  rc = mdb_env_open(env_, options_.directory.c_str(), MDB_NOTLS | MDB_NORDAHEAD, 0600);
  if (rc != 0) {
    close();
    return failure(rc);
  }
  MDB_envinfo info = {};
  mdb_env_info(env_, &info);
  map_bytes_ = info.me_mapsize;  // of the file, when it is larger
  if (auto opened = open_tables(); !opened) {
    close();
    return opened;
  }
  return {};
}

Result<void> Environment::open_tables() {
  MDB_txn* txn = nullptr;
  int rc = mdb_txn_begin(env_, nullptr, 0, &txn);
  if (rc != 0) {
    return failure(rc);
  }
  std::unique_ptr<MDB_txn, decltype([](MDB_txn* t) { mdb_txn_abort(t); })> guard(txn);
  unsigned names = 0;
  rc = mdb_dbi_open(txn, own_table, MDB_CREATE, &own_);
  if (rc == 0) {
    TRY(checked, check_version(txn, own_, options_.directory));
    rc = checked;
  }
  if (rc == 0) {
    rc = mdb_dbi_open(txn, blobs_table_name, MDB_CREATE, &blobs_);
  }
  rc = rc != 0 ? rc : mdb_dbi_open(txn, nullptr, 0, &names);
  MDB_cursor* cursor = nullptr;
  rc = rc != 0 ? rc : mdb_cursor_open(txn, names, &cursor);
  std::vector<std::pair<uint8_t, unsigned>> found;
  MDB_val key = {};
  MDB_val value = {};
  while (rc == 0 && (rc = mdb_cursor_get(cursor, &key, &value, MDB_NEXT)) == 0) {
    if (auto name = parse_table_name(as_view(key))) {
      unsigned table = 0;
      rc = mdb_dbi_open(txn, table_name(*name).c_str(), 0, &table);
      found.emplace_back(*name, table);
    }
  }
  if (cursor != nullptr) {
    mdb_cursor_close(cursor);
  }
  if (rc != MDB_NOTFOUND) {
    return failure(rc);
  }
  if (rc = mdb_txn_commit(guard.release()); rc != 0) {
    return failure(rc);
  }
  for (auto& table : tables_) {
    table = no_table;
  }
  for (auto [name, table] : found) {
    adopt(name, table);
  }
  return {};
}

int Environment::open_table(MDB_txn* txn, uint8_t name, unsigned* table) {
  return mdb_dbi_open(txn, table_name(name).c_str(), MDB_CREATE, table);
}

Result<Environment::Reading> Environment::read() {
  std::shared_lock lock(map_lock_);
  if (!ready_) {
    return error(Error::Kind::io, "{} is not open again after a failed write", options_.directory);
  }
  MDB_txn* txn = nullptr;
  {
    std::lock_guard pool(pool_mutex_);
    if (!pool_.empty()) {
      txn = pool_.back();
      pool_.pop_back();
    }
  }
  int rc = txn != nullptr ? mdb_txn_renew(txn) : mdb_txn_begin(env_, nullptr, MDB_RDONLY, &txn);
  if (rc != 0) {
    if (txn != nullptr) {
      mdb_txn_abort(txn);
    }
    return failure(rc);
  }
  return Reading(*this, std::move(lock), txn);
}

Result<std::vector<BlobName>> Environment::blobs() {
  TRY(reading, read());
  MDB_cursor* cursor = nullptr;
  int rc = mdb_cursor_open(reading.txn(), blobs_, &cursor);
  std::vector<BlobName> names;
  MDB_val key = {};
  MDB_val value = {};
  while (rc == 0 && (rc = mdb_cursor_get(cursor, &key, &value, MDB_NEXT)) == 0) {
    uint64_t name = 0;
    std::memcpy(&name, key.mv_data, std::min(key.mv_size, sizeof name));
    names.push_back(BlobName{__builtin_bswap64(name)});
  }
  if (cursor != nullptr) {
    mdb_cursor_close(cursor);
  }
  if (rc != MDB_NOTFOUND) {
    return failure(rc);
  }
  return names;
}

Environment::Reading::~Reading() {
  if (txn_ != nullptr) {
    environment_->give_back(txn_);
  }
}

void Environment::give_back(MDB_txn* txn) {
  mdb_txn_reset(txn);
  std::lock_guard pool(pool_mutex_);
  pool_.push_back(txn);
}

int Environment::begin_write(MDB_txn** txn) {
  return env_ == nullptr ? MDB_PANIC : mdb_txn_begin(env_, nullptr, 0, txn);
}

Result<void> Environment::grow() {
  if (map_bytes_ >= options_.max_bytes) {
    return error(Error::Kind::exhausted, "{} is full: its limit is {} MiB", options_.directory,
                 options_.max_bytes >> 20);
  }
  auto lock = alone();
  size_t wanted = std::min(map_bytes_ * 2, options_.max_bytes);
  if (int rc = mdb_env_set_mapsize(env_, wanted); rc != 0) {
    return failure(rc);
  }
  map_bytes_ = wanted;
  return {};
}

int Environment::turn_over() {
  MDB_txn* txn = nullptr;
  int rc = begin_write(&txn);
  if (rc != 0) {
    return rc;
  }
  MDB_val key = as_val(version_key);
  MDB_val value = {sizeof format_version, const_cast<uint32_t*>(&format_version)};
  if (rc = mdb_put(txn, own_, &key, &value, 0); rc != 0) {
    mdb_txn_abort(txn);
    return rc;
  }
  return mdb_txn_commit(txn);
}

Result<void> Environment::mend() {
  MDB_txn* probe = nullptr;
  int rc = begin_write(&probe);
  if (rc == MDB_PANIC) {
    return reopen();
  }
  if (rc != 0) {
    return failure(rc);
  }
  mdb_txn_abort(probe);
  return {};
}

Result<void> Environment::reopen() {
  {
    auto lock = alone();
    ready_ = false;
    close();
  }
  // Without the lock, which is taken inside of LMDB's elsewhere.
  TRY_VOID(map());
  auto lock = alone();
  ready_ = true;
  return {};
}

}  // namespace weft::store
