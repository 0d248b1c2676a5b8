// Slots: the address space that guests live in.
//
// A process reserves one large range of addresses and cuts it into equal slots. Everything that a
// guest is lies in its slot:
//
//     slot n                                            base (n)
//     | guard | stack, grows down | instance block |    | linear memory, up to 4 GiB | guard, up to
//     base + 8 GiB |
//     |<---------------- front_bytes ----------------->||<------------------ memory_bytes
//     ------------------->|
//
// A WebAssembly address is a 32-bit index plus a 32-bit offset, so base + address stays below base
// + 8 GiB + 16, and the first pages of the next slot are guard: generated code needs no bounds
// checks. The addresses are the same in every process, so that a frozen guest's return addresses
// and pointers stay valid elsewhere.
//
// The kernel counts mappings (vm.max_map_count, 65,530 by default), and a process at that limit
// cannot even allocate. So the pool counts what its slots need and refuses the operation that would
// leave the rest of the process too few. A slot whose stack, instance block and memory touch each
// other costs two mappings: what is open, and the hole up to the next slot.
//
// Mapping, and the first fault in each new mapping, take the kernel's lock of the process's address
// space, and a thread that finds it taken sleeps: longer than all that is done under it. So the
// pool maps under a lock of its own, where waiting is spinning, and under the same lock touches the
// pages that a guest is sure to write first (the end of its stack, the head of its instance block).
// Later faults do not need the kernel's lock. And a slot that was had with a layout keeps its
// mappings when it comes back, for the next guest of the same layout. Giving up a slot's pages
// makes every other processor forget its translations, which takes longer than all the rest of a
// short call; so a few slots are cleared together, for one such interruption:
//
//     closed ──acquire──► taken ──given back──► used ──a few together──► kept ──acquire(layout)──►
//     taken
//       ▲                  │ no layout                                    │ too many kept, slots or
//       └──────────────────┴──────────────────────────────────────────────┘ mappings wanted
//
// Thread safety: SlotPool is safe from any thread; a Slot belongs to one thread at a time.
// Invariants: a slot that is handed out holds nothing of who had it before. All pages of a closed
// slot are PROT_NONE; closed and kept slots hold no memory, used ones together at most what
// `used_bytes_limit` of open addresses can hold.
#pragma once

#include <atomic>
#include <condition_variable>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <mutex>
#include <span>
#include <vector>

#include "base/patient_mutex.h"
#include "base/result.h"
#include "base/unique_fd.h"
#include "slot/pieces.h"

namespace weft::slot {

inline constexpr uint64_t page_bytes = 4096;
inline constexpr uint64_t front_bytes = uint64_t{64} << 20;
inline constexpr uint64_t memory_bytes = uint64_t{8} << 30;
inline constexpr uint64_t stride_bytes = front_bytes + memory_bytes;
// One page of the kernel's tables covers 2 MiB. With this offset from such a boundary, the upper
// end of the stack, the instance block and the first 1.75 MiB of memory share one: 4 KiB less for
// each slot.
inline constexpr uint64_t pool_skew = uint64_t{256} << 10;
// The lowest part of the front, which is never opened.
inline constexpr uint64_t guard_bytes = uint64_t{1} << 20;

// The code files lie below the slots (src/engine/code_file.h). Sanitizers leave less of the address
// space to programs: ThreadSanitizer a small range, AddressSanitizer what lies below its heap at
// 0x5000'0000'0000.
#if defined(__has_feature)
#if __has_feature(thread_sanitizer)
#define WEFT_SMALL_ADDRESS_SPACE 1
#elif __has_feature(address_sanitizer)
#define WEFT_HALF_ADDRESS_SPACE 1
#endif
#endif
#if defined(__SANITIZE_ADDRESS__)  // GCC's name for it
#define WEFT_HALF_ADDRESS_SPACE 1
#endif
#ifdef WEFT_SMALL_ADDRESS_SPACE
inline constexpr uint64_t code_address = 0x5700'0000'0000;
inline constexpr uint64_t code_bytes = uint64_t{64} << 30;
inline constexpr uint64_t pool_address = 0x5710'0000'0000 + pool_skew;
inline constexpr uint32_t max_slots = 256;
#else
inline constexpr uint64_t code_address = 0x1001'0000'0000;
inline constexpr uint64_t code_bytes = 0x0ffe'0000'0000;
inline constexpr uint64_t pool_address = 0x2000'0000'0000 + pool_skew;
#ifdef WEFT_HALF_ADDRESS_SPACE
inline constexpr uint32_t max_slots = 6'000;
#else
inline constexpr uint32_t max_slots = 11'500;
#endif
#endif

class SlotPool;

// What a slot is to show: parts in ascending order, each beginning where the one before ends.
struct Part {
  int64_t begin;  // offset from the base; page aligned, as is the length
  uint64_t bytes;
  std::shared_ptr<const UniqueFd> file;  // mapped privately; null: zero pages
  uint64_t file_offset = 0;
};
using Layout = std::vector<Part>;

// One slot, given back to its pool when it ends.
class Slot {
 public:
  Slot() = default;
  Slot(Slot&& other) noexcept;
  Slot& operator=(Slot&& other) noexcept;
  ~Slot();

  explicit operator bool() const { return pool_ != nullptr; }
  uint32_t index() const { return index_; }
  std::byte* base() const;  // byte 0 of linear memory

