// SSE2's, as direct_sse.h.
#pragma once
#include <direct_sse.h>
#include <simde/x86/sse2.h>

WEFT_DIRECT int weft_mm_movemask_epi8(simde__m128i a) { return (int)wasm_i8x16_bitmask((v128_t)a); }
#undef simde_mm_movemask_epi8
#define simde_mm_movemask_epi8(a) weft_mm_movemask_epi8(a)

WEFT_DIRECT int weft_mm_movemask_pd(simde__m128d a) { return (int)wasm_i64x2_bitmask((v128_t)a); }
#undef simde_mm_movemask_pd
#define simde_mm_movemask_pd(a) weft_mm_movemask_pd(a)

WEFT_DIRECT simde__m128i weft_mm_mullo_epi16(simde__m128i a, simde__m128i b) {
  return (simde__m128i)wasm_i16x8_mul((v128_t)a, (v128_t)b);
}
#undef simde_mm_mullo_epi16
#define simde_mm_mullo_epi16(a, b) weft_mm_mullo_epi16(a, b)

WEFT_DIRECT simde__m128i weft_mm_mulhi_epi16(simde__m128i a, simde__m128i b) {
  v128_t low = wasm_i32x4_extmul_low_i16x8((v128_t)a, (v128_t)b);
  v128_t high = wasm_i32x4_extmul_high_i16x8((v128_t)a, (v128_t)b);
  return (simde__m128i)wasm_i16x8_shuffle(low, high, 1, 3, 5, 7, 9, 11, 13, 15);
}
#undef simde_mm_mulhi_epi16
#define simde_mm_mulhi_epi16(a, b) weft_mm_mulhi_epi16(a, b)

WEFT_DIRECT simde__m128i weft_mm_mulhi_epu16(simde__m128i a, simde__m128i b) {
  v128_t low = wasm_u32x4_extmul_low_u16x8((v128_t)a, (v128_t)b);
  v128_t high = wasm_u32x4_extmul_high_u16x8((v128_t)a, (v128_t)b);
  return (simde__m128i)wasm_i16x8_shuffle(low, high, 1, 3, 5, 7, 9, 11, 13, 15);
}
#undef simde_mm_mulhi_epu16
#define simde_mm_mulhi_epu16(a, b) weft_mm_mulhi_epu16(a, b)

WEFT_DIRECT simde__m128i weft_mm_madd_epi16(simde__m128i a, simde__m128i b) {
  return (simde__m128i)wasm_i32x4_dot_i16x8((v128_t)a, (v128_t)b);
}
#undef simde_mm_madd_epi16
#define simde_mm_madd_epi16(a, b) weft_mm_madd_epi16(a, b)

WEFT_DIRECT simde__m128i weft_mm_sad_epu8(simde__m128i a, simde__m128i b) {
  v128_t apart = wasm_v128_or(wasm_u8x16_sub_sat((v128_t)a, (v128_t)b),
                              wasm_u8x16_sub_sat((v128_t)b, (v128_t)a));
  v128_t sums = wasm_u32x4_extadd_pairwise_u16x8(wasm_u16x8_extadd_pairwise_u8x16(apart));
  return (simde__m128i)wasm_i64x2_add(wasm_u64x2_shr(sums, 32),
                                      wasm_v128_and(sums, wasm_i64x2_splat(0xffffffff)));
}
#undef simde_mm_sad_epu8
#define simde_mm_sad_epu8(a, b) weft_mm_sad_epu8(a, b)

// Counts beyond the element's width clear it.
WEFT_DIRECT simde__m128i weft_mm_srl_epi16(simde__m128i a, simde__m128i count) {
  unsigned long long by = (unsigned long long)wasm_i64x2_extract_lane((v128_t)count, 0);
  return (simde__m128i)(by > 15 ? wasm_i64x2_const(0, 0) : wasm_u16x8_shr((v128_t)a, (unsigned)by));
}
#undef simde_mm_srl_epi16
#define simde_mm_srl_epi16(a, count) weft_mm_srl_epi16(a, count)

// What is no number, or too large for the result, becomes its least.
WEFT_DIRECT simde__m128i weft_mm_cvtps_epi32(simde__m128 a) {
  v128_t numbers = wasm_f32x4_nearest(simde__m128_to_wasm_v128(a));
  v128_t fits = wasm_f32x4_lt(numbers, wasm_f32x4_splat(2147483648.0f));
  return (simde__m128i)wasm_v128_bitselect(wasm_i32x4_trunc_sat_f32x4(numbers),
                                           wasm_i32x4_splat(-0x7fffffff - 1), fits);
}
#undef simde_mm_cvtps_epi32
#define simde_mm_cvtps_epi32(a) weft_mm_cvtps_epi32(a)
