/* Prints a hash of what each intrinsic makes of seeded numbers and of the ends of their ranges.
 * The same on x86-64 as in a guest: those are here that sdk/intrinsics has written itself, and
 * those of AVX2 that are made of them. */
#include <immintrin.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

static uint64_t state = 1;
static uint64_t number(void) {
  state ^= state << 13;
  state ^= state >> 7;
  state ^= state << 17;
  return state;
}

/* Bytes at random, or elements of two bytes at the ends of their ranges. */
static void fill(uint16_t* vector, int n) {
  static const uint16_t ends[] = {0, 1, 0x7f, 0x80, 0xff, 0x7fff, 0x8000, 0xffff};
  int edges = number() % 3 == 0;
  for (int i = 0; i < n; ++i) vector[i] = edges ? ends[number() % 8] : (uint16_t)number();
}

static __m256i wide(void) {
  uint16_t vector[16];
  fill(vector, 16);
  return _mm256_loadu_si256((const __m256i*)vector);
}
static __m128i narrow(void) { return _mm256_castsi256_si128(wide()); }

static __m128 floats(void) {
  static const float some[] = {0.5f, -0.5f, 1.5f,          2.5f,           -2.5f,
                               3e9f, -3e9f, 2147483520.0f, -2147483648.0f, 1e-40f};
  float vector[4];
  for (int i = 0; i < 4; ++i)
    vector[i] = some[number() % 10] * (number() % 5 == 0 ? __builtin_inff() : 1.0f);
  return _mm_loadu_ps(vector);
}

static void mix(uint64_t* hash, const void* bytes, int n) {
  for (int i = 0; i < n; ++i) *hash = (*hash ^ ((const uint8_t*)bytes)[i]) * 0x100000001b3ull;
}

#define EACH(name, type, value)                                \
  do {                                                         \
    uint64_t hash = 0xcbf29ce484222325ull;                     \
    for (int i = 0; i < 2000; ++i) {                           \
      __m128i a = narrow(), b = narrow();                      \
      __m256i c = wide(), d = wide();                          \
      __m128 f = floats();                                     \
      (void)a, (void)b, (void)c, (void)d, (void)f;             \
      type result = value;                                     \
      mix(&hash, &result, sizeof result);                      \
    }                                                          \
    printf("%-20s %016llx\n", name, (unsigned long long)hash); \
  } while (0)

int main(void) {
  EACH("movemask_ps", int, _mm_movemask_ps(_mm_castsi128_ps(a)));
  EACH("movemask_epi8", int, _mm_movemask_epi8(a));
  EACH("movemask_pd", int, _mm_movemask_pd(_mm_castsi128_pd(a)));
  EACH("mullo_epi16", __m128i, _mm_mullo_epi16(a, b));
  EACH("mulhi_epi16", __m128i, _mm_mulhi_epi16(a, b));
  EACH("mulhi_epu16", __m128i, _mm_mulhi_epu16(a, b));
  EACH("madd_epi16", __m128i, _mm_madd_epi16(a, b));
  EACH("sad_epu8", __m128i, _mm_sad_epu8(a, b));
  EACH("srl_epi16", __m128i, _mm_srl_epi16(a, _mm_and_si128(b, _mm_set_epi32(-1, -1, 0, 31))));
  EACH("srl_epi16, far", __m128i, _mm_srl_epi16(a, b));
  EACH("cvtps_epi32", __m128i, _mm_cvtps_epi32(f));
  EACH("shuffle_epi8", __m128i, _mm_shuffle_epi8(a, b));
  EACH("maddubs_epi16", __m128i, _mm_maddubs_epi16(a, b));
  EACH("mulhrs_epi16", __m128i, _mm_mulhrs_epi16(a, b));
  EACH("alignr_epi8, 0", __m128i, _mm_alignr_epi8(a, b, 0));
  EACH("alignr_epi8, 5", __m128i, _mm_alignr_epi8(a, b, 5));
  EACH("alignr_epi8, 16", __m128i, _mm_alignr_epi8(a, b, 16));
  EACH("alignr_epi8, 21", __m128i, _mm_alignr_epi8(a, b, 21));
  EACH("alignr_epi8, 31", __m128i, _mm_alignr_epi8(a, b, 31));
  EACH("alignr_epi8, 40", __m128i, _mm_alignr_epi8(a, b, 40));
  EACH("testz_si128", int, _mm_testz_si128(a, _mm_cmpeq_epi8(a, b)));
  EACH("testc_si128", int, _mm_testc_si128(a, _mm_cmpeq_epi8(a, b)));
  EACH("test_all_zeros", int, _mm_test_all_zeros(a, _mm_cmpgt_epi16(a, b)));
  EACH("test_all_ones", int,
       _mm_test_all_ones(_mm_or_si128(a, _mm_cmplt_epi16(b, _mm_set1_epi16(32000)))));
  EACH("mul_epi32", __m128i, _mm_mul_epi32(a, b));
  EACH("256 movemask_epi8", int, _mm256_movemask_epi8(c));
  EACH("256 shuffle_epi8", __m256i, _mm256_shuffle_epi8(c, d));
  EACH("256 maddubs_epi16", __m256i, _mm256_maddubs_epi16(c, d));
  EACH("256 sad_epu8", __m256i, _mm256_sad_epu8(c, d));
  EACH("256 alignr_epi8", __m256i, _mm256_alignr_epi8(c, d, 7));
  EACH("256 mulhi_epi16", __m256i, _mm256_mulhi_epi16(c, d));
  return 0;
}
