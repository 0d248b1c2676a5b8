// What every vector instruction computes, in plain C++ after the specification: the other side of
// simd_test.cc.
//
// Thread safety: immutable after the first call.
#pragma once

#include <bit>
#include <cstring>
#include <functional>
#include <limits>
#include <map>
#include <random>
#include <type_traits>

#include "engine/simd.h"

namespace weft::engine {

// Scalars stand in the first bytes of an operand. Loads read `memory`; stores change it.
struct SimdInputs {
  std::array<SimdBytes, 3> operands{};
  SimdBytes immediate{};
  SimdBytes memory{};
  SimdTarget target;  // relaxed instructions depend on it
};

struct SimdReference {
  // The result; for a store the memory after it. Unused bytes are zero.
  std::function<SimdBytes(const SimdInputs&)> compute;
  // 32 or 64: in lanes of this width the result may be any NaN of the expected class. 0: every bit
  // counts.
  unsigned nan_bits = 0;
};

// An expected NaN lane is one of two: the canonical NaN (either sign will do), or this one, for any
// quiet NaN.
inline constexpr uint32_t any_quiet_nan32 = 0x7fc0'2a2a;
inline constexpr uint64_t any_quiet_nan64 = 0x7ff8'0000'2a2a'2a2a;

const std::map<SimdOp, SimdReference>& simd_references();

// Lanes of one type, chosen at random: edge values for the most part.
SimdBytes random_simd_bytes(std::mt19937_64& random);

// The vocabulary in which the references are written.
namespace simd_reference {

using enum SimdOp;
using Table = std::map<SimdOp, SimdReference>;
using Inputs = SimdInputs;
using I8 = int8_t;
using U8 = uint8_t;
using I16 = int16_t;
using U16 = uint16_t;
using I32 = int32_t;
using U32 = uint32_t;
using I64 = int64_t;
using U64 = uint64_t;

template <class T>
using Lanes = std::array<T, 16 / sizeof(T)>;

template <class T>
Lanes<T> lanes(const SimdBytes& bytes) {
  return std::bit_cast<Lanes<T>>(bytes);
}

template <class T>
SimdBytes bytes(const Lanes<T>& lanes) {
  return std::bit_cast<SimdBytes>(lanes);
}

template <class T>
SimdBytes scalar(T value) {
  SimdBytes result{};
  std::memcpy(result.data(), &value, sizeof value);
  return result;
}

template <class T>
T first(const SimdBytes& operand) {
  return lanes<T>(operand)[0];
}

template <class T>
using Bits = std::conditional_t<
    sizeof(T) == 1, U8,
    std::conditional_t<sizeof(T) == 2, U16, std::conditional_t<sizeof(T) == 4, U32, U64>>>;

template <class T, class F>
SimdReference map(F f, unsigned nan_bits = 0) {
  return {[f](const Inputs& in) {
            Lanes<T> x = lanes<T>(in.operands[0]);
            for (T& lane : x) {
              lane = static_cast<T>(f(lane));
            }
            return bytes<T>(x);
          },
          nan_bits};
}

template <class T, class F>
SimdReference zip(F f, unsigned nan_bits = 0) {
  return {[f](const Inputs& in) {
            Lanes<T> x = lanes<T>(in.operands[0]);
            const Lanes<T> y = lanes<T>(in.operands[1]);
            for (size_t i = 0; i < x.size(); ++i) {
              x[i] = static_cast<T>(f(x[i], y[i]));
            }
            return bytes<T>(x);
          },
          nan_bits};
}

template <class T, class F>
SimdReference compare(F f) {
  return {[f](const Inputs& in) {
    const Lanes<T> x = lanes<T>(in.operands[0]);
    const Lanes<T> y = lanes<T>(in.operands[1]);
    Lanes<Bits<T>> result{};
    for (size_t i = 0; i < x.size(); ++i) {
      result[i] = f(x[i], y[i]) ? std::numeric_limits<Bits<T>>::max() : 0;
    }
    return bytes<Bits<T>>(result);
  }};
}

template <class T>
T saturate(I64 value) {
  // NOLINTNEXTLINE(bugprone-signed-char-misuse): int8_t is a number here, its sign is wanted.
  constexpr I64 low = std::numeric_limits<T>::min();
  constexpr I64 high = std::numeric_limits<T>::max();
  return static_cast<T>(value < low ? low : value > high ? high : value);
}

void add_floats(Table& t);
void add_relaxed(Table& t);

}  // namespace simd_reference

}  // namespace weft::engine
