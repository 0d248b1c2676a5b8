// The registers of a preempted guest, as they lie in its slot: a part of the format of frozen
// guests.
//
// Everything that code between two instructions can rely on is here: general registers, flags, and
// the parts of the extended state (x87, SSE, AVX, AVX-512) that were not in their initial state, in
// the standard format of XSAVE. Parts that were are left out of the image's own bit map and hold
// stale bytes or zeros.
//
// Thread safety: plain data, written by the signal handler of the thread that runs the guest.
#pragma once

#include <cstddef>
#include <cstdint>

#include "base/result.h"
#include "cpu/thread.h"

namespace weft::cpu {

inline constexpr uint32_t save_area_magic = 0x53465457;  // "WTFS"
inline constexpr uint32_t save_area_version = 1;

struct alignas(64) SaveArea {
  uint32_t magic;
  uint32_t version;
  uint64_t state_mask;  // extended_state_mask() of the machine that saved
  uint64_t layout;      // extended_state_layout() of that machine
  uint64_t rax, rbx, rcx, rdx, rsi, rdi, rbp, rsp;
  uint64_t r8, r9, r10, r11, r12, r13, r14, r15;
  uint64_t rip;
  uint64_t rflags;  // arithmetic flags and DF; the rest is the machine's business
  uint64_t reserved[3];
  // 512 bytes of FXSAVE, the 64-byte header, then the parts at the offsets that `layout` names.
  alignas(64) std::byte xsave[save_area_bytes - 192];
};
static_assert(sizeof(SaveArea) == save_area_bytes);
// enter_x86_64.S knows these.
static_assert(offsetof(SaveArea, rax) == 24 && offsetof(SaveArea, r8) == 88);
static_assert(offsetof(SaveArea, rip) == 152 && offsetof(SaveArea, rflags) == 160);
static_assert(offsetof(SaveArea, xsave) == 192);

// Where this machine's XSAVE puts AVX, opmask, ZMM_Hi256 and Hi16_ZMM: four offsets of 16 bits, the
// first lowest, 0 for parts it does not have. AMD and Intel differ.
uint64_t extended_state_layout();

// May a guest that was saved so go on here? REQUIRES nothing: the bytes may come from a file.
[[nodiscard]] Result<void> check_save_area(const SaveArea& area);

}  // namespace weft::cpu
