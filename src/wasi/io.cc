// fd_read, fd_write, fd_pread, fd_pwrite: moving bytes between the guest's memory and files, pipes,
// terminals and buffers.
#include <poll.h>

#include <algorithm>

#include "wasi/host_io.h"
#include "wasi/wasi.h"

namespace weft::wasi {

namespace {

// How much is moved before other guests of the core get their turn: a millisecond or two.
constexpr uint64_t step_bytes = 8 << 20;

}  // namespace

Answer<Errno> Wasi::finish(GuestAddress count, uint64_t done) const {
  return memory().store(count, static_cast<uint32_t>(done)) ? Errno::success : Errno::fault;
}

int64_t Wasi::append_output(int stream, std::span<const iovec> parts) {
  std::string& buffer = buffers_[static_cast<size_t>(stream)];
  const auto& [limit, beyond] = buffer_limits_[static_cast<size_t>(stream)];
  uint64_t before = buffer.size();
  uint64_t asked = 0;
  for (const iovec& part : parts) {
    uint64_t room = limit - std::min<uint64_t>(limit, buffer.size());
    buffer.append(static_cast<const char*>(part.iov_base), std::min<uint64_t>(part.iov_len, room));
    asked += part.iov_len;
  }
  uint64_t n = buffer.size() - before;
  if (n < asked && beyond == Beyond::ends_guest) {
    (void)guest().stop(host::OutOfLimits{
        fmt::format("{} limit of {} bytes exceeded", stream == 1 ? "output" : "log", limit)});
  }
  if (beyond == Beyond::is_lost) {
    n = asked;
  }
  return n > 0 ? static_cast<int64_t>(n) : -ENOSPC;
}

void Wasi::add_output(int stream, std::string_view text) {
  iovec part = {const_cast<char*>(text.data()), text.size()};
  append_output(stream, std::span(&part, 1));
}

int64_t Wasi::write_some(Descriptor& d, GuestBuffers& buffers, std::optional<uint64_t> offset) {
  uint64_t limit = step_bytes;
  if (d.stream > 0) {
    limit = std::min(limit, limits_.output_bytes - output_bytes_);
  }
  std::span<const iovec> parts = buffers.next(limit);
  int64_t n = 0;
  if (d.kind == Descriptor::Kind::output_buffer) {
    n = append_output(d.stream, parts);
  } else if (d.kind == Descriptor::Kind::file) {
    std::optional<WriteSignalsHeld> held;
    if (file_size_limited_) {
      held.emplace();
    }
    n = write_file(d, parts, offset);
  } else {
    n = try_write(d, parts);
  }
  if (n > 0 && d.stream > 0) {
    output_bytes_ += static_cast<uint64_t>(n);
  }
  return n;
}

Answer<Errno> Wasi::write_step(Descriptor& d, GuestBuffers& buffers, std::optional<uint64_t> offset,
                               GuestAddress written) {
  CallState& state = call();
  // Another thread may have made the list shorter while this call waited; then what was written is
  // the answer.
  buffers.skip(std::min(state.done, buffers.left()));
  uint64_t step_end = state.done + step_bytes;
  while (!buffers.empty()) {
    if (d.stream > 0 && output_bytes_ >= limits_.output_bytes) {
      return guest().stop(host::OutOfLimits{
          fmt::format("output limit of {} bytes exceeded", limits_.output_bytes)});
    }
    if (state.done >= step_end) {
      return give_way();
    }
    std::optional<uint64_t> at = offset ? std::optional(*offset + state.done) : std::nullopt;
    int64_t n = write_some(d, buffers, at);
    if (guest().outcome()) {
      return host::Stopped();
    }
    if (n == -EAGAIN && d.kind != Descriptor::Kind::file && !d.nonblocking()) {
      return wait_for(d, POLLOUT);
    }
    if (n < 0 && state.done == 0) {
      return errno_of(static_cast<int>(-n));
    }
    if (n <= 0) {
      break;
    }
    state.done += static_cast<uint64_t>(n);
    buffers.skip(static_cast<uint64_t>(n));
  }
  return finish(written, state.done);
}

Answer<Errno> Wasi::read_step(Descriptor& d, GuestBuffers& buffers, std::optional<uint64_t> offset,
                              GuestAddress read) {
  if (buffers.empty()) {
    return finish(read, 0);
  }
  if (d.kind != Descriptor::Kind::file) {
    int64_t n = try_read(d, buffers.next(step_bytes));
    if (n == -EAGAIN && !d.nonblocking()) {
      return wait_for(d, POLLIN);
    }
    return n < 0 ? Answer<Errno>(errno_of(static_cast<int>(-n)))
                 : finish(read, static_cast<uint64_t>(n));
  }
  CallState& state = call();
  buffers.skip(std::min(state.done, buffers.left()));
  uint64_t step_end = state.done + step_bytes;
  while (!buffers.empty()) {
    if (state.done >= step_end) {
      return give_way();
    }
    std::optional<uint64_t> at = offset ? std::optional(*offset + state.done) : std::nullopt;
    int64_t n = read_file(d, buffers.next(step_bytes), at);
    if (n < 0 && state.done == 0) {
      return errno_of(static_cast<int>(-n));
    }
    if (n <= 0) {
      break;
    }
    state.done += static_cast<uint64_t>(n);
    buffers.skip(static_cast<uint64_t>(n));
  }
  return finish(read, state.done);
}

Answer<Errno> Wasi::read_input_buffer(GuestBuffers& buffers, GuestAddress read) {
  uint64_t done = 0;
  while (!buffers.empty() && input_position_ < buffers_[0].size()) {
    uint64_t before = done;
    for (const iovec& part : buffers.next(buffers_[0].size() - input_position_)) {
      std::memcpy(part.iov_base, buffers_[0].data() + input_position_, part.iov_len);
      input_position_ += part.iov_len;
      done += part.iov_len;
    }
    buffers.skip(done - before);
  }
  return finish(read, done);
}

Answer<Errno> Wasi::fd_read(uint32_t fd, GuestAddress iovs, uint32_t count, GuestAddress read) {
  Descriptor* d = table_.find(fd);
  if (d == nullptr) {
    return Errno::badf;
  }
  if (d->kind == Descriptor::Kind::directory) {
    return Errno::isdir;
  }
  if (!d->may(rights::fd_read)) {
    return Errno::notcapable;
  }
  auto buffers = GuestBuffers::load(memory(), iovs, count);
  if (!buffers) {
    return buffers.error();
  }
  if (!memory().bytes(read, 4)) {
    return Errno::fault;
  }
  if (d->kind == Descriptor::Kind::input_buffer) {
    return read_input_buffer(*buffers, read);
  }
  if (d->kind == Descriptor::Kind::listener) {
    return Errno::notconn;
  }
  return read_step(*d, *buffers, std::nullopt, read);
}

Answer<Errno> Wasi::fd_write(uint32_t fd, GuestAddress iovs, uint32_t count, GuestAddress written) {
  Descriptor* d = table_.find(fd);
  if (d == nullptr) {
    return Errno::badf;
  }
  if (d->kind == Descriptor::Kind::directory) {
    return Errno::isdir;
  }
  if (!d->may(rights::fd_write)) {
    return Errno::notcapable;
  }
  auto buffers = GuestBuffers::load(memory(), iovs, count);
  if (!buffers) {
    return buffers.error();
  }
  if (!memory().bytes(written, 4)) {
    return Errno::fault;
  }
  return write_step(*d, *buffers, std::nullopt, written);
}

Answer<Errno> Wasi::fd_pread(uint32_t fd, GuestAddress iovs, uint32_t count, uint64_t offset,
                             GuestAddress read) {
  auto d = regular_file(fd, rights::fd_read | rights::fd_seek);
  if (!d) {
    return d.error();
  }
  if (offset > INT64_MAX) {
    return Errno::inval;
  }
  auto buffers = GuestBuffers::load(memory(), iovs, count);
  if (!buffers) {
    return buffers.error();
  }
  if (!memory().bytes(read, 4)) {
    return Errno::fault;
  }
  return read_step(**d, *buffers, offset, read);
}

Answer<Errno> Wasi::fd_pwrite(uint32_t fd, GuestAddress iovs, uint32_t count, uint64_t offset,
                              GuestAddress written) {
  auto d = regular_file(fd, rights::fd_write | rights::fd_seek);
  if (!d) {
    return d.error();
  }
  if (offset > INT64_MAX) {
    return Errno::inval;
  }
  auto buffers = GuestBuffers::load(memory(), iovs, count);
  if (!buffers) {
    return buffers.error();
  }
  if (!memory().bytes(written, 4)) {
    return Errno::fault;
  }
  return write_step(**d, *buffers, offset, written);
}

}  // namespace weft::wasi
