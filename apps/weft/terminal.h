// A line of progress on standard error, for what takes a person's time: drawn only on a terminal,
// and not before 300 ms. Thread safety: update() is safe from any thread; the object belongs to
// one.
#pragma once

#include <chrono>
#include <cstdint>
#include <mutex>
#include <string>
#include <string_view>

namespace weft::cli {

class Progress {
 public:
  explicit Progress(std::string_view label);
  ~Progress();  // erases the line
  Progress(const Progress&) = delete;
  Progress& operator=(const Progress&) = delete;

  void update(uint64_t done, uint64_t total);

 private:
  using Clock = std::chrono::steady_clock;
  static constexpr auto quiet_time = std::chrono::milliseconds(300);
  static constexpr auto redraw_time = std::chrono::milliseconds(80);

  std::string label_;
  bool on_terminal_;
  std::mutex mutex_;
  Clock::time_point next_draw_;
  uint64_t most_done_ = 0;
  bool drawn_ = false;
};

}  // namespace weft::cli
