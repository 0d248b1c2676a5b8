// Values that find mistakes in vector instructions: the edges of every lane type, mixed with random
// bits.
#include <cmath>
#include <initializer_list>

#include "engine/simd_reference.h"

namespace weft::engine {

namespace {

template <class T>
void fill(SimdBytes& bytes, std::mt19937_64& random, std::initializer_list<T> edges) {
  for (size_t i = 0; i < 16; i += sizeof(T)) {
    T lane = std::data(edges)[random() % edges.size()];
    if (random() % 4 == 0) {
      const uint64_t bits = random();
      std::memcpy(&lane, &bits, sizeof lane);
    }
    std::memcpy(&bytes[i], &lane, sizeof lane);
  }
}

template <class F>
void fill_numbers(SimdBytes& bytes, std::mt19937_64& random) {
  // Around the limits of the integers, halves, ties: everything that rounds or converts.
  static constexpr double scales[] = {1, 4, 0x1p23, 0x1p31, 0x1p32, 0x1p33, 0x1p52, 0x1p-10};
  for (size_t i = 0; i < 16; i += sizeof(F)) {
    const double unit = std::uniform_real_distribution<double>(-1.05, 1.05)(random);
    double value = unit * scales[random() % std::size(scales)];
    value = random() % 3 == 0 ? std::nearbyint(value) + 0.5 : value;
    const F lane = static_cast<F>(value);
    std::memcpy(&bytes[i], &lane, sizeof lane);
  }
}

}  // namespace

SimdBytes random_simd_bytes(std::mt19937_64& random) {
  SimdBytes bytes{};
  switch (random() % 7) {
    case 0:
      fill<uint8_t>(bytes, random, {0, 1, 7, 8, 15, 16, 0x70, 0x7f, 0x80, 0x81, 0xfe, 0xff});
      break;
    case 1:
      fill<uint16_t>(
          bytes, random,
          {0, 1, 0x7f, 0x80, 0xff, 0x100, 0x7fff, 0x8000, 0x8001, 0xff80, 0xff7f, 0xffff});
      break;
    case 2:
      fill<uint32_t>(bytes, random,
                     {0, 1, 31, 32, 0x7fff, 0x8000, 0xffff, 0x10000, 0x7fffffff, 0x80000000,
                      0x80000001, 0xffff8000, 0xffff7fff, 0xffffffff});
      break;
    case 3:
      fill<uint64_t>(bytes, random,
                     {0, 1, 63, 64, 0xffffffff, 0x100000000, INT64_MAX, 0x8000000000000000,
                      0x8000000000000001, UINT64_MAX});
      break;
    case 4:  // f32: zeros, infinities, canonical, payload and signalling NaNs, smallest, largest,
             // 2^31, 2^32 and neighbours
      fill<uint32_t>(bytes, random,
                     {0,          0x80000000, 0x7f800000, 0xff800000, 0x7fc00000, 0xffc00000,
                      0x7fc12345, 0x7f812345, 0xffa00001, 1,          0x7f7fffff, 0x3f800000,
                      0xbf800000, 0x4f000000, 0xcf000000, 0x4effffff, 0xcf000001, 0x4f800000,
                      0x4f7fffff, 0x3f000000, 0xbf7fffff, 0x40200000});
      break;
    case 5:
      fill<uint64_t>(bytes, random,
                     {0,
                      0x8000000000000000,
                      0x7ff0000000000000,
                      0xfff0000000000000,
                      0x7ff8000000000000,
                      0xfff8000000000000,
                      0x7ff8000012345678,
                      0x7ff0000012345678,
                      0xfff4000000000001,
                      1,
                      0x7fefffffffffffff,
                      0x3ff0000000000000,
                      0x41dfffffffc00000,
                      0x41dfffffffffffff,
                      0x41e0000000000000,
                      0xc1e0000000000000,
                      0xc1e0000000200000,
                      0x41efffffffe00000,
                      0x41f0000000000000,
                      0x3fe0000000000000,
                      0xbfefffffffffffff,
                      0x4004000000000000,
                      0x36a0000000000000});
      break;
    default:
      random() % 2 == 0 ? fill_numbers<float>(bytes, random) : fill_numbers<double>(bytes, random);
      break;
  }
  return bytes;
}

}  // namespace weft::engine
