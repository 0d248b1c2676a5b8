// What every store keeps to, asked of each of them: the one on disk and the fake.
#include "store/store.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <rapidcheck.h>

#include <atomic>
#include <filesystem>
#include <latch>
#include <map>
#include <thread>

#include "base/temporary_directory.h"
#include "store/lmdb_store.h"
#include "store/memory_store.h"

namespace weft::store {
namespace {

using testing::ElementsAre;

// The same cases each time; RC_PARAMS from outside still counts.
const bool seeded = [] {
  setenv("RC_PARAMS", "seed=20261124 max_success=100", 0);
  return true;
}();

struct Maker {
  const char* name;
  std::function<std::unique_ptr<Store>(const std::string& directory)> make;
};

class StoreTest : public testing::TestWithParam<Maker> {
 protected:
  TemporaryDirectory directory_;
  std::unique_ptr<Store> store_ = GetParam().make(directory_.path());

  Result<void> commit(Batch batch) { return commit_and_wait(*store_, std::move(batch)); }
  void put(std::string_view key, std::string_view value) {
    Batch batch;
    batch.put(key, value);
    ASSERT_TRUE(commit(std::move(batch)));
  }
  std::optional<std::string> get(std::string_view key) { return store_->get(key).value(); }
  std::vector<std::string> keys(const Range& range) {
    std::vector<std::string> keys;
    for (Entry& entry : store_->scan(range).value()) {
      keys.push_back(std::move(entry.key));
    }
    return keys;
  }
};

TEST_P(StoreTest, what_was_put_is_found_and_what_was_not_is_absent) {
  put("a1", "one");
  put("a2", "");
  EXPECT_EQ(get("a1"), "one");
  EXPECT_EQ(get("a2"), "");
  EXPECT_EQ(get("a3"), std::nullopt);
  EXPECT_EQ(get("b"), std::nullopt);
}

TEST_P(StoreTest, the_last_write_to_a_key_stays) {
  put("a", "1");
  put("a", "22");
  EXPECT_EQ(get("a"), "22");
  Batch batch;
  batch.put("a", "3");
  batch.erase("a");
  batch.put("b", "4");
  batch.put("b", "5");
  ASSERT_TRUE(commit(std::move(batch)));
  EXPECT_EQ(get("a"), std::nullopt);
  EXPECT_EQ(get("b"), "5");
}

TEST_P(StoreTest, erasing_what_is_absent_does_nothing) {
  Batch batch;
  batch.erase("x-nothing");
  batch.put("y", "1");
  EXPECT_TRUE(commit(std::move(batch)));
  EXPECT_EQ(get("y"), "1");
}

TEST_P(StoreTest, keys_and_values_are_any_bytes) {
  std::string key("k\0\xff\n", 4);
  std::string value("\0\0\x80", 3);
  put(key, value);
  EXPECT_EQ(get(key), value);
  std::string longest(max_key_bytes, 'z');
  put(longest, "v");
  EXPECT_EQ(get(longest), "v");
}

TEST_P(StoreTest, a_condition_that_fails_fails_its_whole_batch) {
  put("a", "1");
  Batch absent;
  absent.put("b", "2");
  absent.require_absent("a");
  auto refused = commit(std::move(absent));
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().kind(), Error::Kind::conflict);
  EXPECT_EQ(get("b"), std::nullopt);

