// "did you mean …?": the name that is closest to a word that nobody knows.
// Thread safety: functions.
#pragma once

#include <span>
#include <string>
#include <string_view>

namespace weft {

// Letters that are inserted, left out, replaced, or exchanged with the next (optimal string
// alignment).
size_t edit_distance(std::string_view a, std::string_view b);

// ", did you mean `x`?" when one of the names is close to `word` or begins with it, else nothing.
std::string suggestion(std::string_view word, std::span<const std::string_view> names);

}  // namespace weft
