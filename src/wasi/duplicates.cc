// Duplicates of descriptors, and pipes: what POSIX has and preview 1 lacks, as three functions of
// the import module "weft".
//
// Duplicates share the open file with its offset, which is the host's, and their flags, which
// fd_fdstat_set_flags keeps the same in all of them; rights are each one's own.
#include <fcntl.h>

#include "wasi/frozen_bytes.h"
#include "wasi/host_io.h"
#include "wasi/pipe.h"
#include "wasi/wasi.h"

namespace weft::wasi {

Wasi::Or<Descriptor> Wasi::duplicate(Descriptor& d) {
  auto copy = duplicate_of(d);
  if (!copy) {
    return std::unexpected(errno_of(copy.error()));
  }
  if (d.shared == 0) {
    d.shared = next_id_++;
  }
  copy->shared = d.shared;
  return std::move(*copy);
}

Answer<Errno> Wasi::fd_dup(uint32_t fd, uint32_t lowest, GuestAddress duplicate_fd) {
  Descriptor* d = table_.find(fd);
  if (d == nullptr) {
    return Errno::badf;
  }
  if (lowest >= table_.limit()) {
    return Errno::inval;
  }
  if (!memory().bytes(duplicate_fd, sizeof(uint32_t))) {
    return Errno::fault;
  }
  auto number = table_.lowest_free(lowest);
  if (!number) {
    return Errno::mfile;
  }
  auto copy = duplicate(*d);
  if (!copy) {
    return copy.error();
  }
  CHECK(table_.put(*number, std::move(*copy)));
  CHECK(memory().store(duplicate_fd, *number));
  return Errno::success;
}

Answer<Errno> Wasi::fd_dup_to(uint32_t from, uint32_t to) {
  Descriptor* d = table_.find(from);
  if (d == nullptr || to >= table_.limit()) {
    return Errno::badf;
  }
  if (from == to) {
    return Errno::success;
  }
  auto copy = duplicate(*d);
  if (!copy) {
    return copy.error();
  }
  table_.close(to);
  CHECK(table_.put(to, std::move(*copy)));
  return Errno::success;
}

Answer<Errno> Wasi::fd_pipe(uint32_t flags, GuestAddress ends) {
  if ((flags & ~uint32_t{fdflags::nonblock}) != 0) {
    return Errno::inval;
  }
  if (!memory().bytes(ends, 2 * sizeof(uint32_t))) {
    return Errno::fault;
  }
  auto first = table_.lowest_free(0);
  auto second = first ? table_.lowest_free(*first + 1) : std::nullopt;
  if (!second) {
    return Errno::mfile;
  }
  auto made = make_pipe();
  if (!made) {
    return Errno::nfile;  // the host has no more
  }
  uint32_t id = next_id_++;
  auto put = [&](uint32_t number, UniqueFd end, uint64_t taken) {
    auto d = describe(end.value());
    CHECK(d.has_value());
    d->owned = std::move(end);
    d->flags = static_cast<uint16_t>(flags);
    d->base = rights::for_stream & ~taken;
    d->pipe = id;
    CHECK(table_.put(number, std::move(*d)));
  };
  put(*first, std::move(made->reading), rights::fd_write);
  put(*second, std::move(made->writing), rights::fd_read);
  CHECK(memory().store(ends, std::array{*first, *second}));
  return Errno::success;
}

// A descriptor below `number` that is a duplicate of this one.
std::optional<uint32_t> Wasi::lower_duplicate(uint32_t number, const Descriptor& d) const {
  for (uint32_t fd = 0; d.shared != 0 && fd < number; ++fd) {
    const Descriptor* other = table_.find(fd);
    if (other != nullptr && other->shared == d.shared) {
      return fd;
    }
  }
  return std::nullopt;
}

// The first end to read from takes what waits in the pipe along.
Result<void> Wasi::freeze_pipe(FrozenWriter& out, uint32_t number, const Descriptor& d) const {
  bool reads = d.may(rights::fd_read);
  bool first = true;
  for (uint32_t fd = 0; fd < number; ++fd) {
    const Descriptor* other = table_.find(fd);
    first = first && (other == nullptr || other->pipe != d.pipe || !other->may(rights::fd_read));
  }
  out.number(d.pipe);
  out.number(static_cast<uint8_t>(reads ? 1 : 0));
  std::string content;
  if (reads && first) {
    TRY(waiting, waiting_in(d.fd));
    content = std::move(waiting);
  }
  out.text(content);
  return {};
}

Result<Descriptor> Wasi::thaw_duplicate(FrozenReader& in, const FdTable& table) {
  TRY(of, in.number<uint32_t>());
  const Descriptor* original = table.find(of);
  if (original == nullptr) {
    return error(Error::Kind::corrupt, "frozen WASI state duplicates descriptor {}, which is none",
                 of);
  }
  auto copy = duplicate_of(*original);
  if (!copy) {
    return io_error(copy.error(), fmt::format("duplicating descriptor {}", of));
  }
  return std::move(*copy);
}

Result<Descriptor> Wasi::thaw_pipe(FrozenReader& in, Pipes& pipes) {
  TRY(id, in.number<uint32_t>());
  TRY(reads, in.number<uint8_t>());
  TRY(content, in.text());
  if (id == 0) {
    return error(Error::Kind::corrupt, "frozen WASI state holds a pipe without a number");
  }
  auto found = pipes.find(id);
  if (found == pipes.end()) {
    TRY(made, make_pipe());
    found = pipes.emplace(id, std::move(made)).first;
  }
  TRY_VOID(fill(found->second, content));
  const UniqueFd& end = reads != 0 ? found->second.reading : found->second.writing;
  UniqueFd own(fcntl(end.value(), F_DUPFD_CLOEXEC, 0));
  if (!own) {
    return io_error(errno, "duplicating a pipe");
  }
  auto d = describe(own.value());
  if (!d) {
    return io_error(d.error(), "a pipe");
  }
  d->owned = std::move(own);
  d->pipe = id;
  return std::move(*d);
}

}  // namespace weft::wasi
