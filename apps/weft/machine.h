// What weft needs or likes of a machine, tried out one by one: the checks of `weft doctor`.
// Thread safety: main thread only.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace weft::cli {

struct Finding {
  enum class Level : uint8_t {
    ok,
    slow,     // weft runs, but something costs more or cannot be done
    missing,  // weft cannot run
  };
  Level level = Level::ok;
  std::string_view what;
  std::string found;   // "6.18.5", "in 41 MiB, of at most 4 GiB"
  std::string advice;  // what it means and what to do; empty when ok
};

std::string_view name(Finding::Level level);

std::vector<Finding> examine_machine();

}  // namespace weft::cli
