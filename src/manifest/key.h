// The keys that a table of settings may have. What reads a table and what docs/manifest.md says of
// it come from the same list. Thread safety: values.
#pragma once

#include <span>
#include <string>
#include <string_view>

namespace weft::manifest {

struct Key {
  std::string_view name;
  std::string_view form;      // how its value is written
  std::string_view standard;  // what holds when it is left out
  std::string_view meaning;
};

// A table of Markdown with a row for each key.
std::string key_table(std::span<const Key> keys);

}  // namespace weft::manifest
