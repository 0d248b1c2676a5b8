#include "net/server.h"

#include <netinet/tcp.h>
#include <sys/epoll.h>

#include <algorithm>
#include <boost/asio/posix/stream_descriptor.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/steady_timer.hpp>
#include <cerrno>

#include "net/connection.h"
#include "net/endpoint.h"

namespace weft::net {

namespace asio = boost::asio;

namespace {

constexpr size_t scratch_bytes = 64 * 1024;
constexpr int max_events = 128;
constexpr int max_accepts = 64;

// Sent to whom there is no room for, without a Session.
std::string too_many_connections() {
  Response answer = problem(503, "too-many-connections", "The server has too many connections",
                            "try again in a second", 1);
  std::string text = "HTTP/1.1 503 Service Unavailable\r\nConnection: close\r\n";
  for (const Header& header : answer.headers) {
    text += fmt::format("{}: {}\r\n", header.name, header.value);
  }
  return text + fmt::format("Content-Length: {}\r\n\r\n{}", answer.body.size(), answer.body.view());
}

}  // namespace

// Inherits nothing from the loops of other servers but the deal.
class Server::Loop final : public Hub {
 public:
  // One of the servers that share an address. `loop` is read and changed on its own thread only.
  struct Member {
    asio::io_context* events;
    Loop* loop;
    std::atomic<size_t> connections = 0;
    std::atomic<bool> open = true;
  };

  Loop(asio::io_context& events, Options options, Handler handler)
      : descriptor_(events),
        sweeper_(events),
        drain_timer_(events),
        site_(std::move(options), std::move(handler)),
        scratch_(std::make_unique<char[]>(scratch_bytes)),
        self_(std::make_shared<Member>(&events, this)),
        members_{self_} {}
  ~Loop() override;

  Result<void> open();
  Result<void> accept_at(UniqueFd listener);
  Result<void> load_tls();

  void adopt(UniqueFd socket, const sockaddr_storage& address);
  void drain(std::chrono::milliseconds time, std::function<void()> done);

  Site& site() override { return site_; }
  std::span<char> scratch() override { return {scratch_.get(), scratch_bytes}; }
  void watch(Connection& connection) override;
  void closed(Connection& connection) override;

  std::string address;
  Numbers numbers;

 private:
  friend class Server;

  void wait();
  void poll();
  void accept();
  void set_accepting(bool accepting);
  void deal(UniqueFd socket, const sockaddr_storage& address);
  void start_sweeping();
  void sweep();
  void finish_drain();

