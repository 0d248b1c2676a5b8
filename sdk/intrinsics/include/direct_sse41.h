// SSE4.1's, as direct_sse.h.
#pragma once
#include <direct_ssse3.h>
#include <simde/x86/sse4.1.h>

WEFT_DIRECT int weft_mm_testz_si128(simde__m128i a, simde__m128i b) {
  return !wasm_v128_any_true(wasm_v128_and((v128_t)a, (v128_t)b));
}
#undef simde_mm_testz_si128
#define simde_mm_testz_si128(a, b) weft_mm_testz_si128(a, b)
#undef simde_mm_test_all_zeros
#define simde_mm_test_all_zeros(a, mask) weft_mm_testz_si128(a, mask)

WEFT_DIRECT int weft_mm_testc_si128(simde__m128i a, simde__m128i b) {
  return !wasm_v128_any_true(wasm_v128_andnot((v128_t)b, (v128_t)a));
}
#undef simde_mm_testc_si128
#define simde_mm_testc_si128(a, b) weft_mm_testc_si128(a, b)
#undef simde_mm_test_all_ones
#define simde_mm_test_all_ones(a) weft_mm_testc_si128(a, (simde__m128i)wasm_i64x2_splat(-1))

WEFT_DIRECT simde__m128i weft_mm_mul_epi32(simde__m128i a, simde__m128i b) {
  return (simde__m128i)wasm_i64x2_mul(wasm_i64x2_shr(wasm_i64x2_shl((v128_t)a, 32), 32),
                                      wasm_i64x2_shr(wasm_i64x2_shl((v128_t)b, 32), 32));
}
#undef simde_mm_mul_epi32
#define simde_mm_mul_epi32(a, b) weft_mm_mul_epi32(a, b)
