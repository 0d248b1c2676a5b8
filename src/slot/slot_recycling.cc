// The part of SlotPool that hands out slots and takes them back.
#include <sys/mman.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <span>
#include <utility>

#include "slot/slot_pool.h"

namespace weft::slot {
namespace {

// From the kernel's user interface (include/uapi/linux/pidfd.h): this process, and no file for it.
constexpr int pidfd_self = -10000;

// Giving up the pages of so many open bytes is short enough for others to wait for, spinning.
constexpr uint64_t short_bytes = uint64_t{32} << 20;

uint64_t open_bytes(const Pieces& pieces) {
  return pieces.empty() ? 0 : static_cast<uint64_t>(pieces.back().end - pieces.front().begin);
}

// Gives up the pages of all ranges. Linux 6.16 interrupts the other processors once for them all;
// before 6.13 a process could not be asked this way, and the ranges are given up one by one.
void forget_all(std::span<iovec> ranges) {
  size_t bytes = 0;
  for (const iovec& range : ranges) {
    bytes += range.iov_len;
  }
  long done =
      ::syscall(SYS_process_madvise, pidfd_self, ranges.data(), ranges.size(), MADV_DONTNEED, 0);
  if (done == static_cast<long>(bytes)) {
    return;
  }
  for (const iovec& range : ranges) {
    int failed = ::madvise(range.iov_base, range.iov_len, MADV_DONTNEED);
    CHECK(failed == 0, "MADV_DONTNEED answers errno {}", errno);
  }
}

}  // namespace

Result<Slot> SlotPool::take(uint32_t index) {
  records_[index].standing = Standing::taken;
  ++in_use_;
  return Slot(this, index);
}

Result<Slot> SlotPool::acquire() {
  std::unique_lock lock(mutex_);
  while (true) {
    while (!closed_.empty()) {
      uint32_t index = closed_.back();
      closed_.pop_back();
      records_[index].is_listed = false;
      if (records_[index].standing == Standing::closed) {
        return take(index);
      }
    }
    if (clearing_ > 0) {
      cleared_.wait(lock);
      continue;
    }
    if (used_.empty() && kept_.empty()) {
      return error(Error::Kind::exhausted, "all {} slots of this process are in use", slots_);
    }
    lock.unlock();
    shut_idle();
    lock.lock();
  }
}

Result<Slot> SlotPool::acquire_at(uint32_t index) {
  std::unique_lock lock(mutex_);
  if (index >= slots_) {
    return error(Error::Kind::invalid, "slot {} does not exist, this process has {}", index,
                 slots_);
  }
  Record& record = records_[index];
  while (record.standing != Standing::closed) {
    if (record.standing == Standing::taken) {
      return error(Error::Kind::exhausted, "slot {} is in use in this process", index);
    }
    if (record.standing == Standing::clearing) {
      cleared_.wait(lock);
      continue;
    }
    if (record.standing == Standing::used) {
      used_bytes_ -= open_bytes(record.pieces);
    }
    std::erase(record.standing == Standing::used ? used_ : kept_, index);
    record.standing = Standing::clearing;
    ++clearing_;
    lock.unlock();
    shut({index});
    lock.lock();
  }
  return take(index);  // it stays on closed_, and acquire() skips it
}

Result<Slot> SlotPool::acquire(const Layout& layout) {
  {
    std::lock_guard lock(mutex_);
    auto found = std::find_if(kept_.rbegin(), kept_.rend(), [&](uint32_t index) {
      return is_alike(records_[index].layout, layout);
    });
    if (found != kept_.rend()) {
      uint32_t index = *found;
      kept_.erase(std::next(found).base());
      return take(index);
    }
  }
  TRY(slot, acquire());
  TRY_VOID(arrange(slot.index(), layout, First::touched));
  for (const Part& part : layout) {
    records_[slot.index()].layout.push_back(
        {part.begin, part.bytes, part.file, part.file != nullptr, part.file_offset});
  }
  return std::move(slot);
}

void SlotPool::give_back(uint32_t index) {
  std::vector<uint32_t> full;
  {
    std::lock_guard lock(mutex_);
    --in_use_;
    Record& record = records_[index];
    uint64_t bytes = open_bytes(record.pieces);
    if (record.layout.empty() || bytes == 0 || bytes > used_bytes_limit) {
      record.layout.clear();
      full.push_back(index);
      record.standing = Standing::clearing;
      ++clearing_;
    } else {
      used_.push_back(index);
      used_bytes_ += bytes;
      record.standing = Standing::used;
      if (used_.size() < used_limit && used_bytes_ <= used_bytes_limit) {
        return;
      }
      full = take_used();
    }
  }
  if (full.size() == 1 && records_[full.front()].layout.empty()) {
    forget_pages(full);  // may take long; shut() has others wait
    shut(std::move(full));
  } else {
    clear(std::move(full));
  }
}

std::vector<uint32_t> SlotPool::take_used() {
  for (uint32_t index : used_) {
    records_[index].standing = Standing::clearing;
  }
  clearing_ += static_cast<uint32_t>(used_.size());
  used_bytes_ = 0;
  return std::exchange(used_, {});
}

// Each mapping is a range of its own: then Linux 6.17 does not take the lock of the address space.
void SlotPool::forget_pages(std::span<const uint32_t> slots) {
  std::vector<iovec> ranges;
  uint64_t bytes = 0;
  ranges.reserve(3 * slots.size());
  for (uint32_t index : slots) {
    bytes += open_bytes(records_[index].pieces);
    for (const Piece& piece : records_[index].pieces) {
      ranges.push_back(
          {base_of(index) + piece.begin, static_cast<size_t>(piece.end - piece.begin)});
    }
  }
  std::unique_lock lock(mapping_, std::defer_lock);
  if (bytes <= short_bytes) {
    lock.lock();
  }
  forget_all(ranges);
}

void SlotPool::clear(std::vector<uint32_t> slots) {
  forget_pages(slots);
  auto restored = std::ranges::partition(slots, [&](uint32_t index) { return !restore(index); });
  std::vector<uint32_t> others(slots.begin(), restored.begin());
  {
    std::lock_guard lock(mutex_);
    for (uint32_t index : restored) {
      records_[index].standing = Standing::kept;
      kept_.push_back(index);
      --clearing_;
    }
    // Those that nobody can ask for any more, then the oldest.
    auto excess = static_cast<ptrdiff_t>(kept_.size()) - static_cast<ptrdiff_t>(keep_);
    std::erase_if(kept_, [&](uint32_t index) {
      bool drop = excess-- > 0 || is_stale(records_[index].layout);
      if (drop) {
        records_[index].standing = Standing::clearing;
        ++clearing_;
        others.push_back(index);
      }
      return drop;
    });
    cleared_.notify_all();
  }
  if (!others.empty()) {
    shut(std::move(others));
  }
}

void SlotPool::shut(std::vector<uint32_t> slots) {
  // The kernel refuses only when it is out of memory for the mapping itself; such a slot is lost
  // rather than handed on with somebody's pages in it.
  auto lost = std::ranges::partition(slots, [&](uint32_t index) { return close_whole(index); });
  std::lock_guard lock(mutex_);
  for (uint32_t index : lost) {
    records_[index].standing = Standing::taken;
  }
  clearing_ -= static_cast<uint32_t>(slots.size());
  slots.erase(lost.begin(), lost.end());
  for (uint32_t index : slots) {
    Record& record = records_[index];
    record.standing = Standing::closed;
    if (!record.is_listed) {
      record.is_listed = true;
      closed_.push_back(index);
    }
  }
  cleared_.notify_all();
}

bool SlotPool::restore(uint32_t index) {
  Record& record = records_[index];
  Pieces wanted;
  for (const KeptPart& part : record.layout) {
    wanted =
        with(wanted, {part.begin, part.begin + static_cast<int64_t>(part.bytes), part.is_file});
  }
  int64_t end = wanted.back().end;
  int64_t grown = record.pieces.back().end - end;  // memory.grow
  if (grown > 0 && without(record.pieces, end, end + grown) == wanted &&
      !close(index, end, static_cast<uint64_t>(grown))) {
    return false;
  }
  return record.pieces == wanted;
}

bool SlotPool::shut_idle() {
  std::vector<uint32_t> idle;
  {
    std::lock_guard lock(mutex_);
    idle = take_used();
    for (uint32_t index : kept_) {
      records_[index].standing = Standing::clearing;
      ++clearing_;
    }
    idle.insert(idle.end(), kept_.begin(), kept_.end());
    kept_.clear();
  }
  if (idle.empty()) {
    return false;
  }
  shut(std::move(idle));
  return true;
}

bool SlotPool::is_alike(const std::vector<KeptPart>& kept, const Layout& layout) {
  return std::ranges::equal(kept, layout, [](const KeptPart& a, const Part& b) {
    return a.begin == b.begin && a.bytes == b.bytes && a.file_offset == b.file_offset &&
           !a.file.owner_before(b.file) && !b.file.owner_before(a.file);
  });
}

bool SlotPool::is_stale(const std::vector<KeptPart>& kept) {
  return std::ranges::any_of(
      kept, [](const KeptPart& part) { return part.is_file && part.file.expired(); });
}

}  // namespace weft::slot
