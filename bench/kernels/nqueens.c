/* nqueens: counts the placements of queens on a board by recursion over bit sets. */
#include "kernel.h"

/* The size is read anew in each run: a compiler must not see that the count is always the same. */
static volatile uint32_t size;
static uint32_t solutions;

__attribute__((noinline)) static uint32_t place(uint32_t all, uint32_t columns, uint32_t left,
                                                uint32_t right) {
  if (columns == all) return 1;
  uint32_t count = 0;
  uint32_t free_places = all & ~(columns | left | right);
  while (free_places != 0) {
    uint32_t queen = free_places & -free_places;
    free_places ^= queen;
    count += place(all, columns | queen, (left | queen) << 1, (right | queen) >> 1);
  }
  return count;
}

void setup(void) {
  size = 12;
  solutions = 0;
}

void run(void) { solutions = place((1u << size) - 1, 0, 0, 0); }

double checksum(void) { return solutions; }
