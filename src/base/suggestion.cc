#include "base/suggestion.h"

#include <fmt/format.h>

#include <algorithm>
#include <vector>

namespace weft {

size_t edit_distance(std::string_view a, std::string_view b) {
  std::vector<std::vector<size_t>> d(a.size() + 1, std::vector<size_t>(b.size() + 1));
  for (size_t i = 0; i <= a.size(); ++i) {
    for (size_t j = 0; j <= b.size(); ++j) {
      if (i == 0 || j == 0) {
        d[i][j] = i + j;
        continue;
      }
      size_t replaced = d[i - 1][j - 1] + (a[i - 1] == b[j - 1] ? 0 : 1);
      d[i][j] = std::min({replaced, d[i - 1][j] + 1, d[i][j - 1] + 1});
      if (i > 1 && j > 1 && a[i - 1] == b[j - 2] && a[i - 2] == b[j - 1]) {
        d[i][j] = std::min(d[i][j], d[i - 2][j - 2] + 1);
      }
    }
  }
  return d[a.size()][b.size()];
}

std::string suggestion(std::string_view word, std::span<const std::string_view> names) {
  constexpr size_t longest = 100;  // a word that no name is close to, whatever it is
  if (word.size() > longest) {
    return "";
  }
  std::string_view best;
  size_t best_distance = 1 + std::max<size_t>(1, word.size() / 3);
  for (std::string_view name : names) {
    size_t distance = edit_distance(word, name);
    bool begins = word.size() >= 2 && name.starts_with(word) && word != "--";
    if (begins) {
      distance = 1;
    }
    if (distance < best_distance) {
      best = name;
      best_distance = distance;
    }
  }
  return best.empty() ? "" : fmt::format(", did you mean `{}`?", best);
}

}  // namespace weft
