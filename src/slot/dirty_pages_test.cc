#include "slot/dirty_pages.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/mman.h>

#include <cstring>
#include <random>

#include "slot/slot_pool.h"

namespace weft::slot {
namespace {

using ::testing::ElementsAre;

constexpr int64_t page = page_bytes;
using Method = DirtyPages::Method;

// Every test runs with the kernel's scan, where there is one, and with the fallback.
class DirtyPagesTest : public ::testing::TestWithParam<Method> {
 protected:
  void SetUp() override {
    pages_.emplace(*DirtyPages::open(GetParam()));
    if (GetParam() == Method::best && !pages_->has_pagemap_scan()) {
      GTEST_SKIP() << "this kernel has no PAGEMAP_SCAN";
    }
    pool_ = *SlotPool::reserve(1);
    slot_ = *pool_->acquire();
  }

  uint64_t at(int64_t pages) const {
    return reinterpret_cast<uint64_t>(slot_.base()) + pages * page_bytes;
  }
  void write(int64_t pages) { slot_.base()[pages * page] = std::byte{1}; }
  std::vector<PageRange> scan(int64_t begin, int64_t end) {
    std::vector<PageRange> ranges;
    auto complete = pages_->scan(at(begin), at(end), ranges);
    EXPECT_TRUE(complete && *complete);
    return ranges;
  }

