#include <fcntl.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#include "wasi/fake_guest.h"

namespace weft::wasi {
namespace {

using testing::HasSubstr;

class WasiFreeze : public testing::Test {
 protected:
  WasiConfig config() {
    WasiConfig c = granting(dir);
    c.clocks = &clocks;
    c.args = {"prog", "arg"};
    c.env = {"K=V"};
    c.stdin_stream = InputBuffer{"standard input"};
    c.stdout_stream = OutputBuffer{};
    c.stderr_stream = OutputBuffer{};
    return c;
  }
  std::string frozen(FakeProgram& p) {
    auto f = p.wasi().freeze();
    CHECK(f.has_value(), "{}", f ? "" : f.error().message());
    return *f;
  }
  std::string refused(FakeProgram& p) {
    auto f = p.wasi().freeze();
    return f ? "" : f.error().message();
  }
  static std::string thaw_error(FakeProgram& p, std::string_view bytes) {
    auto r = p.wasi().thaw(bytes);
    return r ? "" : r.error().message();
  }

  TemporaryDirectory dir;
  FakeClocks clocks;
};

TEST_F(WasiFreeze, a_thawed_program_goes_on_with_its_files_streams_and_arguments) {
  dir.write("f", "0123456789");
  FakeProgram before(config());
  auto [e, fd] = before.open(3, "f", 0, rights::all, rights::all, fdflags::append);
  ASSERT_EQ(e, Errno::success);
  ASSERT_EQ(before.read(fd, 4).second, "0123");
  ASSERT_EQ(before.read(0, 9).second, "standard ");
  before.write(1, "written before, ");
  ASSERT_EQ(before.call("path_create_directory", {3, before.put("d"), 1}), Errno::success);
  auto [e2, sub] = before.open(3, "d", oflags::directory, rights::path_open, rights::fd_read);
  ASSERT_EQ(e2, Errno::success);
  std::string bytes = frozen(before);

  WasiConfig other = config();
  other.args = {"another"};
  other.env = {};
  FakeProgram after(std::move(other));
  ASSERT_EQ(thaw_error(after, bytes), "");
  EXPECT_EQ(after.read(fd, 16).second, "456789");
  EXPECT_EQ(after.read(0, 16).second, "input");
  after.write(1, "and after");
  EXPECT_EQ(after.wasi().output(1), "written before, and after");
  uint32_t at = after.room(24);
  ASSERT_EQ(after.call("fd_fdstat_get", {fd, at}), Errno::success);
  EXPECT_EQ(after.load<Fdstat>(at).fs_flags, fdflags::append);
  EXPECT_EQ(after.load<Fdstat>(at).fs_rights_base, rights::for_file);
  ASSERT_EQ(after.call("fd_fdstat_get", {sub, at}), Errno::success);
  EXPECT_EQ(after.load<Fdstat>(at).fs_rights_base, rights::path_open);
  EXPECT_EQ(after.load<Fdstat>(at).fs_rights_inheriting, rights::fd_read);
  EXPECT_EQ(after.open(3, "f").second, sub + 1);
  uint32_t argv = after.room(8), buf = after.room(16);
  ASSERT_EQ(after.call("args_get", {argv, buf}), Errno::success);
  EXPECT_EQ(after.text(buf, 9), std::string("prog\0arg\0", 9));
}

TEST_F(WasiFreeze, a_frozen_state_is_the_same_after_thaw) {
  dir.write("f", "0123456789");
  FakeProgram before(config());
  before.open(3, "f");
  before.call("fd_close", {2});
  FakeProgram after(config());
  ASSERT_EQ(thaw_error(after, frozen(before)), "");
  EXPECT_EQ(frozen(after), frozen(before));
}

TEST_F(WasiFreeze, clocks_go_on_and_time_in_the_ice_does_not_count) {
  FakeProgram before(config());
  clocks.advance(1000);
  std::string bytes = frozen(before);
  uint64_t mono = clocks.now_ns(ClockId::monotonic);
  FakeClocks other;
  other.set(ClockId::monotonic, 77);
  WasiConfig c = config();
  c.clocks = &other;
  FakeProgram after(std::move(c));
  ASSERT_EQ(thaw_error(after, bytes), "");
  other.advance(5);
  uint32_t at = after.room(8);
  ASSERT_EQ(after.call("clock_time_get", {1, 0, at}), Errno::success);
  EXPECT_EQ(after.load<uint64_t>(at), mono + 5);
  ASSERT_EQ(after.call("clock_time_get", {0, 0, at}), Errno::success);
  EXPECT_EQ(after.load<uint64_t>(at), other.now_ns(ClockId::realtime))
      << "the time of day is everyone's";
}

TEST_F(WasiFreeze, a_wait_for_a_time_goes_on_with_what_was_left) {
  FakeProgram before(config());
  Subscription s = {};
  s.clock.id = 1;
  s.clock.timeout = 1000;
  uint32_t in = before.put_value(s), out = before.room(32), n = before.room(4);
  ASSERT_EQ(before.start("poll_oneoff", {in, out, 1, n}).action, cpu::Action::suspend);
  clocks.advance(300);
  std::string bytes = frozen(before);
  clocks.advance(50'000);
  FakeProgram after(config());
  ASSERT_EQ(thaw_error(after, bytes), "");
  ASSERT_EQ(after.put_value(s), in);
  after.room(32);
  after.room(4);
  ASSERT_EQ(after.start("poll_oneoff", {in, out, 1, n}).action, cpu::Action::suspend);
  ASSERT_EQ(thaw_error(after, bytes), "");
  ASSERT_EQ(after.resume().action, cpu::Action::suspend);
  auto deadline = after.guest().previous_wait().deadline->time_since_epoch().count();
  EXPECT_EQ(deadline - static_cast<int64_t>(clocks.now_ns(ClockId::monotonic)), 700);
}

TEST_F(WasiFreeze, a_file_that_was_renamed_is_found_and_one_that_was_deleted_refuses) {
  dir.write("f", "content");
  FakeProgram before(config());
  auto [e, fd] = before.open(3, "f");
  ASSERT_EQ(rename((dir / "f").c_str(), (dir / "g").c_str()), 0);
  FakeProgram after(config());
  ASSERT_EQ(thaw_error(after, frozen(before)), "");
  EXPECT_EQ(after.read(fd, 16).second, "content");
  ASSERT_EQ(unlink((dir / "g").c_str()), 0);
  EXPECT_THAT(refused(before), HasSubstr("deleted"));
}

TEST_F(WasiFreeze, a_file_that_lost_the_name_it_was_opened_by_refuses_though_it_has_another) {
  dir.write("f", "content");
  FakeProgram before(config());
  before.open(3, "f");
  ASSERT_EQ(link((dir / "f").c_str(), (dir / "g").c_str()), 0);
  ASSERT_EQ(unlink((dir / "f").c_str()), 0);
  EXPECT_THAT(refused(before), HasSubstr("deleted"));
  dir.write("f (deleted)", "content");
  EXPECT_THAT(refused(before), HasSubstr("deleted")) << "another file of that name is not it";
}

TEST_F(WasiFreeze, a_file_that_left_the_grant_refuses) {
  TemporaryDirectory other;
  dir.write("f", "content");
  FakeProgram before(config());
  before.open(3, "f");
  ASSERT_EQ(rename((dir / "f").c_str(), (other / "f").c_str()), 0);
  EXPECT_THAT(refused(before), HasSubstr("moved out"));
}

TEST_F(WasiFreeze, a_file_that_is_missing_replaced_or_of_another_size_is_named) {
  dir.write("f", "content");
  FakeProgram before(config());
  before.open(3, "f");
  std::string bytes = frozen(before);
  FakeProgram after(config());
  ASSERT_EQ(rename((dir / "f").c_str(), (dir / "kept").c_str()), 0);
  EXPECT_THAT(thaw_error(after, bytes), HasSubstr("/data/f"));
  dir.write("f", "content");
  EXPECT_THAT(thaw_error(after, bytes), HasSubstr("/data/f: is not the file"));
  ASSERT_EQ(rename((dir / "kept").c_str(), (dir / "f").c_str()), 0);
  EXPECT_EQ(thaw_error(after, bytes), "");
  dir.write("f", "longer content");
  EXPECT_THAT(thaw_error(after, bytes), HasSubstr("/data/f: is not the file"));
  ASSERT_EQ(unlink((dir / "f").c_str()), 0);
  ASSERT_EQ(symlink("kept", (dir / "f").c_str()), 0);
  EXPECT_THAT(thaw_error(after, bytes), HasSubstr("/data/f"));
}

TEST_F(WasiFreeze, a_missing_grant_is_named_and_one_with_fewer_rights_refused) {
  dir.write("f", "content");
  FakeProgram before(config());
  before.open(3, "f");
  std::string bytes = frozen(before);
  WasiConfig c = config();
  c.directories[0].guest_path = "/elsewhere";
  FakeProgram elsewhere(std::move(c));
  EXPECT_THAT(thaw_error(elsewhere, bytes), HasSubstr("/data, which is not granted"));
  c = config();
  c.directories[0].access = GrantedDirectory::Access::read_only;
  FakeProgram read_only(std::move(c));
  EXPECT_THAT(thaw_error(read_only, bytes), HasSubstr("fewer rights"));
  EXPECT_EQ(read_only.open(3, "f", 0, rights::fd_read).first, Errno::success)
      << "nothing has changed";
}

TEST_F(WasiFreeze, sockets_and_pipes_by_path_refuse) {
  ASSERT_EQ(mkfifo((dir / "fifo").c_str(), 0666), 0);
  FakeProgram p(config());
  ASSERT_EQ(p.open(3, "fifo", 0, rights::fd_read).first, Errno::success);
  EXPECT_THAT(refused(p), HasSubstr("pipe"));
  UniqueFd listener(socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0));
  ASSERT_EQ(listen(listener.value(), 1), 0);
  WasiConfig c = config();
  c.listeners.push_back(std::move(listener));
  FakeProgram q(std::move(c));
  EXPECT_THAT(refused(q), HasSubstr("socket"));
}

TEST_F(WasiFreeze, streams_are_those_of_the_new_process_wherever_they_were_moved) {
  int fds[2];
  ASSERT_EQ(pipe2(fds, O_CLOEXEC), 0);
  UniqueFd read(fds[0]), write(fds[1]);
  auto with_pipe = [&] {
    WasiConfig c = config();
    c.stdout_stream = HostFd{write.value()};
    return c;
  };
  FakeProgram before(with_pipe());
  ASSERT_EQ(before.call("fd_renumber", {1, 2}), Errno::success);
  std::string bytes = frozen(before);
  FakeProgram after(with_pipe());
  ASSERT_EQ(thaw_error(after, bytes), "");
  EXPECT_EQ(after.write(1, "x").first, Errno::badf);
  EXPECT_EQ(after.write(2, "x").first, Errno::success);
  char c;
  EXPECT_EQ(::read(read.value(), &c, 1), 1);
  WasiConfig closed = config();
  closed.stdout_stream = Closed{};
  FakeProgram without(std::move(closed));
  EXPECT_THAT(thaw_error(without, bytes), HasSubstr("stdout"));
  WasiConfig piped = with_pipe();
  FakeProgram buffered(config()), unbuffered(std::move(piped));
  EXPECT_THAT(thaw_error(unbuffered, frozen(buffered)), HasSubstr("buffer"));
}

TEST_F(WasiFreeze, damaged_bytes_are_refused_and_never_read_beyond) {
  dir.write("f", "content");
  FakeProgram before(config());
  before.open(3, "f");
  before.write(1, "output");
  std::string bytes = frozen(before);
  FakeProgram after(config());
  for (size_t n = 0; n < bytes.size(); ++n) {
    // A copy of exactly that size, so that a sanitizer sees a byte too far.
    std::vector<char> cut(bytes.begin(), bytes.begin() + static_cast<long>(n));
    EXPECT_NE(thaw_error(after, std::string_view(cut.data(), cut.size())), "") << n;
  }
  EXPECT_NE(thaw_error(after, bytes + "x"), "");
  for (size_t i = 0; i < bytes.size(); ++i) {
    for (char flip : {'\x01', '\x80', '\xff'}) {
      std::string damaged = bytes;
      damaged[i] = static_cast<char>(damaged[i] ^ flip);
      FakeProgram victim(config());
      auto thawed = victim.wasi().thaw(damaged);  // an Error or another good state, never a crash
      EXPECT_TRUE(thawed || !thawed.error().message().empty()) << i;
      victim.write(1, "x");
      victim.read(0, 1);
    }
  }
  EXPECT_THAT(thaw_error(after, std::string("WASI\x09\0\0\0", 8)), HasSubstr("version"));
}

}  // namespace
}  // namespace weft::wasi
