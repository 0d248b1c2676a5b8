// Functions of BLAS and LAPACK that handle characters or ask what the machine is like, and small
// ones that f2c does not translate.
#include <assert.h>
#include <ctype.h>
#include <float.h>
#include <math.h>
#include <string.h>
#include <time.h>

#include "own.h"

PUBLIC int lsame_(const char* a, const char* b) { return toupper(*a) == toupper(*b); }
PUBLIC int lsamen_(const int* n, const char* a, const char* b) {
  for (int i = 0; i < *n; ++i) {
    if (toupper(a[i]) != toupper(b[i])) {
      return 0;
    }
  }
  return 1;
}

// What the machine's numbers are like; the letters are LAPACK's.
PUBLIC double dlamch_(const char* what) {
  switch (toupper(*what)) {
    case 'E':
      return DBL_EPSILON / 2;
    case 'S':
      return DBL_MIN;
    case 'B':
      return FLT_RADIX;
    case 'P':
      return DBL_EPSILON;
    case 'N':
      return DBL_MANT_DIG;
    case 'R':
      return 1;
    case 'M':
      return DBL_MIN_EXP;
    case 'U':
      return DBL_MIN;
    case 'L':
      return DBL_MAX_EXP;
    case 'O':
      return DBL_MAX;
    default:
      return 0;
  }
}
PUBLIC float slamch_(const char* what) {
  switch (toupper(*what)) {
    case 'E':
      return FLT_EPSILON / 2;
    case 'S':
    case 'U':
      return FLT_MIN;
    case 'P':
      return FLT_EPSILON;
    case 'N':
      return FLT_MANT_DIG;
    case 'M':
      return FLT_MIN_EXP;
    case 'L':
      return FLT_MAX_EXP;
    case 'O':
      return FLT_MAX;
    default:
      return (float)dlamch_(what);
  }
}
PUBLIC double dlamc3_(const double* a, const double* b) { return *a + *b; }
PUBLIC float slamc3_(const float* a, const float* b) { return *a + *b; }

// A length of work space as a floating-point number that is not smaller.
PUBLIC double droundup_lwork_(const int* length) { return *length; }
PUBLIC float sroundup_lwork_(const int* length) {
  float rounded = (float)*length;
  return rounded < (double)*length ? nextafterf(rounded, INFINITY) : rounded;
}

PUBLIC int dmaxloc_(const double* x, const int* n) {
  int best = 0;
  for (int i = 1; i < *n; ++i) {
    best = x[i] > x[best] ? i : best;
  }
  return best + 1;
}
PUBLIC int smaxloc_(const float* x, const int* n) {
  int best = 0;
  for (int i = 1; i < *n; ++i) {
    best = x[i] > x[best] ? i : best;
  }
  return best + 1;
}

static int is_one_of(const char* name, const char* list) {
  for (; *list != '\0'; list += 3) {
    if (strncmp(name, list, 3) == 0) {
      return 1;
    }
  }
  return 0;
}

static int block_size(const char* family, const char* operation) {
  if (is_one_of(operation, "TRFTRSLAULANTFRTFT")) {
    return 64;
  }
  if (strncmp(family, "OR", 2) == 0 || strncmp(family, "UN", 2) == 0 ||
      is_one_of(operation, "QRFRQFLQFQLFHRDBRD")) {
    return 32;
  }
  if (strncmp(operation, "TRD", 3) == 0) {
    return 32;
  }
  return is_one_of(operation, "TRIUUMGSTEVCEBZSYL") ? 64 : 1;
}

