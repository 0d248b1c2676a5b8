// Reads and writes on the host that never block the thread and never end the process by a signal.
//
// Descriptors that are ours are opened non-blocking. A borrowed one may be shared with other
// processes, so O_NONBLOCK must not be set on it: pipes are used with RWF_NOWAIT, sockets with
// MSG_DONTWAIT, anything else is polled first and then moves so little that it fits.
//
// Thread safety: any thread, one per Descriptor.
#pragma once

#include <cerrno>
#include <csignal>
#include <cstdint>
#include <expected>
#include <optional>
#include <span>

#include <sys/uio.h>

#include "wasi/fd_table.h"

namespace weft::wasi {

// While it lives, this thread's writes to a pipe without readers, or beyond RLIMIT_FSIZE, give
// EPIPE and EFBIG and nothing else.
class WriteSignalsHeld {
 public:
  WriteSignalsHeld();
  ~WriteSignalsHeld();
  WriteSignalsHeld(const WriteSignalsHeld&) = delete;
  WriteSignalsHeld& operator=(const WriteSignalsHeld&) = delete;

 private:
  sigset_t held_;
  sigset_t before_;
};

// What a descriptor of the host is: kind, file type, no rights. Fails with the host's errno when it
// is not open.
std::expected<Descriptor, int> describe(int fd);

// Another descriptor of the same open file, pipe or buffer, with the same rights and flags. What
// the guest owns the host duplicates. Fails with the host's errno.
std::expected<Descriptor, int> duplicate_of(const Descriptor& d);

// All give the number of bytes, 0 at the end, or a negative errno; -EAGAIN when it would have to
// wait. REQUIRES: d.kind is stream or socket.
int64_t try_read(Descriptor& d, std::span<const iovec> parts);
int64_t try_write(Descriptor& d, std::span<const iovec> parts);

// REQUIRES: d.kind is file. Without an offset they use and move the descriptor's own. Honour the
// append and sync flags.
int64_t read_file(const Descriptor& d, std::span<const iovec> parts,
                  std::optional<uint64_t> offset);
int64_t write_file(const Descriptor& d, std::span<const iovec> parts,
                   std::optional<uint64_t> offset);

// poll(2) for one descriptor, at once.
short ready_now(int fd, short events);

// Calls until it is not interrupted by a signal.
template <class Call>
auto uninterrupted(Call call) {
  auto result = call();
  while (result < 0 && errno == EINTR) {
    result = call();
  }
  return result;
}

}  // namespace weft::wasi
