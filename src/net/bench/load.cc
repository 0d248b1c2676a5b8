// The load: keep-alive connections that each send a small POST, wait for its answer and send the
// next. Prints requests a second and the latencies' median and 99th percentile in microseconds.
//
//     net_load ADDRESS CONNECTIONS MILLISECONDS
//
// The answers of one server are all of one length, so it need not parse them.
#include <arpa/inet.h>
#include <netinet/tcp.h>
#include <sys/epoll.h>
#include <sys/socket.h>

#include <algorithm>
#include <chrono>
#include <cstdio>
#include <cstring>
#include <string>
#include <vector>

namespace {

using Clock = std::chrono::steady_clock;

const std::string request =
    "POST /v1/functions/default/echo/invoke HTTP/1.1\r\nHost: localhost:8080\r\n"
    "User-Agent: load\r\nAccept: */*\r\nContent-Type: text/plain\r\nContent-Length: 64\r\n\r\n" +
    std::string(64, 'x');

struct Connection {
  int fd = -1;
  size_t got = 0;
  Clock::time_point sent;
};

[[noreturn]] void fail(const char* what) {
  std::perror(what);
  std::exit(1);
}

int connect_to(const std::string& address) {
  int fd = socket(AF_INET, SOCK_STREAM, 0);
  sockaddr_in to = {};
  to.sin_family = AF_INET;
  to.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  to.sin_port = htons(static_cast<uint16_t>(std::stoi(address.substr(address.rfind(':') + 1))));
  if (connect(fd, reinterpret_cast<sockaddr*>(&to), sizeof to) != 0) {
    fail("connect");
  }
  int on = 1;
  setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
  return fd;
}

void ask(Connection& connection) {
  connection.got = 0;
  connection.sent = Clock::now();
  if (send(connection.fd, request.data(), request.size(), MSG_NOSIGNAL) !=
      static_cast<ssize_t>(request.size())) {
    fail("send");
  }
}

// The length of an answer, from a first one.
size_t answer_bytes(Connection& connection) {
  ask(connection);
  std::string answer;
  char bytes[4096];
  const std::string body(64, 'x');
  while (!answer.ends_with(body)) {
    ssize_t got = recv(connection.fd, bytes, sizeof bytes, 0);
    if (got <= 0) {
      fail("recv");
    }
    answer.append(bytes, static_cast<size_t>(got));
  }
  if (!answer.starts_with("HTTP/1.1 200")) {
    fail("the answer is not 200");
  }
  return answer.size();
}

}  // namespace

int main(int argc, char** argv) {
  if (argc != 4) {
    std::fprintf(stderr, "usage: net_load ADDRESS CONNECTIONS MILLISECONDS\n");
    return 2;
  }
  std::vector<Connection> connections(static_cast<size_t>(std::stoi(argv[2])));
  std::vector<uint32_t> latencies;
  latencies.reserve(4'000'000);
  int poll = epoll_create1(0);
  for (Connection& connection : connections) {
    connection.fd = connect_to(argv[1]);
  }
  size_t bytes = answer_bytes(connections[0]);
  for (Connection& connection : connections) {
    epoll_event event = {.events = EPOLLIN, .data = {.ptr = &connection}};
    epoll_ctl(poll, EPOLL_CTL_ADD, connection.fd, &event);
  }
  auto begin = Clock::now();
  auto end = begin + std::chrono::milliseconds(std::stoi(argv[3]));
  for (Connection& connection : connections) {
    ask(connection);
  }
  while (Clock::now() < end) {
    epoll_event events[256];
    int count = epoll_wait(poll, events, 256, 1000);
    for (int i = 0; i < count; ++i) {
      auto& connection = *static_cast<Connection*>(events[i].data.ptr);
      char buffer[4096];
      ssize_t got = recv(connection.fd, buffer, sizeof buffer, 0);
      if (got <= 0) {
        fail("recv");
      }
      connection.got += static_cast<size_t>(got);
      if (connection.got >= bytes) {
        auto took = Clock::now() - connection.sent;
        latencies.push_back(static_cast<uint32_t>(took.count() / 100));
        ask(connection);
      }
    }
  }
  double seconds = std::chrono::duration<double>(Clock::now() - begin).count();
  std::ranges::sort(latencies);
  std::printf("%.0f %.1f %.1f\n", static_cast<double>(latencies.size()) / seconds,
              latencies[latencies.size() / 2] / 10.0,
              latencies[latencies.size() * 99 / 100] / 10.0);
}