// Parameters of the QR iteration by the size of the active block.
static int qr_parameter(int what, int low, int high) {
  int size = high - low + 1;
  int shifts = size < 30     ? 2
               : size < 60   ? 4
               : size < 150  ? 10
               : size < 590  ? 32
               : size < 3000 ? 64
                             : 128;
  if (size >= 150 && size < 590) {
    int by_size = size / (int)lround(log2(size));
    shifts = by_size > 10 ? by_size : 10;
  }
  shifts -= shifts % 2;
  switch (what) {
    case 12:
      return 75;
    case 13:
      return size <= 500 ? shifts : 3 * shifts / 2;
    case 14:
      return 14;
    case 15:
      return shifts;
    case 16:
      return shifts >= 14 ? 2 : 0;
    default:
      return 10;
  }
}

PUBLIC int iparmq_(const int* what, const char* name, const char* options, const int* n,
                   const int* low, const int* high, const int* work) {
  return qr_parameter(*what, *low, *high);
}

// Block sizes and crossover points: those of the reference.
PUBLIC int ilaenv_(const int* what, const char* name, const char* options, const int* n1,
                   const int* n2, const int* n3, const int* n4) {
  char upper[8] = {0};
  for (int i = 0; i < 7 && name[i] != '\0'; ++i) {
    upper[i] = (char)toupper(name[i]);
  }
  const char* operation = upper + 3;
  switch (*what) {
    case 1:
      return block_size(upper + 1, operation);
    case 2:
      return 2;
    case 3:
      return strncmp(operation, "TRD", 3) == 0 ? 32 : 128;
    case 4:
      return 6;
    case 5:
      return 2;
    case 6:
      return (int)((*n1 < *n2 ? *n1 : *n2) * 1.6F);
    case 7:
      return 1;
    case 8:
      return 50;
    case 9:
      return 25;
    case 10:
    case 11:
      return 1;
    default:
      return *what >= 12 && *what <= 17 ? qr_parameter(*what, *n2, *n3) : -1;
  }
}

// For the two-stage reductions, which have their own.
PUBLIC int iparam2stage_(const int* what, const char* name, const char* options, const int* n,
                         const int* bandwidth, const int* block, const int* x) {
  int size = *what == 17 ? 32 : *what == 18 ? 32 : *what == 19 ? 4 * *n : 1;
  return *what == 20 ? 32 * *n + *n * 64 + 64 * 32 : size;
}
PUBLIC int ilaenv2stage_(const int* what, const char* name, const char* options, const int* n1,
                         const int* n2, const int* n3, const int* n4) {
  const int inner = 16 + *what;
  return iparam2stage_(&inner, name, options, n1, n2, n3, n4);
}

// Seconds of processor time.
PUBLIC double dsecnd_(void) { return (double)clock() / CLOCKS_PER_SEC; }
PUBLIC float second_(void) { return (float)dsecnd_(); }

FORTRAN_ENTRY(int, lsame, (const char* a, const char* b, int a_length, int b_length), a, b);
FORTRAN_ENTRY(int, lsamen, (const int* n, const char* a, const char* b, int a_length, int b_length),
              n, a, b);
FORTRAN_ENTRY(double, dlamch, (const char* what, int length), what);
FORTRAN_ENTRY(float, slamch, (const char* what, int length), what);
FORTRAN_ENTRY(int, ilaenv,
              (const int* what, const char* name, const char* options, const int* n1, const int* n2,
               const int* n3, const int* n4, int name_length, int options_length),
              what, name, options, n1, n2, n3, n4);
FORTRAN_ENTRY(int, ilaenv2stage,
              (const int* what, const char* name, const char* options, const int* n1, const int* n2,
               const int* n3, const int* n4, int name_length, int options_length),
              what, name, options, n1, n2, n3, n4);
FORTRAN_ENTRY(int, iparmq,
              (const int* what, const char* name, const char* options, const int* n, const int* low,
               const int* high, const int* work, int name_length, int options_length),
              what, name, options, n, low, high, work);
FORTRAN_ENTRY(int, iparam2stage,
              (const int* what, const char* name, const char* options, const int* n,
               const int* bandwidth, const int* block, const int* x, int name_length,
               int options_length),
              what, name, options, n, bandwidth, block, x);
