/* triad: a = b + s * c over arrays that fit the second-level cache, through pointers that might
 * overlap. */
#include "kernel.h"

enum { kN = 24000, kSteps = 1200 };
static double a[kN], b[kN], c[kN];

__attribute__((noinline)) static void triad(double* out, const double* x, const double* y,
                                            double scale, int count) {
  for (int i = 0; i < count; i++) out[i] = x[i] + scale * y[i];
}

void setup(void) {
  uint32_t seed = 1;
  for (int i = 0; i < kN; i++) {
    a[i] = 0;
    b[i] = next_fraction(&seed);
    c[i] = next_fraction(&seed);
  }
}

void run(void) {
  for (int t = 0; t < kSteps; t += 2) {
    triad(a, b, c, 0.5, kN);
    triad(b, a, c, -0.25, kN);
  }
}

double checksum(void) { return weighted_sum(a, kN) + weighted_sum(b, kN); }
