// Times dgemm of 512 x 512 or an FFT of 2^16 complex numbers, best of REPETITIONS; prints the time
// in nanoseconds and a checksum. bench/guest_math.py builds it for the guest and natively.
#include <math.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

static double now(void) {
  struct timespec t;
  clock_gettime(CLOCK_MONOTONIC, &t);
  return (double)t.tv_sec * 1e9 + (double)t.tv_nsec;
}

static double number(void) {
  static uint32_t state = 12345;
  state = state * 1664525U + 1013904223U;
  return state / 4294967296.0 - 0.5;
}

#ifdef GEMM
enum { n = 512 };
static double a[n * n], b[n * n], c[n * n];
void dgemm_(const char* transa, const char* transb, const int* m, const int* n, const int* k,
            const double* alpha, const double* a, const int* lda, const double* b, const int* ldb,
            const double* beta, double* c, const int* ldc);

static void prepare(void) {
  for (int i = 0; i < n * n; ++i) {
    a[i] = number(), b[i] = number();
  }
}
static void work(void) {
  const int size = n;
  const double one = 1, zero = 0;
  dgemm_("N", "N", &size, &size, &size, &one, a, &size, b, &size, &zero, c, &size);
}
static double sum(void) {
  double total = 0;
  for (int i = 0; i < n * n; ++i) {
    total += c[i] * (i % 7);
  }
  return total;
}
#else
#include <complex.h>
#include <fftw3.h>
enum { n = 1 << 16 };
static double complex in[n], out[n];
static fftw_plan plan;

static void prepare(void) {
  plan = fftw_plan_dft_1d(n, in, out, FFTW_FORWARD, FFTW_ESTIMATE);
  for (int i = 0; i < n; ++i) {
    in[i] = number() + number() * I;
  }
}
static void work(void) { fftw_execute(plan); }
static double sum(void) {
  double total = 0;
  for (int i = 0; i < n; ++i) {
    total += creal(out[i]) * (i % 7) + cimag(out[i]);
  }
  return total;
}
#endif

int main(int argc, char** argv) {
  int repetitions = argc > 1 ? atoi(argv[1]) : 10;
  double best = INFINITY;
  prepare();
  for (int i = 0; i < repetitions; ++i) {
    double begin = now();
    work();
    best = fmin(best, now() - begin);
  }
  printf("%.0f %.17g\n", best, sum());
}
