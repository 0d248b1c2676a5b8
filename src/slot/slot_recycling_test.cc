#include <gtest/gtest.h>
#include <sys/mman.h>

#include <cstring>
#include <fstream>
#include <string>
#include <thread>

#include "slot/dirty_pages.h"
#include "slot/slot_pool.h"

namespace weft::slot {
namespace {

constexpr int64_t page = page_bytes;

std::shared_ptr<const UniqueFd> image_file(char fill) {
  auto file = std::make_shared<const UniqueFd>(::memfd_create("image", 0));
  std::string content(4 * page_bytes, fill);
  EXPECT_EQ(::pwrite(file->value(), content.data(), content.size(), 0), 4 * page);
  return file;
}

// A stack of 8 pages, an image of 4, and 4 more pages of memory.
Layout layout_of(std::shared_ptr<const UniqueFd> file) {
  return {{.begin = -10 * page, .bytes = 8 * page_bytes, .file = nullptr},
          {.begin = -2 * page, .bytes = 4 * page_bytes, .file = std::move(file)},
          {.begin = 2 * page, .bytes = 4 * page_bytes, .file = nullptr}};
}

bool is_readable(const void* at) {  // asks the kernel, which answers EFAULT instead of a signal
  UniqueFd sink(::memfd_create("sink", 0));
  return ::write(sink.value(), at, 1) == 1;
}

bool shows(const Slot& slot, char image) {
  for (int64_t i = -10 * page; i < 6 * page; ++i) {
    char want = i >= -2 * page && i < 2 * page ? image : '\0';
    if (static_cast<char>(slot.base()[i]) != want) {
      return false;
    }
  }
  return !is_readable(slot.base() - 10 * page - 1) && !is_readable(slot.base() + 6 * page);
}

void scribble(const Slot& slot) { std::memset(slot.base() - 10 * page, 0xff, 16 * page_bytes); }

size_t pool_mappings(const SlotPool& pool) {
  std::ifstream maps("/proc/self/maps");
  size_t found = 0;
  for (std::string line; std::getline(maps, line);) {
    uint64_t begin = std::stoull(line, nullptr, 16);
    found += begin >= pool_address && begin < pool_address + stride_bytes * pool.capacity() ? 1 : 0;
  }
  return found;
}

// Has as many slots at once as are cleared together, so that all of them are kept afterwards.
void fill_kept(SlotPool& pool, const Layout& layout) {
  std::vector<Slot> slots;
  for (size_t i = 0; i < SlotPool::used_limit; ++i) {
    slots.push_back(*pool.acquire(layout));
    scribble(slots.back());
  }
}

TEST(SlotRecycling, a_slot_comes_back_with_its_mappings_and_nothing_of_its_guest) {
  auto pool = *SlotPool::reserve(64);
  Layout layout = layout_of(image_file('i'));
  fill_kept(*pool, layout);
  EXPECT_EQ(pool->in_use(), 0u);
  size_t before = pool_mappings(*pool);
  for (int i = 0; i < 100; ++i) {
    auto slot = *pool->acquire(layout);
    ASSERT_TRUE(shows(slot, 'i')) << i;
    scribble(slot);
  }
  std::vector<Slot> slots;
  for (size_t i = 0; i < SlotPool::used_limit; ++i) {
    slots.push_back(*pool->acquire(layout));
    ASSERT_TRUE(shows(slots.back(), 'i'));
  }
  EXPECT_LE(pool_mappings(*pool), before + 4 * SlotPool::used_limit);
}

TEST(SlotRecycling, what_a_guest_grew_is_closed_again) {
  auto pool = *SlotPool::reserve(2);
  Layout layout = layout_of(image_file('i'));
  for (int i = 0; i < 50; ++i) {
    auto slot = *pool->acquire(layout);
    ASSERT_TRUE(shows(slot, 'i')) << i;
    ASSERT_TRUE(slot.open(6 * page, 3 * page_bytes));
    std::memset(slot.base(), 0xff, 9 * page_bytes);
  }
}

TEST(SlotRecycling, a_slot_whose_mappings_changed_is_made_anew) {
  auto pool = *SlotPool::reserve(1);
  Layout layout = layout_of(image_file('i'));
  auto other = image_file('o');
  for (int i = 0; i < 20; ++i) {
    auto slot = *pool->acquire(layout);
    ASSERT_TRUE(shows(slot, 'i')) << i;
    if (i % 2 == 0) {
      ASSERT_TRUE(slot.close(3 * page, page_bytes));
    } else {
      ASSERT_TRUE(slot.map(-2 * page, 4 * page_bytes, other->value(), 0));
    }
  }
}

TEST(SlotRecycling, each_layout_gets_its_own_image) {
  auto pool = *SlotPool::reserve(64);
  Layout a = layout_of(image_file('a'));
  Layout b = layout_of(image_file('b'));
  fill_kept(*pool, a);
  fill_kept(*pool, b);
  for (int i = 0; i < 40; ++i) {
    auto slot = *pool->acquire(i % 3 == 0 ? a : b);
    ASSERT_TRUE(shows(slot, i % 3 == 0 ? 'a' : 'b')) << i;
    scribble(slot);
  }
}

TEST(SlotRecycling, kept_slots_give_way_to_who_wants_any_slot_or_a_certain_one) {
  auto pool = *SlotPool::reserve(SlotPool::used_limit);
  fill_kept(*pool, layout_of(image_file('i')));
  {
    auto slot = *pool->acquire_at(3);
    EXPECT_FALSE(is_readable(slot.base()));
    ASSERT_TRUE(slot.open(-16 * page, 32 * page_bytes));
    EXPECT_EQ(slot.base()[-1], std::byte{0});
  }
  std::vector<Slot> all;
  for (size_t i = 0; i < SlotPool::used_limit; ++i) {
    auto slot = pool->acquire();
    ASSERT_TRUE(slot) << slot.error().message();
    EXPECT_FALSE(is_readable(slot->base()));
    all.push_back(std::move(*slot));
  }
  EXPECT_FALSE(pool->acquire());
  all.clear();
  EXPECT_EQ(pool_mappings(*pool), 1u);
}

TEST(SlotRecycling, a_used_slot_can_be_had_by_number_before_it_was_cleared) {
  auto pool = *SlotPool::reserve(4);
  Layout layout = layout_of(image_file('i'));
  uint32_t index = 0;
  {
    auto slot = *pool->acquire(layout);
    scribble(slot);
    index = slot.index();
  }
  auto slot = *pool->acquire_at(index);
  EXPECT_FALSE(is_readable(slot.base()));
  ASSERT_TRUE(slot.arrange(layout));
  EXPECT_TRUE(shows(slot, 'i'));
}

TEST(SlotRecycling, slots_of_an_image_that_is_gone_are_closed) {
  auto pool = *SlotPool::reserve(64);
  fill_kept(*pool, layout_of(image_file('i')));
  EXPECT_GT(pool_mappings(*pool), SlotPool::used_limit);
  Layout other = layout_of(image_file('o'));
  fill_kept(*pool, other);  // whoever clears slots closes those
  EXPECT_LE(pool_mappings(*pool), 4 * SlotPool::used_limit + 1);
  EXPECT_TRUE(shows(*pool->acquire(other), 'o'));
}

TEST(SlotRecycling, at_most_so_many_slots_are_kept) {
  auto pool = *SlotPool::reserve(64, 3);
  Layout layout = layout_of(image_file('i'));
  fill_kept(*pool, layout);
  EXPECT_LE(pool_mappings(*pool), 3u * 2 * 4 + 1);
  auto none = std::move(pool);
  none.reset();
  pool = *SlotPool::reserve(64, 0);
  fill_kept(*pool, layout);
  EXPECT_EQ(pool_mappings(*pool), 1u);
}

TEST(SlotRecycling, pages_that_a_guest_writes_first_are_there_and_others_are_not) {
  auto pool = *SlotPool::reserve(1);
  auto slot = *pool->acquire(layout_of(image_file('i')));
  std::vector<PageRange> written;
  auto base = reinterpret_cast<uint64_t>(slot.base());
  ASSERT_TRUE(DirtyPages::open()->scan(base - 10 * page_bytes, base + 6 * page_bytes, written));
  ASSERT_EQ(written.size(), 2u);
  EXPECT_EQ(written[0].begin, base - 3 * page_bytes);
  EXPECT_EQ(written[0].end, base - 2 * page_bytes);
  EXPECT_EQ(written[1].begin, base - page_bytes);
  EXPECT_EQ(written[1].end, base);
  EXPECT_TRUE(shows(slot, 'i'));
}

// Few slots are had back by closing all that are idle, many by clearing those that were used.
class SlotSharing : public testing::TestWithParam<uint32_t> {};
INSTANTIATE_TEST_SUITE_P(Slots, SlotSharing, testing::Values(12u, 2 * SlotPool::used_limit));

TEST_P(SlotSharing, threads_share_kept_slots_and_none_sees_anothers_pages) {
  auto pool = *SlotPool::reserve(GetParam());
  Layout a = layout_of(image_file('a'));
  Layout b = layout_of(image_file('b'));
  auto work = [&](uint32_t seed) {
    for (int i = 0; i < 1500; ++i) {
      seed = seed * 1664525 + 1013904223;
      uint32_t dice = seed >> 24;
      if (dice < 16) {
        auto slot = pool->acquire_at(dice % 12);
        ASSERT_TRUE(!slot || !is_readable(slot->base()));
        continue;
      }
      bool first = dice % 2 == 0;
      auto slot = pool->acquire(first ? a : b);
      ASSERT_TRUE(slot) << slot.error().message();
      ASSERT_TRUE(shows(*slot, first ? 'a' : 'b'));
      slot->base()[-page - 5] = std::byte{1};
      slot->base()[5] = std::byte{1};
      slot->base()[3 * page] = std::byte{1};
      slot->base()[-3 * page] = std::byte{1};
    }
  };
  std::thread first(work, 1);
  std::thread second(work, 2);
  first.join();
  second.join();
  EXPECT_EQ(pool->in_use(), 0u);
}

}  // namespace
}  // namespace weft::slot
