#include "snapshot/mapped_file.h"

#include <emmintrin.h>
#include <linux/magic.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/vfs.h>
#include <unistd.h>

#include "slot/slot_pool.h"
#include "snapshot/page_file.h"

namespace weft::snapshot {

namespace {

// Of files in memory; others are not worth a mapping for writing.
uint64_t mappable_bytes(int fd) {
  struct stat status = {};
  struct statfs system = {};
  bool in_memory = ::fstatfs(fd, &system) == 0 && system.f_type == TMPFS_MAGIC;
  return in_memory && ::fstat(fd, &status) == 0 ? static_cast<uint64_t>(status.st_size) : 0;
}

// With stores that bypass the caches: nobody reads the copy soon. REQUIRES: count is a multiple of
// 64, `to` is aligned to 16.
void copy_past_caches(std::byte* to, const std::byte* from, uint64_t count) {
  for (uint64_t i = 0; i < count; i += 64) {
    const auto* source = reinterpret_cast<const __m128i*>(from + i);
    auto* target = reinterpret_cast<__m128i*>(to + i);
    __m128i a = _mm_loadu_si128(source);
    __m128i b = _mm_loadu_si128(source + 1);
    __m128i c = _mm_loadu_si128(source + 2);
    __m128i d = _mm_loadu_si128(source + 3);
    _mm_stream_si128(target, a);
    _mm_stream_si128(target + 1, b);
    _mm_stream_si128(target + 2, c);
    _mm_stream_si128(target + 3, d);
  }
  _mm_sfence();
}

}  // namespace

FileMapping::FileMapping(int fd, uint64_t bytes, int protection) {
  bytes = bytes / slot::page_bytes * slot::page_bytes;
  void* at = bytes == 0 ? MAP_FAILED : ::mmap(nullptr, bytes, protection, MAP_SHARED, fd, 0);
  if (at != MAP_FAILED) {
    begin_ = static_cast<std::byte*>(at);
    bytes_ = bytes;
  }
}

FileMapping::~FileMapping() {
  if (begin_ != nullptr) {
    ::munmap(begin_, bytes_);
  }
}

// Also for writing: in a shared mapping of tmpfs a page that was read is writable, and reading
// brings in sixteen at a time.
std::byte* FileMapping::ready(uint64_t offset, uint64_t count) const {
  bool whole_pages = offset % slot::page_bytes == 0 && count % slot::page_bytes == 0;
  if (!whole_pages || offset > bytes_ || count > bytes_ - offset ||
      ::madvise(begin_ + offset, count, MADV_POPULATE_READ) != 0) {
    return nullptr;
  }
  return begin_ + offset;
}

SourceFile::SourceFile(int fd, uint64_t bytes) : fd_(fd), mapping_(fd, bytes, PROT_READ) {}

Result<const std::byte*> SourceFile::read(uint64_t offset, uint64_t count,
                                          std::vector<std::byte>& scratch) const {
  if (const std::byte* mapped = mapping_.ready(offset, count)) {
    return mapped;
  }
  scratch.resize(count);
  TRY_VOID(read_at(fd_, scratch.data(), count, offset));
  return scratch.data();
}

TargetFile::TargetFile(int fd)
    : fd_(fd), mapping_(fd, mappable_bytes(fd), PROT_READ | PROT_WRITE) {}

bool TargetFile::is_in_memory(uint64_t offset, uint64_t count) {
  if (offset < data_begin_ || offset >= data_end_) {
    off_t hole = ::lseek(fd_, static_cast<off_t>(offset), SEEK_HOLE);
    data_begin_ = offset;
    data_end_ = hole < 0 ? offset : static_cast<uint64_t>(hole);
  }
  return data_end_ - offset >= count;
}

Result<void> TargetFile::write(const std::byte* bytes, uint64_t count, uint64_t offset) {
  if (is_in_memory(offset, count)) {
    if (std::byte* to = mapping_.ready(offset, count)) {
      copy_past_caches(to, bytes, count);
      return {};
    }
  }
  return write_at(fd_, bytes, count, offset);
}

}  // namespace weft::snapshot
