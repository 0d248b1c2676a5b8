// SSSE3's intrinsics for guests, by SIMDe on WebAssembly's 128-bit vectors.
#pragma once
#define SIMDE_ENABLE_NATIVE_ALIASES
#include <simde/x86/ssse3.h>
