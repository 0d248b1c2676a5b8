// SSE2's intrinsics for guests, by SIMDe on WebAssembly's 128-bit vectors.
#pragma once
#include <simde_for_guests.h>
#include <direct_sse2.h>
