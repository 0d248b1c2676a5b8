/* seidel2d: a nine-point Gauss-Seidel sweep in place; each point waits for the one before it. */
#include "kernel.h"

enum { kN = 300, kSteps = 8 };
static double a[kN][kN];

void setup(void) {
  uint32_t seed = 1;
  for (int i = 0; i < kN; i++) {
    for (int j = 0; j < kN; j++) a[i][j] = next_fraction(&seed);
  }
}

void run(void) {
  for (int t = 0; t < kSteps; t++) {
    for (int i = 1; i < kN - 1; i++) {
      for (int j = 1; j < kN - 1; j++) {
        a[i][j] = (a[i - 1][j - 1] + a[i - 1][j] + a[i - 1][j + 1] + a[i][j - 1] + a[i][j] +
                   a[i][j + 1] + a[i + 1][j - 1] + a[i + 1][j] + a[i + 1][j + 1]) /
                  9.0;
      }
    }
  }
}

double checksum(void) { return weighted_sum(&a[0][0], kN * kN); }
