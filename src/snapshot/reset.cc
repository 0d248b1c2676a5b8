#include "snapshot/reset.h"

#include <algorithm>
#include <cstring>

namespace weft::snapshot {

namespace {

constexpr int64_t page = static_cast<int64_t>(slot::page_bytes);

}  // namespace

Result<Reset::Done> Reset::to_image(slot::Slot& slot, uint64_t memory_bytes,
                                    const slot::DirtyPages& dirty) {
  const Extent& extent = image_->extent();
  std::byte* base = slot.base();
  CHECK(memory_bytes >= extent.memory_bytes, "memory shrank to {} bytes", memory_bytes);
  TRY_VOID(slot.close(extent.end(), memory_bytes - extent.memory_bytes));

  // Stack, block and memory touch each other: one question for all.
  auto origin = reinterpret_cast<uint64_t>(base);
  ranges_.clear();
  TRY_VOID(dirty.scan(origin + static_cast<uint64_t>(extent.begin()),
                      origin + static_cast<uint64_t>(extent.end()), ranges_));
  int64_t own =
      image_->pages()->begin();  // where the image's part of the stack, or the block, begins
  Done done;
  uint64_t image_pages = 0;
  for (const slot::PageRange& range : ranges_) {
    auto begin = static_cast<int64_t>(range.begin - origin);
    auto end = static_cast<int64_t>(range.end - origin);
    done.dirty_pages += (range.end - range.begin) / slot::page_bytes;
    image_pages += static_cast<uint64_t>(std::max<int64_t>(0, end - std::max(begin, own)) / page);
  }
  clear_stack(slot, ranges_);
  if (pages_of_a_guest_ == 0) {
    pages_of_a_guest_ = std::max<uint64_t>(image_pages, 1);
  }
  if (image_pages > std::max(drop_floor_pages, drop_ratio * pages_of_a_guest_)) {
    slot.forget(own, static_cast<uint64_t>(extent.end() - own));
    pages_of_a_guest_ = 0;
    done.dropped = true;
    return done;
  }
  for (const slot::PageRange& range : ranges_) {
    auto begin = std::max(static_cast<int64_t>(range.begin - origin), own);
    copy_back(base, begin, static_cast<int64_t>(range.end - origin));
  }
  done.copied_pages = image_pages;
  return done;
}

void Reset::copy_back(std::byte* base, int64_t begin, int64_t end) {
  const Runs& runs = image_->pages()->runs();
  auto run =
      std::ranges::upper_bound(runs, begin, {}, &Run::end);  // the first that ends behind begin
  for (int64_t at = begin; at < end;) {
    if (run == runs.end() || run->begin >= end) {
      std::memset(base + at, 0, static_cast<size_t>(end - at));
      return;
    }
    if (run->begin > at) {
      std::memset(base + at, 0, static_cast<size_t>(run->begin - at));
      at = run->begin;
    }
    int64_t stop = std::min(end, run->end);
    std::memcpy(base + at, image_->page(at), static_cast<size_t>(stop - at));
    at = stop;
    ++run;
  }
}

// The stack below the image's own part. Guest code cannot read what an earlier call left there, but
// a defect in it could; so it is cleared all the same.
void Reset::clear_stack(slot::Slot& slot, const std::vector<slot::PageRange>& ranges) {
  auto origin = reinterpret_cast<uint64_t>(slot.base());
  int64_t own = image_->pages()->begin();
  int64_t kept =
      std::max(own - static_cast<int64_t>(kept_stack_pages) * page, image_->extent().begin());
  bool deep = false;
  for (const slot::PageRange& range : ranges) {
    auto begin = static_cast<int64_t>(range.begin - origin);
    auto end = std::min(static_cast<int64_t>(range.end - origin), own);
    deep = deep || begin < kept;
    begin = std::max(begin, kept);
    if (begin < end) {
      std::memset(slot.base() + begin, 0, static_cast<size_t>(end - begin));
    }
  }
  if (deep) {
    int64_t low = image_->extent().begin();
    slot.forget(low, static_cast<uint64_t>(kept - low));
  }
}

}  // namespace weft::snapshot
