/* What the C that f2c makes of reference BLAS and LAPACK needs of its header: types, arithmetic,
 * and the functions that it calls for Fortran's intrinsics, here to be inlined. */
#pragma once

#include <math.h>
#include <stdlib.h>
#include <string.h>

typedef int integer;
typedef int logical;
typedef int shortint;
typedef char* address;
typedef float real;
typedef double doublereal;
typedef struct {
  real r, i;
} complex;
typedef struct {
  doublereal r, i;
} doublecomplex;
typedef int ftnlen;
typedef int ftnint;
typedef logical (*L_fp)();
typedef logical (*U_fp)();
typedef void (*S_fp)();

#define TRUE_ 1
#define FALSE_ 0
#define VOID void
#define Extern extern
#define abs(x) ((x) >= 0 ? (x) : -(x))
#define dabs(x) (doublereal) abs(x)
#define min(a, b) ((a) <= (b) ? (a) : (b))
#define max(a, b) ((a) >= (b) ? (a) : (b))
#define dmin(a, b) (doublereal) min(a, b)
#define dmax(a, b) (doublereal) max(a, b)
#define f2c_abs(x) abs(x)

/* A program may have a definition of its own. */
#define WEAK __attribute__((weak))

/* What Fortran calls XERBLA: so a program's own one is called (fix_f2c.py). */
void xerbla_lengths(char* name, integer* info, int length) __asm__("xerbla_.lengths");

static inline double r_imag(complex* z) { return z->i; }
static inline double d_imag(doublecomplex* z) { return z->i; }
static inline double c_abs(complex* z) { return hypot(z->r, z->i); }
static inline double z_abs(doublecomplex* z) { return hypot(z->r, z->i); }
static inline void r_cnjg(complex* out, complex* z) { *out = (complex){z->r, -z->i}; }
static inline void d_cnjg(doublecomplex* out, doublecomplex* z) {
  *out = (doublecomplex){z->r, -z->i};
}

/* R. L. Smith, Algorithm 116: complex division, 1962: no square leaves the range. */
static inline void z_div(doublecomplex* out, doublecomplex* a, doublecomplex* b) {
  double re = a->r, im = a->i;
  if (fabs(b->r) >= fabs(b->i)) {
    double ratio = b->i / b->r, size = b->r + b->i * ratio;
    *out = (doublecomplex){(re + im * ratio) / size, (im - re * ratio) / size};
  } else {
    double ratio = b->r / b->i, size = b->i + b->r * ratio;
    *out = (doublecomplex){(re * ratio + im) / size, (im * ratio - re) / size};
  }
}
static inline void c_div(complex* out, complex* a, complex* b) {
  doublecomplex x = {a->r, a->i}, y = {b->r, b->i}, z;
  z_div(&z, &x, &y);
  *out = (complex){(real)z.r, (real)z.i};
}
static inline void z_sqrt(doublecomplex* out, doublecomplex* z) {
  double size = z_abs(z);
  if (size == 0) {
    *out = (doublecomplex){0, z->i};
    return;
  }
  double root = sqrt((size + fabs(z->r)) / 2), other = z->i / (2 * root);
  *out =
      z->r >= 0 ? (doublecomplex){root, other} : (doublecomplex){fabs(other), copysign(root, z->i)};
}
static inline void c_sqrt(complex* out, complex* z) {
  doublecomplex wide = {z->r, z->i}, root;
  z_sqrt(&root, &wide);
  *out = (complex){(real)root.r, (real)root.i};
}
static inline void z_exp(doublecomplex* out, doublecomplex* z) {
  double size = exp(z->r);
  *out = (doublecomplex){size * cos(z->i), size * sin(z->i)};
}
static inline void c_exp(complex* out, complex* z) {
  double size = exp(z->r);
  *out = (complex){(real)(size * cos(z->i)), (real)(size * sin(z->i))};
}
static inline double r_lg10(real* x) { return log10(*x); }
static inline double d_lg10(doublereal* x) { return log10(*x); }
static inline double r_sign(real* a, real* b) { return copysign(*a, *b); }
static inline double d_sign(doublereal* a, doublereal* b) { return copysign(*a, *b); }
static inline integer i_nint(real* x) { return (integer)round(*x); }
static inline integer i_dnnt(doublereal* x) { return (integer)round(*x); }
static inline double pow_dd(doublereal* a, doublereal* b) { return pow(*a, *b); }
static inline double pow_di(doublereal* a, integer* n) { return pow(*a, *n); }
static inline double pow_ri(real* a, integer* n) { return pow(*a, *n); }

static inline integer pow_ii(integer* a, integer* n) {
  if (*n < 0) {
    return *a == 1 ? 1 : *a == -1 ? (*n % 2 == 0 ? 1 : -1) : 0;
  }
  unsigned result = 1, base = (unsigned)*a;
  for (int left = *n; left > 0; left /= 2, base *= base) {
    result *= left % 2 != 0 ? base : 1;
  }
  return (integer)result;
}

static inline void pow_zi(doublecomplex* out, doublecomplex* a, integer* n) {
  doublecomplex result = {1, 0}, base = *a;
  for (unsigned left = *n < 0 ? 0U - (unsigned)*n : (unsigned)*n; left > 0; left /= 2) {
    if (left % 2 != 0) {
      result = (doublecomplex){result.r * base.r - result.i * base.i,
                               result.r * base.i + result.i * base.r};
    }
    base = (doublecomplex){base.r * base.r - base.i * base.i, 2 * base.r * base.i};
  }
  doublecomplex one = {1, 0};
  if (*n < 0) {
    z_div(&result, &one, &result);
  }
  *out = result;
}
static inline void pow_ci(complex* out, complex* a, integer* n) {
  doublecomplex wide = {a->r, a->i}, result;
  pow_zi(&result, &wide, n);
  *out = (complex){(real)result.r, (real)result.i};
}

/* Joins `count` characters of these lengths, all of them as long as what they are assigned to. */
static inline void s_cat(char* out, char** parts, integer* lengths, integer* count) {
  for (int i = 0; i < *count; out += lengths[i], ++i) {
    memcpy(out, parts[i], (size_t)lengths[i]);
  }
}
