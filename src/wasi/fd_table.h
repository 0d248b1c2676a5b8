// The guest's file descriptors: small numbers, each naming an open resource with rights of its own.
//
// Thread safety: belongs to the thread that runs the guest.
// Invariants: numbers are the lowest free ones, so the same program always sees the same numbers;
// every number is below the table's limit. Flags that the guest sees (append, sync, non-blocking)
// live here and never in the host's descriptor, which may be shared with other processes.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "base/unique_fd.h"
#include "wasi/abi.h"

namespace weft::wasi {

struct Descriptor {
  enum class Kind : uint8_t {
    directory,
    file,           // regular file or block device: always ready, has an offset
    stream,         // pipe, terminal, character device
    socket,         // connected
    listener,       // a granted listening socket
    input_buffer,   // standard input from memory
    output_buffer,  // standard output to memory
  };

  Kind kind = Kind::stream;
  Filetype filetype = Filetype::unknown;
  uint16_t flags = 0;  // fdflags
  uint64_t base = 0;   // rights
  uint64_t inheriting = 0;
  int fd = -1;      // the host's; -1 for buffers
  UniqueFd owned;   // the same when it is ours to close; then it is non-blocking
  int stream = -1;  // 0, 1, 2: which standard stream this is
  std::optional<std::string> preopened;  // the guest's name of a granted directory
  bool nowait_works = true;              // RWF_NOWAIT has not been refused yet
  uint32_t shared = 0;  // the same in all duplicates of one descriptor; 0 when it has none
  uint32_t pipe = 0;    // the same in all ends of a pipe that the guest made; 0 for all else

  bool may(uint64_t wanted) const { return (base & wanted) == wanted; }
  bool nonblocking() const { return (flags & fdflags::nonblock) != 0; }
};

class FdTable {
 public:
  explicit FdTable(uint32_t limit) : limit_(limit) {}

  // The descriptor of that number, or null. Valid until the table changes.
  Descriptor* find(uint32_t fd);
  bool full() const { return used_ >= limit_; }
  uint32_t limit() const { return limit_; }

  // The lowest free number. REQUIRES: !full().
  uint32_t add(Descriptor descriptor);
  // The lowest free number that is not below `lowest`; nothing when there is none below the limit.
  std::optional<uint32_t> lowest_free(uint32_t lowest) const;
  // At this number. False when it is taken or beyond the limit.
  [[nodiscard]] bool put(uint32_t fd, Descriptor descriptor);
  bool close(uint32_t fd);
  // `from` moves to `to`, and what was there is closed. REQUIRES: both exist.
  void move(uint32_t from, uint32_t to);

  uint32_t size() const {
    return static_cast<uint32_t>(entries_.size());
  }  // one above the highest number
  const Descriptor* find(uint32_t fd) const;

 private:
  std::vector<std::optional<Descriptor>> entries_;
  uint32_t used_ = 0;
  uint32_t limit_;
};

}  // namespace weft::wasi