  asio::posix::stream_descriptor descriptor_;  // an epoll
  asio::steady_timer sweeper_;
  asio::steady_timer drain_timer_;
  Site site_;
  std::unique_ptr<char[]> scratch_;
  std::shared_ptr<const TlsContext> tls_;
  std::shared_ptr<Member> self_;  // others' weak hold on this
  std::vector<std::shared_ptr<Member>> members_;
  const std::string full_ = too_many_connections();
  UniqueFd listener_;
  bool accepting_ = false;
  bool sweeping_ = false;
  std::vector<std::unique_ptr<Connection>> connections_;
  std::vector<std::unique_ptr<Connection>> closed_;  // may still be under way on the stack
  std::function<void()> drained_;
};

Server::Loop::~Loop() {
  self_->open = false;
  self_->loop = nullptr;
  listener_.reset();
  while (!connections_.empty()) {
    connections_.back()->drop();
  }
  closed_.clear();
}

Result<void> Server::Loop::open() {
  int fd = ::epoll_create1(EPOLL_CLOEXEC);
  if (fd < 0) {
    return io_error(errno, "making an epoll descriptor");
  }
  descriptor_.assign(fd);
  TRY_VOID(load_tls());
  wait();
  return {};
}

Result<void> Server::Loop::load_tls() {
  if (site_.options.tls) {
    TRY(context, TlsContext::for_server(*site_.options.tls));
    tls_ = std::move(context);
  }
  return {};
}

Result<void> Server::Loop::accept_at(UniqueFd listener) {
  TRY(text, local_address(listener.value()));
  address = std::move(text);
  listener_ = std::move(listener);
  set_accepting(true);
  return {};
}

void Server::Loop::wait() {
  descriptor_.async_wait(asio::posix::stream_descriptor::wait_read,
                         [this, alive = std::weak_ptr(self_)](boost::system::error_code ec) {
                           if (!ec && !alive.expired()) {
                             poll();
                             wait();
                           }
                         });
}

void Server::Loop::poll() {
  closed_.clear();
  site_.look_at_clock();
  epoll_event events[max_events];
  int count = ::epoll_wait(descriptor_.native_handle(), events, max_events, 0);
  for (int i = 0; i < count; ++i) {
    if (events[i].data.ptr == nullptr) {
      accept();
    } else if (auto& connection = *static_cast<Connection*>(events[i].data.ptr);
               !connection.is_closed()) {
      connection.ready(events[i].events);
    }
  }
}

void Server::Loop::set_accepting(bool accepting) {
  if (accepting != accepting_ && listener_) {
    epoll_event event = {.events = EPOLLIN, .data = {.ptr = nullptr}};
    int done = ::epoll_ctl(descriptor_.native_handle(), accepting ? EPOLL_CTL_ADD : EPOLL_CTL_DEL,
                           listener_.value(), &event);
    CHECK(done == 0, "epoll_ctl: {}", errno);
    accepting_ = accepting;
  }
}

void Server::Loop::accept() {
  for (int i = 0; i < max_accepts && listener_; ++i) {
    sockaddr_storage from = {};
    socklen_t size = sizeof from;
    UniqueFd socket(::accept4(listener_.value(), reinterpret_cast<sockaddr*>(&from), &size,
                              SOCK_NONBLOCK | SOCK_CLOEXEC));
    if (!socket) {
      if (errno == EMFILE || errno == ENFILE || errno == ENOBUFS || errno == ENOMEM) {
        // Clients wait in the listener's queue; the next sweep tries again.
        set_accepting(false);
        start_sweeping();
      }
      if (errno != ECONNABORTED && errno != EINTR) {
        return;
      }
      continue;
    }
    deal(std::move(socket), from);
  }
}

void Server::Loop::deal(UniqueFd socket, const sockaddr_storage& from) {
  std::shared_ptr<Member> best = self_;
  for (auto& member : members_) {
    if (member->open && member->connections < best->connections) {
      best = member;
    }
  }
  ++best->connections;
  if (best == self_) {
    adopt(std::move(socket), from);
    return;
  }
  asio::io_context& there = *best->events;
  asio::post(there, [best, from, fd = std::make_shared<UniqueFd>(std::move(socket))] {
    if (best->loop != nullptr) {
      best->loop->site_.look_at_clock();
      best->loop->adopt(std::move(*fd), from);
    }
  });
}

// The connection is counted among the member's already.
void Server::Loop::adopt(UniqueFd socket, const sockaddr_storage& from) {
  closed_.clear();
  if (connections_.size() >= site_.options.limits.max_connections || site_.draining) {
    --self_->connections;
    ++numbers.refused;
    if (!tls_) {
      ::send(socket.value(), full_.data(), full_.size(), MSG_NOSIGNAL | MSG_DONTWAIT);
    }
    return;
  }
  int on = 1;
  ::setsockopt(socket.value(), IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
  auto peer = std::make_shared<const Peer>(describe_peer(from, tls_ != nullptr));
  auto transport =
      tls_ ? tls_server_transport(std::move(socket), tls_) : plain_transport(std::move(socket));
  int fd = transport->fd();
  epoll_event event = {};
  auto connection = std::make_unique<Connection>(*this, std::move(transport), std::move(peer));
  event.events = connection->watched();
  event.data.ptr = connection.get();
  if (::epoll_ctl(descriptor_.native_handle(), EPOLL_CTL_ADD, fd, &event) != 0) {
    --self_->connections;  // out of memory, or of the user's watches
    ++numbers.refused;
    return;
  }
  ++numbers.accepted;
  connection->index = connections_.size();
  connections_.push_back(std::move(connection));
  start_sweeping();
}

void Server::Loop::watch(Connection& connection) {
  epoll_event event = {.events = connection.watched(), .data = {.ptr = &connection}};
  ::epoll_ctl(descriptor_.native_handle(), EPOLL_CTL_MOD, connection.fd(), &event);
}

void Server::Loop::closed(Connection& connection) {
  size_t index = connection.index;
  if (connection.fd() >= 0) {
    ::epoll_ctl(descriptor_.native_handle(), EPOLL_CTL_DEL, connection.fd(), nullptr);
  }
  std::swap(connections_[index], connections_.back());
  connections_[index]->index = index;
  closed_.push_back(std::move(connections_.back()));
  connections_.pop_back();
  --self_->connections;
  finish_drain();
}

void Server::Loop::start_sweeping() {
  if (!std::exchange(sweeping_, true)) {
    sweeper_.expires_after(site_.options.timeouts.sweep);
    sweeper_.async_wait([this, alive = std::weak_ptr(self_)](boost::system::error_code ec) {
      if (!ec && !alive.expired()) {
        sweep();
      }
    });
  }
}

void Server::Loop::sweep() {
  sweeping_ = false;
  closed_.clear();
  site_.look_at_clock();
  // Backwards: one that closes is replaced by the last.
  for (size_t i = connections_.size(); i-- > 0;) {
    if (i < connections_.size()) {
      connections_[i]->sweep();
    }
  }
  set_accepting(true);
  if (!connections_.empty()) {
    start_sweeping();
  }
}

void Server::Loop::drain(std::chrono::milliseconds time, std::function<void()> done) {
  CHECK(!site_.draining, "a server is drained once");
  site_.draining = true;
  self_->open = false;
  set_accepting(false);
  listener_.reset();
  drained_ = std::move(done);
  for (size_t i = connections_.size(); i-- > 0;) {
    if (i < connections_.size()) {
      connections_[i]->drain();
    }
  }
  if (connections_.empty()) {
    finish_drain();
    return;
  }
  drain_timer_.expires_after(time);
  drain_timer_.async_wait([this, alive = std::weak_ptr(self_)](boost::system::error_code ec) {
    if (!ec && !alive.expired()) {
      while (!connections_.empty()) {
        connections_.back()->drop();
      }
    }
  });
}

void Server::Loop::finish_drain() {
  if (drained_ && connections_.empty()) {
    drain_timer_.cancel();
    asio::post(*self_->events, std::exchange(drained_, nullptr));
  }
}

Server::Server(std::unique_ptr<Loop> loop) : loop_(std::move(loop)) {}
Server::~Server() = default;

Result<std::unique_ptr<Server>> Server::listen(asio::io_context& events, Options options,
                                               Handler handler) {
  TRY(listener, listen_at(options.address));
  auto loop = std::make_unique<Loop>(events, std::move(options), std::move(handler));
  TRY_VOID(loop->open());
  TRY_VOID(loop->accept_at(std::move(listener)));
  return std::unique_ptr<Server>(new Server(std::move(loop)));
}

Result<std::unique_ptr<Server>> Server::share(asio::io_context& events, Handler handler) {
  auto loop = std::make_unique<Loop>(events, loop_->site_.options, std::move(handler));
  TRY_VOID(loop->open());
  loop->address = loop_->address;
  loop_->members_.push_back(loop->self_);
  return std::unique_ptr<Server>(new Server(std::move(loop)));
}

const std::string& Server::address() const { return loop_->address; }

void Server::drain(std::chrono::milliseconds time, std::function<void()> done) {
  loop_->drain(time, std::move(done));
}

Result<void> Server::reload_tls() { return loop_->load_tls(); }

Server::Numbers Server::numbers() const {
  Numbers numbers = loop_->numbers;
  numbers.connections = loop_->connections_.size();
  numbers.requests = loop_->site_.requests;
  numbers.body_bytes = loop_->site_.options.limits.body_budget_bytes - loop_->site_.budget->left;
  return numbers;
}

}  // namespace weft::net
