// An HTTP/1.1 server on an event loop that somebody else runs. One server is one core's: it never
// blocks, takes no locks on the way of a request, and calls its handler on the loop's thread.
//
//     auto server = Server::listen(loop, {.address = "127.0.0.1:8080"}, handler);
//     auto second = (*server)->share(other_loop, other_handler);      one for each further core
//
// Distribution: the first server accepts, and deals each connection to the one that has the fewest.
// So a few busy clients never meet on one core by chance, as they do when the kernel deals by hash
// (SO_REUSEPORT), and a second process cannot listen at the same address by accident.
//
// Inside, sockets are watched by an epoll descriptor of the server's own, which the loop watches: a
// round of the loop takes all that is ready, and a request costs one recv and one send.
//
// Thread safety: a Server belongs to the thread that runs its loop (before that, to whoever made
// it). The loops outlive the servers.
#pragma once

#include <atomic>
#include <boost/asio/io_context.hpp>

#include "net/session.h"

namespace weft::net {

class Server {
 public:
  // Error conflict when the address is taken; each error says what to do.
  static Result<std::unique_ptr<Server>> listen(boost::asio::io_context& events, Options options,
                                                Handler handler);
  // A server on another loop that takes its share of this one's connections, by the same options;
  // the limits hold for each by itself. REQUIRES: neither loop runs yet.
  Result<std::unique_ptr<Server>> share(boost::asio::io_context& events, Handler handler);
  // Drops all connections; exchanges that are not answered are told that the client is gone.
  ~Server();
  Server(const Server&) = delete;
  Server& operator=(const Server&) = delete;

  // Where it listens, with the port that was chosen.
  const std::string& address() const;

  // Accepts no more, closes idle connections, and the others behind their answer. `done` is called
  // from the loop when none is left, or when the time is over and those left were dropped.
  // REQUIRES: not called before.
  void drain(std::chrono::milliseconds time, std::function<void()> done);

  // Reads certificate and key anew, for connections from now on. With an error, or without TLS,
  // nothing changes.
  Result<void> reload_tls();

  struct Numbers {
    size_t connections = 0;
    uint64_t accepted = 0;  // connections, ever
    uint64_t refused = 0;   // connections, over the limit
    uint64_t requests = 0;  // handed to the handler, ever
    size_t body_bytes = 0;  // of requests not answered yet
  };
  Numbers numbers() const;

 private:
  class Loop;
  explicit Server(std::unique_ptr<Loop> loop);
  std::unique_ptr<Loop> loop_;
};

}  // namespace weft::net
