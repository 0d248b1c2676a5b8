// The whole terminal for a while: what was there comes back. Plain VT100 sequences and the second
// screen that all terminals of today have.
//
// Keys come one by one and make no signals; signals that end or stop weft are read here, so that
// the terminal is itself again before they do what they do. Thread safety: main thread only, one
// object at a time.
#pragma once

#include <termios.h>

#include <chrono>
#include <csignal>
#include <string_view>

#include "base/result.h"
#include "base/unique_fd.h"

namespace weft::cli {

class Screen {
 public:
  // REQUIRES: standard input and standard output are terminals.
  static Result<Screen> open();
  Screen(Screen&& other) noexcept;
  Screen& operator=(Screen&&) = delete;
  ~Screen();

  struct Size {
    size_t columns;
    size_t rows;
  };
  Size size() const;
  // In the place of what was there; lines beyond the last row are left out. Columns are the
  // caller's business.
  void draw(std::string_view text);

  enum class Event : uint8_t { time, key, resized, quit };
  // Waits for a key, at most so long. `q`, Ctrl-C and end of input are quit. Ctrl-Z stops weft and
  // goes on when it is continued. A signal that ends weft does not return.
  Event wait(std::chrono::milliseconds time);
  char key() const { return key_; }

 private:
  Screen(termios before, sigset_t mask, UniqueFd signals)
      : before_(before), mask_(mask), signals_(std::move(signals)) {}

  void enter() const;
  void leave() const;
  Event take_key();
  Event take_signal();

  bool open_ = true;
  termios before_;
  sigset_t mask_;
  UniqueFd signals_;
  char key_ = 0;
};

}  // namespace weft::cli
