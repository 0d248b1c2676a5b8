#include "terminal.h"

#include <fmt/format.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include <algorithm>
#include <cstdlib>
#include <string_view>

#include "messages.h"
#include "signals.h"

namespace weft::cli {

namespace {

bool is_terminal() {
  const char* kind = std::getenv("TERM");
  return isatty(STDERR_FILENO) != 0 && (kind == nullptr || std::string_view(kind) != "dumb");
}

size_t columns() {
  winsize size = {};
  return ioctl(STDERR_FILENO, TIOCGWINSZ, &size) == 0 && size.ws_col > 0 ? size.ws_col : 80;
}

}  // namespace

Progress::Progress(std::string_view label)
    : label_(printable(label)),
      on_terminal_(is_terminal()),
      next_draw_(Clock::now() + quiet_time) {}

Progress::~Progress() {
  if (drawn_) {
    (void)!write(STDERR_FILENO, "\r\033[K", 4);
    Signals::line_is_drawn(false);
  }
}

void Progress::update(uint64_t done, uint64_t total) {
  if (!on_terminal_ || total == 0) {
    return;
  }
  std::lock_guard lock(mutex_);
  most_done_ = std::max(most_done_, done);
  auto now = Clock::now();
  if (now < next_draw_) {
    return;
  }
  next_draw_ = now + redraw_time;
  constexpr size_t cells = 24;
  size_t filled = static_cast<size_t>(cells * std::min(most_done_, total) / total);
  std::string line = fmt::format("weft: {} [{:#<{}}{: <{}}] {:3}%", label_, "", filled, "",
                                 cells - filled, 100 * std::min(most_done_, total) / total);
  line.resize(std::min(line.size(), columns() - 1));
  line = "\r" + line + "\033[K";
  Signals::line_is_drawn(true);
  drawn_ = true;
  (void)!write(STDERR_FILENO, line.data(), line.size());
}

}  // namespace weft::cli
