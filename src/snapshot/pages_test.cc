#include "snapshot/pages.h"

#include <gtest/gtest.h>
#include <sys/mman.h>

#include <cstring>

#include "snapshot/page_file.h"

namespace weft::snapshot {
namespace {

constexpr int64_t page = 4096;

class Pages : public testing::Test {
 protected:
  std::unique_ptr<slot::SlotPool> pool = std::move(*slot::SlotPool::reserve(4));
  slot::DirtyPages dirty = std::move(*slot::DirtyPages::open());
  slot::Slot from = std::move(*pool->acquire());
  slot::Slot to = std::move(*pool->acquire());
  UniqueFd file{::memfd_create("weft-test", MFD_CLOEXEC)};
};

TEST(Runs, joining_keeps_order_and_merges_what_touches) {
  EXPECT_EQ(join({{0, page}, {4 * page, 5 * page}}, {{page, 2 * page}, {8 * page, 9 * page}}),
            (Runs{{0, 2 * page}, {4 * page, 5 * page}, {8 * page, 9 * page}}));
  EXPECT_EQ(join({{0, 8 * page}}, {{page, 2 * page}}), (Runs{{0, 8 * page}}));
  EXPECT_EQ(join({}, {}), Runs{});
}

TEST(Runs, a_page_is_zero_only_when_every_byte_is) {
  alignas(64) std::byte bytes[page] = {};
  EXPECT_TRUE(is_zero(bytes));
  for (size_t at : {0, 63, 64, 2000, 4095}) {
    bytes[at] = std::byte{1};
    EXPECT_FALSE(is_zero(bytes)) << at;
    bytes[at] = std::byte{0};
  }
}

TEST_F(Pages, what_was_written_comes_back_and_all_else_is_zero) {
  Extent extent{.stack_bytes = 8 * page, .block_bytes = 2 * page, .memory_bytes = 1024 * page};
  ASSERT_TRUE(from.open(extent.begin(), static_cast<uint64_t>(extent.end() - extent.begin())));
  for (int64_t at : {-3 * page, -page, int64_t{0}, 3 * page, 900 * page}) {
    std::memset(from.base() + at, 7, page);
  }
  std::memset(from.base() + 10 * page, 0, page);  // dirty, and yet zero
  auto live = live_pages(dirty, from.base(), -3 * page, extent.end(), {});
  ASSERT_TRUE(live);
  Runs blank{{-page + 16, -page + 24}};
  auto stored =
      write_pages(file.value(), page, -3 * page, from.base(), *live, blank, Checksums::xxh3);
  ASSERT_TRUE(stored);
  EXPECT_EQ(
      runs_of(*stored),
      (Runs{
          {-3 * page, -2 * page}, {-page, page}, {3 * page, 4 * page}, {900 * page, 901 * page}}));
  PageFile pages(std::move(file), page, -3 * page, runs_of(*stored));
  ASSERT_TRUE(to.arrange(pages.layout(extent, 2)));
  std::memset(from.base() - page + 16, 0, 8);
  EXPECT_EQ(std::memcmp(to.base() + extent.begin(), from.base() + extent.begin(),
                        static_cast<size_t>(extent.end() - extent.begin())),
            0);
  to.base()[0] = std::byte{1};
  std::byte original{};
  ASSERT_TRUE(read_at(pages.fd(), &original, 1, pages.place(0)));
  EXPECT_EQ(original, std::byte{7}) << "what a guest writes stays its own";
}

TEST_F(Pages, many_pieces_are_mapped_as_few) {
  Extent extent{.stack_bytes = page, .block_bytes = page, .memory_bytes = 4096 * page};
  ASSERT_TRUE(from.open(extent.begin(), static_cast<uint64_t>(extent.end() - extent.begin())));
  for (int64_t at = 0; at < extent.end(); at += 400 * page) {
    from.base()[at] = std::byte{3};
  }
  auto live = live_pages(dirty, from.base(), 0, extent.end(), {});
  ASSERT_TRUE(live);
  auto stored = write_pages(file.value(), 0, 0, from.base(), *live, {}, Checksums::none);
  ASSERT_TRUE(stored);
  PageFile pages(std::move(file), 0, 0, runs_of(*stored));
  ASSERT_EQ(pages.runs().size(), 11u);
  ASSERT_TRUE(to.arrange(pages.layout(extent, 3)));
  EXPECT_EQ(std::memcmp(to.base(), from.base(), static_cast<size_t>(extent.end())), 0);
}

}  // namespace
}  // namespace weft::snapshot
