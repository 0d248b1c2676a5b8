// A file that holds the pages of a guest, each at a fixed distance from its address:
//
//     file offset of a page = file_begin + (offset of the page from the memory base - begin)
//
// So the kernel brings a guest back by mapping the file, page by page as it is touched. Pages that
// are zero are holes. The mapping is private: what the guest writes stays its own.
//
// Thread safety: immutable.
// REQUIRES: nobody writes to the file while a guest is mapped from it. A file replaced by rename is
// another file, and harmless.
#pragma once

#include <array>
#include <cstdint>
#include <memory>
#include <vector>

#include "base/result.h"
#include "base/unique_fd.h"
#include "slot/slot_pool.h"
#include "snapshot/pages.h"

namespace weft::snapshot {

class PageFile {
 public:
  // `runs` are the pages that are stored, all from `begin` on.
  PageFile(UniqueFd fd, uint64_t file_begin, int64_t begin, Runs runs)
      : fd_(std::make_shared<const UniqueFd>(std::move(fd))),
        file_begin_(file_begin),
        begin_(begin),
        runs_(std::move(runs)) {}

  int fd() const { return fd_->value(); }
  int64_t begin() const { return begin_; }
  const Runs& runs() const { return runs_; }
  uint64_t place(int64_t offset) const {
    return file_begin_ + static_cast<uint64_t>(offset - begin_);
  }

  // What is stored, and the rest of the extent as zero pages. At most `most_pieces` parts of the
  // file are mapped; small holes between stored pages, and what is left when there are too many,
  // are mapped from the file too.
  slot::Layout layout(const Extent& extent, size_t most_pieces) const;

 private:
  std::shared_ptr<const UniqueFd> fd_;
  uint64_t file_begin_;
  int64_t begin_;
  Runs runs_;
};

// A few neighbouring pages in a file, with the checksum of their bytes. Few enough that what is
// hashed is still in the processor's cache when it is written.
struct StoredRun {
  int64_t begin = 0;
  uint64_t pages = 0;
  std::array<uint64_t, 2> checksum = {};  // XXH3-128: low, high
};
inline constexpr uint64_t stored_run_pages = 64;

enum class Checksums : uint8_t { none, xxh3 };

// Writes the pages of `runs` that are not all zeros to where PageFile will look for them. The byte
// ranges in `blank` are written as zeros. What else lies in the file stays.
// REQUIRES: the guest does not run.
Result<std::vector<StoredRun>> write_pages(int fd, uint64_t file_begin, int64_t begin,
                                           const std::byte* base, const Runs& runs,
                                           const Runs& blank, Checksums checksums);

Runs runs_of(const std::vector<StoredRun>& stored);

[[nodiscard]] Result<void> write_at(int fd, const void* bytes, uint64_t count, uint64_t offset);
// Error corrupt when the file ends before.
[[nodiscard]] Result<void> read_at(int fd, void* bytes, uint64_t count, uint64_t offset);

}  // namespace weft::snapshot
