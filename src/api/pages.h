// How many items a page of a list has. Thread safety: functions.
#pragma once

#include <charconv>

#include "base/result.h"
#include "net/message.h"

namespace weft::api {

inline constexpr size_t usual_page = 100;
inline constexpr size_t largest_page = 1000;

// `limit=` of the query. Error invalid.
inline Result<size_t> page_limit(const net::Request& request) {
  auto text = request.query("limit");
  if (!text) {
    return usual_page;
  }
  size_t limit = 0;
  auto [end, failed] = std::from_chars(text->begin(), text->end(), limit);
  if (failed != std::errc() || end != text->end() || limit == 0 || limit > largest_page) {
    return error(Error::Kind::invalid, "limit is a number from 1 to {}, not \"{}\"", largest_page,
                 *text);
  }
  return limit;
}

}  // namespace weft::api
