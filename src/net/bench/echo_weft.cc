// Echoes bodies by net::Server on one thread; prints its address. For bench/http.py.
#include <cstdio>

#include "net/server.h"

int main() {
  boost::asio::io_context events{1};
  auto server = weft::net::Server::listen(
      events, {.address = "127.0.0.1:0"}, [](const std::shared_ptr<weft::net::Exchange>& exchange) {
        std::string body = exchange->take_body();
        exchange->respond({.headers = {{"Content-Type", "text/plain"}}, .body = std::move(body)});
      });
  if (!server) {
    std::fprintf(stderr, "%s\n", server.error().message().c_str());
    return 1;
  }
  std::printf("%s\n", (*server)->address().c_str());
  std::fflush(stdout);
  events.run();
}
