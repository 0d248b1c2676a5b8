/* jacobi2d: a five-point stencil that swaps between two grids. */
#include "kernel.h"

enum { kN = 500, kSteps = 40 };
static double a[kN][kN], b[kN][kN];

void setup(void) {
  uint32_t seed = 1;
  for (int i = 0; i < kN; i++) {
    for (int j = 0; j < kN; j++) a[i][j] = b[i][j] = next_fraction(&seed);
  }
}

void run(void) {
  for (int t = 0; t < kSteps; t++) {
    for (int i = 1; i < kN - 1; i++) {
      for (int j = 1; j < kN - 1; j++) {
        b[i][j] = 0.2 * (a[i][j] + a[i][j - 1] + a[i][j + 1] + a[i + 1][j] + a[i - 1][j]);
      }
    }
    for (int i = 1; i < kN - 1; i++) {
      for (int j = 1; j < kN - 1; j++) {
        a[i][j] = 0.2 * (b[i][j] + b[i][j - 1] + b[i][j + 1] + b[i + 1][j] + b[i - 1][j]);
      }
    }
  }
}

double checksum(void) { return weighted_sum(&a[0][0], kN * kN); }