  std::optional<DirtyPages> pages_;
  std::unique_ptr<SlotPool> pool_;
  Slot slot_;
};

INSTANTIATE_TEST_SUITE_P(Methods, DirtyPagesTest,
                         ::testing::Values(Method::best, Method::pagemap_only),
                         [](const auto& info) {
                           return info.param == Method::best ? "pagemap_scan" : "pagemap_only";
                         });

TEST_P(DirtyPagesTest, written_pages_are_found_and_neighbours_joined) {
  ASSERT_TRUE(slot_.open(0, 100 * page_bytes));
  EXPECT_TRUE(scan(0, 100).empty());
  for (int64_t p : {0, 5, 6, 7, 99}) {
    write(p);
  }
  EXPECT_THAT(scan(0, 100), ElementsAre(PageRange{at(0), at(1)}, PageRange{at(5), at(8)},
                                        PageRange{at(99), at(100)}));
  EXPECT_THAT(scan(6, 7), ElementsAre(PageRange{at(6), at(7)}));
  EXPECT_TRUE(scan(8, 99).empty());
  EXPECT_TRUE(scan(5, 5).empty());
}

TEST_P(DirtyPagesTest, of_a_mapped_file_only_written_pages_count) {
  int fd = memfd_create("image", 0);
  ASSERT_EQ(ftruncate(fd, 10 * page), 0);
  ASSERT_TRUE(slot_.map(0, 10 * page_bytes, fd, 0));
  close(fd);
  volatile std::byte sink = slot_.base()[2 * page];
  (void)sink;
  write(4);
  EXPECT_THAT(scan(0, 10), ElementsAre(PageRange{at(4), at(5)}));
  slot_.forget(0, 10 * page_bytes);
  EXPECT_TRUE(scan(0, 10).empty());
}

TEST_P(DirtyPagesTest, a_shared_mapping_is_never_dirty) {
  int fd = memfd_create("state", 0);
  ASSERT_EQ(ftruncate(fd, 4 * page), 0);
  ASSERT_TRUE(slot_.map_shared(0, 4 * page_bytes, fd, 0));
  close(fd);
  write(1);
  EXPECT_TRUE(scan(0, 4).empty());
}

TEST_P(DirtyPagesTest, closed_ranges_are_skipped) {
  ASSERT_TRUE(slot_.open(-4 * page, 4 * page_bytes));
  write(-1);
  EXPECT_THAT(scan(-1000, 1000), ElementsAre(PageRange{at(-1), at(0)}));
}

TEST_P(DirtyPagesTest, a_limit_stops_the_scan_after_that_many_pages) {
  ASSERT_TRUE(slot_.open(0, 100 * page_bytes));
  for (int64_t p = 10; p < 20; ++p) {
    write(p);
  }
  write(50);
  std::vector<PageRange> ranges;
  EXPECT_EQ(pages_->scan(at(0), at(100), ranges, 4), false);
  EXPECT_THAT(ranges, ElementsAre(PageRange{at(10), at(14)}));
  ranges.clear();
  EXPECT_EQ(pages_->scan(at(0), at(100), ranges, 10), false);
  ranges.clear();
  EXPECT_EQ(pages_->scan(at(0), at(100), ranges, 11), true);
  EXPECT_EQ(ranges.size(), 2u);
}

TEST_P(DirtyPagesTest, ranges_are_appended_and_the_callers_left_alone) {
  ASSERT_TRUE(slot_.open(0, 2 * page_bytes));
  write(0);
  std::vector<PageRange> ranges{{at(-1), at(0)}};
  ASSERT_TRUE(pages_->scan(at(0), at(2), ranges));
  EXPECT_THAT(ranges, ElementsAre(PageRange{at(-1), at(0)}, PageRange{at(0), at(1)}));
}

TEST_P(DirtyPagesTest, thousands_of_single_pages_are_each_reported_once) {
  constexpr int64_t count = 3000;
  ASSERT_TRUE(slot_.open(0, 4 * count * page_bytes));
  slot_.forget(0, 4 * count * page_bytes);
  madvise(slot_.base(), 4 * count * page_bytes, MADV_NOHUGEPAGE);
  std::vector<PageRange> expected;
  for (int64_t i = 0; i < count; ++i) {
    write(4 * i + 1);
    expected.push_back({at(4 * i + 1), at(4 * i + 2)});
  }
  EXPECT_EQ(scan(0, 4 * count), expected);
}

TEST(DirtyPages, both_ways_agree_on_random_writes) {
  auto pool = *SlotPool::reserve(1);
  auto slot = *pool->acquire();
  auto best = *DirtyPages::open();
  auto fallback = *DirtyPages::open(Method::pagemap_only);
  EXPECT_FALSE(fallback.has_pagemap_scan());
  constexpr uint64_t pages = 20'000;
  ASSERT_TRUE(slot.open(0, pages * page_bytes));
  madvise(slot.base(), pages * page_bytes, MADV_NOHUGEPAGE);
  std::mt19937_64 random(20261124);
  auto begin = reinterpret_cast<uint64_t>(slot.base());
  for (int round = 0; round < 6; ++round) {
    for (int i = 0; i < 1 << (2 * round); ++i) {
      slot.base()[random() % pages * page_bytes] = std::byte{1};
    }
    std::vector<PageRange> a;
    std::vector<PageRange> b;
    ASSERT_TRUE(best.scan(begin, begin + pages * page_bytes, a));
    ASSERT_TRUE(fallback.scan(begin, begin + pages * page_bytes, b));
    EXPECT_EQ(a, b);
    EXPECT_FALSE(a.empty());
  }
}

TEST(DirtyPages, pages_that_were_only_read_are_clean_for_the_kernels_scan) {
  auto pool = *SlotPool::reserve(1);
  auto slot = *pool->acquire();
  auto pages = *DirtyPages::open();
  if (!pages.has_pagemap_scan()) {
    GTEST_SKIP() << "this kernel has no PAGEMAP_SCAN";
  }
  ASSERT_TRUE(slot.open(0, 4 * page_bytes));
  volatile std::byte sink = slot.base()[page];
  (void)sink;
  std::vector<PageRange> ranges;
  auto begin = reinterpret_cast<uint64_t>(slot.base());
  ASSERT_TRUE(pages.scan(begin, begin + 4 * page_bytes, ranges));
  EXPECT_TRUE(ranges.empty());
}

}  // namespace
}  // namespace weft::slot
