// Included before everything else when flang's run-time library is compiled (-include).
//
// flang writes size_t and CFI_index_t as 64 bits into its calls and array descriptors whatever the
// target, while wasm32's have 32. So the library's own interfaces are compiled with 64-bit ones:
// all headers of the C and C++ libraries come first, as they are, and from then on size_t and
// ptrdiff_t mean the wide types. What the library hands on to the C library narrows by itself, but
// for the addresses of memcpy and memmove, which it stores.
#pragma once

#ifdef __cplusplus
#include <algorithm>
#include <array>
#include <atomic>
#include <bitset>
#include <cassert>
#include <cctype>
#include <cerrno>
#include <cfenv>
#include <cfloat>
#include <cinttypes>
#include <climits>
#include <cmath>
#include <complex>
#include <cstdarg>
#include <cstddef>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <ctime>
#include <functional>
#include <initializer_list>
#include <limits>
#include <list>
#include <map>
#include <memory>
#include <new>
#include <optional>
#include <string>
#include <string_view>
#include <tuple>
#include <type_traits>
#include <utility>
#include <variant>
#include <vector>
#endif
#include <complex.h>
#include <errno.h>
#include <fcntl.h>
#include <fenv.h>
#include <float.h>
#include <inttypes.h>
#include <limits.h>
#include <math.h>
#include <pthread.h>
#include <signal.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/time.h>
#include <sys/times.h>
#include <sys/types.h>
#include <time.h>
#include <unistd.h>
// <complex.h> names the imaginary unit, the library its type parameters
#undef I

// What the library takes from POSIX and a guest's C library may lack; support.cc has them.
#ifdef __cplusplus
extern "C" {
#endif
int weft_fortran_mkstemp(char* path);
#ifdef __cplusplus
}
#endif
#define mkstemp weft_fortran_mkstemp
#define getuid() 0u
#define getgid() 0u

#ifdef __cplusplus
namespace std {
using weft_wide_size = ::uint64_t;
using weft_wide_difference = ::int64_t;
}  // namespace std
static inline void* weft_wide_memcpy(void* to, const void* from, uint64_t bytes) {
  return memcpy(to, from, (unsigned long)bytes);
}
static inline void* weft_wide_memmove(void* to, const void* from, uint64_t bytes) {
  return memmove(to, from, (unsigned long)bytes);
}
#endif
typedef uint64_t weft_wide_size;
typedef int64_t weft_wide_difference;
#define size_t weft_wide_size
#define ptrdiff_t weft_wide_difference
