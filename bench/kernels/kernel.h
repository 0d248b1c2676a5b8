/* What a kernel file gives to the harness (main.c). The same source is built natively and as a
 * guest.
 *
 * A kernel keeps its data in static arrays and uses no library function whose result could differ
 * between the two sides (no libm beyond sqrt), so that its checksum is the same number everywhere
 * as long as nothing contracts to FMA. */
#ifndef WEFT_BENCH_KERNEL_H
#define WEFT_BENCH_KERNEL_H

#include <stdint.h>

/* Fills the inputs. Called before each run, outside of the timed part, so that every run does the
 * same work. */
void setup(void);
/* The timed work. It leaves its result in static data. */
void run(void);
/* A number that depends on all of the result. Not timed. */
double checksum(void);

/* The pseudo-random numbers of all inputs (xorshift32; the state must not be 0). */
static inline uint32_t next_random(uint32_t* state) {
  uint32_t x = *state;
  x ^= x << 13;
  x ^= x >> 17;
  x ^= x << 5;
  return *state = x;
}

/* A random number in [0, 1). */
static inline double next_fraction(uint32_t* state) {
  return (double)next_random(state) / 4294967296.0;
}

/* Sums with weights that differ by position, so that swapped elements show. */
static inline double weighted_sum(const double* values, int count) {
  double sum = 0;
  for (int i = 0; i < count; i++) sum += values[i] * (double)(1 + i % 31);
  return sum;
}

/* FNV-1a over bytes, folded to what a double holds exactly. */
static inline double hash_bytes(const void* data, uint32_t size) {
  const unsigned char* bytes = data;
  uint64_t hash = 14695981039346656037ull;
  for (uint32_t i = 0; i < size; i++) hash = (hash ^ bytes[i]) * 1099511628211ull;
  return (double)(hash >> 12);
}

#endif
