#include <fcntl.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <poll.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <unistd.h>

#include "wasi/fake_guest.h"

namespace weft::wasi {
namespace {

using testing::HasSubstr;

struct Pipe {
  Pipe() {
    int fds[2];
    CHECK(pipe2(fds, O_CLOEXEC) == 0);
    read = UniqueFd(fds[0]);
    write = UniqueFd(fds[1]);
  }
  UniqueFd read, write;
};

std::string drain(int fd) {
  std::string all;
  char buf[65536];
  pollfd p = {fd, POLLIN, 0};
  while (poll(&p, 1, 0) > 0 && (p.revents & POLLIN) != 0) {
    ssize_t n = ::read(fd, buf, sizeof buf);
    if (n <= 0) {
      break;
    }
    all.append(buf, static_cast<size_t>(n));
  }
  return all;
}

WasiConfig streams(Stream in, Stream out, Stream err = Closed{}) {
  WasiConfig config;
  config.stdin_stream = std::move(in);
  config.stdout_stream = std::move(out);
  config.stderr_stream = std::move(err);
  return config;
}

TEST(WasiIo, memory_buffers_are_read_and_written) {
  FakeProgram p(streams(InputBuffer{"hello"}, OutputBuffer{}, OutputBuffer{}));
  EXPECT_EQ(p.read(0, 3), std::pair(Errno::success, std::string("hel")));
  EXPECT_EQ(p.read(0, 0), std::pair(Errno::success, std::string()));
  EXPECT_EQ(p.read(0, 9), std::pair(Errno::success, std::string("lo")));
  EXPECT_EQ(p.read(0, 9), std::pair(Errno::success, std::string()));
  EXPECT_EQ(p.write(1, "one"), std::pair(Errno::success, 3u));
  EXPECT_EQ(p.write(1, ""), std::pair(Errno::success, 0u));
  EXPECT_EQ(p.write(2, "two"), std::pair(Errno::success, 3u));
  EXPECT_EQ(p.wasi().output(1), "one");
  EXPECT_EQ(p.wasi().output(2), "two");
  EXPECT_EQ(p.write(0, "x").first, Errno::notcapable);
  EXPECT_EQ(p.read(1, 1).first, Errno::notcapable);
  EXPECT_EQ(p.read(3, 1).first, Errno::badf);
}

TEST(WasiIo, a_full_output_buffer_takes_what_fits_and_then_nothing) {
  FakeProgram p(streams(Closed{}, OutputBuffer{.limit_bytes = 5}));
  EXPECT_EQ(p.write(1, "1234567"), std::pair(Errno::success, 5u));
  EXPECT_EQ(p.write(1, "8").first, Errno::nospc);
  EXPECT_EQ(p.wasi().output(1), "12345");
}

TEST(WasiIo, the_output_limit_ends_the_guest_and_is_named) {
  WasiConfig config = streams(Closed{}, OutputBuffer{}, OutputBuffer{});
  config.limits.output_bytes = 6;
  FakeProgram p(std::move(config));
  EXPECT_EQ(p.write(1, "1234"), std::pair(Errno::success, 4u));
  uint32_t n = p.room(4);
  EXPECT_EQ(p.start("fd_write", {2, p.iovec(p.put("5678"), 4), 1, n}).action, cpu::Action::stop);
  EXPECT_EQ(p.wasi().output(2), "56");
  EXPECT_THAT(std::get<host::OutOfLimits>(*p.guest().outcome()).limit,
              HasSubstr("output limit of 6 bytes"));
}

TEST(WasiIo, a_full_output_buffer_may_end_the_guest_or_lose_the_rest) {
  FakeProgram p(streams(Closed{}, OutputBuffer{.limit_bytes = 5, .beyond = Beyond::ends_guest},
                        OutputBuffer{.limit_bytes = 3, .beyond = Beyond::is_lost}));
  EXPECT_EQ(p.write(2, "abcde"), std::pair(Errno::success, 5u));
  EXPECT_EQ(p.write(2, "f"), std::pair(Errno::success, 1u));
  EXPECT_EQ(p.wasi().output(2), "abc");
  uint32_t n = p.room(4);
  EXPECT_EQ(p.start("fd_write", {1, p.iovec(p.put("123456"), 6), 1, n}).action, cpu::Action::stop);
  EXPECT_EQ(p.wasi().output(1), "12345");
  EXPECT_EQ(std::get<host::OutOfLimits>(*p.guest().outcome()).limit,
            "output limit of 5 bytes exceeded");
}

TEST(WasiIo, closed_streams_are_bad_descriptors) {
  FakeProgram p({});
  for (uint32_t fd : {0u, 1u, 2u, 3u, ~0u}) {
    EXPECT_EQ(p.read(fd, 1).first, Errno::badf);
    EXPECT_EQ(p.write(fd, "x").first, Errno::badf);
    EXPECT_EQ(p.call("fd_close", {fd}), Errno::badf);
  }
}

TEST(WasiIo, lists_of_buffers_are_gathered_in_order_and_empty_ones_skipped) {
  FakeProgram p(streams(InputBuffer{"abcdef"}, OutputBuffer{}));
  uint32_t text = p.put("xyz"), n = p.room(4);
  uint32_t list =
      p.put_value(std::array{Iovec{text + 2, 1}, Iovec{text, 0}, Iovec{text, 2}, Iovec{text, 3}});
  ASSERT_EQ(p.call("fd_write", {1, list, 4, n}), Errno::success);
  EXPECT_EQ(p.load<uint32_t>(n), 6u);
  EXPECT_EQ(p.wasi().output(1), "zxyxyz");
  uint32_t a = p.room(16);
  list = p.put_value(std::array{Iovec{a, 1}, Iovec{a + 1, 0}, Iovec{a + 8, 3}});
  ASSERT_EQ(p.call("fd_read", {0, list, 3, n}), Errno::success);
  EXPECT_EQ(p.load<uint32_t>(n), 4u);
  EXPECT_EQ(p.text(a, 1) + p.text(a + 8, 3), "abcd");
  EXPECT_TRUE(p.untouched(a + 1, 7));
}

TEST(WasiIo, every_address_and_count_is_checked_before_anything_moves) {
  FakeProgram p(streams(InputBuffer{"abcdef"}, OutputBuffer{}), 65536);
  uint32_t buf = p.room(16), n = p.room(4);
  uint32_t good = p.iovec(buf, 4);
  EXPECT_EQ(p.call("fd_read", {0, good, 1, 65533}), Errno::fault);
  EXPECT_EQ(p.call("fd_read", {0, 65532, 1, n}), Errno::fault);
  EXPECT_EQ(p.call("fd_read", {0, 0xffff'fff8, 2, n}), Errno::fault);
  EXPECT_EQ(p.call("fd_read", {0, good, 9000, n}), Errno::fault);
  EXPECT_EQ(p.call("fd_read", {0, good, 65'537, n}), Errno::inval);
  EXPECT_EQ(p.call("fd_read", {0, good, ~0u, n}), Errno::inval);
  uint32_t bad = p.put_value(std::array{Iovec{buf, 4}, Iovec{0xffff'fffe, 4}});
  EXPECT_EQ(p.call("fd_read", {0, bad, 2, n}), Errno::fault) << "a range that wraps around";
  bad = p.put_value(std::array{Iovec{buf, 4}, Iovec{buf, 0xffff'ffff}});
  EXPECT_EQ(p.call("fd_read", {0, bad, 2, n}), Errno::fault);
  EXPECT_EQ(p.call("fd_write", {1, bad, 2, n}), Errno::fault);
  EXPECT_TRUE(p.untouched(buf, 16));
  EXPECT_TRUE(p.untouched(n, 4));
  EXPECT_EQ(p.wasi().output(1), "");
  EXPECT_EQ(p.read(0, 6).second, "abcdef") << "nothing was taken";
}

TEST(WasiIo, more_buffers_than_one_system_call_takes_are_all_moved) {
  TemporaryDirectory dir;
  FakeProgram p(granting(dir));
  auto [e, fd] = p.open(3, "f", oflags::creat);
  ASSERT_EQ(e, Errno::success);
  uint32_t text = p.put("ab"), n = p.room(4);
  uint32_t list = p.room(3000 * 8);
  for (uint32_t i = 0; i < 3000; ++i) {
    ASSERT_TRUE(p.memory().store(host::GuestAddress{list + i * 8}, Iovec{text, i % 3}));
  }
  ASSERT_EQ(p.call("fd_write", {fd, list, 3000, n}), Errno::success);
  EXPECT_EQ(p.load<uint32_t>(n), 3000u);
  EXPECT_EQ(dir.content("f").size(), 3000u);
}

TEST(WasiIo, overlapping_buffers_never_count_beyond_2_gib) {
  TemporaryDirectory dir;
  FakeProgram p(granting(dir));
  p.open(3, "null", oflags::creat);
  auto buffers = [&] {
    uint32_t list = p.room(4096 * 8);
    for (uint32_t i = 0; i < 4096; ++i) {
      CHECK(p.memory().store(host::GuestAddress{list + i * 8}, Iovec{0, 1 << 20}));
    }
    return GuestBuffers::load(p.memory(), host::GuestAddress{list}, 4096);
  }();
  ASSERT_TRUE(buffers.has_value());
  EXPECT_EQ(buffers->left(), GuestBuffers::max_bytes);
}

TEST(WasiIo, reading_an_empty_pipe_waits_for_it_and_then_goes_on) {
  Pipe pipe;
  FakeProgram p(streams(HostFd{pipe.read.value()}, Closed{}));
  uint32_t buf = p.room(16), n = p.room(4);
  auto r = p.start("fd_read", {0, p.iovec(buf, 16), 1, n});
  ASSERT_EQ(r.action, cpu::Action::suspend);
  ASSERT_EQ(p.guest().previous_wait().fds.size(), 1u);
  EXPECT_EQ(p.guest().previous_wait().fds[0].events, POLLIN);
  EXPECT_EQ(p.resume().action, cpu::Action::suspend) << "a wake-up for nothing";
  ASSERT_EQ(::write(pipe.write.value(), "data", 4), 4);
  r = p.resume();
  EXPECT_EQ(r.action, cpu::Action::go_on);
  EXPECT_EQ(p.text(buf, p.load<uint32_t>(n)), "data");
  EXPECT_EQ(fcntl(pipe.read.value(), F_GETFL) & O_NONBLOCK, 0)
      << "a shared descriptor keeps its flags";
  pipe.write.reset();
  EXPECT_EQ(p.read(0, 4), std::pair(Errno::success, std::string())) << "the end";
}

TEST(WasiIo, a_nonblocking_pipe_says_again) {
  Pipe in, out;
  FakeProgram p(streams(HostFd{in.read.value()}, HostFd{out.write.value()}));
  ASSERT_EQ(p.call("fd_fdstat_set_flags", {0, fdflags::nonblock}), Errno::success);
  ASSERT_EQ(p.call("fd_fdstat_set_flags", {1, fdflags::nonblock}), Errno::success);
  EXPECT_EQ(p.read(0, 4).first, Errno::again);
  std::string much(1 << 20, 'x');
  auto [e, n] = p.write(1, much);
  EXPECT_EQ(e, Errno::success);
  EXPECT_GE(n, 4096u);
  EXPECT_LT(n, much.size());
  EXPECT_EQ(p.write(1, "y").first, Errno::again);
  EXPECT_EQ(fcntl(out.write.value(), F_GETFL) & O_NONBLOCK, 0);
}

TEST(WasiIo, a_long_write_to_a_pipe_is_whole_though_the_guest_waits_in_between) {
  Pipe pipe;
  FakeProgram p(streams(Closed{}, HostFd{pipe.write.value()}));
  std::string much;
  for (int i = 0; much.size() < 300'000; ++i) {
    much += std::to_string(i) + ",";
  }
  uint32_t n = p.room(4);
  auto r = p.start("fd_write", {1, p.iovec(p.put(much), static_cast<uint32_t>(much.size())), 1, n});
  std::string got;
  int waits = 0;
  while (r.action == cpu::Action::suspend) {
    EXPECT_TRUE(p.untouched(n, 4));
    got += drain(pipe.read.value());
    ++waits;
    r = p.resume();
  }
  got += drain(pipe.read.value());
  EXPECT_EQ(r.value, 0u);
  EXPECT_GE(waits, 1);
  EXPECT_EQ(p.load<uint32_t>(n), much.size());
  EXPECT_EQ(got, much);
}

TEST(WasiIo, a_pipe_without_readers_is_epipe_and_no_signal) {
  Pipe pipe;
  FakeProgram p(streams(Closed{}, HostFd{pipe.write.value()}));
  pipe.read.reset();
  EXPECT_EQ(p.write(1, "x").first, Errno::pipe);
  EXPECT_EQ(p.write(1, "x").first, Errno::pipe);
}

TEST(WasiIo, a_socket_as_stream_works_in_both_directions) {
  int fds[2];
  ASSERT_EQ(socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, fds), 0);
  UniqueFd ours(fds[0]), theirs(fds[1]);
  FakeProgram p(streams(HostFd{theirs.value()}, HostFd{theirs.value()}));
  EXPECT_EQ(p.write(1, "ping"), std::pair(Errno::success, 4u));
  EXPECT_EQ(drain(ours.value()), "ping");
  uint32_t buf = p.room(8), n = p.room(4);
  EXPECT_EQ(p.start("fd_read", {0, p.iovec(buf, 8), 1, n}).action, cpu::Action::suspend);
  ASSERT_EQ(::write(ours.value(), "pong", 4), 4);
  EXPECT_EQ(p.resume().value, 0u);
  EXPECT_EQ(p.text(buf, 4), "pong");
  ours.reset();
  EXPECT_EQ(p.write(1, "x").first, Errno::pipe);
}

TEST(WasiIo, a_terminal_is_recognised_read_and_written) {
  UniqueFd terminal(posix_openpt(O_RDWR | O_NOCTTY | O_CLOEXEC));
  ASSERT_TRUE(terminal && grantpt(terminal.value()) == 0 && unlockpt(terminal.value()) == 0);
  UniqueFd user(::open(ptsname(terminal.value()), O_RDWR | O_NOCTTY | O_CLOEXEC));
  ASSERT_TRUE(static_cast<bool>(user));
  FakeProgram p(streams(HostFd{user.value()}, HostFd{user.value()}));
  uint32_t at = p.room(24);
  ASSERT_EQ(p.call("fd_fdstat_get", {1, at}), Errno::success);
  auto stat = p.load<Fdstat>(at);
  EXPECT_EQ(stat.fs_filetype, Filetype::character_device);
  EXPECT_EQ(stat.fs_rights_base & (rights::fd_seek | rights::fd_tell), 0u) << "how isatty() knows";
  EXPECT_EQ(p.write(1, "hi"), std::pair(Errno::success, 2u));
  EXPECT_EQ(drain(terminal.value()), "hi");
  uint32_t buf = p.room(8), n = p.room(4);
  EXPECT_EQ(p.start("fd_read", {0, p.iovec(buf, 8), 1, n}).action, cpu::Action::suspend);
  ASSERT_EQ(::write(terminal.value(), "go\n", 3), 3);
  EXPECT_EQ(p.resume().value, 0u);
  EXPECT_EQ(p.text(buf, 3), "go\n");
  EXPECT_EQ(fcntl(user.value(), F_GETFL) & O_NONBLOCK, 0);
}

TEST(WasiIo, a_device_without_an_end_is_polled_and_read) {
  UniqueFd zero(::open("/dev/zero", O_RDONLY | O_CLOEXEC));
  UniqueFd full(::open("/dev/full", O_WRONLY | O_CLOEXEC));
  FakeProgram p(streams(HostFd{zero.value()}, HostFd{full.value()}));
  EXPECT_EQ(p.read(0, 4), std::pair(Errno::success, std::string(4, '\0')));
  EXPECT_EQ(p.write(1, "x").first, Errno::nospc) << "as a full disk";
}

TEST(WasiIo, files_as_streams_are_opened_by_path) {
  TemporaryDirectory dir;
  dir.write("in", "input");
  dir.write("out", "old content");
  FakeProgram p(streams(HostFile{dir / "in"}, HostFile{dir / "out"}));
  EXPECT_EQ(p.read(0, 16).second, "input");
  EXPECT_EQ(p.write(1, "new"), std::pair(Errno::success, 3u));
  EXPECT_EQ(dir.content("out"), "new");
}

TEST(WasiIo, a_write_of_many_megabytes_gives_way_in_between) {
  TemporaryDirectory dir;
  FakeProgram p(granting(dir), 24 << 20);
  auto [e, fd] = p.open(3, "f", oflags::creat);
  uint32_t buf = p.room(20 << 20), n = p.room(4);
  auto r = p.start("fd_write", {fd, p.iovec(buf, 20 << 20), 1, n});
  int waits = 0;
  for (; r.action == cpu::Action::suspend; r = p.resume()) {
    EXPECT_TRUE(p.guest().previous_wait().fds.empty());
    ++waits;
  }
  EXPECT_EQ(waits, 2);
  EXPECT_EQ(p.load<uint32_t>(n), 20u << 20);
  r = p.start("fd_pread", {fd, p.iovec(buf, 20 << 20), 1, 4096, n});
  for (; r.action == cpu::Action::suspend; r = p.resume()) {
  }
  EXPECT_EQ(p.load<uint32_t>(n), (20u << 20) - 4096);
}

TEST(WasiIo, positioned_reads_and_writes_leave_the_offset_alone) {
  TemporaryDirectory dir;
  dir.write("f", "0123456789");
  FakeProgram p(granting(dir));
  auto [e, fd] = p.open(3, "f");
  ASSERT_EQ(e, Errno::success);
  uint32_t buf = p.room(8), n = p.room(4);
  ASSERT_EQ(p.call("fd_pread", {fd, p.iovec(buf, 4), 1, 6, n}), Errno::success);
  EXPECT_EQ(p.text(buf, 4), "6789");
  ASSERT_EQ(p.call("fd_pread", {fd, p.iovec(buf, 4), 1, 1000, n}), Errno::success);
  EXPECT_EQ(p.load<uint32_t>(n), 0u);
  ASSERT_EQ(p.call("fd_pwrite", {fd, p.iovec(p.put("ab"), 2), 1, 9, n}), Errno::success);
  EXPECT_EQ(p.read(fd, 16).second, "012345678ab");
  EXPECT_EQ(p.call("fd_pread", {fd, p.iovec(buf, 4), 1, uint64_t{1} << 63, n}), Errno::inval);
  EXPECT_EQ(p.call("fd_pwrite", {fd, p.iovec(buf, 4), 1, ~uint64_t{0}, n}), Errno::inval);
  EXPECT_NE(p.call("fd_pwrite", {fd, p.iovec(buf, 4), 1, INT64_MAX, n}), Errno::success);
}

TEST(WasiIo, positions_mean_nothing_on_pipes_and_directories) {
  TemporaryDirectory dir;
  Pipe pipe;
  WasiConfig config = granting(dir);
  config.stdin_stream = HostFd{pipe.read.value()};
  config.stdout_stream = OutputBuffer{};
  FakeProgram p(std::move(config));
  uint32_t buf = p.room(8), n = p.room(8);
  EXPECT_EQ(p.call("fd_pread", {0, p.iovec(buf, 4), 1, 0, n}), Errno::spipe);
  EXPECT_EQ(p.call("fd_pwrite", {1, p.iovec(buf, 4), 1, 0, n}), Errno::spipe);
  EXPECT_EQ(p.call("fd_seek", {0, 0, 1, n}), Errno::spipe);
  EXPECT_EQ(p.call("fd_tell", {1, n}), Errno::spipe);
  for (const char* f : {"fd_read", "fd_write"}) {
    EXPECT_EQ(p.call(f, {3, p.iovec(buf, 4), 1, n}), Errno::isdir);
  }
  EXPECT_EQ(p.call("fd_pread", {3, p.iovec(buf, 4), 1, 0, n}), Errno::isdir);
  EXPECT_EQ(p.call("fd_pwrite", {3, p.iovec(buf, 4), 1, 0, n}), Errno::isdir);
  EXPECT_EQ(p.call("fd_pread", {9, p.iovec(buf, 4), 1, 0, n}), Errno::badf);
}

TEST(WasiIo, appending_goes_to_the_end_wherever_the_offset_is) {
  TemporaryDirectory dir;
  dir.write("f", "abc");
  FakeProgram p(granting(dir));
  auto [e, fd] = p.open(3, "f", 0, rights::all, rights::all, fdflags::append);
  ASSERT_EQ(e, Errno::success);
  EXPECT_EQ(p.write(fd, "def"), std::pair(Errno::success, 3u));
  uint32_t at = p.room(8), n = p.room(4);
  ASSERT_EQ(p.call("fd_tell", {fd, at}), Errno::success);
  EXPECT_EQ(p.load<uint64_t>(at), 6u);
  ASSERT_EQ(p.call("fd_seek", {fd, 0, 0, at}), Errno::success);
  p.write(fd, "g");
  EXPECT_EQ(dir.content("f"), "abcdefg");
  ASSERT_EQ(p.call("fd_pwrite", {fd, p.iovec(p.put("X"), 1), 1, 0, n}), Errno::success);
  EXPECT_EQ(dir.content("f"), "Xbcdefg") << "a position counts even then";
  ASSERT_EQ(p.call("fd_fdstat_set_flags", {fd, fdflags::dsync | fdflags::sync}), Errno::success);
  ASSERT_EQ(p.call("fd_seek", {fd, 1, 0, at}), Errno::success);
  p.write(fd, "Y");
  EXPECT_EQ(dir.content("f"), "XYcdefg");
}

// In a process of its own, because the limit cannot be lifted again.
bool survives_the_file_size_limit() {
  TemporaryDirectory dir;
  rlimit limit = {100, 100};
  setrlimit(RLIMIT_FSIZE, &limit);
  FakeProgram p(granting(dir));
  auto [e, fd] = p.open(3, "f", oflags::creat);
  std::string much(150, 'x');
  return e == Errno::success && p.write(fd, much) == std::pair(Errno::success, 100u) &&
         p.write(fd, much).first == Errno::fbig &&
         p.call("fd_filestat_set_size", {fd, 1000}) == Errno::fbig &&
         p.call("fd_allocate", {fd, 0, 1000}) == Errno::fbig;
}

TEST(WasiIo, the_file_size_limit_of_the_process_is_an_error_and_no_signal) {
  EXPECT_EXIT(std::exit(survives_the_file_size_limit() ? 0 : 1), testing::ExitedWithCode(0), "");
}

}  // namespace
}  // namespace weft::wasi
