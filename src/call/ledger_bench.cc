// What a durable call costs: on the disk under the current directory (WEFT_BENCH_DIR names another
// one), each figure beside a named peer that keeps the same number of calls in one transaction.
//
//   accept/N       calls accepted with N outstanding; items_per_second are durable acceptances
//   life/N         accepted, begun and ended, each step durable before the next, N outstanding
//   map/N          a map of N accepted, then each call begun and ended
//   sqlite_*       the same steps by SQLite: WAL, synchronous=FULL, prepared statements, N calls a
//                  transaction (libsqlite3)
//   lmdb_accept/N  LMDB alone: N records of the same size appended in each transaction
//
// cpu_us: processor time of the whole process for each call.
#include <benchmark/benchmark.h>
#include <lmdb.h>
#include <sqlite3.h>
#include <sys/resource.h>

#include <latch>
#include <semaphore>

#include "base/temporary_directory.h"
#include "call/ledger.h"
#include "store/lmdb_store.h"

namespace weft::call {
namespace {

constexpr size_t input_bytes = 100;

double process_cpu_us() {
  rusage usage = {};
  getrusage(RUSAGE_SELF, &usage);
  auto us = [](const timeval& t) {
    return static_cast<double>(t.tv_sec) * 1e6 + static_cast<double>(t.tv_usec);
  };
  return us(usage.ru_utime) + us(usage.ru_stime);
}

// Directories on the disk in question, not in a tmpfs.
void choose_directory() {
  const char* named = std::getenv("WEFT_BENCH_DIR");
  setenv("TMPDIR", named != nullptr ? named : ".", 1);
}

class Measured {
 public:
  explicit Measured(benchmark::State& state) : state_(state), cpu_(process_cpu_us()) {}
  void finish(size_t calls) {
    state_.SetItemsProcessed(static_cast<int64_t>(calls));
    state_.counters["cpu_us"] = (process_cpu_us() - cpu_) / static_cast<double>(calls);
  }

 private:
  benchmark::State& state_;
  double cpu_;
};

struct OpenLedger {
  OpenLedger() {
    choose_directory();
    directory = std::make_unique<TemporaryDirectory>();
    store = store::open_lmdb({.directory = directory->path()}).value();
    ledger = Ledger::open(*store, clock, {}).value();
    submission.function = {"space", "function"};
    submission.version = "0123456789abcdef";
    submission.input = std::string(input_bytes, 'i');
    end.output = std::string(input_bytes, 'o');
  }
  ~OpenLedger() {
    ledger.reset();
    store.reset();
  }
  std::unique_ptr<TemporaryDirectory> directory;
  SystemClock clock;
  std::unique_ptr<store::Store> store;
  std::unique_ptr<Ledger> ledger;
  Submission submission;
  End end;
};

void accept(benchmark::State& state) {
  OpenLedger open;
  auto outstanding = state.range(0);
  std::counting_semaphore<> room(outstanding);
  size_t calls = 0;
  Measured measured(state);
  for (auto _ : state) {
    room.acquire();
    ++calls;
    open.ledger->accept(open.submission, [&](Result<Accepted> r) {
      CHECK(r.has_value());
      room.release();
    });
  }
  for (int64_t i = 0; i < outstanding; ++i) {
    room.acquire();
  }
  measured.finish(calls);
}

// Begins and ends a call, then tells.
template <class Then>
void run(OpenLedger& open, CallId id, Then then) {
  open.ledger->running(id, [&open, id, then](Result<uint16_t> r) mutable {
    CHECK(r.has_value());
    open.ledger->ended(id, open.end, [then](Result<void> ended) mutable {
      CHECK(ended.has_value());
      then();
    });
  });
}

void life(benchmark::State& state) {
  OpenLedger open;
  auto outstanding = state.range(0);
  std::counting_semaphore<> room(outstanding);
  size_t calls = 0;
  Measured measured(state);
  for (auto _ : state) {
    room.acquire();
    ++calls;
    open.ledger->accept(open.submission, [&](Result<Accepted> r) {
      CHECK(r.has_value());
      run(open, r->first, [&room] { room.release(); });
    });
  }
  for (int64_t i = 0; i < outstanding; ++i) {
    room.acquire();
  }
  measured.finish(calls);
}

void map(benchmark::State& state) {
  OpenLedger open;
  std::vector<std::string> inputs(static_cast<size_t>(state.range(0)), open.submission.input);
  size_t calls = 0;
  Measured measured(state);
  for (auto _ : state) {
    std::latch all(state.range(0));
    open.ledger->accept_map(open.submission, inputs, [&](Result<Accepted> r) {
      CHECK(r.has_value());
      for (uint32_t i = 0; i < r->count; ++i) {
        run(open, r->first.plus(i), [&all] { all.count_down(); });
      }
    });
    all.wait();
    calls += inputs.size();
  }
  measured.finish(calls);
}

// --- peers

class Sqlite {
 public:
  explicit Sqlite(const std::string& path) {
    CHECK(sqlite3_open(path.c_str(), &db_) == SQLITE_OK);
    execute("PRAGMA journal_mode=WAL");
    execute("PRAGMA synchronous=FULL");
    execute(
        "CREATE TABLE calls (id INTEGER PRIMARY KEY, function INTEGER, state INTEGER, reason "
        "INTEGER, accepted INTEGER, started INTEGER, ended INTEGER, input BLOB, output BLOB)");
    execute("CREATE INDEX by_function ON calls (function, state, reason, id)");
    accept_ = prepare("INSERT INTO calls VALUES (?1, 1, 0, 0, ?1, 0, 0, ?2, NULL)");
    begin_ = prepare("UPDATE calls SET state = 1, started = ?1 WHERE id = ?1");
    end_ =
        prepare("UPDATE calls SET state = 2, ended = ?1, input = NULL, output = ?2 WHERE id = ?1");
  }
  ~Sqlite() {
    for (sqlite3_stmt* statement : {accept_, begin_, end_}) {
      sqlite3_finalize(statement);
    }
    sqlite3_close(db_);
  }
  void execute(const char* text) {
    CHECK(sqlite3_exec(db_, text, nullptr, nullptr, nullptr) == SQLITE_OK, "{}", text);
  }
  void accept(int64_t id) { step(accept_, id); }
  void begin(int64_t id) { step(begin_, id); }
  void end(int64_t id) { step(end_, id); }

