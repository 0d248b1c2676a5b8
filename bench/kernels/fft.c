/* fft: iterative radix-2 transform of complex numbers, forward and back. */
#include <math.h>

#include "kernel.h"

enum { kBits = 14, kN = 1 << kBits, kRounds = 12 };
struct Complex {
  double re, im;
};
static struct Complex data[kN], twiddle[kN / 2];

__attribute__((noinline)) static void transform(struct Complex* x, int n, double direction) {
  for (int i = 1, j = 0; i < n; i++) {
    int bit = n >> 1;
    for (; j & bit; bit >>= 1) j ^= bit;
    j ^= bit;
    if (i < j) {
      struct Complex t = x[i];
      x[i] = x[j];
      x[j] = t;
    }
  }
  for (int half = 1; half < n; half *= 2) {
    int step = n / 2 / half;
    for (int i = 0; i < n; i += 2 * half) {
      for (int k = 0; k < half; k++) {
        struct Complex w = twiddle[k * step];
        struct Complex u = x[i + k], v = x[i + k + half];
        double re = v.re * w.re - direction * v.im * w.im;
        double im = direction * v.re * w.im + v.im * w.re;
        x[i + k].re = u.re + re;
        x[i + k].im = u.im + im;
        x[i + k + half].re = u.re - re;
        x[i + k + half].im = u.im - im;
      }
    }
  }
}

/* e^(-i pi k / (n/2)) for all k, by halving angles (sqrt is exact on every side; sin and cos are
 * not). */
static void make_twiddles(void) {
  struct Complex w = {-1, 0}; /* e^(-i pi) */
  twiddle[0].re = 1;
  twiddle[0].im = 0;
  for (int step = kN / 4; step >= 1; step /= 2) {
    double re = sqrt((1 + w.re) / 2);
    struct Complex root = {re, re > 0 ? w.im / (2 * re) : -1};
    if (step == kN / 4) {
      root.re = 0;
      root.im = -1;
    }
    for (int k = step; k < kN / 2; k += 2 * step) {
      struct Complex base = twiddle[k - step];
      twiddle[k].re = base.re * root.re - base.im * root.im;
      twiddle[k].im = base.re * root.im + base.im * root.re;
    }
    w = root;
  }
}

void setup(void) {
  make_twiddles();
  uint32_t seed = 1;
  for (int i = 0; i < kN; i++) {
    data[i].re = next_fraction(&seed);
    data[i].im = next_fraction(&seed);
  }
}

void run(void) {
  for (int round = 0; round < kRounds; round++) {
    transform(data, kN, 1);
    for (int i = 0; i < kN; i++) data[i].re += 1.0 / (1 + i % 7);
    transform(data, kN, -1);
    for (int i = 0; i < kN; i++) {
      data[i].re *= 1.0 / kN;
      data[i].im *= 1.0 / kN;
    }
  }
}

double checksum(void) { return weighted_sum(&data[0].re, 2 * kN); }
