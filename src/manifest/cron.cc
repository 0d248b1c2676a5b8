#include "manifest/cron.h"

#include <algorithm>
#include <array>
#include <charconv>
#include <optional>
#include <span>
#include <vector>

namespace weft::manifest {

namespace {

using std::chrono::days;
using std::chrono::hours;
using std::chrono::minutes;
using std::chrono::sys_days;
using std::chrono::year_month_day;

constexpr auto month_names = std::to_array<std::string_view>(
    {"JAN", "FEB", "MAR", "APR", "MAY", "JUN", "JUL", "AUG", "SEP", "OCT", "NOV", "DEC"});
constexpr auto weekday_names =
    std::to_array<std::string_view>({"SUN", "MON", "TUE", "WED", "THU", "FRI", "SAT"});

struct Field {
  std::string_view name;
  unsigned least;
  unsigned most;
  std::span<const std::string_view> words;  // for least, least + 1, …
};
constexpr Field fields[] = {{"minute", 0, 59, {}},
                            {"hour", 0, 23, {}},
                            {"day of the month", 1, 31, {}},
                            {"month", 1, 12, month_names},
                            {"day of the week", 0, 7, weekday_names}};

constexpr struct {
  std::string_view name;
  std::string_view line;
} shorthands[] = {{"@hourly", "0 * * * *"},  {"@daily", "0 0 * * *"},   {"@midnight", "0 0 * * *"},
                  {"@weekly", "0 0 * * 0"},  {"@monthly", "0 0 1 * *"}, {"@yearly", "0 0 1 1 *"},
                  {"@annually", "0 0 1 1 *"}};

std::vector<std::string_view> split(std::string_view text, char separator) {
  std::vector<std::string_view> parts;
  while (true) {
    size_t at = text.find(separator);
    parts.push_back(text.substr(0, at));
    if (at == std::string_view::npos) {
      return parts;
    }
    text.remove_prefix(at + 1);
  }
}

std::vector<std::string_view> words_of(std::string_view text) {
  std::vector<std::string_view> words;
  while (true) {
    size_t begin = text.find_first_not_of(" \t");
    if (begin == std::string_view::npos) {
      return words;
    }
    text.remove_prefix(begin);
    size_t end = std::min(text.find_first_of(" \t"), text.size());
    words.push_back(text.substr(0, end));
    text.remove_prefix(end);
  }
}

std::optional<unsigned> number(std::string_view text) {
  unsigned value = 0;
  const char* begin = text.data();  // NOLINT(bugprone-suspicious-stringview-data-usage)
  const char* end = begin + text.size();
  auto [stop, problem] = std::from_chars(begin, end, value);
  return problem == std::errc() && stop == end ? std::optional(value) : std::nullopt;
}

std::optional<unsigned> value_of(const Field& field, std::string_view text) {
  for (size_t i = 0; i < field.words.size(); ++i) {
    bool same = std::ranges::equal(text, field.words[i], [](char a, char b) {
      return (a >= 'a' && a <= 'z' ? a - 'a' + 'A' : a) == b;
    });
    if (same) {
      return field.least + static_cast<unsigned>(i);
    }
  }
  auto value = number(text);
  return value && *value >= field.least && *value <= field.most ? value : std::nullopt;
}

std::unexpected<Error> wrong(const Field& field, std::string_view part, std::string_view why) {
  return error(Error::Kind::invalid, "the {} \"{}\" {}", field.name, part, why);
}

// One element of a list: *, 5, 1-5, */2, 10-50/10.
template <size_t n>
Result<void> add_part(const Field& field, std::string_view part, std::bitset<n>& set) {
  size_t slash = part.find('/');
  std::string_view range = part.substr(0, slash);
  unsigned step = 1;
  unsigned first = field.least;
  unsigned last = field.most;
  if (range != "*") {
    size_t dash = range.find('-');
    auto from = value_of(field, range.substr(0, dash));
    auto to = dash == std::string_view::npos ? from : value_of(field, range.substr(dash + 1));
    if (!from || !to) {
      return wrong(field, part,
                   fmt::format("is not of {} to {}; write *, a number, a range 2-4 or a list 2,4",
                               field.least, field.most));
    }
    // The week ends with Sunday as it begins with it.
    if (*to == 0 && *from > 0 && field.most == 7) {
      to = 7;
    }
    if (*from > *to) {
      return wrong(field, part, "goes backwards; write the smaller one first, or a list");
    }
    first = *from;
    last = *to;
    if (slash != std::string_view::npos && dash == std::string_view::npos) {
      return wrong(field, part,
                   fmt::format("has a step, but no range; write {}-{}/{}", first, field.most,
                               part.substr(slash + 1)));
    }
  }
  if (slash != std::string_view::npos) {
    auto given = number(part.substr(slash + 1));
    if (!given || *given == 0 || *given > field.most) {
      return wrong(field, part, fmt::format("has a step that is not 1 to {}", field.most));
    }
    step = *given;
  }
  for (unsigned value = first; value <= last; value += step) {
    set.set(field.most == 7 ? value % 7 : value);
  }
  return {};
}

template <size_t n>
Result<void> fill(const Field& field, std::string_view text, std::bitset<n>& set) {
  for (std::string_view part : split(text, ',')) {
    TRY_VOID(add_part(field, part, set));
  }
  return {};
}

}  // namespace

Result<Cron> Cron::parse(std::string_view text) {
  constexpr size_t longest = 500;
  if (text.size() > longest) {
    return error(Error::Kind::invalid, "a schedule is at most {} long", longest);
  }
  std::string_view line = text;
  for (const auto& shorthand : shorthands) {
    line = shorthand.name == text ? shorthand.line : line;
  }
  if (line.starts_with('@')) {
    return error(Error::Kind::invalid,
                 "\"{}\" is no schedule; there are @hourly, @daily, @weekly, @monthly and @yearly",
                 text);
  }
  auto words = words_of(line);
  if (words.size() != std::size(fields)) {
    return error(Error::Kind::invalid,
                 "\"{}\" has {} field{} where a schedule has five: minute, hour, day of the month, "
                 "month, day of the week, as in \"*/5 * * * *\"",
                 text, words.size(), words.size() == 1 ? "" : "s");
  }
  Cron cron;
  cron.text_ = text;
  TRY_VOID(fill(fields[0], words[0], cron.minutes_));
  TRY_VOID(fill(fields[1], words[1], cron.hours_));
  TRY_VOID(fill(fields[2], words[2], cron.days_));
  TRY_VOID(fill(fields[3], words[3], cron.months_));
  TRY_VOID(fill(fields[4], words[4], cron.weekdays_));
  cron.either_day_ = !words[2].starts_with('*') && !words[4].starts_with('*');
  if (!cron.comes_at_all()) {
    return error(Error::Kind::invalid, "\"{}\" never comes: none of these months has such a day",
                 text);
  }
  return cron;
}

// Every date of a leap year comes again with every day of the week.
bool Cron::comes_at_all() const {
  constexpr unsigned longest[] = {0, 31, 29, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31};
  for (unsigned month = 1; month <= 12; ++month) {
    for (unsigned day = 1; day <= longest[month]; ++day) {
      if (months_.test(month) && (either_day_ || days_.test(day))) {
        return true;
      }
    }
  }
  return false;
}

bool Cron::has_day(year_month_day day) const {
  unsigned month = static_cast<unsigned>(day.month());
  if (!months_.test(month)) {
    return false;
  }
  bool by_date = days_.test(static_cast<unsigned>(day.day()));
  bool by_week = weekdays_.test(std::chrono::weekday(sys_days(day)).c_encoding());
  return either_day_ ? by_date || by_week : by_date && by_week;
}

Cron::Time Cron::next_after(Time time) const {
  auto earliest = std::chrono::floor<minutes>(time) + minutes(1);
  auto day = std::chrono::floor<days>(earliest);
  // The 29 February that is a Monday comes every 28 years, over a century without a leap day 40.
  for (const auto limit = day + days(366 * 41); day < limit; day += days(1)) {
    if (!has_day(year_month_day(day))) {
      continue;
    }
    auto begin = std::max<std::chrono::sys_time<minutes>>(earliest, day) - day;
    for (auto minute = begin; minute < days(1); ++minute) {
      auto of_day = minute.count();
      if (hours_.test(static_cast<size_t>(of_day / 60)) &&
          minutes_.test(static_cast<size_t>(of_day % 60))) {
        return day + minute;
      }
    }
  }
  CHECK(false, "the schedule {} never comes", text_);
  return time;
}

}  // namespace weft::manifest
