#include "screen.h"

#include <poll.h>
#include <sys/ioctl.h>
#include <sys/signalfd.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <string>

#include "signals.h"

namespace weft::cli {

namespace {

void put(std::string_view text) {
  while (!text.empty()) {
    ssize_t written = write(STDOUT_FILENO, text.data(), text.size());
    if (written < 0 && errno != EINTR) {
      return;  // the terminal has gone; the next read will say so
    }
    text.remove_prefix(static_cast<size_t>(std::max<ssize_t>(written, 0)));
  }
}

}  // namespace

Result<Screen> Screen::open() {
  termios before = {};
  if (tcgetattr(STDIN_FILENO, &before) != 0) {
    return io_error(errno, "the terminal");
  }
  sigset_t taken;
  sigset_t mask;
  sigemptyset(&taken);
  for (int signal : {SIGINT, SIGTERM, SIGHUP, SIGTSTP, SIGWINCH}) {
    sigaddset(&taken, signal);
  }
  pthread_sigmask(SIG_BLOCK, &taken, &mask);
  UniqueFd signals(signalfd(-1, &taken, SFD_CLOEXEC | SFD_NONBLOCK));
  if (signals.value() < 0) {
    int failed = errno;
    pthread_sigmask(SIG_SETMASK, &mask, nullptr);
    return io_error(failed, "signals");
  }
  Screen screen(before, mask, std::move(signals));
  screen.enter();
  return screen;
}

Screen::Screen(Screen&& other) noexcept
    : open_(std::exchange(other.open_, false)),
      before_(other.before_),
      mask_(other.mask_),
      signals_(std::move(other.signals_)),
      key_(other.key_) {}

Screen::~Screen() {
  if (open_) {
    leave();
    pthread_sigmask(SIG_SETMASK, &mask_, nullptr);
  }
}

void Screen::enter() const {
  termios keys = before_;
  keys.c_lflag &= ~static_cast<tcflag_t>(ICANON | ECHO | ISIG);
  keys.c_cc[VMIN] = 1;
  keys.c_cc[VTIME] = 0;
  tcsetattr(STDIN_FILENO, TCSANOW, &keys);
  put("\033[?1049h\033[?25l\033[H\033[2J");  // the other screen, no cursor
}

void Screen::leave() const {
  put("\033[0m\033[?25h\033[?1049l");
  tcsetattr(STDIN_FILENO, TCSANOW, &before_);
}

Screen::Size Screen::size() const {
  winsize size = {};
  bool known = ioctl(STDOUT_FILENO, TIOCGWINSZ, &size) == 0 && size.ws_col > 0 && size.ws_row > 0;
  return known ? Size{size.ws_col, size.ws_row} : Size{80, 24};
}

void Screen::draw(std::string_view text) {
  std::string out = "\033[H";
  size_t rows = size().rows;
  for (size_t row = 0; row < rows && !text.empty(); ++row) {
    size_t end = std::min(text.find('\n'), text.size());
    out += row == 0 ? "" : "\r\n";
    out += text.substr(0, end);
    out += "\033[K";
    text.remove_prefix(std::min(end + 1, text.size()));
  }
  put(out + "\033[J");
}

Screen::Event Screen::wait(std::chrono::milliseconds time) {
  pollfd waited[] = {{.fd = STDIN_FILENO, .events = POLLIN},
                     {.fd = signals_.value(), .events = POLLIN}};
  int ready = poll(waited, 2, static_cast<int>(std::max<int64_t>(0, time.count())));
  if (ready <= 0) {
    return Event::time;
  }
  return waited[1].revents != 0 ? take_signal() : take_key();
}

Screen::Event Screen::take_key() {
  constexpr char interrupt = 3;
  constexpr char suspend = 26;
  if (read(STDIN_FILENO, &key_, 1) != 1 || key_ == 'q' || key_ == interrupt) {
    return Event::quit;
  }
  if (key_ == suspend) {
    leave();
    raise(SIGSTOP);
    enter();
    return Event::resized;
  }
  return Event::key;
}

Screen::Event Screen::take_signal() {
  signalfd_siginfo info = {};
  if (read(signals_.value(), &info, sizeof info) != static_cast<ssize_t>(sizeof info)) {
    return Event::time;
  }
  int signal = static_cast<int>(info.ssi_signo);
  if (signal == SIGWINCH) {
    return Event::resized;
  }
  leave();
  if (signal == SIGTSTP) {
    raise(SIGSTOP);
    enter();
    return Event::resized;
  }
  open_ = false;
  pthread_sigmask(SIG_SETMASK, &mask_, nullptr);
  Signals::die_of(signal);
}

}  // namespace weft::cli
