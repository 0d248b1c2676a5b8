#include "manifest/cron.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace weft::manifest {
namespace {

using namespace std::chrono_literals;
using std::chrono::sys_days;
using std::chrono::year;
using testing::HasSubstr;

// "2026-01-31 23:59:00"
std::string text(Cron::Time time) {
  auto day = std::chrono::floor<std::chrono::days>(time);
  std::chrono::year_month_day date(day);
  std::chrono::hh_mm_ss clock(time - day);
  return fmt::format("{}-{:02}-{:02} {:02}:{:02}:{:02}", static_cast<int>(date.year()),
                     static_cast<unsigned>(date.month()), static_cast<unsigned>(date.day()),
                     clock.hours().count(), clock.minutes().count(), clock.seconds().count());
}

// The `count`th time after 2026-01-31 22:17:30, a Saturday.
std::string next(std::string_view line, int count = 1) {
  Cron cron = Cron::parse(line).value();
  Cron::Time time = sys_days(year(2026) / 1 / 31) + 22h + 17min + 30s;
  for (int i = 0; i < count; ++i) {
    time = cron.next_after(time);
  }
  return text(time);
}

std::string refusal(std::string_view line) {
  auto cron = Cron::parse(line);
  return cron ? "it was accepted" : cron.error().message();
}

TEST(Cron, every_minute_is_the_next_full_one) {
  EXPECT_EQ(next("* * * * *"), "2026-01-31 22:18:00");
  EXPECT_EQ(next("* * * * *", 2), "2026-01-31 22:19:00");
  EXPECT_EQ(next("* * * * *", 43), "2026-01-31 23:00:00");
  EXPECT_EQ(next("* * * * *", 103), "2026-02-01 00:00:00");
}

TEST(Cron, steps_ranges_and_lists_are_understood) {
  EXPECT_EQ(next("*/15 * * * *"), "2026-01-31 22:30:00");
  EXPECT_EQ(next("5-20/5 * * * *"), "2026-01-31 22:20:00");
  EXPECT_EQ(next("5-20/5 * * * *", 2), "2026-01-31 23:05:00");
  EXPECT_EQ(next("3,9 1,4 * * *"), "2026-02-01 01:03:00");
  EXPECT_EQ(next("3,9 1,4 * * *", 3), "2026-02-01 04:03:00");
  EXPECT_EQ(next("0 9-17 * * MON-FRI"), "2026-02-02 09:00:00");
  EXPECT_EQ(next(" 0  9-17 * * mon-fri "), "2026-02-02 09:00:00");
}

TEST(Cron, sunday_is_0_and_7_and_ends_a_range_of_names) {
  for (const char* line : {"0 0 * * 0", "0 0 * * 7", "0 0 * * SUN", "0 0 * * FRI-SUN"}) {
    EXPECT_EQ(next(line), "2026-02-01 00:00:00") << line;
  }
  EXPECT_EQ(next("0 0 * * FRI-SUN", 2), "2026-02-06 00:00:00");
  EXPECT_EQ(next("0 0 * * SUN-MON", 2), "2026-02-02 00:00:00");
}

TEST(Cron, months_without_the_day_are_passed_over) {
  EXPECT_EQ(next("0 0 31 * *"), "2026-03-31 00:00:00");
  EXPECT_EQ(next("0 0 31 * *", 2), "2026-05-31 00:00:00");
  EXPECT_EQ(next("0 0 30 JAN-MAR *"), "2026-03-30 00:00:00");
  EXPECT_EQ(next("59 23 31 12 *"), "2026-12-31 23:59:00");
  EXPECT_EQ(next("59 23 31 12 *", 2), "2027-12-31 23:59:00");
}

TEST(Cron, leap_days_come_in_leap_years) {
  EXPECT_EQ(next("0 12 29 FEB *"), "2028-02-29 12:00:00");
  Cron cron = Cron::parse("0 12 29 2 *").value();
  // 2100 is no leap year.
  EXPECT_EQ(text(cron.next_after(sys_days(year(2097) / 1 / 1))), "2104-02-29 12:00:00");
}

TEST(Cron, either_day_is_enough_when_both_are_given) {
  EXPECT_EQ(next("0 0 15 * MON"), "2026-02-02 00:00:00");
  EXPECT_EQ(next("0 0 15 * MON", 3), "2026-02-15 00:00:00");
  // A step over all days gives none: both have to fit.
  EXPECT_EQ(next("0 0 */31 * MON"), "2026-06-01 00:00:00");
  EXPECT_EQ(next("0 0 31 2 MON"), "2026-02-02 00:00:00");
}

TEST(Cron, the_rarest_line_that_there_is_comes_after_forty_years) {
  Cron cron = Cron::parse("0 0 29 2 */7").value();  // a leap day on a Sunday
  EXPECT_EQ(text(cron.next_after(sys_days(year(2026) / 1 / 1))), "2032-02-29 00:00:00");
  EXPECT_EQ(text(cron.next_after(sys_days(year(2088) / 3 / 1))), "2128-02-29 00:00:00");
}

TEST(Cron, shorthands_stand_for_their_lines) {
  EXPECT_EQ(next("@hourly"), "2026-01-31 23:00:00");
  EXPECT_EQ(next("@daily"), "2026-02-01 00:00:00");
  EXPECT_EQ(next("@midnight"), "2026-02-01 00:00:00");
  EXPECT_EQ(next("@weekly", 2), "2026-02-08 00:00:00");
  EXPECT_EQ(next("@monthly", 2), "2026-03-01 00:00:00");
  EXPECT_EQ(next("@yearly"), "2027-01-01 00:00:00");
  EXPECT_EQ(next("@annually"), "2027-01-01 00:00:00");
}

TEST(Cron, dates_that_never_come_are_refused) {
  for (const char* line : {"0 0 31 2 *", "0 0 30 FEB *", "0 0 31 APR,JUN,SEP,NOV *"}) {
    EXPECT_THAT(refusal(line), HasSubstr("never comes")) << line;
  }
}

TEST(Cron, what_is_no_line_is_refused_with_the_field_and_what_to_write) {
  EXPECT_THAT(refusal("* * * *"), HasSubstr("has 4 fields where a schedule has five"));
  EXPECT_THAT(refusal(""), HasSubstr("0 fields"));
  EXPECT_THAT(refusal("60 * * * *"), HasSubstr("the minute \"60\" is not of 0 to 59"));
  EXPECT_THAT(refusal("* 24 * * *"), HasSubstr("the hour"));
  EXPECT_THAT(refusal("* * 0 * *"), HasSubstr("the day of the month"));
  EXPECT_THAT(refusal("* * * 13 *"), HasSubstr("the month"));
  EXPECT_THAT(refusal("* * * * 8"), HasSubstr("the day of the week"));
  EXPECT_THAT(refusal("* * * * FOO"), HasSubstr("FOO"));
  EXPECT_THAT(refusal("5/15 * * * *"), HasSubstr("write 5-59/15"));
  EXPECT_THAT(refusal("*/0 * * * *"), HasSubstr("step"));
  EXPECT_THAT(refusal("30-10 * * * *"), HasSubstr("backwards"));
  EXPECT_THAT(refusal("1,,2 * * * *"), HasSubstr("the minute \"\""));
  EXPECT_THAT(refusal("-1 * * * *"), HasSubstr("the minute"));
  EXPECT_THAT(refusal("@reboot"), HasSubstr("@hourly"));
  EXPECT_THAT(refusal(std::string(1000, '*')), HasSubstr("at most 500"));
}

}  // namespace
}  // namespace weft::manifest
