// Brings a slot back to its image after a guest has used it, for the price of the pages it wrote.
//
// A page that was written once stays the slot's own. While a guest keeps writing the same few
// pages, copying them back is much cheaper than giving them up: a page fault costs as much as
// copying a dozen pages. When the pages that the slot holds are many more than one guest writes,
// they are given up, and the next guest faults in what it needs. So neither the time of a reset nor
// the memory of an idle slot grows with the number of guests that it has seen.
//
// Invariant: after to_image() nothing that a guest wrote is readable in the slot, on its stack
// neither, and every byte of block and memory is the image's; what was grown beyond the image is
// closed.
//
// Thread safety: belongs to the slot's thread.
#pragma once

#include <cstdint>
#include <memory>
#include <vector>

#include "base/result.h"
#include "slot/dirty_pages.h"
#include "slot/slot_pool.h"
#include "snapshot/image.h"

namespace weft::snapshot {

class Reset {
 public:
  struct Done {
    uint64_t dirty_pages = 0;  // found in stack, block and memory
    uint64_t copied_pages = 0;
    bool dropped = false;  // given up instead
  };

  // Pages of the stack that are kept (and zeroed) below the image's own; a deep recursion's are
  // not.
  static constexpr uint64_t kept_stack_pages = 4;
  // The slot gives its pages up when they are more than this many times those that one guest writes
  // (measured: a fault with its copy takes 8 to 20 times as long as copying a page that is there),
  // and never below the second number.
  static constexpr uint64_t drop_ratio = 16;
  static constexpr uint64_t drop_floor_pages = 64;

  explicit Reset(std::shared_ptr<const Image> image) : image_(std::move(image)) {}

  // `memory_bytes` is the size that the memory has grown to. After an Error the slot must not be
  // used again. REQUIRES: the slot was mapped from this image; no guest runs in it.
  Result<Done> to_image(slot::Slot& slot, uint64_t memory_bytes, const slot::DirtyPages& dirty);

  const Image& image() const { return *image_; }

 private:
  void copy_back(std::byte* base, int64_t begin, int64_t end);
  void clear_stack(slot::Slot& slot, const std::vector<slot::PageRange>& ranges);

  std::shared_ptr<const Image> image_;
  std::vector<slot::PageRange> ranges_;  // kept, so that a reset allocates nothing
  uint64_t pages_of_a_guest_ = 0;        // as the first after a drop wrote them; 0 when not known
};

}  // namespace weft::snapshot
