// All intrinsics of x86 that guests have.
#pragma once
#include <immintrin.h>
