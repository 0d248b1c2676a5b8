// What all these headers begin with: SIMDe under the intrinsics' own names.
#pragma once
#define SIMDE_ENABLE_NATIVE_ALIASES
#include <simde/simde-common.h>

// In C, SIMDe takes a pointer of the very type that the intrinsic is declared with and ends the
// build otherwise; compilers only warn about int* for unsigned*, and programs live with that.
#ifndef __cplusplus
#undef SIMDE_CHECKED_REINTERPRET_CAST
#define SIMDE_CHECKED_REINTERPRET_CAST(to, from, value) ((to)(value))
#endif
