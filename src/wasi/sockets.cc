// sock_accept, sock_recv, sock_send, sock_shutdown. A guest has the listening sockets that it was
// granted, and what it accepts from them; it can neither make nor connect sockets.
#include <poll.h>
#include <sys/socket.h>

#include <algorithm>

#include "wasi/host_io.h"
#include "wasi/wasi.h"

namespace weft::wasi {

namespace {

using Kind = Descriptor::Kind;

// The socket of that number, or why it is none.
std::expected<Descriptor*, Errno> socket_of(FdTable& table, uint32_t fd, uint64_t wanted) {
  Descriptor* d = table.find(fd);
  if (d == nullptr) {
    return std::unexpected(Errno::badf);
  }
  if (d->kind == Kind::listener) {
    return std::unexpected(Errno::notconn);
  }
  if (d->kind != Kind::socket) {
    return std::unexpected(Errno::notsock);
  }
  if (!d->may(wanted)) {
    return std::unexpected(Errno::notcapable);
  }
  return d;
}

}  // namespace

Answer<Errno> Wasi::sock_accept(uint32_t fd, uint32_t flags, GuestAddress accepted) {
  Descriptor* d = table_.find(fd);
  if (d == nullptr) {
    return Errno::badf;
  }
  if (d->kind == Kind::socket) {
    return Errno::inval;
  }
  if (d->kind != Kind::listener) {
    return Errno::notsock;
  }
  if (!d->may(rights::sock_accept)) {
    return Errno::notcapable;
  }
  if ((flags & ~fdflags::nonblock) != 0) {
    return Errno::inval;
  }
  if (!memory().bytes(accepted, 4)) {
    return Errno::fault;
  }
  if (table_.full()) {
    return Errno::mfile;
  }
  UniqueFd peer(uninterrupted(
      [&] { return accept4(d->fd, nullptr, nullptr, SOCK_NONBLOCK | SOCK_CLOEXEC); }));
  if (!peer) {
    if (errno != EAGAIN) {
      return errno_of(errno);
    }
    return d->nonblocking() ? Answer<Errno>(Errno::again) : wait_for(*d, POLLIN);
  }
  Descriptor connection;
  connection.kind = Kind::socket;
  connection.filetype = d->filetype;
  connection.flags = static_cast<uint16_t>(flags);
  connection.base = d->inheriting & rights::for_socket;
  connection.fd = peer.value();
  connection.owned = std::move(peer);
  return finish(accepted, table_.add(std::move(connection)));
}

Answer<Errno> Wasi::sock_recv(uint32_t fd, GuestAddress iovs, uint32_t count, uint32_t flags,
                              GuestAddress received, GuestAddress out_flags) {
  auto d = socket_of(table_, fd, rights::fd_read);
  if (!d) {
    return d.error();
  }
  if ((flags & ~riflags::all) != 0) {
    return Errno::inval;
  }
  auto buffers = GuestBuffers::load(memory(), iovs, count);
  if (!buffers) {
    return buffers.error();
  }
  if (!memory().bytes(received, 4) || !memory().bytes(out_flags, 2)) {
    return Errno::fault;
  }
  bool peek = (flags & riflags::recv_peek) != 0;
  // Peeking twice would see the same bytes, so it answers with what is there, as a short wait for
  // the rest cannot be told apart.
  bool all =
      (flags & riflags::recv_waitall) != 0 && !peek && (*d)->filetype == Filetype::socket_stream;
  CallState& state = call();
  buffers->skip(std::min(state.done, buffers->left()));
  uint16_t truncated = 0;
  while (!buffers->empty()) {
    std::span<const iovec> parts = buffers->next(GuestBuffers::max_bytes);
    msghdr message = {};
    message.msg_iov = const_cast<iovec*>(parts.data());
    message.msg_iovlen = parts.size();
    ssize_t n = uninterrupted(
        [&] { return recvmsg((*d)->fd, &message, MSG_DONTWAIT | (peek ? MSG_PEEK : 0)); });
    if (n < 0 && errno == EAGAIN && !(*d)->nonblocking() && (all || state.done == 0)) {
      return wait_for(**d, POLLIN);
    }
    if (n < 0 && state.done == 0) {
      return errno_of(errno);
    }
    if (n <= 0) {
      break;
    }
    truncated = (message.msg_flags & MSG_TRUNC) != 0 ? roflags::recv_data_truncated : uint16_t{0};
    state.done += static_cast<uint64_t>(n);
    buffers->skip(static_cast<uint64_t>(n));
    if (!all) {
      break;
    }
  }
  (void)memory().store(out_flags, truncated);
  return finish(received, state.done);
}

Answer<Errno> Wasi::sock_send(uint32_t fd, GuestAddress iovs, uint32_t count, uint32_t flags,
                              GuestAddress sent) {
  auto d = socket_of(table_, fd, rights::fd_write);
  if (!d) {
    return d.error();
  }
  if (flags != 0) {
    return Errno::inval;
  }
  auto buffers = GuestBuffers::load(memory(), iovs, count);
  if (!buffers) {
    return buffers.error();
  }
  if (!memory().bytes(sent, 4)) {
    return Errno::fault;
  }
  return write_step(**d, *buffers, std::nullopt, sent);
}

Answer<Errno> Wasi::sock_shutdown(uint32_t fd, uint32_t how) {
  auto d = socket_of(table_, fd, rights::sock_shutdown);
  if (!d) {
    return d.error();
  }
  if (how == 0 || (how & ~sdflags::all) != 0) {
    return Errno::inval;
  }
  int host_how = how == sdflags::rd ? SHUT_RD : how == sdflags::wr ? SHUT_WR : SHUT_RDWR;
  return shutdown((*d)->fd, host_how) == 0 ? Errno::success : errno_of(errno);
}

}  // namespace weft::wasi
