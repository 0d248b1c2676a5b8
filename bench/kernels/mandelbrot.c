/* mandelbrot: counts of iterations until a point escapes; a loop with a data-dependent end. */
#include "kernel.h"

enum { kWidth = 240, kHeight = 200, kLimit = 200 };
static int32_t counts[kHeight][kWidth];

void setup(void) {
  for (int y = 0; y < kHeight; y++) {
    for (int x = 0; x < kWidth; x++) counts[y][x] = -1;
  }
}

void run(void) {
  for (int y = 0; y < kHeight; y++) {
    double ci = 2.0 * y / kHeight - 1.0;
    for (int x = 0; x < kWidth; x++) {
      double cr = 3.0 * x / kWidth - 2.0;
      double zr = 0, zi = 0;
      int n = 0;
      while (n < kLimit && zr * zr + zi * zi <= 4.0) {
        double t = zr * zr - zi * zi + cr;
        zi = 2.0 * zr * zi + ci;
        zr = t;
        n++;
      }
      counts[y][x] = n;
    }
  }
}

double checksum(void) {
  double sum = 0;
  for (int y = 0; y < kHeight; y++) {
    for (int x = 0; x < kWidth; x++) sum += counts[y][x] * (1 + (x + y) % 31);
  }
  return sum;
}
