#include "engine/simd_reference.h"

namespace weft::engine {

namespace {

using namespace simd_reference;

// --- lanes ---

template <class T>
SimdReference splat() {
  return {[](const Inputs& in) {
    Lanes<T> result;
    result.fill(first<T>(in.operands[0]));
    return bytes<T>(result);
  }};
}

template <class T, class Result>
SimdReference extract() {
  return {[](const Inputs& in) {
    return scalar(static_cast<Result>(lanes<T>(in.operands[0])[in.immediate[0]]));
  }};
}

template <class T>
SimdReference replace() {
  return {[](const Inputs& in) {
    Lanes<T> x = lanes<T>(in.operands[0]);
    x[in.immediate[0]] = first<T>(in.operands[1]);
    return bytes<T>(x);
  }};
}

SimdBytes swizzle(const Inputs& in, unsigned index_mask) {
  SimdBytes result{};
  for (size_t i = 0; i < 16; ++i) {
    const unsigned index = in.operands[1][i] & index_mask;
    result[i] = index < 16 ? in.operands[0][index] : 0;
  }
  return result;
}

SimdBytes bit_select(const Inputs& in) {
  SimdBytes result{};
  for (size_t i = 0; i < 16; ++i) {
    const auto& [x, y, m] = in.operands;
    result[i] = static_cast<U8>((x[i] & m[i]) | (y[i] & ~m[i]));
  }
  return result;
}

void add_lanes(Table& t) {
  t[v128_const] = {[](const Inputs& in) { return in.immediate; }};
  t[i8x16_shuffle] = {[](const Inputs& in) {
    SimdBytes result{};
    for (size_t i = 0; i < 16; ++i) {
      const unsigned index = in.immediate[i];
      result[i] = in.operands[index / 16][index % 16];
    }
    return result;
  }};
  t[i8x16_swizzle] = {[](const Inputs& in) { return swizzle(in, 0xff); }};
  t[i8x16_splat] = splat<U8>();
  t[i16x8_splat] = splat<U16>();
  t[i32x4_splat] = t[f32x4_splat] = splat<U32>();
  t[i64x2_splat] = t[f64x2_splat] = splat<U64>();
  t[i8x16_extract_lane_s] = extract<I8, I32>();
  t[i8x16_extract_lane_u] = extract<U8, I32>();
  t[i16x8_extract_lane_s] = extract<I16, I32>();
  t[i16x8_extract_lane_u] = extract<U16, I32>();
  t[i32x4_extract_lane] = t[f32x4_extract_lane] = extract<U32, U32>();
  t[i64x2_extract_lane] = t[f64x2_extract_lane] = extract<U64, U64>();
  t[i8x16_replace_lane] = replace<U8>();
  t[i16x8_replace_lane] = replace<U16>();
  t[i32x4_replace_lane] = t[f32x4_replace_lane] = replace<U32>();
  t[i64x2_replace_lane] = t[f64x2_replace_lane] = replace<U64>();
  t[v128_not] = map<U64>([](U64 x) { return ~x; });
  t[v128_and] = zip<U64>([](U64 x, U64 y) { return x & y; });
  t[v128_andnot] = zip<U64>([](U64 x, U64 y) { return x & ~y; });
  t[v128_or] = zip<U64>([](U64 x, U64 y) { return x | y; });
  t[v128_xor] = zip<U64>([](U64 x, U64 y) { return x ^ y; });
  t[v128_bitselect] = {bit_select};
  t[v128_any_true] = {
      [](const Inputs& in) { return scalar<U32>(in.operands[0] != SimdBytes{} ? 1 : 0); }};
}

// --- memory ---

template <class From, class To>
SimdReference load_extended() {
  return {[](const Inputs& in) {
    Lanes<To> result{};
    for (size_t i = 0; i < result.size(); ++i) {
      // NOLINTNEXTLINE(bugprone-signed-char-misuse): int8_t is a number here, its sign is wanted.
      result[i] = static_cast<To>(lanes<From>(in.memory)[i]);
    }
    return bytes<To>(result);
  }};
}

template <class T>
void add_lane_memory(Table& t, SimdOp splat, SimdOp load, SimdOp store) {
  t[splat] = {[](const Inputs& in) {
    Lanes<T> result;
    result.fill(first<T>(in.memory));
    return bytes<T>(result);
  }};
  t[load] = {[](const Inputs& in) {
    Lanes<T> result = lanes<T>(in.operands[0]);
    result[in.immediate[0]] = first<T>(in.memory);
    return bytes<T>(result);
  }};
  t[store] = {[](const Inputs& in) {
    Lanes<T> result = lanes<T>(in.memory);
    result[0] = lanes<T>(in.operands[0])[in.immediate[0]];
    return bytes<T>(result);
  }};
}

void add_memory(Table& t) {
  t[v128_load] = {[](const Inputs& in) { return in.memory; }};
  t[v128_store] = {[](const Inputs& in) { return in.operands[0]; }};
  t[v128_load8x8_s] = load_extended<I8, I16>();
  t[v128_load8x8_u] = load_extended<U8, U16>();
  t[v128_load16x4_s] = load_extended<I16, I32>();
  t[v128_load16x4_u] = load_extended<U16, U32>();
  t[v128_load32x2_s] = load_extended<I32, I64>();
  t[v128_load32x2_u] = load_extended<U32, U64>();
  t[v128_load32_zero] = {[](const Inputs& in) { return scalar(first<U32>(in.memory)); }};
  t[v128_load64_zero] = {[](const Inputs& in) { return scalar(first<U64>(in.memory)); }};
  add_lane_memory<U8>(t, v128_load8_splat, v128_load8_lane, v128_store8_lane);
  add_lane_memory<U16>(t, v128_load16_splat, v128_load16_lane, v128_store16_lane);
  add_lane_memory<U32>(t, v128_load32_splat, v128_load32_lane, v128_store32_lane);
  add_lane_memory<U64>(t, v128_load64_splat, v128_load64_lane, v128_store64_lane);
}

// --- integers ---

// The opcodes of the four integer shapes are 0x20 apart; the references of a shape are entered
// under its 8-bit sibling.
template <class T>
SimdOp of_shape(SimdOp bytes_op) {
  constexpr unsigned shape = std::countr_zero(sizeof(T));
  return SimdOp{static_cast<uint32_t>(bytes_op) + 0x20 * shape};
}

template <class S>
void add_integer_shape(Table& t) {
  using U = Bits<S>;
  constexpr unsigned bits = 8 * sizeof(S);
  t[of_shape<S>(i8x16_abs)] = map<U>([](U x) { return static_cast<S>(x) < 0 ? U{0} - x : x; });
  t[of_shape<S>(i8x16_neg)] = map<U>([](U x) { return U{0} - x; });
  t[of_shape<S>(i8x16_add)] = zip<U>([](U x, U y) { return x + y; });
  t[of_shape<S>(i8x16_sub)] = zip<U>([](U x, U y) { return x - y; });
  if (bits > 8) {
    t[of_shape<S>(SimdOp{0x75})] = zip<U>([](U64 x, U64 y) { return x * y; });
  }
  const auto shift = [](auto lane_type, auto f) -> SimdReference {
    using T = decltype(lane_type);
    return {[f](const Inputs& in) {
      Lanes<T> x = lanes<T>(in.operands[0]);
      for (T& lane : x) {
        lane = static_cast<T>(f(lane, first<U32>(in.operands[1]) % bits));
      }
      return bytes<T>(x);
    }};
  };
  t[of_shape<S>(i8x16_shl)] = shift(U{}, [](U x, U32 n) { return U64{x} << n; });
  t[of_shape<S>(i8x16_shr_s)] = shift(S{}, [](S x, U32 n) { return x >> n; });
  t[of_shape<S>(i8x16_shr_u)] = shift(U{}, [](U x, U32 n) { return x >> n; });
  t[of_shape<S>(i8x16_all_true)] = {[](const Inputs& in) {
    U32 all = 1;
    for (const U lane : lanes<U>(in.operands[0])) {
      all &= lane != 0 ? 1U : 0U;
    }
    return scalar(all);
  }};
  t[of_shape<S>(i8x16_bitmask)] = {[](const Inputs& in) {
    U32 mask = 0;
    for (size_t i = 0; i < 16 / sizeof(S); ++i) {
      mask |= (lanes<S>(in.operands[0])[i] < 0 ? 1U : 0U) << i;
    }
    return scalar(mask);
  }};
}

template <class S>
void add_min_max(Table& t) {
  using U = Bits<S>;
  t[of_shape<S>(i8x16_min_s)] = zip<S>([](S x, S y) { return x < y ? x : y; });
  t[of_shape<S>(i8x16_min_u)] = zip<U>([](U x, U y) { return x < y ? x : y; });
  t[of_shape<S>(i8x16_max_s)] = zip<S>([](S x, S y) { return x > y ? x : y; });
  t[of_shape<S>(i8x16_max_u)] = zip<U>([](U x, U y) { return x > y ? x : y; });
}

template <class S>
void add_saturating(Table& t) {
  using U = Bits<S>;
  t[of_shape<S>(i8x16_add_sat_s)] = zip<S>([](I64 x, I64 y) { return saturate<S>(x + y); });
  t[of_shape<S>(i8x16_add_sat_u)] = zip<U>([](I64 x, I64 y) { return saturate<U>(x + y); });
  t[of_shape<S>(i8x16_sub_sat_s)] = zip<S>([](I64 x, I64 y) { return saturate<S>(x - y); });
  t[of_shape<S>(i8x16_sub_sat_u)] = zip<U>([](I64 x, I64 y) { return saturate<U>(x - y); });
  t[of_shape<S>(i8x16_avgr_u)] = zip<U>([](U32 x, U32 y) { return (x + y + 1) / 2; });
}

// Comparisons of 8, 16 and 32-bit lanes are ten opcodes in a row, from `eq` on.
template <class S>
void add_comparisons(Table& t, SimdOp eq) {
  using U = Bits<S>;
  const SimdReference references[] = {
      compare<S>(std::equal_to<>()),      compare<S>(std::not_equal_to<>()),
      compare<S>(std::less<>()),          compare<U>(std::less<>()),
      compare<S>(std::greater<>()),       compare<U>(std::greater<>()),
      compare<S>(std::less_equal<>()),    compare<U>(std::less_equal<>()),
      compare<S>(std::greater_equal<>()), compare<U>(std::greater_equal<>())};
  for (uint32_t i = 0; i < std::size(references); ++i) {
    t[SimdOp{static_cast<uint32_t>(eq) + i}] = references[i];
  }
}

template <class From, class To>
SimdReference narrow() {
  return {[](const Inputs& in) {
    Lanes<To> result{};
    for (size_t i = 0; i < result.size(); ++i) {
      constexpr size_t half = 16 / sizeof(From);
      result[i] = saturate<To>(lanes<From>(in.operands[i / half])[i % half]);
    }
    return bytes<To>(result);
  }};
}

template <class From, class To>
SimdReference extend(size_t from_lane) {
  return {[from_lane](const Inputs& in) {
    Lanes<To> result{};
    for (size_t i = 0; i < result.size(); ++i) {
      // NOLINTNEXTLINE(bugprone-signed-char-misuse): int8_t is a number here, its sign is wanted.
      result[i] = static_cast<To>(lanes<From>(in.operands[0])[from_lane + i]);
    }
    return bytes<To>(result);
  }};
}

template <class From, class To>
SimdReference multiply_extended(size_t from_lane) {
  return {[from_lane](const Inputs& in) {
    Lanes<To> result{};
    for (size_t i = 0; i < result.size(); ++i) {
      const auto x = static_cast<U64>(lanes<From>(in.operands[0])[from_lane + i]);
      const auto y = static_cast<U64>(lanes<From>(in.operands[1])[from_lane + i]);
      result[i] = static_cast<To>(x * y);
    }
    return bytes<To>(result);
  }};
}

template <class From, class To>
SimdReference add_pairs() {
  return {[](const Inputs& in) {
    const Lanes<From> x = lanes<From>(in.operands[0]);
    Lanes<To> result{};
    for (size_t i = 0; i < result.size(); ++i) {
      result[i] = static_cast<To>(I64{x[2 * i]} + I64{x[2 * i + 1]});
    }
    return bytes<To>(result);
  }};
}

// extend_low_s, extend_high_s, extend_low_u, extend_high_u from `extend_op` on, and extmul in the
// same order.
template <class S, class To>
void add_extensions(Table& t, SimdOp extend_op, SimdOp multiply_op) {
  using U = Bits<S>;
  constexpr size_t high = 8 / sizeof(S);
  const SimdReference extensions[] = {extend<S, To>(0), extend<S, To>(high), extend<U, To>(0),
                                      extend<U, To>(high)};
  const SimdReference products[] = {multiply_extended<S, To>(0), multiply_extended<S, To>(high),
                                    multiply_extended<U, To>(0), multiply_extended<U, To>(high)};
  for (uint32_t i = 0; i < 4; ++i) {
    t[SimdOp{static_cast<uint32_t>(extend_op) + i}] = extensions[i];
    t[SimdOp{static_cast<uint32_t>(multiply_op) + i}] = products[i];
  }
}

void add_integers(Table& t) {
  add_integer_shape<I8>(t);
  add_integer_shape<I16>(t);
  add_integer_shape<I32>(t);
  add_integer_shape<I64>(t);
  add_min_max<I8>(t);
  add_min_max<I16>(t);
  add_min_max<I32>(t);
  add_saturating<I8>(t);
  add_saturating<I16>(t);
  add_comparisons<I8>(t, i8x16_eq);
  add_comparisons<I16>(t, i16x8_eq);
  add_comparisons<I32>(t, i32x4_eq);
  t[i64x2_eq] = compare<I64>(std::equal_to<>());
  t[i64x2_ne] = compare<I64>(std::not_equal_to<>());
  t[i64x2_lt_s] = compare<I64>(std::less<>());
  t[i64x2_gt_s] = compare<I64>(std::greater<>());
  t[i64x2_le_s] = compare<I64>(std::less_equal<>());
  t[i64x2_ge_s] = compare<I64>(std::greater_equal<>());
  t[i8x16_popcnt] = map<U8>([](U8 x) { return std::popcount(x); });
  t[i16x8_q15mulr_sat_s] =
      zip<I16>([](I64 x, I64 y) { return saturate<I16>((x * y + 0x4000) >> 15); });
  t[i8x16_narrow_i16x8_s] = narrow<I16, I8>();
  t[i8x16_narrow_i16x8_u] = narrow<I16, U8>();
  t[i16x8_narrow_i32x4_s] = narrow<I32, I16>();
  t[i16x8_narrow_i32x4_u] = narrow<I32, U16>();
  add_extensions<I8, I16>(t, i16x8_extend_low_i8x16_s, i16x8_extmul_low_i8x16_s);
  add_extensions<I16, I32>(t, i32x4_extend_low_i16x8_s, i32x4_extmul_low_i16x8_s);
  add_extensions<I32, I64>(t, i64x2_extend_low_i32x4_s, i64x2_extmul_low_i32x4_s);
  t[i16x8_extadd_pairwise_i8x16_s] = add_pairs<I8, I16>();
  t[i16x8_extadd_pairwise_i8x16_u] = add_pairs<U8, I16>();
  t[i32x4_extadd_pairwise_i16x8_s] = add_pairs<I16, I32>();
  t[i32x4_extadd_pairwise_i16x8_u] = add_pairs<U16, I32>();
  t[i32x4_dot_i16x8_s] = {[](const Inputs& in) {
    const auto x = lanes<I16>(in.operands[0]);
    const auto y = lanes<I16>(in.operands[1]);
    Lanes<I32> result{};
    for (size_t i = 0; i < 4; ++i) {
      result[i] = static_cast<I32>(I64{x[2 * i]} * y[2 * i] + I64{x[2 * i + 1]} * y[2 * i + 1]);
    }
    return bytes<I32>(result);
  }};
}

}  // namespace

const std::map<SimdOp, SimdReference>& simd_references() {
  static const Table references = [] {
    Table t;
    add_lanes(t);
    add_memory(t);
    add_integers(t);
    add_floats(t);
    add_relaxed(t);
    return t;
  }();
  return references;
}

}  // namespace weft::engine
