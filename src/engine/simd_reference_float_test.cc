// References of the floating-point and the relaxed instructions.
#include <cmath>

#include "engine/simd_reference.h"

namespace weft::engine::simd_reference {

namespace {

// --- floating point ---

template <class F>
constexpr Bits<F> canonical_nan =
    sizeof(F) == 4 ? Bits<F>(0x7fc0'0000) : Bits<F>(0x7ff8'0000'0000'0000);
template <class F>
constexpr Bits<F> any_quiet_nan =
    sizeof(F) == 4 ? Bits<F>(any_quiet_nan32) : Bits<F>(any_quiet_nan64);

template <class F>
bool plain(F x) {  // not a NaN, or a canonical one
  const auto bits = std::bit_cast<Bits<F>>(x);
  return !std::isnan(x) || (bits & (~Bits<F>{0} >> 1)) == canonical_nan<F>;
}

// The result, or the class of its NaN (specification 4.3.3, "NaN propagation").
template <class F, class... In>
F propagate(F result, In... in) {
  if (!std::isnan(result)) {
    return result;
  }
  return std::bit_cast<F>((plain(in) && ...) ? canonical_nan<F> : any_quiet_nan<F>);
}

template <class F>
F extreme(F x, F y, bool is_min) {
  if (std::isnan(x) || std::isnan(y)) {
    return propagate(std::numeric_limits<F>::quiet_NaN(), x, y);
  }
  if (x == y) {  // zeros of different sign
    return std::signbit(x) == is_min ? x : y;
  }
  return (x < y) == is_min ? x : y;
}

// A lane that must not pass through a floating-point register on its way: bits in, bits out.
template <class F>
SimdReference pseudo_extreme(bool is_min) {
  return zip<Bits<F>>([is_min](Bits<F> x, Bits<F> y) {
    const auto a = std::bit_cast<F>(x);
    const auto b = std::bit_cast<F>(y);
    return (is_min ? b < a : a < b) ? y : x;
  });
}

template <class F>
void add_float_shape(Table& t, const std::array<SimdOp, 21>& op) {
  constexpr unsigned bits = 8 * sizeof(F);
  constexpr auto sign = ~(~Bits<F>{0} >> 1);
  const auto rounded = [](F (*round)(F)) {
    return map<F>([round](F x) { return propagate(round(x), x); }, bits);
  };
  t[op[0]] = rounded([](F x) { return std::ceil(x); });
  t[op[1]] = rounded([](F x) { return std::floor(x); });
  t[op[2]] = rounded([](F x) { return std::trunc(x); });
  t[op[3]] = rounded([](F x) { return std::nearbyint(x); });
  t[op[4]] = rounded([](F x) { return std::sqrt(x); });
  t[op[5]] = map<Bits<F>>([](Bits<F> x) { return x & ~sign; });
  t[op[6]] = map<Bits<F>>([](Bits<F> x) { return x ^ sign; });
  t[op[7]] = zip<F>([](F x, F y) { return propagate(x + y, x, y); }, bits);
  t[op[8]] = zip<F>([](F x, F y) { return propagate(x - y, x, y); }, bits);
  t[op[9]] = zip<F>([](F x, F y) { return propagate(x * y, x, y); }, bits);
  t[op[10]] = zip<F>([](F x, F y) { return propagate(x / y, x, y); }, bits);
  t[op[11]] = zip<F>([](F x, F y) { return extreme(x, y, true); }, bits);
  t[op[12]] = zip<F>([](F x, F y) { return extreme(x, y, false); }, bits);
  t[op[13]] = pseudo_extreme<F>(true);
  t[op[14]] = pseudo_extreme<F>(false);
  t[op[15]] = compare<F>(std::equal_to<>());
  t[op[16]] = compare<F>(std::not_equal_to<>());
  t[op[17]] = compare<F>(std::less<>());
  t[op[18]] = compare<F>(std::greater<>());
  t[op[19]] = compare<F>(std::less_equal<>());
  t[op[20]] = compare<F>(std::greater_equal<>());
}

// --- conversions ---

template <class From, class To>
SimdReference convert_low() {
  return {[](const Inputs& in) {
    Lanes<To> result{};
    for (size_t i = 0; i < result.size(); ++i) {
      result[i] = static_cast<To>(lanes<From>(in.operands[0])[i]);
    }
    return bytes<To>(result);
  }};
}

// What a conversion gives for a NaN, and for what is below and above the range of To.
template <class To>
struct Outside {
  To nan = 0;
  To below = std::numeric_limits<To>::min();
  To above = std::numeric_limits<To>::max();
};

template <class To>
To truncate(double x, const Outside<To>& outside) {
  const double whole = std::trunc(x);
  if (std::isnan(x)) {
    return outside.nan;
  }
  if (whole < std::numeric_limits<To>::min()) {
    return outside.below;
  }
  return whole > std::numeric_limits<To>::max() ? outside.above : static_cast<To>(whole);
}

template <class From, class To>
SimdBytes truncate_lanes(const Inputs& in, const Outside<To>& outside) {
  Lanes<To> result{};
  for (size_t i = 0; i < 16 / sizeof(From); ++i) {
    result[i] = truncate<To>(lanes<From>(in.operands[0])[i], outside);
  }
  return bytes<To>(result);
}

// The machine's own answers.
constexpr Outside<I32> relaxed_signed{.nan = INT32_MIN, .below = INT32_MIN, .above = INT32_MIN};
Outside<U32> relaxed_unsigned(const SimdTarget& target) {
  return target.avx512 ? Outside<U32>{.nan = ~0U, .below = ~0U, .above = ~0U} : Outside<U32>{};
}

void add_conversions(Table& t) {
  t[f32x4_convert_i32x4_s] = convert_low<I32, float>();
  t[f32x4_convert_i32x4_u] = convert_low<U32, float>();
  t[f64x2_convert_low_i32x4_s] = convert_low<I32, double>();
  t[f64x2_convert_low_i32x4_u] = convert_low<U32, double>();
  t[f64x2_promote_low_f32x4] = {[](const Inputs& in) {
                                  const auto x = lanes<float>(in.operands[0]);
                                  Lanes<double> result{};
                                  for (size_t i = 0; i < 2; ++i) {
                                    result[i] = std::isnan(x[i]) && !plain(x[i])
                                                    ? std::bit_cast<double>(any_quiet_nan64)
                                                    : propagate<double>(x[i]);
                                  }
                                  return bytes<double>(result);
                                },
                                64};
  t[f32x4_demote_f64x2_zero] = {[](const Inputs& in) {
                                  const auto x = lanes<double>(in.operands[0]);
                                  Lanes<float> result{};
                                  for (size_t i = 0; i < 2; ++i) {
                                    result[i] = std::isnan(x[i]) && !plain(x[i])
                                                    ? std::bit_cast<float>(any_quiet_nan32)
                                                    : propagate(static_cast<float>(x[i]));
                                  }
                                  return bytes<float>(result);
                                },
                                32};
  t[i32x4_trunc_sat_f32x4_s] = {
      [](const Inputs& in) { return truncate_lanes<float, I32>(in, {}); }};
  t[i32x4_trunc_sat_f32x4_u] = {
      [](const Inputs& in) { return truncate_lanes<float, U32>(in, {}); }};
  t[i32x4_trunc_sat_f64x2_s_zero] = {
      [](const Inputs& in) { return truncate_lanes<double, I32>(in, {}); }};
  t[i32x4_trunc_sat_f64x2_u_zero] = {
      [](const Inputs& in) { return truncate_lanes<double, U32>(in, {}); }};
}

// --- relaxed ---

template <class F>
SimdReference multiply_add(bool negated) {
  return {[negated](const Inputs& in) {
            const auto y = lanes<F>(in.operands[1]);
            const auto z = lanes<F>(in.operands[2]);
            Lanes<F> x = lanes<F>(in.operands[0]);
            for (size_t i = 0; i < x.size(); ++i) {
              const F a = negated ? -x[i] : x[i];
              const F product = a * y[i];
              const F sum = in.target.fma ? std::fma(a, y[i], z[i]) : product + z[i];
              x[i] = propagate(sum, x[i], y[i], z[i]);
            }
            return bytes<F>(x);
          },
          8 * sizeof(F)};
}

template <class S>
SimdReference lane_select(bool by_lane) {
  return {[by_lane](const Inputs& in) {
    const auto x = lanes<S>(in.operands[0]);
    const auto y = lanes<S>(in.operands[1]);
    Lanes<S> m = lanes<S>(in.operands[2]);
    for (size_t i = 0; i < m.size(); ++i) {
      const S mask = !by_lane || in.target.avx512 ? m[i] : m[i] < 0 ? S{-1} : S{0};
      m[i] = static_cast<S>((x[i] & mask) | (y[i] & ~mask));
    }
    return bytes<S>(m);
  }};
}

Lanes<I16> dot_bytes(const Inputs& in) {
  const auto x = lanes<I8>(in.operands[0]);
  const auto y = lanes<U8>(in.operands[1]);
  Lanes<I16> result{};
  for (size_t i = 0; i < 8; ++i) {
    result[i] = saturate<I16>(x[2 * i] * y[2 * i] + x[2 * i + 1] * y[2 * i + 1]);
  }
  return result;
}

}  // namespace

void add_floats(Table& t) {
  add_float_shape<float>(
      t, {f32x4_ceil, f32x4_floor, f32x4_trunc, f32x4_nearest, f32x4_sqrt, f32x4_abs, f32x4_neg,
          f32x4_add,  f32x4_sub,   f32x4_mul,   f32x4_div,     f32x4_min,  f32x4_max, f32x4_pmin,
          f32x4_pmax, f32x4_eq,    f32x4_ne,    f32x4_lt,      f32x4_gt,   f32x4_le,  f32x4_ge});
  add_float_shape<double>(
      t, {f64x2_ceil, f64x2_floor, f64x2_trunc, f64x2_nearest, f64x2_sqrt, f64x2_abs, f64x2_neg,
          f64x2_add,  f64x2_sub,   f64x2_mul,   f64x2_div,     f64x2_min,  f64x2_max, f64x2_pmin,
          f64x2_pmax, f64x2_eq,    f64x2_ne,    f64x2_lt,      f64x2_gt,   f64x2_le,  f64x2_ge});
  add_conversions(t);
}

void add_relaxed(Table& t) {
  t[i8x16_relaxed_swizzle] = {[](const Inputs& in) {
    SimdBytes result{};
    for (size_t i = 0; i < 16; ++i) {
      const unsigned index = in.operands[1][i];
      result[i] = index < 0x80 ? in.operands[0][index % 16] : 0;
    }
    return result;
  }};
  t[i32x4_relaxed_trunc_f32x4_s] = {
      [](const Inputs& in) { return truncate_lanes<float, I32>(in, relaxed_signed); }};
  t[i32x4_relaxed_trunc_f64x2_s_zero] = {
      [](const Inputs& in) { return truncate_lanes<double, I32>(in, relaxed_signed); }};
  t[i32x4_relaxed_trunc_f32x4_u] = {
      [](const Inputs& in) { return truncate_lanes<float, U32>(in, relaxed_unsigned(in.target)); }};
  t[i32x4_relaxed_trunc_f64x2_u_zero] = {[](const Inputs& in) {
    return truncate_lanes<double, U32>(in, relaxed_unsigned(in.target));
  }};
  t[f32x4_relaxed_madd] = multiply_add<float>(false);
  t[f32x4_relaxed_nmadd] = multiply_add<float>(true);
  t[f64x2_relaxed_madd] = multiply_add<double>(false);
  t[f64x2_relaxed_nmadd] = multiply_add<double>(true);
  t[i8x16_relaxed_laneselect] = lane_select<I8>(true);
  t[i16x8_relaxed_laneselect] = lane_select<I16>(false);
  t[i32x4_relaxed_laneselect] = lane_select<I32>(true);
  t[i64x2_relaxed_laneselect] = lane_select<I64>(true);
  t[f32x4_relaxed_min] = pseudo_extreme<float>(true);
  t[f32x4_relaxed_max] = pseudo_extreme<float>(false);
  t[f64x2_relaxed_min] = pseudo_extreme<double>(true);
  t[f64x2_relaxed_max] = pseudo_extreme<double>(false);
  t[i16x8_relaxed_q15mulr_s] = zip<I16>([](I64 x, I64 y) { return (x * y + 0x4000) >> 15; });
  t[i16x8_dot_i8x16_i7x16_s] = {[](const Inputs& in) { return bytes<I16>(dot_bytes(in)); }};
  t[i32x4_dot_i8x16_i7x16_add_s] = {[](const Inputs& in) {
    const auto sums = dot_bytes(in);
    Lanes<U32> z = lanes<U32>(in.operands[2]);
    for (size_t i = 0; i < z.size(); ++i) {
      z[i] += static_cast<U32>(sums[2 * i] + sums[2 * i + 1]);
    }
    return bytes<U32>(z);
  }};
}

}  // namespace weft::engine::simd_reference
