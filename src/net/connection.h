// Moves the bytes between one socket and its Session.
//
//     open ──► session finished, output sent ──► lingering ──► closed
//        └──► broken, stalled ───────────────────────────────────┘
//
// Lingering: our side is closed, and what still arrives is thrown away until the client closes too.
// Closing at once would have the system reset the connection, and a client that was still sending
// would lose our last answer.
//
// An idle connection holds no buffers: input is read into the Hub's, which all connections share.
//
// Thread safety: none needed; one thread.
#pragma once

#include "net/session.h"
#include "net/transport.h"

namespace weft::net {

class Connection;

// What connections have in common: a server's side.
class Hub {
 public:
  virtual ~Hub() = default;
  virtual Site& site() = 0;
  virtual std::span<char> scratch() = 0;
  // watched() has changed: the events (EPOLLIN, ...) that the connection wants to be told of.
  virtual void watch(Connection& connection) = 0;
  // It is closed; destroyed when no call into it is under way any more.
  virtual void closed(Connection& connection) = 0;
};

class Connection final : private Session::Wire {
 public:
  Connection(Hub& hub, std::unique_ptr<Transport> transport, std::shared_ptr<const Peer> peer);
  ~Connection() override;

  // The socket has these events.
  void ready(uint32_t events);
  void sweep();
  // Ends when what runs is answered; at once when nothing does.
  void drain();
  // Ends now.
  void drop();

  bool is_closed() const { return closed_; }
  int fd() const { return transport_->fd(); }
  uint32_t watched() const { return watched_; }
  size_t index = 0;  // the Hub's: where it keeps this connection

 private:
  void changed() override;
  void read();
  void flush();
  void settle();
  void discard();
  void watch_what_matters();
  void close();

  Hub& hub_;
  std::unique_ptr<Transport> transport_;
  Session session_;
  std::chrono::steady_clock::time_point since_;  // the output's last progress; lingering's begin
  uint32_t watched_ = 0;                         // what the hub was last told
  bool busy_ = false;                            // inside a member function
  bool again_ = false;                           // and something changed meanwhile
  bool blocked_ = false;                         // the system takes no more output for now
  bool input_ended_ = false;
  bool leaving_told_ = false;
  bool lingering_ = false;
  bool closed_ = false;
  bool trimmed_ = false;
};

}  // namespace weft::net
