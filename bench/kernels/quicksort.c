/* quicksort: recursive with the median of three, insertion sort below 12 elements. */
#include "kernel.h"

enum { kN = 150000, kSmall = 12 };
static int32_t values[kN];

static inline void swap(int32_t* a, int32_t* b) {
  int32_t t = *a;
  *a = *b;
  *b = t;
}

__attribute__((noinline)) static void sort(int32_t* v, int low, int high) {
  while (high - low >= kSmall) {
    int middle = low + (high - low) / 2;
    if (v[middle] < v[low]) swap(&v[middle], &v[low]);
    if (v[high] < v[low]) swap(&v[high], &v[low]);
    if (v[high] < v[middle]) swap(&v[high], &v[middle]);
    int32_t pivot = v[middle];
    int i = low, j = high;
    while (i <= j) {
      while (v[i] < pivot) i++;
      while (pivot < v[j]) j--;
      if (i <= j) swap(&v[i++], &v[j--]);
    }
    sort(v, low, j);
    low = i;
  }
  for (int i = low + 1; i <= high; i++) {
    int32_t x = v[i];
    int j = i - 1;
    while (j >= low && v[j] > x) {
      v[j + 1] = v[j];
      j--;
    }
    v[j + 1] = x;
  }
}

void setup(void) {
  uint32_t seed = 1;
  for (int i = 0; i < kN; i++) values[i] = (int32_t)next_random(&seed);
}

void run(void) { sort(values, 0, kN - 1); }

double checksum(void) { return hash_bytes(values, sizeof values); }
