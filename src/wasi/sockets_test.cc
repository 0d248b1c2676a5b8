#include <arpa/inet.h>
#include <gtest/gtest.h>
#include <netinet/in.h>
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

#include "wasi/fake_guest.h"

namespace weft::wasi {
namespace {

class WasiSockets : public testing::Test {
 protected:
  WasiSockets() {
    UniqueFd listener(socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0));
    address.sin_family = AF_INET;
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    socklen_t length = sizeof address;
    CHECK(bind(listener.value(), reinterpret_cast<sockaddr*>(&address), length) == 0);
    CHECK(listen(listener.value(), 8) == 0);
    CHECK(getsockname(listener.value(), reinterpret_cast<sockaddr*>(&address), &length) == 0);
    WasiConfig config = granting(dir);
    config.listeners.push_back(std::move(listener));
    program = std::make_unique<FakeProgram>(std::move(config), 16 << 20);
  }

  UniqueFd connect_peer() {
    UniqueFd peer(socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0));
    CHECK(connect(peer.value(), reinterpret_cast<sockaddr*>(&address), sizeof address) == 0);
    return peer;
  }
  uint32_t accepted(uint32_t flags = 0) {
    uint32_t at = program->room(4);
    CHECK(program->call("sock_accept", {listening, flags, at}) == Errno::success);
    return program->load<uint32_t>(at);
  }
  // Until the bytes that a peer sent have come over loopback.
  void wait_for_bytes(uint32_t fd, size_t bytes) {
    uint32_t buf = program->room(static_cast<uint32_t>(bytes)), n = program->room(4),
             flags = program->room(2);
    do {
      auto r = program->start("sock_recv", {fd, program->iovec(buf, static_cast<uint32_t>(bytes)),
                                            1, riflags::recv_peek, n, flags});
      while (r.action == cpu::Action::suspend) {
        await();
        r = program->resume();
      }
    } while (program->load<uint32_t>(n) < bytes);
  }
  // What the scheduler does for a guest that waits.
  void await() {
    std::vector<pollfd> fds;
    for (auto [fd, events] : program->guest().previous_wait().fds) {
      fds.push_back({fd, events, 0});
    }
    CHECK(poll(fds.data(), fds.size(), 10'000) > 0);
  }

  static constexpr uint32_t listening = 4;
  TemporaryDirectory dir;
  sockaddr_in address = {};
  std::unique_ptr<FakeProgram> program;
};

TEST_F(WasiSockets, accepting_waits_for_a_connection) {
  uint32_t at = program->room(4);
  auto r = program->start("sock_accept", {listening, 0, at});
  ASSERT_EQ(r.action, cpu::Action::suspend);
  EXPECT_TRUE(program->untouched(at, 4));
  UniqueFd peer = connect_peer();
  await();
  r = program->resume();
  ASSERT_EQ(r.action, cpu::Action::go_on);
  ASSERT_EQ(r.value, 0u);
  uint32_t stat = program->room(24);
  ASSERT_EQ(program->call("fd_fdstat_get", {program->load<uint32_t>(at), stat}), Errno::success);
  EXPECT_EQ(program->load<Fdstat>(stat).fs_filetype, Filetype::socket_stream);
  EXPECT_EQ(program->load<Fdstat>(stat).fs_rights_base, rights::for_socket);
}

TEST_F(WasiSockets, a_nonblocking_listener_says_again) {
  ASSERT_EQ(program->call("fd_fdstat_set_flags", {listening, fdflags::nonblock}), Errno::success);
  EXPECT_EQ(program->call("sock_accept", {listening, 0, program->room(4)}), Errno::again);
}

TEST_F(WasiSockets, only_granted_listeners_accept) {
  UniqueFd peer = connect_peer();
  uint32_t at = program->room(4);
  EXPECT_EQ(program->call("sock_accept", {3, 0, at}), Errno::notsock);
  EXPECT_EQ(program->call("sock_accept", {99, 0, at}), Errno::badf);
  EXPECT_EQ(program->call("sock_accept", {listening, fdflags::append, at}), Errno::inval);
  EXPECT_EQ(program->call("sock_accept", {listening, 0, 0xffff'fffe}), Errno::fault);
  uint32_t fd = accepted(fdflags::nonblock);
  EXPECT_EQ(program->call("sock_accept", {fd, 0, at}), Errno::inval);
  ASSERT_EQ(program->call("fd_fdstat_set_rights", {listening, 0, 0}), Errno::success);
  EXPECT_EQ(program->call("sock_accept", {listening, 0, at}), Errno::notcapable);
}

TEST_F(WasiSockets, bytes_go_both_ways) {
  UniqueFd peer = connect_peer();
  uint32_t fd = accepted();
  EXPECT_EQ(program->write(fd, "by fd_write "), std::pair(Errno::success, 12u));
  uint32_t n = program->room(4), flags = program->room(2), buf = program->room(16);
  ASSERT_EQ(
      program->call("sock_send", {fd, program->iovec(program->put("and sock_send"), 13), 1, 0, n}),
      Errno::success);
  EXPECT_EQ(program->load<uint32_t>(n), 13u);
  char got[32];
  ASSERT_EQ(recv(peer.value(), got, 25, MSG_WAITALL), 25);
  EXPECT_EQ(std::string(got, 25), "by fd_write and sock_send");
  ASSERT_EQ(send(peer.value(), "hello", 5, 0), 5);
  wait_for_bytes(fd, 5);
  ASSERT_EQ(
      program->call("sock_recv", {fd, program->iovec(buf, 16), 1, riflags::recv_peek, n, flags}),
      Errno::success);
  EXPECT_EQ(program->text(buf, program->load<uint32_t>(n)), "hello");
  EXPECT_EQ(program->load<uint16_t>(flags), 0);
  EXPECT_EQ(program->read(fd, 2).second, "he") << "peeking took nothing";
  ASSERT_EQ(program->call("sock_recv", {fd, program->iovec(buf, 16), 1, 0, n, flags}),
            Errno::success);
  EXPECT_EQ(program->text(buf, program->load<uint32_t>(n)), "llo");
}

TEST_F(WasiSockets, waiting_for_all_goes_on_where_it_was) {
  UniqueFd peer = connect_peer();
  uint32_t fd = accepted(), buf = program->room(8), n = program->room(4), flags = program->room(2);
  uint32_t list = program->put_value(std::array{Iovec{buf, 3}, Iovec{buf + 3, 3}});
  ASSERT_EQ(send(peer.value(), "abcd", 4, 0), 4);
  wait_for_bytes(fd, 4);
  auto r = program->start("sock_recv", {fd, list, 2, riflags::recv_waitall, n, flags});
  ASSERT_EQ(r.action, cpu::Action::suspend);
  EXPECT_TRUE(program->untouched(n, 4));
  ASSERT_EQ(send(peer.value(), "efgh", 4, 0), 4);
  while (r.action == cpu::Action::suspend) {
    await();
    r = program->resume();
  }
  EXPECT_EQ(r.value, 0u);
  EXPECT_EQ(program->load<uint32_t>(n), 6u);
  EXPECT_EQ(program->text(buf, 6), "abcdef");
  r = program->start("sock_recv", {fd, list, 2, riflags::recv_waitall, n, flags});
  ASSERT_EQ(r.action, cpu::Action::suspend);
  peer.reset();
  while (r.action == cpu::Action::suspend) {
    await();
    r = program->resume();
  }
  EXPECT_EQ(program->load<uint32_t>(n), 2u) << "what came before the end";
}

TEST_F(WasiSockets, a_long_message_is_sent_whole_while_the_guest_waits) {
  UniqueFd peer = connect_peer();
  uint32_t fd = accepted(), n = program->room(4);
  std::string much(12 << 20, 'm');
  auto r = program->start(
      "sock_send",
      {fd, program->iovec(program->put(much), static_cast<uint32_t>(much.size())), 1, 0, n});
  size_t got = 0;
  std::string buf(1 << 20, '\0');
  bool waited_for_peer = false;
  while (r.action == cpu::Action::suspend) {
    if (!program->guest().previous_wait().fds.empty()) {
      waited_for_peer = true;
      got +=
          static_cast<size_t>(std::max<ssize_t>(0, recv(peer.value(), buf.data(), buf.size(), 0)));
    }
    r = program->resume();
  }
  EXPECT_TRUE(waited_for_peer);
  EXPECT_EQ(r.value, 0u);
  EXPECT_EQ(program->load<uint32_t>(n), much.size());
  while (got < much.size()) {
    ssize_t m = recv(peer.value(), buf.data(), buf.size(), 0);
    ASSERT_GT(m, 0);
    got += static_cast<size_t>(m);
  }
}

TEST_F(WasiSockets, shutting_down_ends_the_directions_asked_for) {
  UniqueFd peer = connect_peer();
  uint32_t fd = accepted();
  EXPECT_EQ(program->call("sock_shutdown", {fd, 0}), Errno::inval);
  EXPECT_EQ(program->call("sock_shutdown", {fd, 4}), Errno::inval);
  EXPECT_EQ(program->call("sock_shutdown", {3, 1}), Errno::notsock);
  EXPECT_EQ(program->call("sock_shutdown", {99, 1}), Errno::badf);
  EXPECT_EQ(program->call("sock_shutdown", {listening, 1}), Errno::notconn);
  ASSERT_EQ(program->call("sock_shutdown", {fd, sdflags::wr}), Errno::success);
  char c;
  EXPECT_EQ(recv(peer.value(), &c, 1, 0), 0);
  EXPECT_EQ(program->write(fd, "x").first, Errno::pipe) << "and no signal";
  ASSERT_EQ(program->call("sock_shutdown", {fd, sdflags::rd | sdflags::wr}), Errno::success);
  EXPECT_EQ(program->read(fd, 1), std::pair(Errno::success, std::string()));
}

TEST_F(WasiSockets, sending_and_receiving_check_their_arguments) {
  UniqueFd peer = connect_peer();
  uint32_t fd = accepted(), buf = program->room(8), n = program->room(4), flags = program->room(4);
  uint32_t list = program->iovec(buf, 4);
  EXPECT_EQ(program->call("sock_recv", {fd, list, 1, 4, n, flags}), Errno::inval);
  EXPECT_EQ(program->call("sock_send", {fd, list, 1, 1, n}), Errno::inval);
  EXPECT_EQ(program->call("sock_recv", {listening, list, 1, 0, n, flags}), Errno::notconn);
  EXPECT_EQ(program->call("sock_recv", {3, list, 1, 0, n, flags}), Errno::notsock);
  EXPECT_EQ(program->call("sock_send", {99, list, 1, 0, n}), Errno::badf);
  EXPECT_EQ(program->call("sock_recv", {fd, list, 1, 0, 0xffff'fffe, flags}), Errno::fault);
  EXPECT_EQ(program->call("sock_recv", {fd, list, 1, 0, n, 0xffff'ffff}), Errno::fault);
  EXPECT_EQ(program->call("sock_recv", {fd, 0xffff'fffc, 1, 0, n, flags}), Errno::fault);
  EXPECT_EQ(program->call("sock_send", {fd, list, 1, 0, 0xffff'fffe}), Errno::fault);
  EXPECT_EQ(program->call("fd_read", {listening, list, 1, n}), Errno::notconn);
  ASSERT_EQ(program->call("fd_fdstat_set_rights", {fd, 0, 0}), Errno::success);
  EXPECT_EQ(program->call("sock_recv", {fd, list, 1, 0, n, flags}), Errno::notcapable);
  EXPECT_EQ(program->call("sock_send", {fd, list, 1, 0, n}), Errno::notcapable);
  EXPECT_EQ(program->call("sock_shutdown", {fd, 1}), Errno::notcapable);
}

TEST_F(WasiSockets, a_listener_is_polled_for_connections) {
  Subscription s = {};
  s.tag = 1;
  s.fd_readwrite.fd = listening;
  uint32_t in = program->put_value(s), out = program->room(32), n = program->room(4);
  auto r = program->start("poll_oneoff", {in, out, 1, n});
  ASSERT_EQ(r.action, cpu::Action::suspend);
  UniqueFd peer = connect_peer();
  await();
  EXPECT_EQ(program->resume().value, 0u);
  EXPECT_EQ(program->load<uint32_t>(n), 1u);
}

}  // namespace
}  // namespace weft::wasi
