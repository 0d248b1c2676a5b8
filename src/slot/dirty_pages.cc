#include "slot/dirty_pages.h"

#include <fcntl.h>
#include <sys/ioctl.h>

#include <algorithm>
#include <array>
#include <cerrno>

#include "slot/slot_pool.h"

namespace weft::slot {
namespace {

// From the kernel's user interface (include/uapi/linux/fs.h since 6.7), which Debian's headers do
// not have yet.
struct PageRegion {
  uint64_t start;
  uint64_t end;
  uint64_t categories;
};
struct ScanArguments {
  uint64_t size;
  uint64_t flags;
  uint64_t start;
  uint64_t end;
  uint64_t walk_end;
  uint64_t vec;
  uint64_t vec_len;
  uint64_t max_pages;
  uint64_t category_inverted;
  uint64_t category_mask;
  uint64_t category_anyof_mask;
  uint64_t return_mask;
};
static_assert(sizeof(ScanArguments) == 96 && sizeof(PageRegion) == 24);
const unsigned long pagemap_scan = _IOWR('f', 16, ScanArguments);
constexpr uint64_t page_is_file = 1 << 2;
constexpr uint64_t page_is_present = 1 << 3;
constexpr uint64_t page_is_swapped = 1 << 4;
constexpr uint64_t page_is_zero = 1 << 5;

// Bits of an entry of /proc/PID/pagemap (Documentation/admin-guide/mm/pagemap.rst).
constexpr uint64_t entry_is_file = uint64_t{1} << 61;
constexpr uint64_t entry_is_swapped = uint64_t{1} << 62;
constexpr uint64_t entry_is_present = uint64_t{1} << 63;

// Collects ascending ranges, joins neighbours, and stops at a number of pages.
class Collector {
 public:
  Collector(std::vector<PageRange>& ranges, uint64_t limit_pages)
      : ranges_(ranges), first_(ranges.size()), left_(limit_pages) {}

  // False when the limit does not allow the whole range.
  bool add(uint64_t begin, uint64_t end) {
    uint64_t pages = (end - begin) / page_bytes;
    uint64_t taken = std::min(pages, left_);
    left_ -= taken;
    uint64_t stop = begin + taken * page_bytes;
    if (taken > 0 && ranges_.size() > first_ && ranges_.back().end == begin) {
      ranges_.back().end = stop;
    } else if (taken > 0) {
      ranges_.push_back({begin, stop});
    }
    return taken == pages;
  }

 private:
  std::vector<PageRange>& ranges_;
  size_t first_;  // ranges before this one are the caller's
  uint64_t left_;
};

ScanArguments dirty_scan(uint64_t begin, uint64_t end, PageRegion* regions, size_t count) {
  return {.size = sizeof(ScanArguments),
          .flags = 0,
          .start = begin,
          .end = end,
          .walk_end = 0,
          .vec = reinterpret_cast<uint64_t>(regions),
          .vec_len = count,
          .max_pages = 0,
          .category_inverted = page_is_zero | page_is_file,
          .category_mask = page_is_zero | page_is_file,
          .category_anyof_mask = page_is_present | page_is_swapped,
          .return_mask = page_is_present};
}

}  // namespace

Result<DirtyPages> DirtyPages::open(Method method) {
  DirtyPages pages;
  pages.pagemap_ = UniqueFd(::open("/proc/self/pagemap", O_RDONLY | O_CLOEXEC));
  if (!pages.pagemap_) {
    return io_error(errno, "opening /proc/self/pagemap");
  }
  PageRegion region{};
  ScanArguments nothing = dirty_scan(pool_address, pool_address, &region, 1);
  pages.has_scan_ =
      method == Method::best && ::ioctl(pages.pagemap_.value(), pagemap_scan, &nothing) == 0;
  return pages;
}

Result<bool> DirtyPages::scan(uint64_t begin, uint64_t end, std::vector<PageRange>& ranges,
                              uint64_t limit_pages) const {
  CHECK(begin <= end && begin % page_bytes == 0 && end % page_bytes == 0, "[{:#x}, {:#x})", begin,
        end);
  return has_scan_ ? scan_by_ioctl(begin, end, ranges, limit_pages)
                   : scan_by_reading(begin, end, ranges, limit_pages);
}

Result<bool> DirtyPages::scan_by_ioctl(uint64_t begin, uint64_t end, std::vector<PageRange>& ranges,
                                       uint64_t limit_pages) const {
  std::array<PageRegion, 256> regions;
  Collector collector(ranges, limit_pages);
  while (begin < end) {
    ScanArguments arguments = dirty_scan(begin, end, regions.data(), regions.size());
    long found = ::ioctl(pagemap_.value(), pagemap_scan, &arguments);
    if (found < 0) {
      if (errno == EINTR) {
        continue;
      }
      return io_error(errno, "PAGEMAP_SCAN");
    }
    for (long i = 0; i < found; ++i) {
      if (!collector.add(regions[i].start, regions[i].end)) {
        return false;
      }
    }
    // The kernel's walk_end can lie before the last range that it reported (seen on 6.18 with more
    // than 512 ranges); going on from there would report ranges twice.
    uint64_t next =
        found > 0 ? std::max(arguments.walk_end, regions[found - 1].end) : arguments.walk_end;
    CHECK(next > begin, "PAGEMAP_SCAN stands still at {:#x}", begin);
    begin = next;
  }
  return true;
}

Result<bool> DirtyPages::scan_by_reading(uint64_t begin, uint64_t end,
                                         std::vector<PageRange>& ranges,
                                         uint64_t limit_pages) const {
  std::vector<uint64_t> entries(8192);
  Collector collector(ranges, limit_pages);
  while (begin < end) {
    size_t want = std::min<uint64_t>(entries.size(), (end - begin) / page_bytes);
    auto place = static_cast<off_t>(begin / page_bytes * sizeof(uint64_t));
    ssize_t got = ::pread(pagemap_.value(), entries.data(), want * sizeof(uint64_t), place);
    if (got < 0 && errno == EINTR) {
      continue;
    }
    if (got <= 0) {
      return io_error(got == 0 ? EIO : errno, "reading /proc/self/pagemap");
    }
    size_t count = static_cast<size_t>(got) / sizeof(uint64_t);
    for (size_t i = 0; i < count; ++i) {
      uint64_t page = begin + i * page_bytes;
      bool is_dirty = (entries[i] & (entry_is_present | entry_is_swapped)) != 0 &&
                      (entries[i] & entry_is_file) == 0;
      if (is_dirty && !collector.add(page, page + page_bytes)) {
        return false;
      }
    }
    begin += count * page_bytes;
  }
  return true;
}

}  // namespace weft::slot
