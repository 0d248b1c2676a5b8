#include <gtest/gtest.h>

#include "wasi/fake_guest.h"

namespace weft::wasi {
namespace {

class WasiDuplicates : public testing::Test {
 protected:
  WasiConfig config() {
    WasiConfig c = granting(dir);
    c.stdout_stream = OutputBuffer{};
    c.limits.open_files = 12;
    c.clocks = &clocks;
    return c;
  }
  static uint32_t opened(FakeProgram& p, std::string_view path, uint64_t base = rights::all) {
    auto [e, fd] = p.open(3, path, oflags::creat, base);
    CHECK(e == Errno::success, "{}: {}", path, static_cast<int>(e));
    return fd;
  }
  static std::pair<Errno, uint32_t> dup(FakeProgram& p, uint32_t fd, uint32_t lowest = 0) {
    uint32_t at = p.room(4);
    Errno e = p.call("fd_dup", {fd, lowest, at});
    return {e, e == Errno::success ? p.load<uint32_t>(at) : ~0u};
  }
  static std::array<uint32_t, 2> pipe(FakeProgram& p, uint32_t flags = 0) {
    uint32_t at = p.room(8);
    CHECK(p.call("fd_pipe", {flags, at}) == Errno::success);
    return p.load<std::array<uint32_t, 2>>(at);
  }
  static uint16_t flags(FakeProgram& p, uint32_t fd) {
    uint32_t at = p.room(24);
    CHECK(p.call("fd_fdstat_get", {fd, at}) == Errno::success);
    return p.load<Fdstat>(at).fs_flags;
  }
  // The same program in another process.
  std::unique_ptr<FakeProgram> thawed(FakeProgram& p) {
    auto frozen = p.wasi().freeze();
    CHECK(frozen.has_value(), "{}", frozen ? "" : frozen.error().message());
    auto after = std::make_unique<FakeProgram>(config());
    auto done = after->wasi().thaw(*frozen);
    CHECK(done.has_value(), "{}", done ? "" : done.error().message());
    CHECK(after->wasi().freeze() == *frozen);
    return after;
  }

