#include "engine/debugger.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <array>
#include <vector>

// The list as a debugger reads it (gdb manual, chapter 30).
struct ListEntry {
  const ListEntry* next;
  const ListEntry* previous;
  const uint8_t* image;
  uint64_t size;
};
struct ListHead {
  uint32_t version;
  uint32_t action;
  const ListEntry* relevant;
  const ListEntry* first;
};
extern "C" const ListHead __jit_debug_descriptor;

namespace weft::engine {
namespace {

std::vector<const uint8_t*> listed() {
  std::vector<const uint8_t*> images;
  const ListEntry* previous = nullptr;
  for (const auto* e = __jit_debug_descriptor.first; e != nullptr; e = e->next) {
    EXPECT_EQ(e->previous, previous);
    previous = e;
    images.push_back(e->image);
  }
  return images;
}

TEST(DebuggerEntry, the_list_holds_what_lives_whichever_goes_first) {
  std::array<uint8_t, 3> images{1, 2, 3};
  auto has = [&](size_t i) { return std::ranges::count(listed(), &images[i]) == 1; };
  for (size_t first = 0; first < images.size(); ++first) {
    std::array<std::unique_ptr<DebuggerEntry>, 3> entries;
    for (size_t i = 0; i < images.size(); ++i) {
      entries[i] = std::make_unique<DebuggerEntry>(std::span(&images[i], 1));
    }
    EXPECT_TRUE(has(0) && has(1) && has(2));
    entries[first].reset();
    for (size_t i = 0; i < images.size(); ++i) {
      EXPECT_EQ(has(i), i != first);
    }
  }
  EXPECT_FALSE(has(0) || has(1) || has(2));
}

TEST(DebuggerEntry, an_entry_tells_where_the_image_is) {
  std::array<uint8_t, 5> image{};
  DebuggerEntry entry(image);
  ASSERT_NE(__jit_debug_descriptor.first, nullptr);
  EXPECT_EQ(__jit_debug_descriptor.version, 1u);
  EXPECT_EQ(__jit_debug_descriptor.first->image, image.data());
  EXPECT_EQ(__jit_debug_descriptor.first->size, image.size());
}

}  // namespace
}  // namespace weft::engine
