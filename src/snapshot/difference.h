// In what a guest differs from its image, in one buffer: what is left of an idle guest when it
// gives its slot back.
//
// Thread safety: immutable.
#pragma once

#include <cstdint>
#include <memory>

#include "base/result.h"
#include "slot/dirty_pages.h"
#include "snapshot/image.h"

namespace weft::snapshot {

class Difference {
 public:
  // REQUIRES: the guest does not run, and was started from this image.
  static Result<Difference> take(const instance::Instance& instance, Stand stand,
                                 const Image& image, const slot::DirtyPages& dirty);

  // Onto a slot that the image was mapped into, before Instance::adopt.
  [[nodiscard]] Result<void> apply(slot::Slot& slot, const Image& image) const;

  uint64_t pages() const { return pages_; }
  uint64_t bytes() const;  // of memory that this takes

 private:
  // One allocation: the pages' contents, then the offset of each in pages.
  std::unique_ptr<std::byte[]> buffer_;
  uint32_t pages_ = 0;
  uint64_t memory_bytes_ = 0;
};

}  // namespace weft::snapshot
