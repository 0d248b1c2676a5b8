#include "base/suggestion.h"

#include <gtest/gtest.h>

namespace weft {
namespace {

constexpr std::string_view names[] = {"memory", "time", "concurrency", "cores"};

TEST(Suggestion, distance_counts_insertions_losses_replacements_and_exchanges) {
  EXPECT_EQ(edit_distance("memory", "memory"), 0U);
  EXPECT_EQ(edit_distance("memry", "memory"), 1U);
  EXPECT_EQ(edit_distance("meomry", "memory"), 1U);
  EXPECT_EQ(edit_distance("memori", "memory"), 1U);
  EXPECT_EQ(edit_distance("", "abc"), 3U);
}

TEST(Suggestion, a_name_close_to_the_word_or_begun_by_it_is_suggested) {
  EXPECT_EQ(suggestion("memroy", names), ", did you mean `memory`?");
  EXPECT_EQ(suggestion("conc", names), ", did you mean `concurrency`?");
  EXPECT_EQ(suggestion("quota", names), "");
  EXPECT_EQ(suggestion(std::string(100000, 'm'), names), "");
}

}  // namespace
}  // namespace weft
