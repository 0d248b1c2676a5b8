// An image: a guest as it stood at its ready point, from which others start and to which they
// return.
//
// It lies in a memory file and is mapped copy-on-write, so a new guest costs two or three mappings
// and the pages that it writes; what it only reads is there once for all of them.
//
//     take() ──► Image ──► acquire_slot() ──► Instance::adopt ──► guest runs ──► Reset::to_image ─┐
//                                         ▲                                                       │
//                                         └─── the slot is as after acquire_slot() ◄──────────────┘
//
// Everything in the instance block that names the slot or the process is written by
// Instance::adopt, so an image taken while no call is in progress may be mapped into any slot. With
// a call in progress there are addresses on the guest's stack: it belongs to its slot number.
//
// Thread safety: immutable.
#pragma once

#include <memory>
#include <optional>

#include "base/result.h"
#include "slot/dirty_pages.h"
#include "slot/slot_pool.h"
#include "snapshot/page_file.h"
#include "snapshot/pages.h"

namespace weft::snapshot {

class Image {
 public:
  // `under` is the file that the instance itself was mapped from, or null.
  // REQUIRES: the guest does not run; closed linking.
  static Result<std::shared_ptr<const Image>> take(const instance::Instance& instance, Stand stand,
                                                   const slot::DirtyPages& dirty,
                                                   const PageFile* under = nullptr);
  ~Image();
  Image(const Image&) = delete;
  Image& operator=(const Image&) = delete;

  const Extent& extent() const { return extent_; }
  // The only slot that it may be mapped into, or nothing when any will do.
  std::optional<uint32_t> slot() const { return slot_; }
  const std::shared_ptr<const PageFile>& pages() const { return pages_; }
  uint64_t stored_bytes() const;

  // A slot that shows the image: that of slot() or `index`, if there is one, or else any. Errors:
  // those of the pool. REQUIRES: index is slot() if there is one.
  Result<slot::Slot> acquire_slot(slot::SlotPool& pool, std::optional<uint32_t> index) const;

  // The bytes of a stored page; null for one that is zero. `offset` is that of a page.
  const std::byte* page(int64_t offset) const;

 private:
  Image() = default;

  Extent extent_;
  std::optional<uint32_t> slot_;
  std::shared_ptr<const PageFile> pages_;
  slot::Layout layout_;
  const std::byte* view_ = nullptr;  // the file from its begin, for the host to read
  uint64_t view_bytes_ = 0;
};

}  // namespace weft::snapshot
