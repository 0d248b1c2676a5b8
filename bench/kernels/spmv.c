/* spmv: a sparse matrix (compressed rows) times a vector, repeated. */
#include "kernel.h"

enum { kRows = 20000, kPerRow = 12, kSteps = 20 };
static double value[kRows * kPerRow], x[kRows], y[kRows];
static int column[kRows * kPerRow], row_start[kRows + 1];

__attribute__((noinline)) static void multiply(int rows, const int* start, const int* col,
                                               const double* val, const double* in, double* out) {
  for (int i = 0; i < rows; i++) {
    double sum = 0;
    for (int k = start[i]; k < start[i + 1]; k++) sum += val[k] * in[col[k]];
    out[i] = sum;
  }
}

void setup(void) {
  uint32_t seed = 1;
  int at = 0;
  for (int i = 0; i < kRows; i++) {
    row_start[i] = at;
    x[i] = next_fraction(&seed);
    /* Rows have 4 to 12 entries around the diagonal. */
    int entries = 4 + (int)(next_random(&seed) % (kPerRow - 3));
    for (int k = 0; k < entries; k++) {
      column[at] = (i + (int)(next_random(&seed) % 2048)) % kRows;
      value[at++] = next_fraction(&seed) / kPerRow;
    }
  }
  row_start[kRows] = at;
}

void run(void) {
  for (int t = 0; t < kSteps; t += 2) {
    multiply(kRows, row_start, column, value, x, y);
    multiply(kRows, row_start, column, value, y, x);
  }
}

double checksum(void) { return weighted_sum(x, kRows) + weighted_sum(y, kRows); }
