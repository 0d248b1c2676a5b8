// The load: keep-alive connections that each send a small POST, wait for its answer and send the
// next. Prints requests a second and the latencies' median and 99th percentile in microseconds.
//
//     net_load ADDRESS CONNECTIONS MILLISECONDS [TARGET [STATUS]]
//
// Of an answer it reads the status and the length.
#include <arpa/inet.h>
#include <netinet/tcp.h>
#include <sys/epoll.h>
#include <sys/socket.h>

#include <algorithm>
#include <cctype>
#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <string>
#include <string_view>
#include <vector>

namespace {

using Clock = std::chrono::steady_clock;

std::string request_for(const std::string& target) {
  return "POST " + target +
         " HTTP/1.1\r\nHost: localhost:8080\r\nUser-Agent: load\r\nAccept: */*\r\n"
         "Content-Type: text/plain\r\nContent-Length: 64\r\n\r\n" +
         std::string(64, 'x');
}

struct Connection {
  int fd = -1;
  std::string got;
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

void ask(Connection& connection, const std::string& request) {
  connection.got.clear();
  connection.sent = Clock::now();
  if (send(connection.fd, request.data(), request.size(), MSG_NOSIGNAL) !=
      static_cast<ssize_t>(request.size())) {
    fail("send");
  }
}

// Is all of the answer there? Ends the program when it has another status.
bool is_whole(std::string_view answer, std::string_view status) {
  size_t head = answer.find("\r\n\r\n");
  if (head == answer.npos) {
    return false;
  }
  if (answer.substr(strlen("HTTP/1.1 "), status.size()) != status) {
    std::fprintf(stderr, "the answer is not %.*s: %.*s\n", static_cast<int>(status.size()),
                 status.data(), static_cast<int>(answer.size()), answer.data());
    std::exit(1);
  }
  constexpr std::string_view name = "\r\ncontent-length: ";
  auto same = [](char a, char b) { return std::tolower(a) == b; };
  auto length = std::ranges::search(answer.substr(0, head), name, same);
  if (length.empty()) {
    std::fprintf(stderr, "the answer has no length\n");
    std::exit(1);
  }
  return answer.size() >= head + 4 + static_cast<size_t>(std::atoi(&*length.end()));
}

}  // namespace

int main(int argc, char** argv) {
  if (argc < 4 || argc > 6) {
    std::fprintf(stderr, "usage: net_load ADDRESS CONNECTIONS MILLISECONDS [TARGET [STATUS]]\n");
    return 2;
  }
  std::string request = request_for(argc > 4 ? argv[4] : "/v1/functions/default/echo/invoke");
  std::string status = argc > 5 ? argv[5] : "200";
  std::vector<Connection> connections(static_cast<size_t>(std::stoi(argv[2])));
  std::vector<uint32_t> latencies;
  latencies.reserve(4'000'000);
  int poll = epoll_create1(0);
  for (Connection& connection : connections) {
    connection.fd = connect_to(argv[1]);
  }
  for (Connection& connection : connections) {
    epoll_event event = {.events = EPOLLIN, .data = {.ptr = &connection}};
    epoll_ctl(poll, EPOLL_CTL_ADD, connection.fd, &event);
  }
  auto begin = Clock::now();
  auto end = begin + std::chrono::milliseconds(std::stoi(argv[3]));
  for (Connection& connection : connections) {
    ask(connection, request);
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
      connection.got.append(buffer, static_cast<size_t>(got));
      if (is_whole(connection.got, status)) {
        auto took = Clock::now() - connection.sent;
        latencies.push_back(static_cast<uint32_t>(took.count() / 100));
        ask(connection, request);
      }
    }
  }
  double seconds = std::chrono::duration<double>(Clock::now() - begin).count();
  std::ranges::sort(latencies);
  std::printf("%.0f %.1f %.1f\n", static_cast<double>(latencies.size()) / seconds,
              latencies[latencies.size() / 2] / 10.0,
              latencies[latencies.size() * 99 / 100] / 10.0);
}
