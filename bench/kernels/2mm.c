/* 2mm: D = alpha * A * B * C + beta * D with two-dimensional global arrays and dot products down
 * the columns. */
#include "kernel.h"

enum { kI = 160, kJ = 168, kK = 184, kL = 192 };
static double a[kI][kK], b[kK][kJ], c[kJ][kL], d[kI][kL], tmp[kI][kJ];

static void fill(double* values, int count, uint32_t seed) {
  for (int i = 0; i < count; i++) values[i] = next_fraction(&seed);
}

void setup(void) {
  fill(&a[0][0], kI * kK, 1);
  fill(&b[0][0], kK * kJ, 2);
  fill(&c[0][0], kJ * kL, 3);
  fill(&d[0][0], kI * kL, 4);
}

void run(void) {
  const double alpha = 1.5, beta = 1.2;
  for (int i = 0; i < kI; i++) {
    for (int j = 0; j < kJ; j++) {
      tmp[i][j] = 0;
      for (int k = 0; k < kK; k++) tmp[i][j] += alpha * a[i][k] * b[k][j];
    }
  }
  for (int i = 0; i < kI; i++) {
    for (int j = 0; j < kL; j++) {
      d[i][j] *= beta;
      for (int k = 0; k < kJ; k++) d[i][j] += tmp[i][k] * c[k][j];
    }
  }
}

double checksum(void) { return weighted_sum(&d[0][0], kI * kL); }
