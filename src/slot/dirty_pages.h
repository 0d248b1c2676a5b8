// Which pages of a range has the guest written? PAGEMAP_SCAN (Linux 6.7) answers in one call; older
// kernels are asked through /proc/self/pagemap. A page counts as dirty when it is anonymous memory:
// written since it was mapped from a file, or touched at all where there is no file behind it.
// PAGEMAP_SCAN leaves out pages that were only read there (the shared page of zeros); the older way
// cannot tell them apart and reports them too.
//
// Thread safety: one object may be used by several threads.
#pragma once

#include <cstdint>
#include <functional>
#include <vector>

#include "base/result.h"
#include "base/unique_fd.h"

namespace weft::slot {

struct PageRange {
  uint64_t begin;  // addresses, page aligned
  uint64_t end;
  bool operator==(const PageRange&) const = default;
};

class DirtyPages {
 public:
  enum class Method {
    best,          // PAGEMAP_SCAN where the kernel has it
    pagemap_only,  // as on a kernel without it
  };
  static Result<DirtyPages> open(Method method = Method::best);

  // Appends the dirty ranges of [begin, end) to `ranges`, in ascending order, adjacent ones joined.
  // REQUIRES: begin and end are page aligned.
  // With a `limit` the scan stops after that many pages and says so by returning false.
  [[nodiscard]] Result<bool> scan(uint64_t begin, uint64_t end, std::vector<PageRange>& ranges,
                                  uint64_t limit_pages = UINT64_MAX) const;
  bool has_pagemap_scan() const { return has_scan_; }

 private:
  Result<bool> scan_by_ioctl(uint64_t begin, uint64_t end, std::vector<PageRange>& ranges,
                             uint64_t limit_pages) const;
  Result<bool> scan_by_reading(uint64_t begin, uint64_t end, std::vector<PageRange>& ranges,
                               uint64_t limit_pages) const;

  UniqueFd pagemap_;
  bool has_scan_ = false;
};

}  // namespace weft::slot