 private:
  sqlite3_stmt* prepare(const char* text) {
    sqlite3_stmt* statement = nullptr;
    CHECK(sqlite3_prepare_v2(db_, text, -1, &statement, nullptr) == SQLITE_OK, "{}", text);
    return statement;
  }
  void step(sqlite3_stmt* statement, int64_t id) {
    sqlite3_bind_int64(statement, 1, id);
    if (statement != begin_) {
      sqlite3_bind_blob(statement, 2, bytes_.data(), static_cast<int>(bytes_.size()),
                        SQLITE_STATIC);
    }
    CHECK(sqlite3_step(statement) == SQLITE_DONE);
    sqlite3_reset(statement);
  }

  sqlite3* db_ = nullptr;
  sqlite3_stmt* accept_ = nullptr;
  sqlite3_stmt* begin_ = nullptr;
  sqlite3_stmt* end_ = nullptr;
  std::string bytes_ = std::string(input_bytes, 'b');
};

enum class Steps { accept, life };

template <Steps steps>
void sqlite(benchmark::State& state) {
  choose_directory();
  TemporaryDirectory directory;
  Sqlite db(directory.file("peer.db"));
  int64_t id = 0;
  int64_t group = state.range(0);
  Measured measured(state);
  auto transaction = [&](auto step) {
    db.execute("BEGIN");
    for (int64_t i = 0; i < group; ++i) {
      step(id + i);
    }
    db.execute("COMMIT");
  };
  while (state.KeepRunningBatch(group)) {
    transaction([&](int64_t i) { db.accept(i); });
    if (steps == Steps::life) {
      transaction([&](int64_t i) { db.begin(i); });
      transaction([&](int64_t i) { db.end(i); });
    }
    id += group;
  }
  measured.finish(static_cast<size_t>(id));
}

void lmdb_accept(benchmark::State& state) {
  choose_directory();
  TemporaryDirectory directory;
  MDB_env* env = nullptr;
  CHECK(mdb_env_create(&env) == 0);
  CHECK(mdb_env_set_mapsize(env, size_t{16} << 30) == 0);
  CHECK(mdb_env_open(env, directory.path().c_str(), MDB_NORDAHEAD, 0600) == 0);
  uint64_t id = 0;
  size_t calls = 0;
  std::string record(180, 'r');  // an accepted call with such an input
  Measured measured(state);
  while (state.KeepRunningBatch(state.range(0))) {
    MDB_txn* txn = nullptr;
    MDB_dbi table = 0;
    CHECK(mdb_txn_begin(env, nullptr, 0, &txn) == 0 && mdb_dbi_open(txn, nullptr, 0, &table) == 0);
    for (int64_t i = 0; i < state.range(0); ++i) {
      uint64_t key[2] = {__builtin_bswap64(++id), 0};
      MDB_val k = {sizeof key, key};
      MDB_val v = {record.size(), record.data()};
      CHECK(mdb_put(txn, table, &k, &v, MDB_APPEND) == 0);
    }
    CHECK(mdb_txn_commit(txn) == 0);
    calls += static_cast<size_t>(state.range(0));
  }
  measured.finish(calls);
  mdb_env_close(env);
}

BENCHMARK(accept)->Arg(100)->Arg(1000)->UseRealTime();
BENCHMARK(sqlite<Steps::accept>)->Name("sqlite_accept")->Arg(100)->Arg(1000)->UseRealTime();
BENCHMARK(lmdb_accept)->Arg(100)->Arg(1000)->UseRealTime();
BENCHMARK(life)->Arg(100)->Arg(1000)->Arg(5000)->UseRealTime();
BENCHMARK(sqlite<Steps::life>)->Name("sqlite_life")->Arg(100)->Arg(1000)->Arg(5000)->UseRealTime();
BENCHMARK(map)->Arg(10000)->UseRealTime();

}  // namespace
}  // namespace weft::call
