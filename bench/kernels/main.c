/* The harness of all kernels: runs one kernel several times and prints
 *     name checksum best_ns median_ns
 * Usage: PROGRAM [repetitions]. Built once per kernel with -DKERNEL_NAME="...". */
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

#include "kernel.h"

enum { kMaxRepetitions = 1000 };

static long long now_ns(void) {
  struct timespec t;
  clock_gettime(CLOCK_MONOTONIC, &t);
  return (long long)t.tv_sec * 1000000000 + t.tv_nsec;
}

static int by_value(const void* a, const void* b) {
  long long x = *(const long long*)a, y = *(const long long*)b;
  return (x > y) - (x < y);
}

int main(int argc, char** argv) {
  static long long times[kMaxRepetitions];
  int repetitions = argc > 1 ? atoi(argv[1]) : 11;
  double first = 0;
  if (repetitions < 1 || repetitions > kMaxRepetitions) return 2;
  /* Run -1 warms caches, page tables and predictors and isn't counted. */
  for (int i = -1; i < repetitions; i++) {
    setup();
    long long start = now_ns();
    run();
    long long stop = now_ns();
    double sum = checksum();
    if (i < 0) {
      first = sum;
      continue;
    }
    times[i] = stop - start;
    if (sum != first) {
      fprintf(stderr, "%s: repetition %d gives %.17g instead of %.17g\n", KERNEL_NAME, i, sum,
              first);
      return 1;
    }
  }
  qsort(times, (size_t)repetitions, sizeof times[0], by_value);
  printf("%s %.17g %lld %lld\n", KERNEL_NAME, first, times[0], times[repetitions / 2]);
  return 0;
}
