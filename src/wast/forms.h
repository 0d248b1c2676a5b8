// Cuts a script's text into its top-level forms, so that each is parsed alone and what libwabt
// cannot parse costs no other. Thread safety: values; the views point into the text.
#pragma once

#include <cstdint>
#include <string_view>
#include <vector>

#include "base/result.h"

namespace weft::wast {

struct Form {
  std::string_view text;     // "(assert_return …)"
  std::string_view keyword;  // "assert_return"
  uint32_t line = 1;
};

// Knows parentheses, strings and both kinds of comments. Error invalid names the line of what is
// not closed.
Result<std::vector<Form>> split_forms(std::string_view text);

}  // namespace weft::wast