  TemporaryDirectory dir;
  FakeClocks clocks;
};

TEST_F(WasiDuplicates, share_the_offset_and_outlive_their_original) {
  dir.write("f", "0123456789");
  FakeProgram p(config());
  uint32_t fd = opened(p, "f");
  auto [e, copy] = dup(p, fd);
  ASSERT_EQ(e, Errno::success);
  EXPECT_EQ(copy, 2u) << "the lowest free number";
  EXPECT_EQ(p.read(fd, 3).second, "012");
  EXPECT_EQ(p.call("fd_close", {fd}), Errno::success);
  EXPECT_EQ(p.read(copy, 3).second, "345");
}

TEST_F(WasiDuplicates, share_flags_and_not_rights) {
  FakeProgram p(config());
  uint32_t fd = opened(p, "f");
  auto [e, copy] = dup(p, fd, 9);
  ASSERT_EQ(e, Errno::success);
  EXPECT_EQ(copy, 9u);
  ASSERT_EQ(p.call("fd_fdstat_set_flags", {copy, fdflags::append}), Errno::success);
  EXPECT_EQ(flags(p, fd), fdflags::append);
  EXPECT_EQ(flags(p, 3), 0);
  ASSERT_EQ(p.call("fd_fdstat_set_rights", {copy, rights::fd_read, 0}), Errno::success);
  EXPECT_EQ(p.write(copy, "x").first, Errno::notcapable);
  EXPECT_EQ(p.write(fd, "x").first, Errno::success);
}

TEST_F(WasiDuplicates, lead_standard_output_into_a_file_and_back) {
  FakeProgram p(config());
  uint32_t file = opened(p, "f");
  uint32_t out = dup(p, 1).second;
  p.write(1, "before, ");
  ASSERT_EQ(p.call("fd_dup_to", {file, 1}), Errno::success);
  p.write(1, "to the file");
  ASSERT_EQ(p.call("fd_dup_to", {out, 1}), Errno::success);
  p.write(1, "and after");
  EXPECT_EQ(p.wasi().output(1), "before, and after");
  EXPECT_EQ(dir.content("f"), "to the file");
}

TEST_F(WasiDuplicates, bad_arguments_are_refused_and_change_nothing) {
  FakeProgram p(config());
  uint32_t fd = opened(p, "f"), at = p.room(8);
  EXPECT_EQ(p.call("fd_dup", {99, 0, at}), Errno::badf);
  EXPECT_EQ(p.call("fd_dup", {fd, 12, at}), Errno::inval);
  EXPECT_EQ(p.call("fd_dup", {fd, 0xffff'ffff, at}), Errno::inval);
  EXPECT_EQ(p.call("fd_dup", {fd, 0, 0xffff'fffe}), Errno::fault);
  EXPECT_EQ(p.call("fd_dup_to", {99, fd}), Errno::badf);
  EXPECT_EQ(p.call("fd_dup_to", {fd, 12}), Errno::badf);
  EXPECT_EQ(p.call("fd_dup_to", {fd, fd}), Errno::success);
  EXPECT_EQ(p.call("fd_pipe", {fdflags::append, at}), Errno::inval);
  EXPECT_EQ(p.call("fd_pipe", {0, 0xffff'fffa}), Errno::fault);
  EXPECT_TRUE(p.untouched(at, 8));
  EXPECT_EQ(dup(p, fd).second, 2u) << "no number was taken";
}

TEST_F(WasiDuplicates, the_limit_on_open_files_counts_them) {
  FakeProgram p(config());
  uint32_t at = p.room(8), made = 0;
  while (dup(p, 1).first == Errno::success) {
    ++made;
  }
  EXPECT_EQ(made, 10u) << "all but standard output and the grant";
  EXPECT_EQ(dup(p, 1).first, Errno::mfile);
  p.call("fd_close", {7});
  EXPECT_EQ(p.call("fd_pipe", {0, at}), Errno::mfile) << "a pipe takes two";
  EXPECT_EQ(dup(p, 1, 8).first, Errno::mfile) << "none above that is free";
  EXPECT_EQ(dup(p, 1).second, 7u);
}

TEST_F(WasiDuplicates, a_pipe_gives_back_what_was_written_and_then_its_end) {
  FakeProgram p(config());
  auto [reading, writing] = pipe(p);
  uint32_t buf = p.iovec(p.room(8), 8), n = p.room(4);
  EXPECT_EQ(p.start("fd_read", {reading, buf, 1, n}).action, cpu::Action::suspend);
  EXPECT_EQ(p.write(writing, "bytes").second, 5u);
  EXPECT_EQ(p.read(reading, 3).second, "byt");
  EXPECT_EQ(p.read(writing, 1).first, Errno::notcapable);
  EXPECT_EQ(p.write(reading, "x").first, Errno::notcapable);
  EXPECT_EQ(p.call("fd_seek", {reading, 0, 0, n}), Errno::spipe);
  p.call("fd_close", {writing});
  EXPECT_EQ(p.read(reading, 8), (std::pair<Errno, std::string>(Errno::success, "es")));
  EXPECT_EQ(p.read(reading, 8), (std::pair<Errno, std::string>(Errno::success, "")));
}

TEST_F(WasiDuplicates, a_pipe_without_readers_or_bytes_does_not_wait) {
  FakeProgram p(config());
  auto [reading, writing] = pipe(p, fdflags::nonblock);
  EXPECT_EQ(p.read(reading, 1).first, Errno::again);
  p.call("fd_close", {reading});
  EXPECT_EQ(p.write(writing, "x").first, Errno::pipe);
}

TEST_F(WasiDuplicates, go_on_sharing_after_a_thaw) {
  dir.write("f", "0123456789");
  FakeProgram before(config());
  uint32_t fd = opened(before, "f"), copy = dup(before, fd).second;
  ASSERT_EQ(before.call("fd_dup_to", {1, 9}), Errno::success);
  ASSERT_EQ(before.read(fd, 3).second, "012");
  auto after = thawed(before);
  EXPECT_EQ(after->read(copy, 3).second, "345");
  EXPECT_EQ(after->read(fd, 3).second, "678");
  after->call("fd_fdstat_set_flags", {fd, fdflags::append});
  EXPECT_EQ(flags(*after, copy), fdflags::append);
  after->write(9, "out");
  EXPECT_EQ(after->wasi().output(1), "out");
}

TEST_F(WasiDuplicates, bytes_in_a_pipe_survive_freezing_once) {
  FakeProgram before(config());
  auto [reading, writing] = pipe(before);
  uint32_t second = dup(before, reading).second;
  std::string bytes(65536, 'x');
  for (size_t i = 0; i < bytes.size(); i += 777) {
    bytes[i] = static_cast<char>('a' + i % 26);
  }
  ASSERT_EQ(before.write(writing, bytes).second, bytes.size());
  auto after = thawed(before);
  EXPECT_EQ(after->read(reading, 65536).second, bytes);
  before.call("fd_close", {writing});
  auto closed = thawed(before);
  EXPECT_EQ(closed->read(second, 65536).second, bytes);
  EXPECT_EQ(closed->read(reading, 1), (std::pair<Errno, std::string>(Errno::success, "")));
  EXPECT_EQ(before.read(reading, 65536).second, bytes) << "the freeze took nothing away";
}

}  // namespace
}  // namespace weft::wasi
