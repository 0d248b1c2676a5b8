// Costs of OpenMP constructs, kernels on a team, and the same with more threads than cores: one
// line "name nanoseconds" each, the best of the repetitions. The argument is the number of threads.
#include <omp.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

static double now(void) {
  struct timespec t;
  clock_gettime(CLOCK_MONOTONIC, &t);
  return t.tv_sec * 1e9 + t.tv_nsec;
}

enum { repetitions = 7 };
#define MEASURE(name, count, ...)                                      \
  do {                                                                 \
    double best = 1e30;                                                \
    for (int repetition = 0; repetition < repetitions; ++repetition) { \
      double begin = now();                                            \
      __VA_ARGS__;                                                     \
      double taken = (now() - begin) / (count);                        \
      if (taken < best) best = taken;                                  \
    }                                                                  \
    printf("%s %.1f\n", name, best);                                   \
    fflush(stdout);                                                    \
  } while (0)

enum { n = 1 << 21, side = 1024, order = 384 };
static double *a, *b, *c;
static volatile double sink;

static void fork_join(void) {
  for (int i = 0; i < 5000; ++i) {
#pragma omp parallel
    {
      __asm__ volatile("" ::: "memory");
    }
  }
}
static void barriers(void) {
#pragma omp parallel
  for (int i = 0; i < 5000; ++i) {
#pragma omp barrier
  }
}
static void dynamic(void) {
#pragma omp parallel for schedule(dynamic)
  for (int i = 0; i < 200000; ++i) {
    __asm__ volatile("" ::: "memory");
  }
}
static void reductions(void) {
  double sum = 0;
  for (int k = 0; k < 2000; ++k) {
#pragma omp parallel for reduction(+ : sum)
    for (int i = 0; i < 64; ++i) sum += i;
  }
  sink = sum;
}
static void criticals(void) {
  static long count;
#pragma omp parallel for
  for (int i = 0; i < 50000; ++i) {
#pragma omp critical
    ++count;
  }
}
static void tasks(void) {
#pragma omp parallel
#pragma omp single
  for (int i = 0; i < 20000; ++i) {
#pragma omp task
    {
      __asm__ volatile("" ::: "memory");
    }
  }
}
static void nstream(void) {
#pragma omp parallel for
  for (int i = 0; i < n; ++i) a[i] += b[i] + 3.0 * c[i];
}
static void stencil(void) {
#pragma omp parallel for
  for (int i = 2; i < side - 2; ++i)
    for (int j = 2; j < side - 2; ++j)
      b[i * side + j] += 0.25 * (a[i * side + j - 1] + a[i * side + j + 1] + a[(i - 1) * side + j] +
                                 a[(i + 1) * side + j]) +
                         0.125 * (a[i * side + j - 2] + a[i * side + j + 2] +
                                  a[(i - 2) * side + j] + a[(i + 2) * side + j]);
}
static void transpose(void) {
#pragma omp parallel for collapse(2)
  for (int it = 0; it < side; it += 32)
    for (int jt = 0; jt < side; jt += 32)
      for (int i = it; i < it + 32; ++i)
        for (int j = jt; j < jt + 32; ++j) b[i * side + j] += a[j * side + i];
}
static void dgemm(void) {
#pragma omp parallel for
  for (int i = 0; i < order; ++i)
    for (int k = 0; k < order; ++k) {
      double x = a[i * order + k];
      for (int j = 0; j < order; ++j) c[i * order + j] += x * b[k * order + j];
    }
}

int main(int argc, char** argv) {
  omp_set_num_threads(argc > 1 ? atoi(argv[1]) : 2);
  a = malloc(n * sizeof *a);
  b = malloc(n * sizeof *b);
  c = malloc(n * sizeof *c);
#pragma omp parallel for
  for (int i = 0; i < n; ++i) {
    a[i] = i % 7;
    b[i] = i % 5;
    c[i] = i % 3;
  }
  MEASURE("fork-join", 5000, fork_join());
  MEASURE("barrier", 5000, barriers());
  MEASURE("dynamic", 200000, dynamic());
  MEASURE("reduction", 2000, reductions());
  MEASURE("critical", 50000, criticals());
  MEASURE("task", 20000, tasks());
  MEASURE("nstream", 1, nstream());
  MEASURE("stencil", 1, stencil());
  MEASURE("transpose", 1, transpose());
  MEASURE("dgemm", 1, dgemm());
  return 0;
}
