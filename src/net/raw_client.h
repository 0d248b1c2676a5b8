// A server on a thread of its own, and a client that sends what a test says: bytes, not requests.
#pragma once

#include <arpa/inet.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <netinet/in.h>
#include <poll.h>
#include <sys/socket.h>

#include <boost/asio/executor_work_guard.hpp>
#include <boost/asio/post.hpp>
#include <future>
#include <thread>

#include "base/unique_fd.h"
#include "net/server.h"

namespace weft::net {

// An event loop on a thread. run() makes something happen there and waits for it.
class LoopThread {
 public:
  ~LoopThread() {
    work_.reset();
    events.stop();
    thread_.join();
  }
  template <class Task>
  auto run(Task task) {
    std::packaged_task<decltype(task())()> packaged(std::move(task));
    auto result = packaged.get_future();
    boost::asio::post(events, [&packaged] { packaged(); });
    return result.get();
  }

  boost::asio::io_context events{1};

 private:
  boost::asio::executor_work_guard<boost::asio::io_context::executor_type> work_{
      events.get_executor()};
  std::thread thread_{[this] { events.run(); }};
};

// Lives and dies on its loop.
class RunningServer {
 public:
  RunningServer(Options options, Handler handler) {
    loop.run([&] {
      auto made = Server::listen(loop.events, std::move(options), std::move(handler));
      CHECK(made.has_value(), "{}", made ? "" : made.error().message());
      server = *std::move(made);
    });
  }
  ~RunningServer() {
    loop.run([&] { server.reset(); });
  }
  Server::Numbers numbers() {
    return loop.run([&] { return server->numbers(); });
  }

  LoopThread loop;
  std::unique_ptr<Server> server;
};

class RawClient {
 public:
  // `address` is 127.0.0.1:port.
  explicit RawClient(std::string_view address)
      : fd_(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0)) {
    sockaddr_in to = {};
    to.sin_family = AF_INET;
    to.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    size_t colon = address.rfind(':');
    to.sin_port = htons(static_cast<uint16_t>(std::stoi(std::string(address.substr(colon + 1)))));
    CHECK(::connect(fd_.value(), reinterpret_cast<sockaddr*>(&to), sizeof to) == 0);
  }

  void send(std::string_view bytes) {
    while (!bytes.empty()) {
      ssize_t sent = ::send(fd_.value(), bytes.data(), bytes.size(), MSG_NOSIGNAL);
      CHECK(sent > 0, "the server has closed");
      bytes.remove_prefix(static_cast<size_t>(sent));
    }
  }
  // All up to and with `end`; up to the end when it does not come.
  std::string read_until(std::string_view end) {
    while (!read_.contains(end) && more()) {
    }
    size_t at = read_.find(end);
    size_t size = at == std::string::npos ? read_.size() : at + end.size();
    std::string text = read_.substr(0, size);
    read_.erase(0, size);
    return text;
  }
  std::string read_all() {
    while (more()) {
    }
    return std::exchange(read_, {});
  }
  // True when the last read failed rather than ended.
  bool was_reset() const { return reset_; }
  void finish() { ::shutdown(fd_.value(), SHUT_WR); }
  void close() { fd_.reset(); }
  int fd() const { return fd_.value(); }

 private:
  bool more() {
    char bytes[65536];
    ssize_t got = ::recv(fd_.value(), bytes, sizeof bytes, 0);
    reset_ = got < 0;
    read_.append(bytes, got > 0 ? static_cast<size_t>(got) : 0);
    return got > 0;
  }

  UniqueFd fd_;
  std::string read_;
  bool reset_ = false;
};

}  // namespace weft::net
