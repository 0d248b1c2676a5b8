#include "net/transport.h"

#include <sys/socket.h>

#include <cerrno>
#include <system_error>

namespace weft::net {
namespace {

class Plain final : public Transport {
 public:
  using Transport::Transport;

  Moved read(std::span<char> into) override {
    ssize_t got = ::recv(fd(), into.data(), into.size(), 0);
    if (got > 0) {
      return {Moved::Kind::bytes, static_cast<size_t>(got)};
    }
    return got == 0 ? Moved{Moved::Kind::end} : failed();
  }

  Moved write(std::span<const iovec> pieces) override {
    ssize_t sent = 0;
    if (pieces.size() == 1) {
      sent = ::send(fd(), pieces[0].iov_base, pieces[0].iov_len, MSG_NOSIGNAL);
    } else {
      msghdr message = {};
      message.msg_iov = const_cast<iovec*>(pieces.data());
      message.msg_iovlen = pieces.size();
      sent = ::sendmsg(fd(), &message, MSG_NOSIGNAL);
    }
    blocked_ = sent < 0;
    return sent >= 0 ? Moved{Moved::Kind::bytes, static_cast<size_t>(sent)} : failed();
  }

  void finish() override { ::shutdown(fd(), SHUT_WR); }
  bool wants_write() const override { return blocked_; }
  std::string fault() const override { return std::generic_category().message(errno_); }

 private:
  Moved failed() {
    errno_ = errno;
    return {errno == EAGAIN || errno == EINTR ? Moved::Kind::later : Moved::Kind::broken};
  }

  int errno_ = 0;
  bool blocked_ = false;
};

}  // namespace

void Transport::abort() {
  linger now = {.l_onoff = 1, .l_linger = 0};
  ::setsockopt(fd(), SOL_SOCKET, SO_LINGER, &now, sizeof now);
  socket_.reset();
}

std::unique_ptr<Transport> plain_transport(UniqueFd socket) {
  return std::make_unique<Plain>(std::move(socket));
}

}  // namespace weft::net
