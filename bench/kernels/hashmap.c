/* hashmap: open addressing with linear probing: inserts, hits, misses, erasure by shifting back. */
#include "kernel.h"

enum { kBits = 17, kSlots = 1 << kBits, kKeys = 75000 };
static uint64_t keys[kSlots]; /* 0 is an empty slot */
static uint32_t counts[kSlots];
static uint64_t found;

static inline uint32_t home(uint64_t key) {
  return (uint32_t)(key * 0x9E3779B97F4A7C15ull >> (64 - kBits));
}

__attribute__((noinline)) static uint32_t* find_or_add(uint64_t key) {
  uint32_t i = home(key);
  while (keys[i] != key) {
    if (keys[i] == 0) {
      keys[i] = key;
      counts[i] = 0;
      break;
    }
    i = (i + 1) & (kSlots - 1);
  }
  return &counts[i];
}

__attribute__((noinline)) static const uint32_t* find(uint64_t key) {
  for (uint32_t i = home(key); keys[i] != 0; i = (i + 1) & (kSlots - 1)) {
    if (keys[i] == key) return &counts[i];
  }
  return 0;
}

__attribute__((noinline)) static void erase(uint64_t key) {
  uint32_t hole = home(key);
  while (keys[hole] != key) {
    if (keys[hole] == 0) return;
    hole = (hole + 1) & (kSlots - 1);
  }
  for (uint32_t i = (hole + 1) & (kSlots - 1); keys[i] != 0; i = (i + 1) & (kSlots - 1)) {
    /* The entry at i may move to the hole unless its home lies cyclically in (hole, i]. */
    uint32_t distance = (i - home(keys[i])) & (kSlots - 1);
    if (distance >= ((i - hole) & (kSlots - 1))) {
      keys[hole] = keys[i];
      counts[hole] = counts[i];
      hole = i;
    }
  }
  keys[hole] = 0;
}

void setup(void) {
  for (int i = 0; i < kSlots; i++) keys[i] = 0;
  found = 0;
}

void run(void) {
  uint32_t seed = 7;
  for (int i = 0; i < 2 * kKeys; i++) (*find_or_add(1 + next_random(&seed) % kKeys))++;
  seed = 8;
  for (int i = 0; i < 2 * kKeys; i++) {
    const uint32_t* count = find(1 + next_random(&seed) % (2 * kKeys));
    if (count != 0) found += *count;
  }
  seed = 9;
  for (int i = 0; i < kKeys; i++) erase(1 + next_random(&seed) % kKeys);
}

double checksum(void) {
  uint64_t sum = found;
  for (int i = 0; i < kSlots; i++) {
    if (keys[i] != 0) sum += keys[i] * counts[i];
  }
  return (double)sum;
}
