#include "wasi/pipe.h"

#include <fcntl.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include <cerrno>

#include "wasi/host_io.h"

namespace weft::wasi {

Result<Pipe> make_pipe() {
  int ends[2];
  if (pipe2(ends, O_CLOEXEC | O_NONBLOCK) != 0) {
    return io_error(errno, "making a pipe");
  }
  return Pipe{.reading = UniqueFd(ends[0]), .writing = UniqueFd(ends[1])};
}

// tee(2) copies from pipe to pipe and takes nothing away.
Result<std::string> waiting_in(int reading) {
  int waiting = 0;
  if (ioctl(reading, FIONREAD, &waiting) != 0) {
    return io_error(errno, "freezing a pipe");
  }
  std::string bytes(static_cast<size_t>(waiting), '\0');
  if (waiting == 0) {
    return bytes;
  }
  TRY(copy, make_pipe());
  int capacity = fcntl(reading, F_GETPIPE_SZ);
  if (capacity > 0 && fcntl(copy.writing.value(), F_SETPIPE_SZ, capacity) < 0) {
    return io_error(errno, "freezing a pipe");
  }
  ssize_t copied = uninterrupted(
      [&] { return tee(reading, copy.writing.value(), bytes.size(), SPLICE_F_NONBLOCK); });
  ssize_t read =
      uninterrupted([&] { return ::read(copy.reading.value(), bytes.data(), bytes.size()); });
  if (copied != waiting || read != waiting) {
    return io_error(copied < 0 || read < 0 ? errno : EIO, "freezing a pipe");
  }
  return bytes;
}

Result<void> fill(const Pipe& pipe, std::string_view bytes) {
  ssize_t written = bytes.empty() ? 0 : uninterrupted([&] {
    return write(pipe.writing.value(), bytes.data(), bytes.size());
  });
  if (written < 0) {
    return io_error(errno, "filling a thawed pipe");
  }
  if (static_cast<size_t>(written) != bytes.size()) {
    return error(Error::Kind::exhausted, "a pipe of the frozen program held {} bytes; here {} fit",
                 bytes.size(), written);
  }
  return {};
}

}  // namespace weft::wasi
