#include "slot/slot_pool.h"

#include <sys/mman.h>

#include <algorithm>
#include <cerrno>
#include <fstream>
#include <utility>

namespace weft::slot {
namespace {

// Mappings that the rest of the process keeps for itself: thread stacks, heaps, code files,
// connections.
constexpr int64_t spare_mappings = 2000;
constexpr int64_t default_max_map_count = 65'530;

constexpr int64_t front = static_cast<int64_t>(front_bytes);
constexpr int64_t slot_begin = static_cast<int64_t>(guard_bytes) - front;
constexpr int64_t slot_end = static_cast<int64_t>(memory_bytes);

constexpr int reserved_flags = MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE;

int64_t max_map_count() {
  std::ifstream file("/proc/sys/vm/max_map_count");
  int64_t value = 0;
  return file >> value ? value : default_max_map_count;
}

// The end of the reservation lies beyond the last slot, because base + 8 GiB + 16 does.
uint64_t pool_bytes(uint32_t slots) { return stride_bytes * slots + guard_bytes; }

void check_range(int64_t offset, uint64_t bytes) {
  CHECK(offset % static_cast<int64_t>(page_bytes) == 0 && bytes % page_bytes == 0,
        "offset {} and length {} must be whole pages", offset, bytes);
  CHECK(offset >= slot_begin && offset <= slot_end &&
            bytes <= static_cast<uint64_t>(slot_end - offset),
        "offset {} and {} bytes leave the slot", offset, bytes);
}

// Replaces what is mapped there. All mappings of the pool are alike in what the kernel compares
// before it joins neighbours, so MADV_DONTDUMP, which is one of these things, follows every mmap.
bool replace(std::byte* at, uint64_t bytes, int protection, int flags, int fd,
             uint64_t file_offset) {
  void* got = ::mmap(at, bytes, protection, flags | MAP_FIXED, fd, static_cast<off_t>(file_offset));
  if (got == MAP_FAILED) {
    return false;
  }
  ::madvise(at, bytes, MADV_DONTDUMP);
  return true;
}

// As the first write would. Kernels before 5.14 refuse, and leave it to that write.
void touch(std::byte* page) { ::madvise(page, page_bytes, MADV_POPULATE_WRITE); }

// Opens all of a closed layout, then replaces the files' parts: one call for all that is zero.
// What is open when its first page is touched keeps that benefit when a file's part is cut out of
// its middle: memory needs no touch of its own.
bool show(std::byte* base, const Layout& layout, bool touches) {
  constexpr int protection = PROT_READ | PROT_WRITE;
  constexpr auto head = -static_cast<int64_t>(page_bytes);  // the instance block ends at the base
  int64_t begin = layout.front().begin;
  int64_t end = layout.back().begin + static_cast<int64_t>(layout.back().bytes);
  if (::mprotect(base + begin, static_cast<size_t>(end - begin), protection) != 0) {
    return false;
  }
  for (const Part& part : layout) {
    if (part.file == nullptr) {
      continue;
    }
    bool has_head = part.begin <= head && part.begin + static_cast<int64_t>(part.bytes) >= 0;
    if (touches && has_head && part.begin > begin) {
      touch(base + part.begin - page_bytes);  // the end of the stack
    }
    if (!replace(base + part.begin, part.bytes, protection, MAP_PRIVATE | MAP_NORESERVE,
                 part.file->value(), part.file_offset)) {
      return false;
    }
    if (touches && has_head) {
      touch(base + head);
    }
  }
  return true;
}

}  // namespace

Result<std::unique_ptr<SlotPool>> SlotPool::reserve(uint32_t slots, uint32_t keep) {
  CHECK(slots > 0 && slots <= max_slots, "{} slots, at most {}", slots, max_slots);
  void* want = reinterpret_cast<void*>(pool_address);
  void* got =
      ::mmap(want, pool_bytes(slots), PROT_NONE, reserved_flags | MAP_FIXED_NOREPLACE, -1, 0);
  if (got == MAP_FAILED) {
    return io_error(
        errno,
        fmt::format("reserving addresses for {} slots at {:#x} (is a limit on virtual memory "
                    "set, or a second pool in this process?)",
                    slots, pool_address));
  }
  if (got != want) {  // kernels before 4.17 take the address as a hint
    ::munmap(got, pool_bytes(slots));
    return error(Error::Kind::unsupported, "the addresses for slots at {:#x} are taken",
                 pool_address);
  }
  ::madvise(got, pool_bytes(slots), MADV_DONTDUMP);
  return std::unique_ptr<SlotPool>(new SlotPool(slots, keep, max_map_count() - spare_mappings));
}

SlotPool::SlotPool(uint32_t slots, uint32_t keep, int64_t mapping_limit)
    : slots_(slots), keep_(keep), mapping_limit_(mapping_limit), records_(slots) {
  closed_.reserve(slots);
  for (uint32_t i = slots; i > 0; --i) {
    closed_.push_back(i - 1);
  }
}

SlotPool::~SlotPool() {
  CHECK(in_use_ == 0, "{} slots outlive their pool", in_use_);
  ::munmap(reinterpret_cast<void*>(pool_address), pool_bytes(slots_));
}

uint32_t SlotPool::in_use() const {
  std::lock_guard lock(mutex_);
  return in_use_;
}

// One mapping over all that the slot had.
bool SlotPool::close_whole(uint32_t index) {
  Record& record = records_[index];
  record.layout.clear();
  if (record.pieces.empty()) {
    return true;
  }
  int64_t begin = record.pieces.front().begin;
  auto bytes = static_cast<uint64_t>(record.pieces.back().end - begin);
  {
    std::lock_guard lock(mapping_);
    if (!replace(base_of(index) + begin, bytes, PROT_NONE, reserved_flags, -1, 0)) {
      return false;
    }
  }
  mappings_ -= mappings(record.pieces);
  record.pieces.clear();
  return true;
}

Result<void> SlotPool::count(uint32_t index, const Pieces& after) {
  int64_t more = mappings(after) - mappings(records_[index].pieces);
  int64_t total = mappings_.fetch_add(more) + more;
  while (more > 0 && total > mapping_limit_) {
    if (shut_idle()) {
      total = mappings_.load();
      continue;
    }
    mappings_ -= more;
    return error(Error::Kind::exhausted,
                 "the {} mappings that vm.max_map_count leaves to slots are in use; raise it with "
                 "`sysctl vm.max_map_count=…` or run fewer guests at a time",
                 mapping_limit_);
  }
  return {};
}

Result<void> SlotPool::open(uint32_t index, int64_t offset, uint64_t bytes) {
  check_range(offset, bytes);
  if (bytes == 0) {
    return {};
  }
  int64_t end = offset + static_cast<int64_t>(bytes);
  Pieces after = with(records_[index].pieces, {offset, end, false});
  TRY_VOID(count(index, after));
  std::byte* at = base_of(index) + offset;
  constexpr int protection = PROT_READ | PROT_WRITE;
  mapping_.lock();
  bool done = is_closed(records_[index].pieces, offset, end)
                  ? ::mprotect(at, bytes, protection) == 0
                  : replace(at, bytes, protection, reserved_flags, -1, 0);
  mapping_.unlock();
  if (!done) {
    int reason = errno;
    mappings_ -= mappings(after) - mappings(records_[index].pieces);
    return io_error(reason, fmt::format("opening {} bytes of slot {}", bytes, index));
  }
  records_[index].pieces = std::move(after);
  return {};
}

Result<void> SlotPool::map(uint32_t index, int64_t offset, uint64_t bytes, int fd,
                           uint64_t file_offset, int sharing) {
  check_range(offset, bytes);
  if (bytes == 0) {
    return {};
  }
  Pieces after = with(records_[index].pieces, {offset, offset + static_cast<int64_t>(bytes), true});
  TRY_VOID(count(index, after));
  mapping_.lock();
  bool done = replace(base_of(index) + offset, bytes, PROT_READ | PROT_WRITE,
                      sharing | MAP_NORESERVE, fd, file_offset);
  mapping_.unlock();
  if (!done) {
    int reason = errno;
    mappings_ -= mappings(after) - mappings(records_[index].pieces);
    return io_error(reason, fmt::format("mapping {} bytes of a file into slot {}", bytes, index));
  }
  records_[index].pieces = std::move(after);
  records_[index].layout.clear();
  return {};
}

Result<void> SlotPool::arrange(uint32_t index, const Layout& layout, First first) {
  CHECK(records_[index].pieces.empty(), "slot {} is arranged and not closed", index);
  if (layout.empty()) {
    return {};
  }
  int64_t begin = layout.front().begin;
  int64_t end = begin;
  Pieces after;
  for (const Part& part : layout) {
    check_range(part.begin, part.bytes);
    CHECK(part.begin == end && part.bytes != 0, "a part at {} follows one that ends at {}",
          part.begin, end);
    end += static_cast<int64_t>(part.bytes);
    after = with(after, {part.begin, end, part.file != nullptr});
  }
  TRY_VOID(count(index, after));
  mapping_.lock();
  bool done = show(base_of(index), layout, first == First::touched);
  mapping_.unlock();
  records_[index].pieces = std::move(after);
  if (!done) {
    auto reason = io_error(errno, fmt::format("mapping an image into slot {}", index));
    CHECK(close_whole(index), "slot {} cannot be closed: errno {}", index, errno);
    return reason;
  }
  return {};
}

Result<void> SlotPool::close(uint32_t index, int64_t offset, uint64_t bytes) {
  check_range(offset, bytes);
  int64_t end = offset + static_cast<int64_t>(bytes);
  if (bytes == 0 || is_closed(records_[index].pieces, offset, end)) {
    return {};
  }
  Pieces after = without(records_[index].pieces, offset, end);
  TRY_VOID(count(index, after));
  mapping_.lock();
  bool done = replace(base_of(index) + offset, bytes, PROT_NONE, reserved_flags, -1, 0);
  mapping_.unlock();
  if (!done) {
    int reason = errno;
    mappings_ -= mappings(after) - mappings(records_[index].pieces);
    return io_error(reason, fmt::format("closing {} bytes of slot {}", bytes, index));
  }
  records_[index].pieces = std::move(after);
  return {};
}

Slot::Slot(Slot&& other) noexcept
    : pool_(std::exchange(other.pool_, nullptr)), index_(std::exchange(other.index_, 0)) {}

Slot& Slot::operator=(Slot&& other) noexcept {
  if (this != &other) {
    release();
    pool_ = std::exchange(other.pool_, nullptr);
    index_ = std::exchange(other.index_, 0);
  }
  return *this;
}

Slot::~Slot() { release(); }

void Slot::release() {
  if (pool_ != nullptr) {
    std::exchange(pool_, nullptr)->give_back(index_);
  }
}

std::byte* Slot::base() const { return SlotPool::base_of(index_); }

Result<void> Slot::open(int64_t offset, uint64_t bytes) {
  return pool_->open(index_, offset, bytes);
}

Result<void> Slot::map(int64_t offset, uint64_t bytes, int fd, uint64_t file_offset) {
  return pool_->map(index_, offset, bytes, fd, file_offset, MAP_PRIVATE);
}

Result<void> Slot::map_shared(int64_t offset, uint64_t bytes, int fd, uint64_t file_offset) {
  return pool_->map(index_, offset, bytes, fd, file_offset, MAP_SHARED);
}

Result<void> Slot::arrange(const Layout& layout) {
  return pool_->arrange(index_, layout, SlotPool::First::untouched);
}

Result<void> Slot::close(int64_t offset, uint64_t bytes) {
  return pool_->close(index_, offset, bytes);
}

void Slot::forget(int64_t offset, uint64_t bytes) {
  check_range(offset, bytes);
  if (bytes != 0) {
    int failed = ::madvise(base() + offset, bytes, MADV_DONTNEED);
    CHECK(failed == 0, "MADV_DONTNEED answers errno {}", errno);
  }
}

}  // namespace weft::slot
