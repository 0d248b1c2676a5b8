// SSSE3's, as direct_sse.h.
#pragma once
#include <direct_sse2.h>
#include <simde/x86/ssse3.h>

WEFT_DIRECT simde__m128i weft_mm_shuffle_epi8(simde__m128i a, simde__m128i b) {
  return (simde__m128i)wasm_i8x16_swizzle((v128_t)a,
                                          wasm_v128_and((v128_t)b, wasm_u8x16_splat(0x8f)));
}
#undef simde_mm_shuffle_epi8
#define simde_mm_shuffle_epi8(a, b) weft_mm_shuffle_epi8(a, b)

WEFT_DIRECT simde__m128i weft_mm_maddubs_epi16(simde__m128i a, simde__m128i b) {
  v128_t even = wasm_i16x8_mul(wasm_v128_and((v128_t)a, wasm_i16x8_splat(0xff)),
                               wasm_i16x8_shr(wasm_i16x8_shl((v128_t)b, 8), 8));
  v128_t odd = wasm_i16x8_mul(wasm_u16x8_shr((v128_t)a, 8), wasm_i16x8_shr((v128_t)b, 8));
  return (simde__m128i)wasm_i16x8_add_sat(even, odd);
}
#undef simde_mm_maddubs_epi16
#define simde_mm_maddubs_epi16(a, b) weft_mm_maddubs_epi16(a, b)

// WebAssembly's saturates where both numbers are the least one; x86's wraps.
WEFT_DIRECT simde__m128i weft_mm_mulhrs_epi16(simde__m128i a, simde__m128i b) {
  v128_t least = wasm_i16x8_splat(-0x8000);
  v128_t wraps = wasm_v128_and(wasm_i16x8_eq((v128_t)a, least), wasm_i16x8_eq((v128_t)b, least));
  return (simde__m128i)wasm_v128_xor(wasm_i16x8_q15mulr_sat((v128_t)a, (v128_t)b), wraps);
}
#undef simde_mm_mulhrs_epi16
#define simde_mm_mulhrs_epi16(a, b) weft_mm_mulhrs_epi16(a, b)

// Byte i of the result is number i + count of b, a and zeros after one another.
#define WEFT_UP_TO(n, most) ((n) < (most) ? (n) : (most))
#define WEFT_FROM(count, i) WEFT_UP_TO((count) + (i), 31)
#define WEFT_BEYOND(count, i) ((count) < 16 ? 31 : WEFT_UP_TO((count) - 16 + (i), 31))
#define WEFT_BYTES_FROM(x, y, at, count)                                                         \
  wasm_i8x16_shuffle(x, y, at(count, 0), at(count, 1), at(count, 2), at(count, 3), at(count, 4), \
                     at(count, 5), at(count, 6), at(count, 7), at(count, 8), at(count, 9),       \
                     at(count, 10), at(count, 11), at(count, 12), at(count, 13), at(count, 14),  \
                     at(count, 15))
#undef simde_mm_alignr_epi8
#define simde_mm_alignr_epi8(a, b, count)                                           \
  ((simde__m128i)((count) <= 16                                                     \
                      ? WEFT_BYTES_FROM((v128_t)(b), (v128_t)(a), WEFT_FROM, count) \
                      : WEFT_BYTES_FROM((v128_t)(a), wasm_i64x2_const(0, 0), WEFT_BEYOND, count)))
