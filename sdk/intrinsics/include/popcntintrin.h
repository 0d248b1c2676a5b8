// POPCNT's intrinsics for guests, which SIMDe leaves out: an instruction of WebAssembly.
#pragma once

static inline int _mm_popcnt_u32(unsigned int bits) { return __builtin_popcount(bits); }
static inline long long _mm_popcnt_u64(unsigned long long bits) {
  return __builtin_popcountll(bits);
}
