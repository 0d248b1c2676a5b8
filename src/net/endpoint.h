// Socket addresses as text, and sockets that listen at them.
//
// Thread safety: functions without state.
#pragma once

#include <sys/socket.h>

#include <string>
#include <string_view>

#include "base/result.h"
#include "base/unique_fd.h"
#include "net/message.h"

namespace weft::net {

// Listens, without blocking, at "host:port". The error says what to do.
Result<UniqueFd> listen_at(std::string_view address);
// Where a socket is bound: "127.0.0.1:8080", "[::1]:8080".
Result<std::string> local_address(int fd);
Peer describe_peer(const sockaddr_storage& address, bool tls);

}  // namespace weft::net
