#include "store/lmdb_check.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>
#include <random>

#include "base/temporary_directory.h"
#include "store/lmdb_store.h"

namespace weft::store {
namespace {

class LmdbCheckTest : public testing::Test {
 protected:
  LmdbCheckTest() {
    auto store = open_lmdb({.directory = directory_.path()}).value();
    std::mt19937 random(3);
    for (int round = 0; round < 40; ++round) {
      Batch batch;
      for (int i = 0; i < 60; ++i) {
        std::string key = fmt::format("{}{:05}", "ab"[random() % 2], random() % 3000);
        size_t size = random() % 30 == 0 ? 9000 : random() % 200;
        random() % 4 == 0 ? batch.erase(key) : batch.put(key, std::string(size, 'v'));
      }
      CHECK(commit_and_wait(*store, std::move(batch)));
    }
    store.reset();
    std::ifstream in(file_, std::ios::binary);
    bytes_.assign(std::istreambuf_iterator<char>(in), {});
  }
  void write(const std::string& bytes) {
    std::ofstream(file_, std::ios::binary | std::ios::trunc) << bytes;
  }
  // Opens, reads everything, writes something. True: there was an error, and it is of damage.
  bool found_damage() {
    auto store = open_lmdb({.directory = directory_.path()});
    auto damage = [](const Error& e) {
      EXPECT_EQ(e.kind(), Error::Kind::corrupt) << e.message();
      return true;
    };
    if (!store) {
      return damage(store.error());
    }
    for (const char* table : {"a", "b"}) {
      auto entries = (*store)->scan({.prefix = table, .limit = 100'000});
      if (!entries) {
        return damage(entries.error());
      }
    }
    Batch batch;
    for (int i = 0; i < 200; ++i) {
      batch.put(fmt::format("a{:05}", i * 15), std::string(100, 'w'));
      batch.erase(fmt::format("b{:05}", i * 15));
    }
    auto written = commit_and_wait(**store, std::move(batch));
    return !written && damage(written.error());
  }

  TemporaryDirectory directory_;
  std::string file_ = directory_.file("data.mdb");
  std::string bytes_;
};

TEST_F(LmdbCheckTest, a_file_as_lmdb_wrote_it_is_whole) {
  auto whole = check_lmdb_file(file_);
  ASSERT_TRUE(whole) << whole.error().message();
  EXPECT_FALSE(found_damage());
  EXPECT_TRUE(check_lmdb_file(file_));
}

TEST_F(LmdbCheckTest, no_file_and_an_empty_one_are_a_new_store) {
  EXPECT_TRUE(check_lmdb_file(directory_.file("none")));
  write("");
  EXPECT_FALSE(found_damage());
}

TEST_F(LmdbCheckTest, a_file_that_was_cut_is_refused) {
  std::mt19937 random(4);
  for (size_t size : {size_t{1}, size_t{4096}, size_t{8192}, size_t{12288}, bytes_.size() / 2}) {
    write(bytes_.substr(0, size));
    auto checked = check_lmdb_file(file_);
    ASSERT_FALSE(checked) << size;
    EXPECT_EQ(checked.error().kind(), Error::Kind::corrupt);
    EXPECT_THAT(checked.error().message(), testing::HasSubstr("restore the directory"));
  }
}

TEST_F(LmdbCheckTest, another_kind_of_file_is_refused) {
  write(std::string(100'000, 'x'));
  EXPECT_FALSE(check_lmdb_file(file_));
  write(std::string(100'000, '\0'));
  EXPECT_FALSE(check_lmdb_file(file_));
}

// Damage is found or does no harm; it never ends the process.
TEST_F(LmdbCheckTest, random_damage_never_crashes) {
  std::mt19937 random(5);
  int found = 0;
  constexpr int tries = 300;
  for (int i = 0; i < tries; ++i) {
    std::string damaged = bytes_;
    size_t hits = 1 + random() % 4;
    for (size_t hit = 0; hit < hits; ++hit) {
      // Where the structure is, more often than in the values.
      size_t page = random() % (damaged.size() / 4096) * 4096;
      size_t at = page + (random() % 2 == 0 ? random() % 128 : random() % 4096);
      damaged[at] = static_cast<char>(random());
    }
    write(damaged);
    found += found_damage() ? 1 : 0;
  }
  EXPECT_GT(found, tries / 4);
}

}  // namespace
}  // namespace weft::store
