/* strsearch: Boyer-Moore-Horspool for several words in a text, counting the places. */
#include <string.h>

#include "kernel.h"

enum { kSize = 1 << 20, kWords = 10 };
static uint8_t text[kSize];
static uint32_t places;

__attribute__((noinline)) static uint32_t count_places(const uint8_t* in, uint32_t size,
                                                       const char* word) {
  uint32_t length = (uint32_t)strlen(word), count = 0;
  uint32_t skip[256];
  for (int i = 0; i < 256; i++) skip[i] = length;
  for (uint32_t i = 0; i + 1 < length; i++) skip[(uint8_t)word[i]] = length - 1 - i;
  for (uint32_t at = 0; at + length <= size; at += skip[in[at + length - 1]]) {
    uint32_t i = length;
    while (i > 0 && in[at + i - 1] == (uint8_t)word[i - 1]) i--;
    count += i == 0;
  }
  return count;
}

void setup(void) {
  uint32_t seed = 1;
  for (int i = 0; i < kSize; i++) {
    uint32_t r = next_random(&seed);
    text[i] = (uint8_t)(r >> 29 == 0 ? ' ' : 'a' + (r >> 8) % 12);
  }
}

void run(void) {
  static const char* const words[kWords] = {"ab",    "lid",  "a bed", "face",   "deal ",
                                            " had ", "lake", "eggs",  "decade", "cabbage"};
  places = 0;
  for (int i = 0; i < kWords; i++) places = places * 31 + count_places(text, kSize, words[i]);
}

double checksum(void) { return places; }
