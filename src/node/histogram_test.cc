#include "node/histogram.h"

#include <gtest/gtest.h>

namespace weft::node {
namespace {

using std::chrono::microseconds;

TEST(Histogram, quantiles_are_right_within_an_eighth) {
  Histogram histogram;
  EXPECT_EQ(histogram.quantile_us(0.5), 0u);
  for (int i = 1; i <= 10'000; ++i) {
    histogram.add(microseconds(i));
  }
  for (double part : {0.001, 0.1, 0.5, 0.99, 1.0}) {
    auto exact = static_cast<uint64_t>(part * 10'000);
    EXPECT_GE(histogram.quantile_us(part), exact);
    EXPECT_LE(histogram.quantile_us(part), exact + exact / 8 + 1);
  }
}

TEST(Histogram, what_is_out_of_range_is_counted_at_the_ends) {
  Histogram histogram;
  histogram.add(microseconds(-5));
  histogram.add(std::chrono::hours(24 * 365));
  EXPECT_EQ(histogram.count(), 2u);
  EXPECT_EQ(histogram.quantile_us(0.5), 0u);
  EXPECT_GT(histogram.quantile_us(1), uint64_t{1} << 38);
  EXPECT_EQ(histogram.at_most_us(1), 1u);
}

TEST(Histogram, two_are_added_bucket_by_bucket) {
  Histogram one;
  Histogram two;
  one.add(microseconds(10));
  two.add(microseconds(1000));
  one.add(two);
  EXPECT_EQ(one.count(), 2u);
  EXPECT_EQ(one.sum_us(), 1010u);
  EXPECT_EQ(one.at_most_us(100), 1u);
}

}  // namespace
}  // namespace weft::node
