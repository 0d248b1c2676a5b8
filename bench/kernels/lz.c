/* lz: a byte-oriented LZ77 compressor (hash of four bytes, greedy matches, literal runs and lengths
 * in nibbles) and its decompressor, over text made of words. The format resembles LZ4's but is our
 * own. */
#include <string.h>

#include "kernel.h"

enum { kSize = 1 << 20, kHashBits = 13, kMinMatch = 4, kMaxOffset = 65535, kTail = 12 };
static uint8_t text[kSize], packed[kSize + kSize / 128 + 64], unpacked[kSize];
static uint32_t table[1 << kHashBits];
static uint32_t packed_size, unpacked_size;

static inline uint32_t load32(const uint8_t* p) {
  uint32_t x;
  memcpy(&x, p, 4);
  return x;
}

static uint8_t* write_length(uint8_t* out, uint32_t rest) {
  for (; rest >= 255; rest -= 255) *out++ = 255;
  *out++ = (uint8_t)rest;
  return out;
}

static uint8_t* write_run(uint8_t* out, const uint8_t* literals, uint32_t count, uint32_t match,
                          uint32_t offset) {
  uint8_t* token = out++;
  *token = (uint8_t)((count < 15 ? count : 15) << 4 | (match < 15 ? match : 15));
  if (count >= 15) out = write_length(out, count - 15);
  for (uint32_t i = 0; i < count; i++) out[i] = literals[i];
  out += count;
  *out++ = (uint8_t)offset;
  *out++ = (uint8_t)(offset >> 8);
  if (match >= 15) out = write_length(out, match - 15);
  return out;
}

__attribute__((noinline)) static uint32_t compress(const uint8_t* in, uint32_t size, uint8_t* out) {
  const uint8_t* begin = out;
  uint32_t anchor = 0, at = 0;
  while (at + kTail < size) {
    uint32_t word = load32(in + at);
    uint32_t slot = word * 2654435761u >> (32 - kHashBits);
    uint32_t candidate = table[slot];
    table[slot] = at;
    if (candidate >= at || at - candidate > kMaxOffset || load32(in + candidate) != word) {
      at++;
      continue;
    }
    uint32_t length = kMinMatch;
    while (at + length < size - kTail && in[candidate + length] == in[at + length]) length++;
    out = write_run(out, in + anchor, at - anchor, length - kMinMatch, at - candidate);
    at += length;
    anchor = at;
  }
  /* Offset 0 ends the stream. */
  out = write_run(out, in + anchor, size - anchor, 0, 0);
  return (uint32_t)(out - begin);
}

static uint32_t read_length(const uint8_t** in, uint32_t nibble) {
  if (nibble < 15) return nibble;
  uint8_t more;
  do {
    more = *(*in)++;
    nibble += more;
  } while (more == 255);
  return nibble;
}

__attribute__((noinline)) static uint32_t decompress(const uint8_t* in, uint8_t* out) {
  const uint8_t* begin = out;
  for (;;) {
    uint32_t token = *in++;
    uint32_t count = read_length(&in, token >> 4);
    memcpy(out, in, count);
    in += count;
    out += count;
    uint32_t offset = in[0] | (uint32_t)in[1] << 8;
    in += 2;
    if (offset == 0) return (uint32_t)(out - begin);
    uint32_t match = read_length(&in, token & 15) + kMinMatch;
    const uint8_t* from = out - offset;
    for (uint32_t i = 0; i < match; i++) out[i] = from[i];
    out += match;
  }
}

void setup(void) {
  static const char* const words[] = {"slot",       "guest", "the ",   "memory", "of a ",  "core",
                                      "frozen",     "thaw",  "signal", "page",   "image ", "call",
                                      "trampoline", "\n",    "return", " and "};
  uint32_t seed = 1, at = 0;
  while (at < kSize) {
    uint32_t r = next_random(&seed);
    const char* word = words[r >> 28];
    for (; *word != 0 && at < kSize; word++) text[at++] = (uint8_t)*word;
    if ((r & 3) == 0 && at < kSize) text[at++] = (uint8_t)(r >> 8);
  }
  memset(table, 0, sizeof table);
  memset(unpacked, 0, sizeof unpacked);
}

void run(void) {
  packed_size = compress(text, kSize, packed);
  unpacked_size = decompress(packed, unpacked);
}

double checksum(void) {
  if (unpacked_size != kSize || memcmp(text, unpacked, kSize) != 0) return -1;
  return hash_bytes(packed, packed_size);
}
