#include "slot/slot_pool.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/mman.h>

#include <cstring>
#include <fstream>
#include <string>
#include <thread>

#include "base/unique_fd.h"

namespace weft::slot {
namespace {

using ::testing::HasSubstr;

constexpr int64_t page = page_bytes;

struct Mapping {
  uint64_t begin;
  uint64_t end;
  std::string rights;
};

// The mappings of this process that touch [begin, end).
std::vector<Mapping> mappings_in(uint64_t begin, uint64_t end) {
  std::ifstream maps("/proc/self/maps");
  std::vector<Mapping> found;
  for (std::string line; std::getline(maps, line);) {
    Mapping m;
    char rights[5] = {};
    if (std::sscanf(line.c_str(), "%lx-%lx %4s", &m.begin, &m.end, rights) == 3 && m.begin < end &&
        begin < m.end) {
      m.rights = rights;
      found.push_back(m);
    }
  }
  return found;
}

bool is_readable(const void* at) {  // asks the kernel, which answers EFAULT instead of a signal
  UniqueFd sink(memfd_create("sink", 0));
  return write(sink.value(), at, 1) == 1;
}

size_t pool_mappings(const SlotPool& pool) {
  return mappings_in(pool_address, pool_address + stride_bytes * pool.capacity()).size();
}

TEST(SlotPool, a_reservation_is_one_mapping_without_access) {
  auto pool = SlotPool::reserve(4);
  ASSERT_TRUE(pool) << pool.error().message();
  auto maps = mappings_in(pool_address, pool_address + 4 * stride_bytes);
  ASSERT_EQ(maps.size(), 1u);
  EXPECT_EQ(maps[0].rights, "---p");
  EXPECT_GE(maps[0].end,
            pool_address + 4 * stride_bytes + 16);  // base + 8 GiB + 16 of the last slot
}

TEST(SlotPool, a_second_pool_is_refused_and_harms_nothing) {
  auto pool = SlotPool::reserve(2);
  ASSERT_TRUE(pool);
  auto slot = (*pool)->acquire();
  ASSERT_TRUE(slot->open(0, page_bytes));
  *slot->base() = std::byte{7};
  auto second = SlotPool::reserve(2);
  ASSERT_FALSE(second);
  EXPECT_EQ(*slot->base(), std::byte{7});
}

TEST(SlotPool, all_slots_can_be_reserved) {
  auto pool = SlotPool::reserve();
  ASSERT_TRUE(pool) << pool.error().message();
  auto slot = (*pool)->acquire_at(max_slots - 1);
  ASSERT_TRUE(slot);
  ASSERT_TRUE(slot->open(0, page_bytes));
  *slot->base() = std::byte{1};
}

TEST(SlotPool, slots_run_out_with_a_sentence_and_come_back) {
  auto pool = SlotPool::reserve(3);
  std::vector<Slot> slots;
  for (int i = 0; i < 3; ++i) {
    slots.push_back(*(*pool)->acquire());
  }
  EXPECT_EQ((*pool)->in_use(), 3u);
  auto none = (*pool)->acquire();
  ASSERT_FALSE(none);
  EXPECT_EQ(none.error().kind(), Error::Kind::exhausted);
  EXPECT_THAT(none.error().message(), HasSubstr("3 slots"));
  uint32_t index = slots[1].index();
  slots.erase(slots.begin() + 1);
  auto again = (*pool)->acquire();
  ASSERT_TRUE(again);
  EXPECT_EQ(again->index(), index);
}

TEST(SlotPool, a_slot_can_be_had_by_number_once) {
  auto pool = SlotPool::reserve(3);
  {
    auto slot = (*pool)->acquire_at(0);
    ASSERT_TRUE(slot);
    EXPECT_EQ(slot->base(), SlotPool::base_of(0));
    EXPECT_EQ((*pool)->acquire_at(0).error().kind(), Error::Kind::exhausted);
    EXPECT_EQ((*pool)->acquire_at(3).error().kind(), Error::Kind::invalid);
    EXPECT_EQ((*pool)->acquire()->index(), 1u);
  }
  // Given back by number and taken from the stack, each slot is handed out once.
  auto a = *(*pool)->acquire();
  auto b = *(*pool)->acquire();
  auto c = *(*pool)->acquire();
  EXPECT_EQ(a.index() + b.index() + c.index(), 3u);
  EXPECT_FALSE((*pool)->acquire());
}

TEST(SlotPool, an_open_range_is_zero_and_writable_and_its_neighbours_are_not) {
  auto pool = SlotPool::reserve(2);
  auto slot = *(*pool)->acquire();
  ASSERT_TRUE(slot.open(-2 * page, 4 * page_bytes));
  for (int64_t i = -2 * page; i < 2 * page; ++i) {
    ASSERT_EQ(slot.base()[i], std::byte{0});
  }
  std::memset(slot.base() - 2 * page, 0xff, 4 * page_bytes);
  EXPECT_FALSE(is_readable(slot.base() - 2 * page - 1));
  EXPECT_FALSE(is_readable(slot.base() + 2 * page));
}

TEST(SlotPool, adjacent_ranges_are_one_mapping) {
  auto pool = SlotPool::reserve(2);
  auto slot = *(*pool)->acquire();
  ASSERT_TRUE(slot.open(-64 * page, 60 * page_bytes));
  slot.base()[-64 * page] = std::byte{1};
  ASSERT_TRUE(slot.open(-4 * page, 4 * page_bytes));
  slot.base()[-page] = std::byte{1};
  ASSERT_TRUE(slot.open(0, 16 * page_bytes));
  slot.base()[0] = std::byte{1};
  ASSERT_TRUE(slot.open(16 * page, 16 * page_bytes));  // memory.grow
  EXPECT_EQ(pool_mappings(**pool), 3u);                // hole, the slot, hole
}

TEST(SlotPool, a_thousand_slots_cost_two_mappings_each) {
  auto pool = SlotPool::reserve(std::min(max_slots, 1000u));
  std::vector<Slot> slots;
  for (uint32_t i = 0; i < (*pool)->capacity(); ++i) {
    slots.push_back(*(*pool)->acquire());
    ASSERT_TRUE(slots.back().open(-16 * page, 16 * page_bytes));
    ASSERT_TRUE(slots.back().open(0, 16 * page_bytes));
    slots.back().base()[-1] = std::byte{1};
  }
  EXPECT_LE(pool_mappings(**pool), 2 * size_t{(*pool)->capacity()} + 1);
}

TEST(SlotPool, a_free_slot_has_no_pages_and_no_mappings_of_its_own) {
  auto pool = SlotPool::reserve(3);
  std::vector<unsigned char> resident(64);
  UniqueFd file(memfd_create("image", 0));
  ASSERT_EQ(ftruncate(file.value(), 16 * page), 0);
  {
    auto slot = *(*pool)->acquire_at(1);
    ASSERT_TRUE(slot.open(-32 * page, 32 * page_bytes));
    ASSERT_TRUE(slot.map(0, 16 * page_bytes, file.value(), 0));
    std::memset(slot.base() - 32 * page, 1, 48 * page_bytes);
  }
  EXPECT_EQ(pool_mappings(**pool), 1u);
  auto slot = *(*pool)->acquire_at(1);
  ASSERT_TRUE(slot.open(-32 * page, 48 * page_bytes));
  ASSERT_EQ(mincore(slot.base() - 32 * page, 48 * page_bytes, resident.data()), 0);
  for (int i = 0; i < 48; ++i) {
    EXPECT_EQ(resident[i] & 1, 0) << i;
  }
  for (int64_t i = -32 * page; i < 16 * page; ++i) {
    ASSERT_EQ(slot.base()[i], std::byte{0});
  }
}

TEST(SlotPool, opening_what_is_open_gives_zero_pages) {
  auto pool = SlotPool::reserve(1);
  auto slot = *(*pool)->acquire();
  ASSERT_TRUE(slot.open(0, 4 * page_bytes));
  std::memset(slot.base(), 1, 4 * page_bytes);
  ASSERT_TRUE(slot.open(page, 2 * page_bytes));
  EXPECT_EQ(slot.base()[page - 1], std::byte{1});
  EXPECT_EQ(slot.base()[page], std::byte{0});
  EXPECT_EQ(slot.base()[3 * page - 1], std::byte{0});
  EXPECT_EQ(slot.base()[3 * page], std::byte{1});
}

TEST(SlotPool, closing_a_part_leaves_the_rest) {
  auto pool = SlotPool::reserve(1);
  auto slot = *(*pool)->acquire();
  ASSERT_TRUE(slot.open(0, 8 * page_bytes));
  std::memset(slot.base(), 1, 8 * page_bytes);
  ASSERT_TRUE(slot.close(2 * page, 2 * page_bytes));
  EXPECT_FALSE(is_readable(slot.base() + 2 * page));
  EXPECT_FALSE(is_readable(slot.base() + 4 * page - 1));
  EXPECT_EQ(slot.base()[2 * page - 1], std::byte{1});
  EXPECT_EQ(slot.base()[4 * page], std::byte{1});
  EXPECT_EQ(pool_mappings(**pool), 5u);
  ASSERT_TRUE(slot.open(2 * page, 2 * page_bytes));
  EXPECT_EQ(slot.base()[2 * page], std::byte{0});
}

TEST(SlotPool, a_private_mapping_keeps_writes_to_itself_and_forgets_them) {
  auto pool = SlotPool::reserve(2);
  UniqueFd file(memfd_create("image", 0));
  ASSERT_EQ(ftruncate(file.value(), 4 * page), 0);
  ASSERT_EQ(pwrite(file.value(), "image", 5, page), 5);
  auto a = *(*pool)->acquire();
  auto b = *(*pool)->acquire();
  ASSERT_TRUE(a.map(0, 3 * page_bytes, file.value(), page));
  ASSERT_TRUE(b.map(0, 3 * page_bytes, file.value(), page));
  std::memcpy(a.base(), "dirty", 5);
  EXPECT_EQ(std::memcmp(b.base(), "image", 5), 0);
  a.forget(0, page_bytes);
  EXPECT_EQ(std::memcmp(a.base(), "image", 5), 0);
}

TEST(SlotPool, a_shared_mapping_is_seen_by_all) {
  auto pool = SlotPool::reserve(2);
  UniqueFd file(memfd_create("state", 0));
  ASSERT_EQ(ftruncate(file.value(), page), 0);
  auto a = *(*pool)->acquire();
  auto b = *(*pool)->acquire();
  ASSERT_TRUE(a.map_shared(page, page_bytes, file.value(), 0));
  ASSERT_TRUE(b.map_shared(0, page_bytes, file.value(), 0));
  a.base()[page] = std::byte{9};
  EXPECT_EQ(b.base()[0], std::byte{9});
}

TEST(SlotPool, holes_in_a_slot_are_counted_as_the_kernel_counts_them) {
  auto pool = SlotPool::reserve(1);
  auto slot = *(*pool)->acquire();
  ASSERT_TRUE(slot.open(0, memory_bytes / 2));
  constexpr int64_t holes = 1000;
  for (int64_t i = 0; i < holes; ++i) {
    ASSERT_TRUE(slot.close((2 * i + 1) * page, page_bytes));
  }
  EXPECT_EQ(pool_mappings(**pool), 2 * size_t{holes} + 3);
}

TEST(SlotPool, the_limit_on_mappings_is_kept_by_many_slots) {
  if (max_slots < 6000) {
    GTEST_SKIP() << "too few slots under this sanitizer to reach the limit";
  }
  int64_t limit = 0;
  std::ifstream("/proc/sys/vm/max_map_count") >> limit;
  if (limit > 80'000) {
    GTEST_SKIP() << "vm.max_map_count is " << limit;
  }
  auto pool = SlotPool::reserve();
  ASSERT_TRUE(pool) << pool.error().message();
  std::vector<Slot> slots;
  Result<void> opened;
  while (opened && slots.size() < max_slots) {
    slots.push_back(*(*pool)->acquire());
    for (int64_t i = 0; i < 6 && opened; ++i) {  // six islands, twelve mappings
      opened = slots.back().open(2 * i * page, page_bytes);
    }
  }
  ASSERT_FALSE(opened);
  EXPECT_EQ(opened.error().kind(), Error::Kind::exhausted);
  EXPECT_THAT(opened.error().message(), HasSubstr("vm.max_map_count"));
  EXPECT_THAT(opened.error().message(), HasSubstr(std::to_string(limit - 2000)));
  EXPECT_LE(pool_mappings(**pool), static_cast<size_t>(limit - 2000) + 1);
  EXPECT_GE(pool_mappings(**pool), static_cast<size_t>(limit - 2000) - 12);
  slots.resize(slots.size() / 2);
  auto slot = *(*pool)->acquire();
  EXPECT_TRUE(slot.open(0, page_bytes));
}

TEST(SlotPool, threads_take_and_give_back_without_losing_a_slot) {
  auto pool = SlotPool::reserve(16);
  auto work = [&] {
    for (int i = 0; i < 2000; ++i) {
      auto slot = (*pool)->acquire();
      ASSERT_TRUE(slot);
      ASSERT_TRUE(slot->open(0, page_bytes));
      ASSERT_EQ(*slot->base(), std::byte{0});
      *slot->base() = std::byte{1};
    }
  };
  std::thread a(work);
  std::thread b(work);
  a.join();
  b.join();
  EXPECT_EQ((*pool)->in_use(), 0u);
  EXPECT_EQ(pool_mappings(**pool), 1u);
}

TEST(SlotDeathTest, the_guard_and_half_pages_are_refused) {
  auto pool = SlotPool::reserve(1);
  auto slot = *(*pool)->acquire();
  EXPECT_DEATH((void)slot.open(-static_cast<int64_t>(front_bytes), page_bytes), "leave the slot");
  EXPECT_DEATH((void)slot.open(0, memory_bytes + page_bytes), "leave the slot");
  EXPECT_DEATH((void)slot.open(1, page_bytes), "whole pages");
}

}  // namespace
}  // namespace weft::slot