  for (const char* wrong : {"2", "", "11"}) {
    Batch equals;
    equals.require_value("a", wrong);
    equals.put("a", "changed");
    EXPECT_FALSE(commit(std::move(equals)));
  }
  Batch missing;
  missing.require_value("c", "");
  EXPECT_FALSE(commit(std::move(missing)));
  EXPECT_EQ(get("a"), "1");
}

TEST_P(StoreTest, conditions_that_hold_let_the_batch_through) {
  put("a", "1");
  Batch batch;
  batch.require_value("a", "1");
  batch.require_absent("b");
  batch.put("a", "2");
  batch.put("b", "3");
  ASSERT_TRUE(commit(std::move(batch)));
  EXPECT_EQ(get("a"), "2");
  EXPECT_EQ(get("b"), "3");
}

TEST_P(StoreTest, conditions_speak_of_what_was_before_the_batch) {
  Batch batch;
  batch.put("a", "1");
  batch.require_absent("a");
  EXPECT_TRUE(commit(std::move(batch)));
}

TEST_P(StoreTest, of_many_that_claim_a_key_one_gets_it_and_neighbours_are_not_touched) {
  constexpr int claims = 200;
  std::atomic<int> got = 0;
  std::atomic<int> refused = 0;
  std::latch all(2 * claims);
  for (int i = 0; i < claims; ++i) {
    Batch claim;
    claim.require_absent("lock");
    claim.put("lock", std::to_string(i));
    store_->commit(std::move(claim), [&](Result<void> r) {
      (r ? got : refused) += 1;
      all.count_down();
    });
    Batch other;
    other.put(fmt::format("n{:03}", i), "x");
    store_->commit(std::move(other), [&](Result<void> r) {
      EXPECT_TRUE(r);
      all.count_down();
    });
  }
  all.wait();
  EXPECT_EQ(got, 1);
  EXPECT_EQ(refused, claims - 1);
  EXPECT_EQ(get("lock"), "0");
  EXPECT_EQ(keys({.prefix = "n"}).size(), claims);
}

TEST_P(StoreTest, a_scan_gives_a_range_in_order_from_either_end) {
  for (const char* key : {"b1", "a2", "a1", "a11", "c", "a\xff", "a\xff\xff"}) {
    put(key, key);
  }
  EXPECT_THAT(keys({.prefix = "a"}), ElementsAre("a1", "a11", "a2", "a\xff", "a\xff\xff"));
  EXPECT_THAT(keys({.prefix = "a1"}), ElementsAre("a1", "a11"));
  EXPECT_THAT(keys({.prefix = "a\xff"}), ElementsAre("a\xff", "a\xff\xff"));
  EXPECT_THAT(keys({.prefix = "a", .limit = 2}), ElementsAre("a1", "a11"));
  EXPECT_THAT(keys({.prefix = "a", .after = "a11", .limit = 2}), ElementsAre("a2", "a\xff"));
  EXPECT_THAT(keys({.prefix = "a", .after = "a12"}), ElementsAre("a2", "a\xff", "a\xff\xff"));
  EXPECT_THAT(keys({.prefix = "a", .after = "a\xff\xff"}), ElementsAre());
  constexpr Direction back = Direction::backward;
  EXPECT_THAT(keys({.prefix = "a", .direction = back, .limit = 2}),
              ElementsAre("a\xff\xff", "a\xff"));
  EXPECT_THAT(keys({.prefix = "a", .after = "a2", .direction = back}), ElementsAre("a11", "a1"));
  EXPECT_THAT(keys({.prefix = "a", .after = "a12", .direction = back}), ElementsAre("a11", "a1"));
  EXPECT_THAT(keys({.prefix = "a", .after = "a1", .direction = back}), ElementsAre());
  EXPECT_THAT(keys({.prefix = "a", .limit = 0}), ElementsAre());
  EXPECT_THAT(keys({.prefix = "d"}), ElementsAre());
  EXPECT_THAT(keys({.prefix = "\xff", .direction = back}), ElementsAre());
}

TEST_P(StoreTest, a_scan_gives_values_when_asked) {
  put("a1", "x");
  EXPECT_THAT(store_->scan({.prefix = "a"}).value(), ElementsAre(Entry{"a1", "x"}));
  EXPECT_THAT(store_->scan({.prefix = "a", .values = Values::without}).value(),
              ElementsAre(Entry{"a1", ""}));
}

TEST_P(StoreTest, large_values_are_values_like_others) {
  std::string large(inline_max_bytes + 1, 'x');
  std::string border(inline_max_bytes, 'y');
  put("a", large);
  put("b", border);
  EXPECT_EQ(get("a"), large);
  EXPECT_EQ(get("b"), border);
  EXPECT_EQ(store_->scan({.prefix = "a"}).value().at(0).value, large);
  large.back() = 'z';
  Batch moved;
  moved.put("a", std::string(large));
  moved.put("a2", "small beside it");
  ASSERT_TRUE(commit(std::move(moved)));
  EXPECT_EQ(get("a"), large);
  put("a", "small");
  EXPECT_EQ(get("a"), "small");
  Batch claim;
  claim.require_absent("b");
  claim.put("c", large);
  EXPECT_FALSE(commit(std::move(claim)));
  EXPECT_EQ(get("c"), std::nullopt);
}

TEST_P(StoreTest, batches_of_one_thread_are_answered_in_their_order) {
  std::vector<int> order;
  std::latch all(500);
  for (int i = 0; i < 500; ++i) {
    Batch batch;
    batch.put("a", std::to_string(i));
    store_->commit(std::move(batch), [&order, &all, i](Result<void>) {
      order.push_back(i);
      all.count_down();
    });
  }
  all.wait();
  EXPECT_TRUE(std::ranges::is_sorted(order));
  EXPECT_EQ(get("a"), "499");
}

TEST_P(StoreTest, many_threads_commit_and_read_at_once) {
  constexpr int threads = 4;
  constexpr int each = 300;
  std::latch all(threads * each);
  std::vector<std::thread> running;
  running.reserve(threads);
  for (int t = 0; t < threads; ++t) {
    running.emplace_back([&, t] {
      for (int i = 0; i < each; ++i) {
        Batch batch;
        batch.put(fmt::format("t{}{:04}", t, i), std::to_string(i));
        batch.put(fmt::format("u{}", t), std::to_string(i));
        store_->commit(std::move(batch), [&](Result<void> r) {
          EXPECT_TRUE(r);
          all.count_down();
        });
        EXPECT_TRUE(store_->get(fmt::format("u{}", t)));
      }
    });
  }
  for (std::thread& thread : running) {
    thread.join();
  }
  all.wait();
  EXPECT_EQ(keys({.prefix = "t", .limit = 10000}).size(), threads * each);
  EXPECT_EQ(store_->stats().batches, threads * each);
}

TEST_P(StoreTest, what_done_commits_is_committed) {
  std::latch second(1);
  Batch first;
  first.put("a", "1");
  store_->commit(std::move(first), [&](Result<void>) {
    EXPECT_EQ(store_->get("a").value(), "1");
    Batch next;
    next.put("b", "2");
    store_->commit(std::move(next), [&](Result<void> r) {
      EXPECT_TRUE(r);
      second.count_down();
    });
  });
  second.wait();
  EXPECT_EQ(get("b"), "2");
}

TEST_P(StoreTest, closing_commits_what_is_queued) {
  std::atomic<int> told = 0;
  for (int i = 0; i < 100; ++i) {
    Batch batch;
    batch.put("a" + std::to_string(i), i % 20 == 0 ? std::string(inline_max_bytes + 1, 'x') : "x");
    store_->commit(std::move(batch), [&](Result<void> r) { told += r ? 1 : 0; });
  }
  store_.reset();
  EXPECT_EQ(told, 100);
}

// Any batches, compared with the simplest store that there is.
TEST_P(StoreTest, random_batches_do_what_a_map_does) {
  auto any_key = [] {
    return *rc::gen::map(rc::gen::inRange(0, 40), [](int n) {
      return std::string(1, static_cast<char>('a' + n % 3)) + std::to_string(n * 7919 % 40);
    });
  };
  EXPECT_TRUE(rc::check([&] {
    store_.reset();
    std::filesystem::remove_all(directory_.path());
    std::filesystem::create_directory(directory_.path());
    store_ = GetParam().make(directory_.path());
    std::map<std::string, std::string> model;
    int batches = *rc::gen::inRange(1, 12);
    for (int b = 0; b < batches; ++b) {
      Batch batch;
      auto after = model;
      bool holds = true;
      int steps = *rc::gen::inRange(1, 10);
      for (int s = 0; s < steps; ++s) {
        std::string key = any_key();
        auto now = model.find(key);
        switch (*rc::gen::weightedElement<int>({{1, 0}, {1, 1}, {6, 2}, {3, 3}})) {
          case 0:
            batch.require_absent(key);
            holds &= now == model.end();
            break;
          case 1:
            batch.require_value(key, now == model.end() ? "?" : now->second);
            holds &= now != model.end();
            break;
          case 2: {
            auto value = *rc::gen::container<std::string>(rc::gen::arbitrary<char>());
            value.append(*rc::gen::element<size_t>(0, 0, 100, 3000), '*');
            batch.put(key, value);
            after[key] = value;
            break;
          }
          default:
            batch.erase(key);
            after.erase(key);
        }
      }
      RC_ASSERT(commit(std::move(batch)).has_value() == holds);
      model = holds ? after : model;
    }
    std::map<std::string, std::string> found;
    for (const char* table : {"a", "b", "c"}) {
      for (Entry& entry : store_->scan({.prefix = table}).value()) {
        found.emplace(entry.key, entry.value);
      }
    }
    RC_ASSERT(found == model);
  }));
}

INSTANTIATE_TEST_SUITE_P(Stores, StoreTest,
                         testing::Values(Maker{"lmdb",
                                               [](const std::string& directory) {
                                                 return open_lmdb({.directory = directory}).value();
                                               }},
                                         Maker{"memory",
                                               [](const std::string&) -> std::unique_ptr<Store> {
                                                 return std::make_unique<MemoryStore>();
                                               }}),
                         [](const auto& info) { return std::string(info.param.name); });

}  // namespace
}  // namespace weft::store
