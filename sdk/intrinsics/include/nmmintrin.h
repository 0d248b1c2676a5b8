// SSE4.2's intrinsics for guests, by SIMDe on WebAssembly's 128-bit vectors.
#pragma once
#include <simde_for_guests.h>

#include <popcntintrin.h>
#include <direct_sse41.h>
#include <simde/x86/sse4.2.h>
