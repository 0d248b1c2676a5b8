#include <omp.h>
#include <pthread.h>
#include <stdio.h>

int main(void) {
  int sum = 0;
#pragma omp parallel for reduction(+ : sum)
  for (int i = 0; i < 9; i++) {
    sum += i;
  }
  printf("%d of %d\n", sum, omp_get_max_threads());
}
