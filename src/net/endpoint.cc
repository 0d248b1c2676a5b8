#include "net/endpoint.h"

#include <arpa/inet.h>
#include <netdb.h>
#include <netinet/in.h>

#include <cerrno>
#include <memory>

#include "net/url.h"

namespace weft::net {
namespace {

std::string text_of(const sockaddr_storage& address) {
  char host[INET6_ADDRSTRLEN] = "?";
  if (address.ss_family == AF_INET) {
    const auto& v4 = reinterpret_cast<const sockaddr_in&>(address);
    inet_ntop(AF_INET, &v4.sin_addr, host, sizeof host);
    return fmt::format("{}:{}", host, ntohs(v4.sin_port));
  }
  const auto& v6 = reinterpret_cast<const sockaddr_in6&>(address);
  inet_ntop(AF_INET6, &v6.sin6_addr, host, sizeof host);
  return fmt::format("[{}]:{}", host, ntohs(v6.sin6_port));
}

std::unexpected<Error> cannot_listen(std::string_view address, int errno_value) {
  switch (errno_value) {
    case EADDRINUSE:
      return error(Error::Kind::conflict,
                   "cannot listen at {}: another program does already (`ss -ltnp` shows which); "
                   "stop it or choose another port",
                   address);
    case EACCES:
      return error(Error::Kind::denied,
                   "cannot listen at {}: ports below 1024 need a privilege; choose a higher one",
                   address);
    case EADDRNOTAVAIL:
      return error(
          Error::Kind::invalid,
          "cannot listen at {}: this machine has no such address (`ip address` lists them)",
          address);
    default:
      return io_error(errno_value, fmt::format("cannot listen at {}", address));
  }
}

}  // namespace

Result<UniqueFd> listen_at(std::string_view address) {
  TRY(authority, Authority::parse(address));
  if (!authority.port || authority.host.empty()) {
    return error(Error::Kind::invalid,
                 "'{}' is no address to listen at: it has to be HOST:PORT, like 127.0.0.1:8080",
                 address);
  }
  addrinfo hints = {};
  hints.ai_socktype = SOCK_STREAM;
  hints.ai_flags = AI_PASSIVE | AI_NUMERICSERV;
  addrinfo* raw = nullptr;
  int fault =
      getaddrinfo(authority.host.c_str(), std::to_string(*authority.port).c_str(), &hints, &raw);
  if (fault != 0) {
    return error(Error::Kind::invalid, "cannot listen at {}: {}", address, gai_strerror(fault));
  }
  std::unique_ptr<addrinfo, decltype(&freeaddrinfo)> found(raw, &freeaddrinfo);
  UniqueFd fd(::socket(found->ai_family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0));
  if (!fd) {
    return cannot_listen(address, errno);
  }
  int on = 1;
  // So that a restarted server need not wait for the connections of its predecessor.
  ::setsockopt(fd.value(), SOL_SOCKET, SO_REUSEADDR, &on, sizeof on);
  if (::bind(fd.value(), found->ai_addr, found->ai_addrlen) != 0 ||
      ::listen(fd.value(), 4096) != 0) {
    return cannot_listen(address, errno);
  }
  return fd;
}

Result<std::string> local_address(int fd) {
  sockaddr_storage address = {};
  socklen_t size = sizeof address;
  if (::getsockname(fd, reinterpret_cast<sockaddr*>(&address), &size) != 0) {
    return io_error(errno, "asking for a socket's address");
  }
  return text_of(address);
}

Peer describe_peer(const sockaddr_storage& address, bool tls) {
  Peer peer{.address = text_of(address), .tls = tls};
  if (address.ss_family == AF_INET) {
    const auto& v4 = reinterpret_cast<const sockaddr_in&>(address);
    peer.loopback = ntohl(v4.sin_addr.s_addr) >> 24 == 127;
  } else {
    const auto& v6 = reinterpret_cast<const sockaddr_in6&>(address);
    const unsigned char* bytes = v6.sin6_addr.s6_addr;
    peer.loopback = IN6_IS_ADDR_LOOPBACK(&v6.sin6_addr) ||
                    (IN6_IS_ADDR_V4MAPPED(&v6.sin6_addr) && bytes[12] == 127);
  }
  return peer;
}

}  // namespace weft::net
