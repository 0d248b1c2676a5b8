// The pages of a guest, as ranges of offsets from its memory base.
//
// Everything that a guest is lies side by side in its slot, so that one range holds it all:
//
//     begin()                stack_high()           0                       end()
//     | stack, grows down    | instance block       | linear memory         |
//
// Only some of these pages carry anything: those that the guest wrote, and under them those of the
// file that it was mapped from. All others are zero, wherever the guest is copied to.
//
// Thread safety: values.
#pragma once

#include <cstddef>
#include <cstdint>
#include <vector>

#include "base/result.h"
#include "engine/code_info.h"
#include "instance/instance.h"
#include "slot/dirty_pages.h"

namespace weft::snapshot {

// [begin, end), in bytes from the memory base.
struct Run {
  int64_t begin;
  int64_t end;
  uint64_t bytes() const { return static_cast<uint64_t>(end - begin); }
  bool operator==(const Run&) const = default;
};
using Runs = std::vector<Run>;  // ascending, neither empty nor touching

struct Extent {
  uint64_t stack_bytes = 0;  // room, whether used or not
  uint64_t block_bytes = 0;
  uint64_t memory_bytes = 0;

  int64_t begin() const { return -static_cast<int64_t>(stack_bytes + block_bytes); }
  int64_t stack_high() const { return -static_cast<int64_t>(block_bytes); }
  int64_t end() const { return static_cast<int64_t>(memory_bytes); }
  bool operator==(const Extent&) const = default;
};

Extent extent_of(const instance::Instance& instance);

// Where a guest stands: what of its stack is alive.
enum class Stand : uint8_t {
  idle,       // no call is in progress: nothing
  suspended,  // it left in a host call, through a stub
  preempted,  // between two instructions: its registers are in the save area
};

// The first byte of the stack that matters, rounded down to a page: stack_high() when idle. Below
// the stack pointer of a preempted guest lies its red zone of 128 bytes (System V ABI 3.2.2).
int64_t live_stack(const instance::Instance& instance, Stand stand);

// The pages that make up the guest from offset `begin` on: the dirty ones, and those of `under`.
Result<Runs> live_pages(const slot::DirtyPages& dirty, const std::byte* base, int64_t begin,
                        int64_t end, const Runs& under);

// The pages of a file of that many bytes which are there, as if it were mapped at offset 0: the
// memory of a program with threads.
Result<Runs> file_pages(int file, uint64_t bytes);

// All of both; what touches becomes one run.
Runs join(const Runs& a, const Runs& b);

// The parts of the instance block that hold addresses of this process, or belong to whoever runs
// the guest now. They are zero in everything that is written. Byte ranges, not pages.
Runs host_fields(const engine::CodeInfo& info);

bool is_zero(const std::byte* page);

}  // namespace weft::snapshot
