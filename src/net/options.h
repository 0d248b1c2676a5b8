// What a server may be told.
#pragma once

#include <chrono>
#include <functional>
#include <string>

#include "net/message.h"

namespace weft::net {

struct Limits {
  size_t max_header_bytes = 32 * 1024;  // request line and headers
  // The largest body that a request may have, told once its head is there. 413 when it is larger;
  // nothing of it is read when the head already says so.
  std::function<size_t(const Request& head)> max_body_bytes = [](const Request&) {
    return size_t{16} << 20;
  };
  // Of all requests that this server has not answered yet; 503 beyond.
  size_t body_budget_bytes = size_t{256} << 20;
  size_t max_connections = 20'000;  // 503 beyond
  // Requests of one connection that may be in the handler's hands at once; what follows them is
  // not read.
  size_t max_pipelined = 16;
};

// Looked at every `sweep`, so each may take that much longer.
struct Timeouts {
  using Duration = std::chrono::steady_clock::duration;
  Duration header = std::chrono::seconds(10);  // from a head's first byte to its last; 408
  // A body may take this long, and then has to come at the rate, counted from its beginning; 408.
  Duration body = std::chrono::seconds(10);
  size_t body_bytes_per_second = 1024;
  Duration idle = std::chrono::seconds(75);   // between requests
  Duration write = std::chrono::seconds(30);  // without a byte taken while there are some to send
  Duration linger = std::chrono::seconds(2);  // for a client to take a last answer and hang up
  Duration sweep = std::chrono::milliseconds(500);
};

struct TlsFiles {
  std::string certificate;  // PEM, with the chain behind it
  std::string key;          // PEM
};

struct Options {
  std::string address = "127.0.0.1:0";  // "host:port", "[::1]:port"; port 0 is any free one
  Limits limits;
  Timeouts timeouts;
  std::optional<TlsFiles> tls;
  std::function<std::chrono::steady_clock::time_point()> now = std::chrono::steady_clock::now;
};

}  // namespace weft::net
