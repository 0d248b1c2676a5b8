// SSE's intrinsics that SIMDe 0.7.4 leaves to loops over the elements, though WebAssembly has an
// instruction for them. What is renamed here is used by SIMDe's later headers, too.
// tests/compilers holds each against the machine's own.
#pragma once
#include <simde/x86/sse.h>
#include <wasm_simd128.h>

#define WEFT_DIRECT static __inline__ __attribute__((always_inline, unused, nodebug))

WEFT_DIRECT int weft_mm_movemask_ps(simde__m128 a) {
  return (int)wasm_i32x4_bitmask(simde__m128_to_wasm_v128(a));
}
#undef simde_mm_movemask_ps
#define simde_mm_movemask_ps(a) weft_mm_movemask_ps(a)
