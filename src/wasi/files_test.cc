#include <fcntl.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/stat.h>
#include <unistd.h>

#include <map>
#include <set>

#include "wasi/fake_guest.h"

namespace weft::wasi {
namespace {

using testing::UnorderedElementsAre;

class WasiFiles : public testing::Test {
 protected:
  WasiFiles() : program(granting(dir)) {}

  uint32_t opened(std::string_view path, uint32_t oflags = 0, uint64_t base = rights::all) {
    auto [e, fd] = program.open(3, path, oflags, base);
    CHECK(e == Errno::success, "{}: {}", path, static_cast<int>(e));
    return fd;
  }
  Fdstat fdstat(uint32_t fd) {
    uint32_t at = program.room(24);
    CHECK(program.call("fd_fdstat_get", {fd, at}) == Errno::success);
    return program.load<Fdstat>(at);
  }
  Filestat filestat(uint32_t fd) {
    uint32_t at = program.room(64);
    CHECK(program.call("fd_filestat_get", {fd, at}) == Errno::success);
    return program.load<Filestat>(at);
  }

  TemporaryDirectory dir;
  FakeProgram program;
};

TEST_F(WasiFiles, grants_are_found_from_descriptor_3_until_one_is_bad) {
  TemporaryDirectory second;
  WasiConfig config = granting(dir);
  config.directories.push_back({.host_path = second.path(), .guest_path = "."});
  FakeProgram p(std::move(config));
  uint32_t at = p.room(8), name = p.room(16);
  ASSERT_EQ(p.call("fd_prestat_get", {3, at}), Errno::success);
  EXPECT_EQ(p.load<Prestat>(at).tag, 0);
  EXPECT_EQ(p.load<Prestat>(at).pr_name_len, 5u);
  EXPECT_EQ(p.call("fd_prestat_dir_name", {3, name, 4}), Errno::nametoolong);
  EXPECT_TRUE(p.untouched(name, 16));
  EXPECT_EQ(p.call("fd_prestat_dir_name", {3, name, 16}), Errno::success);
  EXPECT_EQ(p.text(name, 5), "/data");
  EXPECT_TRUE(p.untouched(name + 5, 11)) << "no NUL";
  EXPECT_EQ(p.call("fd_prestat_get", {4, at}), Errno::success);
  EXPECT_EQ(p.call("fd_prestat_get", {5, at}), Errno::badf);
  EXPECT_EQ(p.call("fd_prestat_get", {0, at}), Errno::badf);
  EXPECT_EQ(p.call("fd_prestat_dir_name", {5, name, 16}), Errno::badf);
  EXPECT_EQ(p.call("fd_prestat_get", {3, 0xffff'fffe}), Errno::fault);
  EXPECT_EQ(p.call("fd_prestat_dir_name", {3, 0xffff'fffe, 5}), Errno::fault);
  ASSERT_EQ(p.call("fd_close", {3}), Errno::success);
  EXPECT_EQ(p.call("fd_prestat_get", {3, at}), Errno::badf);
  EXPECT_EQ(p.open(3, "x").first, Errno::badf);
}

TEST_F(WasiFiles, an_opened_directory_is_no_grant) {
  ASSERT_EQ(program.call("path_create_directory", {3, program.put("d"), 1}), Errno::success);
  auto [e, fd] = program.open_directory(3, "d");
  ASSERT_EQ(e, Errno::success);
  EXPECT_EQ(program.call("fd_prestat_get", {fd, program.room(8)}), Errno::badf);
}

TEST_F(WasiFiles, the_status_of_a_descriptor_tells_type_flags_and_rights) {
  uint32_t fd = opened("f", oflags::creat);
  auto s = fdstat(fd);
  EXPECT_EQ(s.fs_filetype, Filetype::regular_file);
  EXPECT_EQ(s.fs_flags, 0);
  EXPECT_EQ(s.fs_rights_base, rights::for_file);
  EXPECT_EQ(s.fs_rights_inheriting, 0u);
  s = fdstat(3);
  EXPECT_EQ(s.fs_filetype, Filetype::directory);
  EXPECT_EQ(s.fs_rights_base, rights::for_directory);
  EXPECT_EQ(s.fs_rights_inheriting, rights::all);
  EXPECT_EQ(program.call("fd_fdstat_get", {fd, 0xffff'fff0}), Errno::fault);
  EXPECT_EQ(program.call("fd_fdstat_get", {99, program.room(24)}), Errno::badf);
}

TEST_F(WasiFiles, flags_are_set_and_unknown_ones_refused) {
  uint32_t fd = opened("f", oflags::creat);
  ASSERT_EQ(program.call("fd_fdstat_set_flags", {fd, fdflags::append | fdflags::nonblock}),
            Errno::success);
  EXPECT_EQ(fdstat(fd).fs_flags, fdflags::append | fdflags::nonblock);
  EXPECT_EQ(program.call("fd_fdstat_set_flags", {fd, 32}), Errno::inval);
  EXPECT_EQ(program.call("fd_fdstat_set_flags", {fd, 0x1'0001}), Errno::inval);
  EXPECT_EQ(program.call("fd_fdstat_set_flags", {99, 0}), Errno::badf);
  EXPECT_EQ(fdstat(fd).fs_flags, fdflags::append | fdflags::nonblock);
}

TEST_F(WasiFiles, rights_can_be_given_up_and_never_come_back) {
  uint32_t fd = opened("f", oflags::creat);
  ASSERT_EQ(program.call("fd_fdstat_set_rights", {fd, rights::fd_read | rights::fd_tell, 0}),
            Errno::success);
  EXPECT_EQ(program.call("fd_fdstat_set_rights", {fd, rights::for_file, 0}), Errno::notcapable);
  EXPECT_EQ(program.call("fd_fdstat_set_rights", {fd, rights::fd_read, rights::fd_read}),
            Errno::notcapable);
  EXPECT_EQ(program.call("fd_fdstat_set_rights", {fd, uint64_t{1} << 40, 0}), Errno::notcapable);
  EXPECT_EQ(program.call("fd_fdstat_set_rights", {99, 0, 0}), Errno::badf);
  uint32_t at = program.room(8), buf = program.room(8), n = program.room(4);
  uint32_t list = program.iovec(buf, 4);
  EXPECT_EQ(program.write(fd, "x").first, Errno::notcapable);
  EXPECT_EQ(program.read(fd, 1).first, Errno::success);
  EXPECT_EQ(program.call("fd_pread", {fd, list, 1, 0, n}), Errno::notcapable)
      << "needs the right to seek as well";
  EXPECT_EQ(program.call("fd_pwrite", {fd, list, 1, 0, n}), Errno::notcapable);
  EXPECT_EQ(program.call("fd_tell", {fd, at}), Errno::success);
  EXPECT_EQ(program.call("fd_seek", {fd, 0, 1, at}), Errno::success) << "asking where is telling";
  EXPECT_EQ(program.call("fd_seek", {fd, 0, 0, at}), Errno::notcapable);
  EXPECT_EQ(program.call("fd_seek", {fd, 1, 1, at}), Errno::notcapable);
  EXPECT_EQ(program.call("fd_sync", {fd}), Errno::notcapable);
  EXPECT_EQ(program.call("fd_datasync", {fd}), Errno::notcapable);
  EXPECT_EQ(program.call("fd_advise", {fd, 0, 0, 0}), Errno::notcapable);
  EXPECT_EQ(program.call("fd_allocate", {fd, 0, 1}), Errno::notcapable);
  EXPECT_EQ(program.call("fd_filestat_get", {fd, program.room(64)}), Errno::notcapable);
  EXPECT_EQ(program.call("fd_filestat_set_size", {fd, 0}), Errno::notcapable);
  EXPECT_EQ(program.call("fd_filestat_set_times", {fd, 0, 0, 2}), Errno::notcapable);
  EXPECT_EQ(program.call("fd_fdstat_set_flags", {fd, 0}), Errno::notcapable);
}

TEST_F(WasiFiles, the_right_to_seek_includes_that_to_tell) {
  uint32_t fd = opened("f", oflags::creat);
  ASSERT_EQ(program.call("fd_fdstat_set_rights", {fd, rights::fd_seek, 0}), Errno::success);
  EXPECT_EQ(program.call("fd_tell", {fd, program.room(8)}), Errno::success);
}

TEST_F(WasiFiles, seeking_moves_the_offset_and_never_before_the_start) {
  dir.write("f", "0123456789");
  uint32_t fd = opened("f"), at = program.room(8);
  auto seek = [&](int64_t offset, uint32_t whence) {
    return program.call("fd_seek", {fd, static_cast<uint64_t>(offset), whence, at});
  };
  ASSERT_EQ(seek(-3, 2), Errno::success);
  EXPECT_EQ(program.load<uint64_t>(at), 7u);
  ASSERT_EQ(seek(2, 1), Errno::success);
  EXPECT_EQ(program.load<uint64_t>(at), 9u);
  EXPECT_EQ(seek(-10, 1), Errno::inval);
  EXPECT_EQ(seek(INT64_MIN, 1), Errno::inval);
  EXPECT_EQ(seek(INT64_MAX, 1), Errno::inval) << "the sum has no representation";
  EXPECT_EQ(seek(INT64_MAX, 2), Errno::inval);
  EXPECT_EQ(seek(0, 3), Errno::inval);
  EXPECT_EQ(seek(0, 259), Errno::inval);
  EXPECT_EQ(program.call("fd_seek", {fd, 0, 0, 0xffff'fffc}), Errno::fault);
  ASSERT_EQ(program.call("fd_tell", {fd, at}), Errno::success);
  EXPECT_EQ(program.load<uint64_t>(at), 9u) << "no failed call moved it";
  EXPECT_EQ(program.call("fd_tell", {fd, 0xffff'fffc}), Errno::fault);
  EXPECT_EQ(program.call("fd_seek", {3, 0, 0, at}), Errno::isdir);
  EXPECT_EQ(program.call("fd_tell", {99, at}), Errno::badf);
}

TEST_F(WasiFiles, sizes_are_set_and_space_is_allocated) {
  uint32_t fd = opened("f", oflags::creat);
  ASSERT_EQ(program.call("fd_filestat_set_size", {fd, 100}), Errno::success);
  EXPECT_EQ(filestat(fd).size, 100u);
  ASSERT_EQ(program.call("fd_allocate", {fd, 50, 150}), Errno::success);
  EXPECT_EQ(filestat(fd).size, 200u);
  EXPECT_EQ(program.call("fd_allocate", {fd, 0, 0}), Errno::inval);
  EXPECT_EQ(program.call("fd_allocate", {fd, INT64_MAX, 2}), Errno::fbig);
  EXPECT_EQ(program.call("fd_allocate", {fd, ~uint64_t{0}, 2}), Errno::inval);
  EXPECT_EQ(program.call("fd_filestat_set_size", {fd, uint64_t{1} << 63}), Errno::inval);
  EXPECT_EQ(program.call("fd_filestat_set_size", {3, 1}), Errno::isdir);
  EXPECT_EQ(program.call("fd_allocate", {3, 0, 1}), Errno::isdir);
  EXPECT_EQ(program.call("fd_allocate", {99, 0, 1}), Errno::badf);
  EXPECT_EQ(filestat(fd).size, 200u);
}

TEST_F(WasiFiles, advice_is_taken_for_files_only) {
  uint32_t fd = opened("f", oflags::creat);
  for (uint32_t advice = 0; advice < 6; ++advice) {
    EXPECT_EQ(program.call("fd_advise", {fd, 0, 10, advice}), Errno::success);
  }
  EXPECT_EQ(program.call("fd_advise", {fd, 0, 10, 6}), Errno::inval);
  EXPECT_EQ(program.call("fd_advise", {fd, uint64_t{1} << 63, 10, 0}), Errno::inval);
  EXPECT_EQ(program.call("fd_advise", {fd, 0, ~uint64_t{0}, 0}), Errno::inval);
  EXPECT_EQ(program.call("fd_advise", {3, 0, 0, 0}), Errno::isdir);
  EXPECT_EQ(program.call("fd_advise", {99, 0, 0, 0}), Errno::badf);
}

TEST_F(WasiFiles, data_is_synchronised) {
  uint32_t fd = opened("f", oflags::creat);
  EXPECT_EQ(program.call("fd_sync", {fd}), Errno::success);
  EXPECT_EQ(program.call("fd_datasync", {fd}), Errno::success);
  EXPECT_EQ(program.call("fd_sync", {3}), Errno::success);
  EXPECT_EQ(program.call("fd_sync", {99}), Errno::badf);
}

TEST_F(WasiFiles, times_are_given_or_now_or_left_alone) {
  uint32_t fd = opened("f", oflags::creat);
  ASSERT_EQ(program.call("fd_filestat_set_times",
                         {fd, 1'500'000'000, 3'000'000'007, fstflags::atim | fstflags::mtim}),
            Errno::success);
  EXPECT_EQ(filestat(fd).atim, 1'500'000'000u);
  EXPECT_EQ(filestat(fd).mtim, 3'000'000'007u);
  ASSERT_EQ(program.call("fd_filestat_set_times", {fd, 5, 0, fstflags::mtim_now}), Errno::success);
  EXPECT_EQ(filestat(fd).atim, 1'500'000'000u);
  EXPECT_GT(filestat(fd).mtim, 1'600'000'000'000'000'000u);
  ASSERT_EQ(program.call("fd_filestat_set_times", {fd, 0, 9, fstflags::mtim}), Errno::success);
  EXPECT_EQ(filestat(fd).mtim, 9u);
  EXPECT_EQ(program.call("fd_filestat_set_times", {fd, 0, 0, fstflags::atim | fstflags::atim_now}),
            Errno::inval);
  EXPECT_EQ(program.call("fd_filestat_set_times", {fd, 0, 0, fstflags::mtim | fstflags::mtim_now}),
            Errno::inval);
  EXPECT_EQ(program.call("fd_filestat_set_times", {fd, 0, 0, 16}), Errno::inval);
  EXPECT_EQ(program.call("fd_filestat_set_times", {99, 0, 0, 0}), Errno::badf);
  EXPECT_EQ(program.call("fd_filestat_set_times", {3, 0, 0, fstflags::atim_now}), Errno::success);
}

TEST_F(WasiFiles, the_status_of_a_file_is_the_hosts) {
  dir.write("f", "12345");
  ASSERT_EQ(link((dir / "f").c_str(), (dir / "g").c_str()), 0);
  auto s = filestat(opened("f"));
  struct stat host;
  ASSERT_EQ(stat((dir / "f").c_str(), &host), 0);
  EXPECT_EQ(s.dev, host.st_dev);
  EXPECT_EQ(s.ino, host.st_ino);
  EXPECT_EQ(s.nlink, 2u);
  EXPECT_EQ(s.size, 5u);
  EXPECT_EQ(s.filetype, Filetype::regular_file);
  EXPECT_EQ(filestat(3).filetype, Filetype::directory);
  EXPECT_EQ(program.call("fd_filestat_get", {3, 0xffff'ffc1}), Errno::fault);
  EXPECT_EQ(program.call("fd_filestat_get", {99, program.room(64)}), Errno::badf);
}

TEST_F(WasiFiles, the_lowest_free_number_is_given_and_the_limit_holds) {
  WasiConfig config = granting(dir);
  config.limits.open_files = 6;
  FakeProgram p(std::move(config));
  auto open = [&] { return p.open(3, "f", oflags::creat); };
  EXPECT_EQ(open().second, 0u) << "the streams are closed";
  EXPECT_EQ(open().second, 1u);
  EXPECT_EQ(open().second, 2u);
  EXPECT_EQ(open().second, 4u);
  EXPECT_EQ(open().second, 5u);
  EXPECT_EQ(open().first, Errno::mfile);
  ASSERT_EQ(p.call("fd_close", {1}), Errno::success);
  EXPECT_EQ(p.call("fd_close", {1}), Errno::badf);
  EXPECT_EQ(open().second, 1u);
}

TEST_F(WasiFiles, renumbering_replaces_an_open_descriptor) {
  dir.write("a", "A");
  dir.write("b", "B");
  uint32_t a = opened("a"), b = opened("b");
  ASSERT_EQ(program.call("fd_renumber", {a, b}), Errno::success);
  EXPECT_EQ(program.read(b, 1).second, "A");
  EXPECT_EQ(program.read(a, 1).first, Errno::badf);
  EXPECT_EQ(program.call("fd_renumber", {b, a}), Errno::badf) << "the target must be open";
  EXPECT_EQ(program.call("fd_renumber", {99, b}), Errno::badf);
  EXPECT_EQ(program.call("fd_renumber", {b, b}), Errno::success);
  EXPECT_EQ(program.call("fd_renumber", {b, 3}), Errno::success)
      << "grants are descriptors like others";
  EXPECT_EQ(program.open(3, "a").first, Errno::notdir);
}

// Reads a directory through buffers of `length` bytes, as a C library does: the entry that was cut
// is read again.
std::vector<std::pair<std::string, Dirent>> list(FakeProgram& p, uint32_t fd, uint32_t length,
                                                 uint64_t cookie = 0) {
  std::vector<std::pair<std::string, Dirent>> entries;
  uint32_t buf = p.room(length), used_at = p.room(4);
  for (;;) {
    CHECK(p.call("fd_readdir", {fd, buf, length, cookie, used_at}) == Errno::success);
    uint32_t used = p.load<uint32_t>(used_at);
    uint32_t at = 0;
    while (at + sizeof(Dirent) <= used) {
      auto d = p.load<Dirent>(buf + at);
      if (at + sizeof(Dirent) + d.d_namlen > used) {
        break;
      }
      entries.emplace_back(p.text(buf + at + sizeof(Dirent), d.d_namlen), d);
      cookie = d.d_next;
      at += sizeof(Dirent) + d.d_namlen;
    }
    if (used < length) {
      return entries;
    }
  }
}

std::set<std::string> names(const std::vector<std::pair<std::string, Dirent>>& entries) {
  std::set<std::string> all;
  for (const auto& [name, d] : entries) {
    CHECK(all.insert(name).second, "{} was listed twice", name);
  }
  return all;
}

TEST_F(WasiFiles, a_directory_lists_its_entries_with_type_and_inode) {
  dir.write("file", "");
  ASSERT_EQ(mkdir((dir / "sub").c_str(), 0777), 0);
  ASSERT_EQ(symlink("file", (dir / "link").c_str()), 0);
  ASSERT_EQ(mkfifo((dir / "fifo").c_str(), 0777), 0);
  std::map<std::string, Filetype> types;
  for (const auto& [name, d] : list(program, 3, 4096)) {
    types[name] = d.d_type;
    if (name == "file") {
      EXPECT_EQ(d.d_ino, filestat(opened("file")).ino);
    }
  }
  EXPECT_THAT(
      types, UnorderedElementsAre(
                 std::pair(".", Filetype::directory), std::pair("..", Filetype::directory),
                 std::pair("file", Filetype::regular_file), std::pair("sub", Filetype::directory),
                 std::pair("link", Filetype::symbolic_link), std::pair("fifo", Filetype::unknown)));
}

TEST_F(WasiFiles, a_directory_is_listed_whole_through_buffers_of_any_size) {
  std::set<std::string> wanted = {".", ".."};
  for (int i = 0; i < 300; ++i) {
    std::string name = fmt::format("{}{}", std::string(static_cast<size_t>(i % 90), 'n'), i);
    dir.write(name, "");
    wanted.insert(name);
  }
  for (uint32_t length : {120u, 121u, 200u, 500u, 4096u, 100'000u}) {
    EXPECT_EQ(names(list(program, 3, length)), wanted) << length;
  }
}

TEST_F(WasiFiles, an_entry_that_does_not_fit_is_cut_where_the_buffer_ends) {
  dir.write("a-rather-long-name", "");
  uint32_t whole = program.room(512), part = program.room(512), n = program.room(4);
  ASSERT_EQ(program.call("fd_readdir", {3, whole, 512, 0, n}), Errno::success);
  uint32_t total = program.load<uint32_t>(n);
  ASSERT_LT(total, 512u);
  for (uint32_t length = 0; length <= total; ++length) {
    ASSERT_EQ(program.call("fd_readdir", {3, part, length, 0, n}), Errno::success);
    EXPECT_EQ(program.load<uint32_t>(n), length);
    EXPECT_EQ(program.text(part, length), program.text(whole, length));
    EXPECT_TRUE(program.untouched(part + length, 512 - length));
  }
}

TEST_F(WasiFiles, a_cookie_goes_on_where_it_was_while_entries_come_and_go) {
  std::set<std::string> stay;
  for (int i = 0; i < 100; ++i) {
    stay.insert(fmt::format("f{}", i));
    dir.write(fmt::format("f{}", i), "");
  }
  auto all = list(program, 3, 4096);
  for (size_t i = 0; i < all.size(); i += 7) {
    auto rest = names(list(program, 3, 300, all[i].second.d_next));
    EXPECT_EQ(rest.size(), all.size() - i - 1) << "after entry " << i;
    EXPECT_FALSE(rest.contains(all[i].first));
  }
  // What is read before and after a change is together everything that was there all the time.
  size_t half = all.size() / 2;
  std::set<std::string> seen;
  for (size_t i = 0; i <= half; ++i) {
    seen.insert(all[i].first);
  }
  for (int i = 0; i < 20; ++i) {
    dir.write(fmt::format("new{}", i), "");
  }
  ASSERT_EQ(unlink((dir / all[half].first).c_str()), 0);
  seen.merge(names(list(program, 3, 300, all[half].second.d_next)));
  EXPECT_TRUE(std::ranges::includes(seen, stay));
}

TEST_F(WasiFiles, listing_checks_its_arguments) {
  uint32_t buf = program.room(512), n = program.room(4);
  EXPECT_EQ(program.call("fd_readdir", {99, buf, 512, 0, n}), Errno::badf);
  EXPECT_EQ(program.call("fd_readdir", {opened("f", oflags::creat), buf, 512, 0, n}),
            Errno::notdir);
  EXPECT_EQ(program.call("fd_readdir", {3, buf, 512, uint64_t{1} << 63, n}), Errno::inval);
  EXPECT_EQ(program.call("fd_readdir", {3, 0xffff'fff0, 512, 0, n}), Errno::fault);
  EXPECT_EQ(program.call("fd_readdir", {3, buf, 512, 0, 0xffff'fffe}), Errno::fault);
  EXPECT_TRUE(program.untouched(buf, 512));
  ASSERT_EQ(program.call("fd_fdstat_set_rights", {3, 0, 0}), Errno::success);
  EXPECT_EQ(program.call("fd_readdir", {3, buf, 512, 0, n}), Errno::notcapable);
}

TEST(WasiVanished, a_granted_directory_that_is_removed_gives_errors_and_nothing_worse) {
  TemporaryDirectory outer;
  ASSERT_EQ(mkdir((outer / "grant").c_str(), 0777), 0);
  WasiConfig config;
  config.directories.push_back({.host_path = outer / "grant", .guest_path = "/"});
  FakeProgram p(std::move(config));
  ASSERT_EQ(p.call("path_create_directory", {3, p.put("d"), 1}), Errno::success);
  ASSERT_EQ(rmdir((outer / "grant/d").c_str()), 0);
  ASSERT_EQ(rmdir((outer / "grant").c_str()), 0);
  uint32_t n = p.room(4);
  EXPECT_EQ(p.open(3, "f", oflags::creat).first, Errno::noent);
  EXPECT_EQ(p.open(3, "f").first, Errno::noent);
  EXPECT_EQ(p.call("path_create_directory", {3, p.put("d"), 1}), Errno::noent);
  EXPECT_EQ(p.call("path_rename", {3, p.put("a"), 1, 3, p.put("b"), 1}), Errno::noent);
  EXPECT_EQ(p.call("fd_readdir", {3, p.room(512), 512, 0, n}), Errno::success);
  EXPECT_EQ(p.load<uint32_t>(n), 0u);
  EXPECT_EQ(p.call("fd_filestat_get", {3, p.room(64)}), Errno::success);
}

}  // namespace
}  // namespace weft::wasi