  // All take a page-aligned offset from base(), negative in the front, and a page-aligned length.
  // REQUIRES: [offset, offset + bytes) lies in the slot and leaves the guard alone.
  [[nodiscard]] Result<void> open(int64_t offset,
                                  uint64_t bytes);  // zero pages, readable and writable
  [[nodiscard]] Result<void> map(int64_t offset, uint64_t bytes, int fd,
                                 uint64_t file_offset);  // private
  [[nodiscard]] Result<void> map_shared(int64_t offset, uint64_t bytes, int fd,
                                        uint64_t file_offset);
  // All of a layout with the fewest system calls. REQUIRES: the slot is closed.
  [[nodiscard]] Result<void> arrange(const Layout& layout);
  [[nodiscard]] Result<void> close(int64_t offset,
                                   uint64_t bytes);  // back to PROT_NONE, pages freed
  void forget(int64_t offset,
              uint64_t bytes);  // MADV_DONTNEED: back to zero, or to the mapped file's content

 private:
  friend class SlotPool;
  Slot(SlotPool* pool, uint32_t index) : pool_(pool), index_(index) {}
  void release();

  SlotPool* pool_ = nullptr;
  uint32_t index_ = 0;
};

class SlotPool {
 public:
  // Slots that are cleared together, and the open addresses that they have at most.
  static constexpr size_t used_limit = 16;
  static constexpr uint64_t used_bytes_limit = uint64_t{256} << 20;
  static constexpr uint32_t default_keep = 64;

  // Reserves the addresses; no memory. `slots` ≤ max_slots. One pool a process. Up to `keep` free
  // slots keep their mappings.
  static Result<std::unique_ptr<SlotPool>> reserve(uint32_t slots = max_slots,
                                                   uint32_t keep = default_keep);
  ~SlotPool();
  SlotPool(const SlotPool&) = delete;
  SlotPool& operator=(const SlotPool&) = delete;

  [[nodiscard]] Result<Slot> acquire();  // any free slot; Error exhausted when none is left
  [[nodiscard]] Result<Slot> acquire_at(
      uint32_t index);  // that slot; Error exhausted when it is taken
  // Any free slot, arranged. It keeps its mappings when it is given back.
  [[nodiscard]] Result<Slot> acquire(const Layout& layout);
  uint32_t capacity() const { return slots_; }
  uint32_t in_use() const;

  static std::byte* base_of(uint32_t index) {
    return reinterpret_cast<std::byte*>(pool_address + stride_bytes * index + front_bytes);
  }

 private:
  friend class Slot;
  enum class Standing : uint8_t { closed, taken, used, clearing, kept };
  // A part as a free slot remembers it: without keeping the file.
  struct KeptPart {
    int64_t begin;
    uint64_t bytes;
    std::weak_ptr<const UniqueFd> file;
    bool is_file;
    uint64_t file_offset;
  };
  // Belongs to whom the slot belongs to: its thread when taken or clearing, else to the mutex.
  struct Record {
    Pieces pieces;
    std::vector<KeptPart> layout;  // empty: it does not keep its mappings
    Standing standing = Standing::closed;
    bool is_listed = true;  // on closed_?
  };

  SlotPool(uint32_t slots, uint32_t keep, int64_t mapping_limit);
  void give_back(uint32_t index);
  Result<void> open(uint32_t index, int64_t offset, uint64_t bytes);
  Result<void> map(uint32_t index, int64_t offset, uint64_t bytes, int fd, uint64_t file_offset,
                   int sharing);
  enum class First : uint8_t { untouched, touched };  // pages that a new guest writes first
  Result<void> arrange(uint32_t index, const Layout& layout, First first);
  Result<void> close(uint32_t index, int64_t offset, uint64_t bytes);
  // Counts the mappings of `after` in place of those of the slot now, or answers Error exhausted
  // and changes nothing.
  Result<void> count(uint32_t index, const Pieces& after);

  // slot_recycling.cc. Those that take indices of slots that are clearing leave none so.
  Result<Slot> take(uint32_t index);  // REQUIRES: the mutex
  std::vector<uint32_t> take_used();  // REQUIRES: the mutex
  void forget_pages(std::span<const uint32_t> slots);
  void clear(std::vector<uint32_t> slots);  // to kept, or to closed
  void shut(std::vector<uint32_t> slots);   // to closed
  bool close_whole(uint32_t index);
  bool restore(uint32_t index);  // after its pages are gone: is it as its layout?
  bool shut_idle();              // all that is used or kept; false: there was nothing
  static bool is_alike(const std::vector<KeptPart>& kept, const Layout& layout);
  static bool is_stale(const std::vector<KeptPart>& kept);

  uint32_t slots_;
  uint32_t keep_;
  int64_t mapping_limit_;  // of all slots together
  std::atomic<int64_t> mappings_ = 0;
  PatientMutex mapping_;  // held in every system call that changes mappings
  std::vector<Record> records_;
  mutable std::mutex mutex_;  // guards what follows, and standings
  std::condition_variable cleared_;
  // Stacks: the slot that was used last is warm. closed_ may name slots taken by number.
  std::vector<uint32_t> closed_;
  std::vector<uint32_t> used_;
  uint64_t used_bytes_ = 0;  // open addresses of these
  std::vector<uint32_t> kept_;
  uint32_t clearing_ = 0;
  uint32_t in_use_ = 0;
};

}  // namespace weft::slot
