// When a function is called by the clock: the five fields of cron, in UTC.
//
//   minute hour day-of-month month day-of-week      */15 9-17 * * MON-FRI
//
// A field is *, a number, a name (JAN, MON), a range, or a list of these; * and ranges may have a
// step behind a slash. Sunday is 0 and 7. When both days are given (neither begins with *), either
// is enough, as in cron(5). @hourly, @daily, @weekly, @monthly and @yearly stand for their usual
// lines. Thread safety: values.
#pragma once

#include <bitset>
#include <chrono>
#include <string>
#include <string_view>

#include "base/result.h"

namespace weft::manifest {

class Cron {
 public:
  using Time = std::chrono::sys_seconds;

  // Errors: what is no such line, with the field; a date that never comes (31 February).
  static Result<Cron> parse(std::string_view text);

  // The first full minute after `time` that the line names.
  // REQUIRES: a time between the years 1 and 30000.
  Time next_after(Time time) const;

  const std::string& text() const { return text_; }
  bool operator==(const Cron& other) const { return text_ == other.text_; }

 private:
  bool has_day(std::chrono::year_month_day day) const;
  bool comes_at_all() const;

  std::string text_;
  std::bitset<60> minutes_;
  std::bitset<24> hours_;
  std::bitset<32> days_;
  std::bitset<13> months_;
  std::bitset<8> weekdays_;
  bool either_day_ = false;
};

}  // namespace weft::manifest
