#include "base/quantity.h"

#include <gtest/gtest.h>

namespace weft {
namespace {

using namespace std::chrono_literals;

TEST(Quantity, durations_have_units_and_a_number_alone_is_seconds) {
  EXPECT_EQ(parse_duration("200ms").value(), 200ms);
  EXPECT_EQ(parse_duration("5").value(), 5s);
  EXPECT_EQ(parse_duration("1.5m").value(), 90s);
  EXPECT_EQ(parse_duration("2h").value(), 2h);
  EXPECT_EQ(parse_duration("30d").value(), 720h);
  EXPECT_EQ(parse_duration("7ms").value(), 7ms);
  EXPECT_EQ(parse_duration("3us").value(), 3us);
  EXPECT_EQ(parse_duration("8ns").value(), 8ns);
}

TEST(Quantity, what_is_no_duration_is_refused_with_what_to_write) {
  for (const char* bad : {"", "x", "-5s", "5 s", "5x", "0", "0s", "nan", "inf", "1e3", "367d"}) {
    auto parsed = parse_duration(bad);
    ASSERT_FALSE(parsed) << bad;
    EXPECT_NE(parsed.error().message().find(bad), std::string::npos);
  }
  EXPECT_NE(parse_duration("soon").error().message().find("write 200ms"), std::string::npos);
}

TEST(Quantity, a_duration_as_text_is_the_same_duration_again) {
  for (int64_t count : {1LL, 999LL, 1000LL, 1001LL, 7'000'000LL, 999'999'999LL, 1'000'000'001LL,
                        1'500'000'000LL, 86'399'999'999'999LL, 86'400'000'000'000LL}) {
    std::chrono::nanoseconds d(count);
    EXPECT_EQ(parse_duration(duration_text(d)).value(), d) << duration_text(d);
  }
  EXPECT_EQ(duration_text(5s), "5s");
  EXPECT_EQ(duration_text(200ms), "200ms");
  EXPECT_EQ(duration_text(1500ms), "1.5s");
}

TEST(Quantity, sizes_are_powers_of_1024) {
  EXPECT_EQ(parse_size("65536").value(), 65536U);
  EXPECT_EQ(parse_size("64K").value(), 65536U);
  EXPECT_EQ(parse_size("64kB").value(), 65536U);
  EXPECT_EQ(parse_size("1.5MiB").value(), 1572864U);
  EXPECT_EQ(parse_size("1G").value(), uint64_t{1} << 30);
  for (const char* bad : {"", "M", "-1", "0", "5X", "5KM", "99999999T"}) {
    EXPECT_FALSE(parse_size(bad)) << bad;
  }
}

TEST(Quantity, a_size_is_written_for_people_and_for_parsing) {
  EXPECT_EQ(size_text(612), "612 bytes");
  EXPECT_EQ(size_text(1), "1 byte");
  EXPECT_EQ(size_text(8 << 20), "8 MiB");
  EXPECT_EQ(size_text(1468006), "1.4 MiB");
  EXPECT_EQ(size_value(8 << 20), "8M");
  EXPECT_EQ(size_value(1500), "1500");
  for (uint64_t bytes : {uint64_t{1}, uint64_t{1024}, uint64_t{1536}, uint64_t{3} << 30}) {
    EXPECT_EQ(parse_size(size_value(bytes)).value(), bytes);
  }
}

}  // namespace
}  // namespace weft
