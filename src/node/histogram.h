// How long things took: counts in buckets that are an eighth of a power of two wide, so a quantile
// is right within 12 %.
//
// Thread safety: a value.
#pragma once

#include <algorithm>
#include <array>
#include <bit>
#include <chrono>
#include <cstdint>

namespace weft::node {

class Histogram {
 public:
  void add(std::chrono::nanoseconds duration) {
    auto us = static_cast<uint64_t>(std::max<int64_t>(
        0, std::chrono::duration_cast<std::chrono::microseconds>(duration).count()));
    ++counts_[bucket(us)];
    ++count_;
    sum_us_ += us;
  }
  void add(const Histogram& other) {
    for (size_t i = 0; i < counts_.size(); ++i) {
      counts_[i] += other.counts_[i];
    }
    count_ += other.count_;
    sum_us_ += other.sum_us_;
  }

  uint64_t count() const { return count_; }
  uint64_t sum_us() const { return sum_us_; }
  // The least duration, in microseconds, that this part of all did not exceed; 0 when there are
  // none. REQUIRES: 0 < part <= 1.
  uint64_t quantile_us(double part) const {
    auto wanted = static_cast<uint64_t>(part * static_cast<double>(count_) + 0.999999);
    uint64_t seen = 0;
    for (size_t i = 0; i < counts_.size(); ++i) {
      seen += counts_[i];
      if (seen >= wanted && seen > 0) {
        return upper_us(i);
      }
    }
    return 0;
  }
  // How many took at most so long, to the accuracy of the buckets.
  uint64_t at_most_us(uint64_t us) const {
    uint64_t seen = 0;
    for (size_t i = 0; i < counts_.size() && upper_us(i) <= us; ++i) {
      seen += counts_[i];
    }
    return seen;
  }

 private:
  static constexpr unsigned sub_bits = 3;
  static constexpr uint64_t subs = 1 << sub_bits;
  static constexpr size_t buckets = subs * (40 - sub_bits);  // up to 2^39 us: six days

  static size_t bucket(uint64_t us) {
    if (us < subs) {
      return us;
    }
    auto power = static_cast<unsigned>(std::bit_width(us)) - 1;
    uint64_t sub = (us >> (power - sub_bits)) & (subs - 1);
    return std::min<size_t>(subs * (power - sub_bits + 1) + sub, buckets - 1);
  }
  static uint64_t upper_us(size_t bucket) {
    if (bucket < subs) {
      return bucket;
    }
    uint64_t power = bucket / subs - 1;
    return ((subs + bucket % subs + 1) << power) - 1;
  }

  std::array<uint64_t, buckets> counts_ = {};
  uint64_t count_ = 0;
  uint64_t sum_us_ = 0;
};

}  // namespace weft::node
