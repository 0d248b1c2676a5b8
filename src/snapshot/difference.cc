#include "snapshot/difference.h"

#include <cstring>
#include <vector>

namespace weft::snapshot {

namespace {

constexpr int64_t page = static_cast<int64_t>(slot::page_bytes);

bool equals_image(const std::byte* base, int64_t offset, const Image& image) {
  const std::byte* original = image.page(offset);
  return original == nullptr ? is_zero(base + offset)
                             : std::memcmp(base + offset, original, slot::page_bytes) == 0;
}

}  // namespace

Result<Difference> Difference::take(const instance::Instance& instance, Stand stand,
                                    const Image& image, const slot::DirtyPages& dirty) {
  const std::byte* base = cpu::base_of(instance.head());
  Extent extent = extent_of(instance);
  TRY(live, live_pages(dirty, base, live_stack(instance, stand), extent.end(), {}));
  std::vector<int32_t> changed;
  for (const Run& run : live) {
    for (int64_t at = run.begin; at < run.end; at += page) {
      if (!equals_image(base, at, image)) {
        changed.push_back(static_cast<int32_t>(at / page));
      }
    }
  }
  Difference difference;
  difference.pages_ = static_cast<uint32_t>(changed.size());
  difference.memory_bytes_ = extent.memory_bytes;
  difference.buffer_ = std::make_unique_for_overwrite<std::byte[]>(difference.bytes());
  std::byte* to = difference.buffer_.get();
  for (int32_t number : changed) {
    std::memcpy(to, base + number * page, slot::page_bytes);
    to += page;
  }
  std::memcpy(to, changed.data(), changed.size() * sizeof(int32_t));
  return difference;
}

Result<void> Difference::apply(slot::Slot& slot, const Image& image) const {
  TRY_VOID(slot.open(image.extent().end(), memory_bytes_ - image.extent().memory_bytes));
  const std::byte* from = buffer_.get();
  const std::byte* numbers = from + uint64_t{pages_} * slot::page_bytes;
  for (uint32_t i = 0; i < pages_; ++i) {
    int32_t number = 0;
    std::memcpy(&number, numbers + i * sizeof number, sizeof number);
    std::memcpy(slot.base() + number * page, from, slot::page_bytes);
    from += page;
  }
  return {};
}

uint64_t Difference::bytes() const { return pages_ * (slot::page_bytes + sizeof(int32_t)); }

}  // namespace weft::snapshot
