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

}  // namespace

Result<std::unique_ptr<SlotPool>> SlotPool::reserve(uint32_t slots) {
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
  return std::unique_ptr<SlotPool>(new SlotPool(slots, max_map_count() - spare_mappings));
}

SlotPool::SlotPool(uint32_t slots, int64_t mapping_limit)
    : slots_(slots),
      mapping_limit_(mapping_limit),
      pieces_(slots),
      taken_(slots),
      listed_(slots, true) {
  free_.reserve(slots);
  for (uint32_t i = slots; i > 0; --i) {
    free_.push_back(i - 1);
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

Result<Slot> SlotPool::acquire() {
  std::lock_guard lock(mutex_);
  while (!free_.empty()) {
    uint32_t index = free_.back();
    free_.pop_back();
    listed_[index] = false;
    if (!taken_[index]) {
      return take(index);
    }
  }
  return error(Error::Kind::exhausted, "all {} slots of this process are in use", slots_);
}

Result<Slot> SlotPool::acquire_at(uint32_t index) {
  std::lock_guard lock(mutex_);
  if (index >= slots_) {
    return error(Error::Kind::invalid, "slot {} does not exist, this process has {}", index,
                 slots_);
  }
  if (taken_[index]) {
    return error(Error::Kind::exhausted, "slot {} is in use in this process", index);
  }
  return take(index);  // it stays on free_, and acquire() skips it
}

Result<Slot> SlotPool::take(uint32_t index) {
  taken_[index] = true;
  ++in_use_;
  return Slot(this, index);
}

void SlotPool::give_back(uint32_t index) {
  // One mapping over all that the slot had. The kernel refuses only when it is out of memory for
  // the mapping itself; such a slot is lost rather than handed on with somebody's pages in it.
  Pieces& pieces = pieces_[index];
  bool clean = true;
  if (!pieces.empty()) {
    int64_t begin = pieces.front().begin;
    auto bytes = static_cast<uint64_t>(pieces.back().end - begin);
    clean = replace(base_of(index) + begin, bytes, PROT_NONE, reserved_flags, -1, 0);
    if (clean) {
      mappings_ -= mappings(pieces);
      pieces.clear();
    }
  }
  std::lock_guard lock(mutex_);
  --in_use_;
  if (!clean) {
    return;
  }
  taken_[index] = false;
  if (!listed_[index]) {
    listed_[index] = true;
    free_.push_back(index);
  }
}

int64_t SlotPool::mappings(const Pieces& pieces) {
  if (pieces.empty()) {
    return 0;  // part of the hole of the slot before
  }
  int64_t holes = 1;
  for (size_t i = 1; i < pieces.size(); ++i) {
    holes += pieces[i - 1].end != pieces[i].begin ? 1 : 0;
  }
  return holes + static_cast<int64_t>(pieces.size());
}

bool SlotPool::is_closed(const Pieces& pieces, int64_t begin, int64_t end) {
  return std::ranges::none_of(pieces,
                              [&](const Piece& p) { return p.begin < end && begin < p.end; });
}

SlotPool::Pieces SlotPool::without(const Pieces& pieces, int64_t begin, int64_t end) {
  Pieces rest;
  rest.reserve(pieces.size() + 2);
  for (const Piece& p : pieces) {
    if (p.end <= begin || end <= p.begin) {
      rest.push_back(p);
      continue;
    }
    if (p.begin < begin) {
      rest.push_back({p.begin, begin, p.is_file});
    }
    if (end < p.end) {
      rest.push_back({end, p.end, p.is_file});
    }
  }
  return rest;
}

SlotPool::Pieces SlotPool::with(const Pieces& pieces, Piece added) {
  Pieces all = without(pieces, added.begin, added.end);
  auto next = std::ranges::find_if(all, [&](const Piece& p) { return p.begin >= added.end; });
  auto at = all.insert(next, added);
  if (added.is_file) {
    return all;
  }
  if (auto after = at + 1; after != all.end() && !after->is_file && after->begin == at->end) {
    at->end = after->end;
    all.erase(after);
  }
  if (at != all.begin()) {
    if (auto before = at - 1; !before->is_file && before->end == at->begin) {
      before->end = at->end;
      all.erase(at);
    }
  }
  return all;
}

Result<void> SlotPool::count(uint32_t index, const Pieces& after) {
  int64_t more = mappings(after) - mappings(pieces_[index]);
  int64_t total = mappings_.fetch_add(more) + more;
  if (more > 0 && total > mapping_limit_) {
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
  Pieces after = with(pieces_[index], {offset, end, false});
  TRY_VOID(count(index, after));
  std::byte* at = base_of(index) + offset;
  constexpr int protection = PROT_READ | PROT_WRITE;
  bool done = is_closed(pieces_[index], offset, end)
                  ? ::mprotect(at, bytes, protection) == 0
                  : replace(at, bytes, protection, reserved_flags, -1, 0);
  if (!done) {
    int reason = errno;
    mappings_ -= mappings(after) - mappings(pieces_[index]);
    return io_error(reason, fmt::format("opening {} bytes of slot {}", bytes, index));
  }
  pieces_[index] = std::move(after);
  return {};
}

Result<void> SlotPool::map(uint32_t index, int64_t offset, uint64_t bytes, int fd,
                           uint64_t file_offset, int sharing) {
  check_range(offset, bytes);
  if (bytes == 0) {
    return {};
  }
  Pieces after = with(pieces_[index], {offset, offset + static_cast<int64_t>(bytes), true});
  TRY_VOID(count(index, after));
  if (!replace(base_of(index) + offset, bytes, PROT_READ | PROT_WRITE, sharing | MAP_NORESERVE, fd,
               file_offset)) {
    int reason = errno;
    mappings_ -= mappings(after) - mappings(pieces_[index]);
    return io_error(reason, fmt::format("mapping {} bytes of a file into slot {}", bytes, index));
  }
  pieces_[index] = std::move(after);
  return {};
}

Result<void> SlotPool::close(uint32_t index, int64_t offset, uint64_t bytes) {
  check_range(offset, bytes);
  int64_t end = offset + static_cast<int64_t>(bytes);
  if (bytes == 0 || is_closed(pieces_[index], offset, end)) {
    return {};
  }
  Pieces after = without(pieces_[index], offset, end);
  TRY_VOID(count(index, after));
  if (!replace(base_of(index) + offset, bytes, PROT_NONE, reserved_flags, -1, 0)) {
    int reason = errno;
    mappings_ -= mappings(after) - mappings(pieces_[index]);
    return io_error(reason, fmt::format("closing {} bytes of slot {}", bytes, index));
  }
  pieces_[index] = std::move(after);
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
