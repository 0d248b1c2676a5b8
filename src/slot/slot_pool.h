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
// Thread safety: SlotPool is safe from any thread; a Slot belongs to one thread at a time.
// Invariant: all pages of a free slot are PROT_NONE and hold no memory.
#pragma once

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <mutex>
#include <span>
#include <vector>

#include "base/result.h"

namespace weft::slot {

inline constexpr uint64_t page_bytes = 4096;
inline constexpr uint64_t front_bytes = uint64_t{64} << 20;
inline constexpr uint64_t memory_bytes = uint64_t{8} << 30;
inline constexpr uint64_t stride_bytes = front_bytes + memory_bytes;
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
inline constexpr uint64_t pool_address = 0x5710'0000'0000;
inline constexpr uint32_t max_slots = 256;
#else
inline constexpr uint64_t code_address = 0x1001'0000'0000;
inline constexpr uint64_t code_bytes = 0x0ffe'0000'0000;
inline constexpr uint64_t pool_address = 0x2000'0000'0000;
#ifdef WEFT_HALF_ADDRESS_SPACE
inline constexpr uint32_t max_slots = 6'000;
#else
inline constexpr uint32_t max_slots = 11'500;
#endif
#endif

class SlotPool;

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
  // Reserves the addresses; no memory. `slots` ≤ max_slots. One pool a process.
  static Result<std::unique_ptr<SlotPool>> reserve(uint32_t slots = max_slots);
  ~SlotPool();
  SlotPool(const SlotPool&) = delete;
  SlotPool& operator=(const SlotPool&) = delete;

  [[nodiscard]] Result<Slot> acquire();  // any free slot; Error exhausted when none is left
  [[nodiscard]] Result<Slot> acquire_at(
      uint32_t index);  // that slot; Error exhausted when it is taken
  uint32_t capacity() const { return slots_; }
  uint32_t in_use() const;

  static std::byte* base_of(uint32_t index) {
    return reinterpret_cast<std::byte*>(pool_address + stride_bytes * index + front_bytes);
  }

 private:
  friend class Slot;
  // What lies between two addresses of a slot that are not closed. Neighbours that are open are one
  // piece, as they are one mapping; a piece that maps a file stands alone.
  struct Piece {
    int64_t begin;  // offsets from the base
    int64_t end;
    bool is_file;
  };
  using Pieces = std::vector<Piece>;  // ascending

  SlotPool(uint32_t slots, int64_t mapping_limit);
  Result<Slot> take(uint32_t index);
  void give_back(uint32_t index);
  Result<void> open(uint32_t index, int64_t offset, uint64_t bytes);
  Result<void> map(uint32_t index, int64_t offset, uint64_t bytes, int fd, uint64_t file_offset,
                   int sharing);
  Result<void> close(uint32_t index, int64_t offset, uint64_t bytes);
  // Counts the mappings of `after` in place of those of the slot now, or answers Error exhausted
  // and changes nothing.
  Result<void> count(uint32_t index, const Pieces& after);
  static bool is_closed(const Pieces& pieces, int64_t begin, int64_t end);
  static Pieces without(const Pieces& pieces, int64_t begin, int64_t end);
  static Pieces with(const Pieces& pieces, Piece added);
  static int64_t mappings(const Pieces& pieces);

  uint32_t slots_;
  int64_t mapping_limit_;  // of all slots together
  std::atomic<int64_t> mappings_ = 0;
  std::vector<Pieces> pieces_;  // of each slot; belongs to the slot's thread
  mutable std::mutex mutex_;    // guards what follows
  std::vector<uint32_t>
      free_;  // a stack: the slot that was used last is warm; may name slots taken by number
  std::vector<bool> taken_;
  std::vector<bool> listed_;  // is the slot on free_?
  uint32_t in_use_ = 0;
};

}  // namespace weft::slot
