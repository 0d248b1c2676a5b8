// A blocking HTTP/1.1 client for the command line tools and for tests: one server, one connection,
// kept between requests. Bodies may come from a file and go to a callback, so that neither has to
// fit into memory.
//
// Errors say what to do about them: "nothing listens at 127.0.0.1:8080: is `weft up` running?".
//
// Thread safety: a Client belongs to one thread at a time. Never raises SIGPIPE.
#pragma once

#include <chrono>
#include <functional>
#include <memory>

#include "net/message.h"

namespace weft::net {

class Client {
 public:
  struct Options {
    std::chrono::milliseconds connect = std::chrono::seconds(10);
    // Without a byte from the server, or one that it takes. Long waits need a longer one.
    std::chrono::milliseconds stalled = std::chrono::seconds(60);
    std::string ca_file;                      // PEM; the system's certificates when empty
    size_t max_body_bytes = size_t{1} << 30;  // of answers that are kept in memory
    std::vector<Header> headers;              // sent with every request
  };
  struct Call {
    std::string method = "GET";
    std::string target = "/";  // path and query, encoded
    std::vector<Header> headers;
    std::string body;
    std::string body_file;  // sent instead of `body` when it is not empty
    // Told pieces of the answer's body as they come, instead of keeping it; false ends the request,
    // as an answer that is not whole. Only for statuses below 300: error documents are kept.
    std::function<bool(std::string_view)> on_body;
    // Told once, before the body.
    std::function<void(unsigned status, const std::vector<Header>&)> on_head;
  };
  struct Answer {
    unsigned status = 0;
    std::vector<Header> headers;
    std::string body;
    bool whole = true;  // false when on_body said that it is enough

    // The first value of that name, or "".
    std::string_view header(std::string_view name) const;
  };

  // Connects with the first request. Error invalid for what is no URL.
  static Result<Client> to(std::string_view url, Options options);
  static Result<Client> to(std::string_view url) { return to(url, Options()); }
  ~Client();
  Client(Client&&) noexcept;
  Client& operator=(Client&&) noexcept;

  // A request on a kept connection that the server closed meanwhile is sent again on a new one, if
  // none of its answer came and it may be repeated (GET, HEAD, PUT, DELETE) or was not taken at
  // all. Any status is an answer; errors are those of the network.
  Result<Answer> send(const Call& call);
  Result<Answer> get(std::string target);
  Result<Answer> post(std::string target, std::string body);

  const Url& url() const;

 private:
  class Link;
  explicit Client(std::unique_ptr<Link> link);

  std::unique_ptr<Link> link_;
};

}  // namespace weft::net
