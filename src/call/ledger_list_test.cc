// Lists of calls, counts, and how results are forgotten.
#include <gmock/gmock.h>

#include <random>

#include "call/ledger_fixture.h"

namespace weft::call {
namespace {

using testing::IsEmpty;

class LedgerListTest : public LedgerTest {
 protected:
  std::vector<CallId> list(const CallFilter& filter, size_t page_size = 100) {
    std::vector<CallId> ids;
    std::optional<CallId> cursor;
    do {
      CallPage page = ledger_->list(filter, cursor, page_size).value();
      EXPECT_LE(page.calls.size(), page_size);
      for (const Call& call : page.calls) {
        ids.push_back(call.id);
      }
      cursor = page.next;
    } while (cursor);
    return ids;
  }
};

// Against the simplest list that there is: all calls, filtered.
TEST_F(LedgerListTest, a_list_gives_the_calls_that_fit_newest_first_in_pages_of_any_size) {
  std::mt19937 random(4);
  std::vector<CallId> ids;
  for (int i = 0; i < 300; ++i) {
    Submission s = call_of("x", "f" + std::to_string(random() % 4));
    s.function.name_space = "n" + std::to_string(random() % 3);
    ids.insert(ids.begin(), accept_call(s));
    if (random() % 4 != 0) {
      ASSERT_TRUE(running(ids.front()));
      if (random() % 8 != 0) {
        ASSERT_TRUE(ended(ids.front(), {.reason = static_cast<Reason>(random() % 3)}));
      }
    }
  }
  std::vector<CallFilter> filters;
  for (const char* name_space : {"", "n1", "unknown"}) {
    for (const char* function : {"", "f2"}) {
      for (int state = -1; state < 3; ++state) {
        for (int reason = -1; reason < 3; ++reason) {
          CallFilter f;
          f.name_space = *name_space != 0 ? std::optional<std::string>(name_space) : std::nullopt;
          f.function =
              *function != 0 && f.name_space ? std::optional<std::string>(function) : std::nullopt;
          f.state = state >= 0 ? std::optional(static_cast<State>(state)) : std::nullopt;
          f.reason = reason >= 0 ? std::optional(static_cast<Reason>(reason)) : std::nullopt;
          filters.push_back(f);
        }
      }
    }
  }
  size_t found = 0;
  for (const CallFilter& f : filters) {
    std::vector<CallId> expected;
    for (CallId id : ids) {
      Call call = ledger_->find(id).value();
      bool fits = (!f.name_space || call.function.name_space == *f.name_space) &&
                  (!f.function || call.function.name == *f.function) &&
                  (!f.state || call.state == *f.state) &&
                  (!f.reason || (call.state == State::ended && call.reason == *f.reason));
      if (fits) {
        expected.push_back(id);
      }
    }
    found += expected.size();
    for (size_t page_size : {1, 7, 1000}) {
      ASSERT_EQ(list(f, page_size), expected);
    }
  }
  EXPECT_GT(found, 2000);
  auto before = list({});
  store_->crash();  // the index is in the store
  ledger_.reset();
  store_ = std::make_unique<store::MemoryStore>(store_->contents());
  ledger_ = Ledger::open(*store_, clock_, options_).value();
  EXPECT_EQ(list({}), before);
}

TEST_F(LedgerListTest, the_index_is_asked_for_a_page_not_for_all) {
  for (int i = 0; i < 500; ++i) {
    ran({.reason = i == 3 ? Reason::trapped : Reason::returned});
  }
  // Of 500 calls one has the reason: reading the others would need these reads.
  store_->fail_reads(1000, Error(Error::Kind::io, "read"));
  EXPECT_EQ(kind(ledger_->list({.reason = Reason::trapped}, {}, 10)), Error::Kind::io);
  store_->fail_reads(0, Error(Error::Kind::io, ""));
  EXPECT_EQ(list({.reason = Reason::trapped}).size(), 1);
  EXPECT_THAT(list({.reason = Reason::lost}), IsEmpty());
}

TEST_F(LedgerListTest, counts_are_of_what_is_there) {
  accept_call();
  ASSERT_TRUE(running(accept_call()));
  ran();
  ran({.reason = Reason::trapped});
  Counts counts = ledger_->counts();
  EXPECT_EQ(counts.accepted, 1);
  EXPECT_EQ(counts.running, 1);
  EXPECT_EQ(counts.ended[0], 1);
  EXPECT_EQ(counts.ended[static_cast<size_t>(Reason::trapped)], 1);
  EXPECT_GT(counts.kept_bytes, 0);
}

TEST_F(LedgerListTest, what_was_there_at_the_start_is_counted_in_steps_and_once) {
  options_.collect_step = 4;
  std::vector<CallId> live;
  for (int i = 0; i < 30; ++i) {
    i % 3 == 0 ? live.push_back(accept_call()) : static_cast<void>(ran(returned("out")));
  }
  uint64_t bytes = ledger_->counts().kept_bytes;
  restart();
  EXPECT_FALSE(ledger_->counts().complete);
  int steps = 0;
  for (; !ledger_->counts().complete; ++steps) {
    if (!live.empty()) {  // in front of what has been counted, and behind it
      run(live.back(), returned("out"));
      live.pop_back();
      run(live.front(), returned("out"));
      live.erase(live.begin());
    }
    ran(returned("out"));
    ASSERT_TRUE(collect());
  }
  EXPECT_GE(steps, 5);
  uint64_t all = ledger_->counts().ended[0];
  EXPECT_EQ(all, store_->scan({.prefix = "e"}).value().size());
  EXPECT_EQ(ledger_->counts().kept_bytes, bytes / 20 * all);
}

TEST_F(LedgerListTest, results_go_when_they_are_too_old) {
  options_.keep_results = std::chrono::hours(1);
  options_.collect_step = 8;
  restart();
  Submission child = call_of();
  child.parent = CallId{9, 9};
  child.idempotency_key = "key";
  End end = returned(std::string(5000, 'o'));
  end.log = std::string(5000, 'l');
  CallId first = ran(end, child);
  for (int i = 0; i < 30; ++i) {
    ran();
  }
  CallId slow = accept_call();
  ASSERT_TRUE(running(slow));
  CallId waiting = accept_call();
  clock_.advance(std::chrono::minutes(59));
  EXPECT_EQ(collect_all().calls, 0);
  ASSERT_TRUE(ended(slow, returned()));
  CallId late = ran();
  clock_.advance(std::chrono::minutes(2));
  EXPECT_EQ(collect_all().calls, 31);
  EXPECT_EQ(kind(ledger_->find(first)), Error::Kind::not_found);
  EXPECT_EQ(list({}), (std::vector{late, waiting, slow}));
  EXPECT_EQ(ledger_->counts().ended[0], 2);
  for (const char* table : {"o", "l", "p"}) {
    EXPECT_THAT(store_->scan({.prefix = table}).value(), IsEmpty()) << table;
  }
  EXPECT_EQ(store_->scan({.prefix = "x"}).value().size(), 2);
  EXPECT_TRUE(accept(child).value().existing) << "a key outlives the result";
  clock_.advance(std::chrono::minutes(59));
  EXPECT_EQ(collect_all().calls, 2);
  EXPECT_EQ(ledger_->counts().kept_bytes, 0);
}

TEST_F(LedgerListTest, the_oldest_results_go_when_there_are_too_many) {
  options_.keep_bytes = 100'000;
  options_.collect_step = 10;
  restart();
  std::vector<CallId> ids;
  for (int i = 0; i < 100; ++i) {
    ids.insert(ids.begin(), ran(returned(std::string(4000, 'x'))));
  }
  Collected collected = collect_all();
  EXPECT_LE(ledger_->counts().kept_bytes, 100'000);
  EXPECT_GT(ledger_->counts().kept_bytes, 90'000);
  ids.resize(100 - collected.calls);
  EXPECT_EQ(list({}).size(), ids.size());
  EXPECT_EQ(list({}), ids);
}

TEST_F(LedgerListTest, keys_are_forgotten_when_they_are_old) {
  options_.keep_keys = std::chrono::hours(1);
  options_.collect_step = 3;
  restart();
  Submission s = call_of();
  for (int i = 0; i < 10; ++i) {
    s.idempotency_key = std::to_string(i);
    accept_call(s);
  }
  clock_.advance(std::chrono::hours(2));
  s.idempotency_key = "new";
  CallId first = accept_call(s);
  EXPECT_EQ(collect_all().keys, 10);
  EXPECT_EQ(accept(s).value().first, first);
  s.idempotency_key = "3";
  EXPECT_FALSE(accept(s).value().existing);
}

TEST_F(LedgerListTest, ids_stay_above_those_that_were_collected) {
  options_.keep_results = std::chrono::hours(1);
  restart();
  CallId id = ran();
  clock_.advance(std::chrono::hours(3));
  EXPECT_EQ(collect_all().calls, 1);
  clock_.advance(-std::chrono::hours(30));
  restart();
  EXPECT_GT(accept_call(), id);
}

TEST_F(LedgerListTest, a_step_is_taken_one_at_a_time_and_a_failed_one_again) {
  options_.keep_results = std::chrono::hours(1);
  restart();
  ran();
  collect_all();
  clock_.advance(std::chrono::hours(3));
  store_->fail_next(1, Error(Error::Kind::exhausted, "no room"));
  EXPECT_EQ(kind(collect()), Error::Kind::exhausted);
  EXPECT_EQ(ledger_->counts().ended[0], 1);
  store_->hold();
  Answer<Collected> first;
  Answer<Collected> second;
  ledger_->collect(first.taker());
  ledger_->collect(second.taker());
  EXPECT_EQ(kind(*second.result), Error::Kind::conflict);
  store_->resume();
  EXPECT_EQ(first.result.value().value().calls, 1);
}

}  // namespace
}  // namespace weft::call
