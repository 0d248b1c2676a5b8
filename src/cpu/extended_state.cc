#include <cpuid.h>

#include <cstring>

#include "cpu/core.h"
#include "cpu/save_area.h"

namespace weft::cpu {
namespace {

constexpr uint64_t supported = 0xe7;  // x87, SSE, AVX, opmask, ZMM_Hi256, Hi16_ZMM; never AMX

uint64_t enabled_by_kernel() {
  uint32_t low = 0;
  uint32_t high = 0;
  asm volatile("xgetbv" : "=a"(low), "=d"(high) : "c"(0));
  return low | static_cast<uint64_t>(high) << 32;
}

}  // namespace

// Intel's manual, volume 1, chapter 13; CPUID leaf 0xd has a sub-leaf for each part.
ExtendedState ExtendedState::detect() {
  ExtendedState state;
  unsigned a = 0;
  unsigned b = 0;
  unsigned c = 0;
  unsigned d = 0;
  if (__get_cpuid(1, &a, &b, &c, &d) == 0 || (c & bit_OSXSAVE) == 0) {
    return state;  // attach() refuses such a machine
  }
  state.mask = enabled_by_kernel() & supported;
  constexpr uint32_t bits[4] = {2, 5, 6, 7};
  for (int i = 0; i < 4; ++i) {
    if ((state.mask >> bits[i] & 1) != 0 && __get_cpuid_count(0xd, bits[i], &a, &b, &c, &d) != 0) {
      state.parts[i] = {.bit = bits[i], .offset = b, .bytes = a};
      CHECK(b + a <= sizeof(SaveArea::xsave), "part {} of the extended state ends at {}", bits[i],
            b + a);
    } else {
      state.parts[i] = {.bit = bits[i], .offset = 0, .bytes = 0};
    }
  }
  return state;
}

const ExtendedState& extended_state() {
  static const ExtendedState state = ExtendedState::detect();
  return state;
}

uint64_t extended_state_mask() { return extended_state().mask; }

uint64_t extended_state_layout() {
  uint64_t layout = 0;
  for (int i = 0; i < 4; ++i) {
    layout |= static_cast<uint64_t>(extended_state().parts[i].offset) << (16 * i);
  }
  return layout;
}

Result<void> check_save_area(const SaveArea& area) {
  if (area.magic != save_area_magic || area.version != save_area_version) {
    return error(Error::Kind::corrupt, "the saved registers are not of version {}",
                 save_area_version);
  }
  if (area.state_mask != extended_state_mask() || area.layout != extended_state_layout()) {
    return error(
        Error::Kind::unsupported,
        "the guest was saved on a processor with another extended state ({:#x}, here {:#x})",
        area.state_mask, extended_state_mask());
  }
  // XRSTOR faults on anything else, and a fault there would be the host's.
  uint64_t header[8];
  std::memcpy(header, area.xsave + 512, sizeof header);
  uint32_t mxcsr = 0;
  std::memcpy(&mxcsr, area.xsave + 24, sizeof mxcsr);
  bool is_sound = (header[0] & ~area.state_mask) == 0 && (mxcsr & 0xffff0000) == 0;
  for (int i = 1; i < 8; ++i) {
    is_sound = is_sound && header[i] == 0;
  }
  constexpr uint64_t allowed_flags = 0xcd5 | 0x202;
  if (!is_sound || (area.rflags & ~allowed_flags) != 0) {
    return error(Error::Kind::corrupt, "the saved registers hold values that no program can have");
  }
  return {};
}

}  // namespace weft::cpu
