/* gemm: C = alpha * A * B + beta * C, row by row, through pointers as a library function gets them.
 */
#include "kernel.h"

enum { kN = 352 };
static double a[kN * kN], b[kN * kN], c[kN * kN];

__attribute__((noinline)) static void gemm(int n, double alpha, const double* restrict lhs,
                                           const double* restrict rhs, double beta,
                                           double* restrict out) {
  for (int i = 0; i < n; i++) {
    for (int j = 0; j < n; j++) out[i * n + j] *= beta;
    for (int k = 0; k < n; k++) {
      for (int j = 0; j < n; j++) out[i * n + j] += alpha * lhs[i * n + k] * rhs[k * n + j];
    }
  }
}

void setup(void) {
  uint32_t seed = 1;
  for (int i = 0; i < kN * kN; i++) {
    a[i] = next_fraction(&seed);
    b[i] = next_fraction(&seed);
    c[i] = next_fraction(&seed);
  }
}

void run(void) { gemm(kN, 1.5, a, b, 1.2, c); }

double checksum(void) { return weighted_sum(c, kN * kN); }
