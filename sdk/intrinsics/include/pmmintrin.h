// SSE3's intrinsics for guests, by SIMDe on WebAssembly's 128-bit vectors.
#pragma once
#include <simde_for_guests.h>
#include <direct_sse2.h>
#include <simde/x86/sse3.h>
