#include <fcntl.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/stat.h>
#include <unistd.h>

#include <climits>

#include "wasi/fake_guest.h"

namespace weft::wasi {
namespace {

class WasiPaths : public testing::Test {
 protected:
  WasiPaths() : program(granting(dir)) {}

  // Functions that take a path and no more.
  Errno on(const char* function, std::string_view path, uint32_t fd = 3) {
    return program.call(function, {fd, program.put(path), path.size()});
  }
  Errno mkdir(std::string_view path) { return on("path_create_directory", path); }
  Errno rmdir(std::string_view path) { return on("path_remove_directory", path); }
  Errno unlink(std::string_view path) { return on("path_unlink_file", path); }
  Errno symlink(std::string_view content, std::string_view path) {
    return program.call("path_symlink",
                        {program.put(content), content.size(), 3, program.put(path), path.size()});
  }
  Errno link(std::string_view from, std::string_view to, uint32_t flags = 0) {
    return program.call("path_link",
                        {3, flags, program.put(from), from.size(), 3, program.put(to), to.size()});
  }
  Errno rename(std::string_view from, std::string_view to, uint32_t from_fd = 3,
               uint32_t to_fd = 3) {
    return program.call("path_rename", {from_fd, program.put(from), from.size(), to_fd,
                                        program.put(to), to.size()});
  }
  std::pair<Errno, std::string> readlink(std::string_view path, uint32_t length = 64) {
    uint32_t buf = program.room(length), n = program.room(4);
    Errno e = program.call("path_readlink", {3, program.put(path), path.size(), buf, length, n});
    return {e, e == Errno::success ? program.text(buf, program.load<uint32_t>(n)) : ""};
  }
  std::pair<Errno, Filestat> stat(std::string_view path, uint32_t flags = 0) {
    uint32_t at = program.room(64);
    Errno e = program.call("path_filestat_get", {3, flags, program.put(path), path.size(), at});
    return {e, program.load<Filestat>(at)};
  }
  Errno open(std::string_view path, uint32_t oflags = 0,
             uint32_t lookup = lookupflags::symlink_follow) {
    auto [e, fd] = program.open(3, path, oflags, rights::fd_read, 0, 0, lookup);
    if (e == Errno::success) {
      CHECK(program.call("fd_close", {fd}) == Errno::success);
    }
    return e;
  }

  TemporaryDirectory dir;
  FakeProgram program;
};

TEST_F(WasiPaths, nothing_above_the_grant_can_be_named) {
  ASSERT_EQ(mkdir("d"), Errno::success);
  ASSERT_EQ(::symlink("..", (dir / "up").c_str()), 0);
  ASSERT_EQ(::symlink("/etc", (dir / "abs").c_str()), 0);
  for (std::string path : {"..", "../", "../x", "/", "/etc/passwd", "d/../..", "d/../../x", "up",
                           "up/", "up/x", "abs", "abs/passwd", "./../x", "d/../up/x"}) {
    EXPECT_EQ(open(path), Errno::notcapable) << path;
    EXPECT_EQ(stat(path, lookupflags::symlink_follow).first, Errno::notcapable) << path;
    Errno e = mkdir(path);
    EXPECT_TRUE(e == Errno::notcapable ||
                ((path == "up" || path == "up/" || path == "abs") && e == Errno::exist))
        << path;
    e = open(path, oflags::creat);
    EXPECT_TRUE(e == Errno::notcapable || (path == "up/" && e == Errno::isdir)) << path;
  }
  for (std::string path : {"..", "../x", "/", "/x", "up/x", "abs/x", "d/../.."}) {
    EXPECT_EQ(rmdir(path), Errno::notcapable) << path;
    EXPECT_EQ(unlink(path), Errno::notcapable) << path;
    EXPECT_EQ(rename(path, "d/x"), Errno::notcapable) << path;
    EXPECT_EQ(rename("d", path), Errno::notcapable) << path;
    EXPECT_EQ(link(path, "d/x"), Errno::notcapable) << path;
    EXPECT_EQ(link(path, "d/x", lookupflags::symlink_follow), Errno::notcapable) << path;
    EXPECT_EQ(symlink("x", path), Errno::notcapable) << path;
    EXPECT_EQ(readlink(path).first, Errno::notcapable) << path;
    EXPECT_EQ(
        program.call("path_filestat_set_times", {3, 1, program.put(path), path.size(), 0, 0, 2}),
        Errno::notcapable);
  }
}

TEST_F(WasiPaths, dots_inside_the_grant_are_fine) {
  ASSERT_EQ(mkdir("d"), Errno::success);
  ASSERT_EQ(mkdir("d/e"), Errno::success);
  dir.write("d/e/f", "x");
  for (const char* path : {"d/./e//f", "d/e/../e/f", "./d/e/f", "d/e/../../d/e/f"}) {
    EXPECT_EQ(open(path), Errno::success) << path;
  }
  EXPECT_EQ(open("."), Errno::success);
  EXPECT_EQ(open("d/.."), Errno::success);
  auto [e, fd] = program.open_directory(3, "d");
  EXPECT_EQ(program.open(fd, "e/f").first, Errno::success);
  EXPECT_EQ(program.open(fd, "..").first, Errno::notcapable)
      << "a directory is a grant of what is below it";
  EXPECT_EQ(program.open(fd, "../d/e").first, Errno::notcapable);
}

TEST_F(WasiPaths, faulty_texts_have_errors_of_their_own) {
  std::string long_name(256, 'n'), long_path;
  while (long_path.size() < PATH_MAX) {
    long_path += "d/";
  }
  std::string nul("a\0b", 3);
  using Call = std::function<Errno(std::string_view)>;
  const Call calls[] = {
      [&](auto p) { return open(p); },
      [&](auto p) { return open(p, oflags::creat); },
      [&](auto p) { return mkdir(p); },
      [&](auto p) { return rmdir(p); },
      [&](auto p) { return unlink(p); },
      [&](auto p) { return symlink("x", p); },
      [&](auto p) { return link(p, "x"); },
      [&](auto p) { return link(p, "x", lookupflags::symlink_follow); },
      [&](auto p) { return rename(p, "x"); },
      [&](auto p) { return readlink(p).first; },
      [&](auto p) { return stat(p).first; },
      [&](auto p) {
        return program.call("path_filestat_set_times", {3, 0, program.put(p), p.size(), 0, 0, 2});
      },
  };
  for (const Call& call : calls) {
    EXPECT_EQ(call(""), Errno::noent);
    EXPECT_EQ(call(nul), Errno::inval);
    EXPECT_EQ(call(long_name), Errno::nametoolong);
    EXPECT_EQ(call(long_path), Errno::nametoolong);
    EXPECT_EQ(call("missing/x"), Errno::noent);
  }
  EXPECT_EQ(symlink("", "x"), Errno::noent);
  EXPECT_EQ(symlink(nul, "x"), Errno::inval);
  EXPECT_EQ(symlink(long_path, "x"), Errno::nametoolong);
  EXPECT_EQ(symlink("/etc", "x"), Errno::notcapable);
  EXPECT_EQ(program.call("path_create_directory", {3, 0xffff'ff00, 512}), Errno::fault);
  EXPECT_EQ(program.call("path_create_directory", {3, 0, ~0u}), Errno::fault);
  EXPECT_EQ(program.call("path_create_directory", {99, 0, 1}), Errno::badf);
}

TEST_F(WasiPaths, opening_follows_the_last_link_only_when_asked) {
  dir.write("f", "x");
  ASSERT_EQ(symlink("f", "l"), Errno::success);
  ASSERT_EQ(symlink("missing", "dangling"), Errno::success);
  ASSERT_EQ(symlink("loop", "loop"), Errno::success);
  EXPECT_EQ(open("l"), Errno::success);
  EXPECT_EQ(open("l", 0, 0), Errno::loop);
  EXPECT_EQ(open("dangling"), Errno::noent);
  EXPECT_EQ(open("dangling", 0, 0), Errno::loop);
  EXPECT_EQ(open("dangling", oflags::directory, 0), Errno::notdir);
  EXPECT_EQ(open("loop"), Errno::loop);
  EXPECT_EQ(open("dangling", oflags::creat | oflags::excl), Errno::exist);
  EXPECT_EQ(open("dangling", oflags::creat), Errno::success) << "the link's target is made";
  EXPECT_TRUE(dir.exists("missing"));
}

TEST_F(WasiPaths, open_flags_are_honoured_in_all_combinations) {
  dir.write("f", "content");
  ASSERT_EQ(mkdir("d"), Errno::success);
  EXPECT_EQ(open("f", oflags::directory), Errno::notdir);
  EXPECT_EQ(open("d", oflags::directory), Errno::success);
  EXPECT_EQ(open("f", oflags::creat | oflags::excl), Errno::exist);
  EXPECT_EQ(open("f", oflags::creat), Errno::success);
  EXPECT_EQ(open("f", oflags::excl), Errno::success) << "without creat it means nothing";
  EXPECT_EQ(open("new", 0), Errno::noent);
  EXPECT_EQ(open("new", oflags::creat | oflags::excl | oflags::trunc), Errno::success);
  EXPECT_EQ(open("d", oflags::directory | oflags::creat), Errno::inval);
  EXPECT_EQ(open("d", oflags::directory | oflags::trunc), Errno::inval);
  EXPECT_EQ(open("f", 16), Errno::inval);
  EXPECT_EQ(open("f", 0, 2), Errno::inval);
  EXPECT_EQ(program.open(3, "f", 0, rights::all, 0, 32).first, Errno::inval);
  EXPECT_EQ(open("f/"), Errno::notdir);
  EXPECT_EQ(open("d///"), Errno::success);
  EXPECT_EQ(open("newer/", oflags::creat), Errno::isdir);
  EXPECT_EQ(program.open(3, "d").first, Errno::isdir) << "to write";
  EXPECT_EQ(program.open(3, "d", oflags::directory).first, Errno::isdir);
  EXPECT_EQ(program.open(3, "f", oflags::directory).first, Errno::notdir);
  EXPECT_EQ(program.open(3, "new2", oflags::directory).first, Errno::noent);
  EXPECT_EQ(program.open_directory(3, "d").first, Errno::success);
  EXPECT_EQ(dir.content("f"), "content");
  EXPECT_EQ(program.open(3, "f", oflags::trunc).first, Errno::success);
  EXPECT_EQ(dir.content("f"), "");
}

TEST_F(WasiPaths, a_failed_open_leaves_its_result_and_the_table_alone) {
  uint32_t result = program.room(4);
  EXPECT_EQ(program.call("path_open", {3, 0, program.put("x"), 1, 0, rights::all, 0, 0, result}),
            Errno::noent);
  EXPECT_TRUE(program.untouched(result, 4));
  EXPECT_EQ(program.call("path_open", {3, 0, program.put("x"), 1, oflags::creat, rights::all, 0, 0,
                                       0xffff'fffd}),
            Errno::fault);
  EXPECT_FALSE(dir.exists("x")) << "checked before the file was made";
  EXPECT_EQ(program.open(3, "x", oflags::creat).second, 0u);
  EXPECT_EQ(program.open(99, "x").first, Errno::badf);
  EXPECT_EQ(program.open(0, "x").first, Errno::notdir);
}

TEST_F(WasiPaths, rights_are_inherited_and_never_grow) {
  dir.write("f", "x");
  ASSERT_EQ(mkdir("d"), Errno::success);
  dir.write("d/f", "x");
  auto fdstat = [&](uint32_t fd) {
    uint32_t at = program.room(24);
    CHECK(program.call("fd_fdstat_get", {fd, at}) == Errno::success);
    return program.load<Fdstat>(at);
  };
  auto [e1, file] = program.open(3, "f", 0, rights::fd_read | rights::fd_seek, rights::all);
  EXPECT_EQ(fdstat(file).fs_rights_base, rights::fd_read | rights::fd_seek);
  EXPECT_EQ(program.write(file, "x").first, Errno::notcapable);
  auto [e2, sub] =
      program.open_directory(3, "d", rights::all, rights::fd_read | rights::fd_filestat_get);
  EXPECT_EQ(fdstat(sub).fs_rights_base, rights::for_directory);
  EXPECT_EQ(fdstat(sub).fs_rights_inheriting, rights::fd_read | rights::fd_filestat_get);
  EXPECT_EQ(program.open(sub, "f", 0, rights::fd_write).first, Errno::notcapable);
  auto [e3, below] = program.open(sub, "f", 0, rights::fd_read | rights::fd_tell, rights::all);
  ASSERT_EQ(e3, Errno::success);
  EXPECT_EQ(fdstat(below).fs_rights_base, rights::fd_read)
      << "what cannot be passed on is left out";
  EXPECT_EQ(program.open(sub, "f", 0, rights::fd_read, 0, fdflags::sync).first, Errno::notcapable);
  EXPECT_EQ(program.open(sub, "f", 0, rights::fd_read, 0, fdflags::dsync).first, Errno::notcapable);
  EXPECT_EQ(program.open(3, "f", 0, ~uint64_t{0}, ~uint64_t{0}).first, Errno::success)
      << "unknown rights are left out";
}

TEST_F(WasiPaths, each_function_needs_its_right) {
  dir.write("f", "x");
  ASSERT_EQ(mkdir("d"), Errno::success);
  auto without = [&](uint64_t right) {
    auto [e, fd] = program.open_directory(3, ".", rights::all & ~right);
    CHECK(e == Errno::success);
    return fd;
  };
  uint32_t name = program.put("f"), at = program.room(64);
  EXPECT_EQ(program.open(without(rights::path_open), "f").first, Errno::notcapable);
  EXPECT_EQ(program.open(without(rights::path_create_file), "n", oflags::creat).first,
            Errno::notcapable);
  EXPECT_EQ(program.open(without(rights::path_create_file), "f").first, Errno::success);
  EXPECT_EQ(program.open(without(rights::path_filestat_set_size), "f", oflags::trunc).first,
            Errno::notcapable);
  EXPECT_EQ(on("path_create_directory", "n", without(rights::path_create_directory)),
            Errno::notcapable);
  EXPECT_EQ(on("path_remove_directory", "d", without(rights::path_remove_directory)),
            Errno::notcapable);
  EXPECT_EQ(on("path_unlink_file", "f", without(rights::path_unlink_file)), Errno::notcapable);
  EXPECT_EQ(rename("f", "g", without(rights::path_rename_source), 3), Errno::notcapable);
  EXPECT_EQ(rename("f", "g", 3, without(rights::path_rename_target)), Errno::notcapable);
  EXPECT_EQ(program.call("path_link",
                         {without(rights::path_link_source), 0, name, 1, 3, program.put("g"), 1}),
            Errno::notcapable);
  EXPECT_EQ(program.call("path_link",
                         {3, 0, name, 1, without(rights::path_link_target), program.put("g"), 1}),
            Errno::notcapable);
  EXPECT_EQ(
      program.call("path_symlink", {name, 1, without(rights::path_symlink), program.put("g"), 1}),
      Errno::notcapable);
  EXPECT_EQ(program.call("path_readlink", {without(rights::path_readlink), name, 1, at, 8, at + 8}),
            Errno::notcapable);
  EXPECT_EQ(program.call("path_filestat_get", {without(rights::path_filestat_get), 0, name, 1, at}),
            Errno::notcapable);
  EXPECT_EQ(program.call("path_filestat_set_times",
                         {without(rights::path_filestat_set_times), 0, name, 1, 0, 0, 2}),
            Errno::notcapable);
}

TEST_F(WasiPaths, a_read_only_grant_changes_nothing) {
  dir.write("f", "x");
  WasiConfig config = granting(dir);
  config.directories[0].access = GrantedDirectory::Access::read_only;
  FakeProgram p(std::move(config));
  uint32_t f = p.put("f"), g = p.put("g");
  EXPECT_EQ(p.open(3, "f", 0, rights::all & ~rights::fd_write).first, Errno::success)
      << "reading is not hindered";
  EXPECT_EQ(p.open(3, "f").first, Errno::notcapable);
  EXPECT_EQ(p.open(3, "g", oflags::creat, rights::fd_read).first, Errno::notcapable);
  EXPECT_EQ(p.open(3, "f", oflags::trunc, rights::fd_read).first, Errno::notcapable);
  EXPECT_EQ(p.call("path_unlink_file", {3, f, 1}), Errno::notcapable);
  EXPECT_EQ(p.call("path_create_directory", {3, g, 1}), Errno::notcapable);
  EXPECT_EQ(p.call("path_remove_directory", {3, g, 1}), Errno::notcapable);
  EXPECT_EQ(p.call("path_rename", {3, f, 1, 3, g, 1}), Errno::notcapable);
  EXPECT_EQ(p.call("path_link", {3, 0, f, 1, 3, g, 1}), Errno::notcapable);
  EXPECT_EQ(p.call("path_symlink", {f, 1, 3, g, 1}), Errno::notcapable);
  EXPECT_EQ(p.call("path_filestat_set_times", {3, 0, f, 1, 0, 0, 2}), Errno::notcapable);
  EXPECT_EQ(p.call("fd_filestat_set_times", {3, 0, 0, 2}), Errno::notcapable);
}

TEST_F(WasiPaths, directories_are_made_and_removed) {
  EXPECT_EQ(mkdir("d"), Errno::success);
  EXPECT_EQ(mkdir("d/e/"), Errno::success);
  EXPECT_EQ(mkdir("d"), Errno::exist);
  EXPECT_EQ(mkdir("d/."), Errno::exist);
  EXPECT_EQ(mkdir("d/.."), Errno::exist);
  EXPECT_EQ(mkdir("x/."), Errno::noent);
  EXPECT_EQ(rmdir("d"), Errno::notempty);
  EXPECT_EQ(rmdir("d/."), Errno::inval);
  dir.write("f", "x");
  EXPECT_EQ(rmdir("f"), Errno::notdir);
  EXPECT_EQ(rmdir("f/"), Errno::notdir);
  EXPECT_EQ(mkdir("f/x"), Errno::notdir);
  ASSERT_EQ(symlink("d", "l"), Errno::success);
  EXPECT_EQ(rmdir("l"), Errno::notdir);
  EXPECT_EQ(rmdir("l/"), Errno::notdir) << "a link is not removed through itself";
  EXPECT_EQ(rmdir("l/e"), Errno::success);
  EXPECT_EQ(rmdir("d/"), Errno::success);
  EXPECT_EQ(rmdir("d"), Errno::noent);
}

TEST_F(WasiPaths, files_are_unlinked_and_directories_are_not) {
  dir.write("f", "x");
  ASSERT_EQ(mkdir("d"), Errno::success);
  ASSERT_EQ(symlink("d", "l"), Errno::success);
  EXPECT_EQ(unlink("d"), Errno::isdir);
  EXPECT_EQ(unlink("d/"), Errno::isdir);
  EXPECT_EQ(unlink("."), Errno::isdir);
  EXPECT_EQ(unlink("f/"), Errno::notdir);
  EXPECT_EQ(unlink("l/"), Errno::notdir);
  EXPECT_EQ(unlink("f"), Errno::success);
  EXPECT_EQ(unlink("f"), Errno::noent);
  EXPECT_EQ(unlink("l"), Errno::success);
  EXPECT_TRUE(dir.exists("d"));
}

TEST_F(WasiPaths, links_are_made_read_and_told_apart_from_files) {
  dir.write("f", "x");
  ASSERT_EQ(symlink("../f", "l"), Errno::success)
      << "content is not checked, only followed in vain";
  EXPECT_EQ(readlink("l"), std::pair(Errno::success, std::string("../f")));
  EXPECT_EQ(readlink("l", 2), std::pair(Errno::success, std::string("..")));
  EXPECT_EQ(readlink("l", 0), std::pair(Errno::success, std::string()));
  EXPECT_EQ(readlink("f").first, Errno::inval);
  EXPECT_EQ(readlink(".").first, Errno::inval);
  EXPECT_EQ(readlink("missing").first, Errno::noent);
  EXPECT_EQ(open("l"), Errno::notcapable);
  EXPECT_EQ(symlink("f", "l"), Errno::exist);
  EXPECT_EQ(symlink("f", "new/"), Errno::noent);
  EXPECT_EQ(symlink("f", "."), Errno::exist);
  EXPECT_EQ(
      program.call("path_readlink", {3, program.put("l"), 1, 0xffff'fffe, 8, program.room(4)}),
      Errno::fault);
}

TEST_F(WasiPaths, status_and_times_are_of_the_link_or_of_its_target) {
  dir.write("f", "12345");
  ASSERT_EQ(symlink("f", "l"), Errno::success);
  EXPECT_EQ(stat("l").second.filetype, Filetype::symbolic_link);
  EXPECT_EQ(stat("l").second.size, 1u);
  EXPECT_EQ(stat("l", 1).second.filetype, Filetype::regular_file);
  EXPECT_EQ(stat("l", 1).second.size, 5u);
  EXPECT_EQ(stat("l", 2).first, Errno::inval);
  EXPECT_EQ(stat("f/").first, Errno::notdir);
  auto set = [&](uint32_t lookup, uint64_t mtim, uint32_t flags) {
    return program.call("path_filestat_set_times",
                        {3, lookup, program.put("l"), 1, 0, mtim, flags});
  };
  ASSERT_EQ(set(0, 1'000, fstflags::mtim), Errno::success);
  ASSERT_EQ(set(1, 2'000, fstflags::mtim), Errno::success);
  EXPECT_EQ(stat("l").second.mtim, 1'000u);
  EXPECT_EQ(stat("f").second.mtim, 2'000u);
  EXPECT_EQ(set(0, 0, 15), Errno::inval);
  EXPECT_EQ(set(2, 0, 2), Errno::inval);
  uint32_t at = program.room(64);
  EXPECT_EQ(program.call("path_filestat_get", {3, 0, program.put("none"), 4, at}), Errno::noent);
  EXPECT_TRUE(program.untouched(at, 64));
  EXPECT_EQ(program.call("path_filestat_get", {3, 0, program.put("f"), 1, 0xffff'ffd0}),
            Errno::fault);
}

TEST_F(WasiPaths, hard_links_are_made_of_files_and_of_links) {
  dir.write("f", "x");
  ASSERT_EQ(mkdir("d"), Errno::success);
  ASSERT_EQ(symlink("f", "l"), Errno::success);
  EXPECT_EQ(link("f", "d/g"), Errno::success);
  EXPECT_EQ(stat("f").second.nlink, 2u);
  EXPECT_EQ(link("f", "d/g"), Errno::exist);
  EXPECT_EQ(link("d", "e"), Errno::perm);
  EXPECT_EQ(link("d/", "e"), Errno::perm);
  EXPECT_EQ(link("d/.", "e"), Errno::perm);
  EXPECT_EQ(link("f/", "e"), Errno::notdir);
  EXPECT_EQ(link("f", "e/"), Errno::noent);
  EXPECT_EQ(link("f", "."), Errno::exist);
  EXPECT_EQ(link("missing", "e"), Errno::noent);
  EXPECT_EQ(link("l", "l2"), Errno::success);
  EXPECT_EQ(stat("l2").second.filetype, Filetype::symbolic_link);
  EXPECT_EQ(link("l", "h", lookupflags::symlink_follow), Errno::success);
  EXPECT_EQ(stat("h").second.ino, stat("f").second.ino);
  EXPECT_EQ(link("f", "e", 2), Errno::inval);
}

TEST_F(WasiPaths, renames_replace_what_they_may) {
  dir.write("f", "F");
  dir.write("g", "G");
  ASSERT_EQ(mkdir("d"), Errno::success);
  ASSERT_EQ(mkdir("e"), Errno::success);
  ASSERT_EQ(mkdir("e/full"), Errno::success);
  EXPECT_EQ(rename("f", "g"), Errno::success);
  EXPECT_EQ(dir.content("g"), "F");
  EXPECT_EQ(rename("f", "x"), Errno::noent);
  EXPECT_EQ(rename("g", "d"), Errno::isdir);
  EXPECT_EQ(rename("d", "g"), Errno::notdir);
  EXPECT_EQ(rename("d", "e"), Errno::notempty);
  EXPECT_EQ(rename("e", "e/full/x"), Errno::inval) << "into itself";
  EXPECT_EQ(rename("g/", "h"), Errno::notdir);
  EXPECT_EQ(rename("g", "h/"), Errno::notdir);
  EXPECT_EQ(rename("d/", "h/"), Errno::success);
  EXPECT_EQ(rename(".", "x"), Errno::busy);
  EXPECT_EQ(rename("h", "e/.."), Errno::busy);
}

TEST_F(WasiPaths, files_move_between_grants) {
  TemporaryDirectory other;
  WasiConfig config = granting(dir);
  config.directories.push_back({.host_path = other.path(), .guest_path = "/other"});
  FakeProgram p(std::move(config));
  dir.write("f", "x");
  uint32_t f = p.put("f"), g = p.put("g"), h = p.put("h");
  EXPECT_EQ(p.call("path_link", {3, 0, f, 1, 4, h, 1}), Errno::success);
  EXPECT_EQ(p.call("path_rename", {3, f, 1, 4, g, 1}), Errno::success);
  EXPECT_FALSE(dir.exists("f"));
  EXPECT_EQ(other.content("g"), "x");
  EXPECT_EQ(p.call("path_rename", {4, g, 1, 9, g, 1}), Errno::badf);
}

TEST_F(WasiPaths, pipes_and_devices_in_a_grant_never_block) {
  ASSERT_EQ(mkfifo((dir / "fifo").c_str(), 0666), 0);
  EXPECT_EQ(program.open(3, "fifo", 0, rights::fd_write).first, Errno::nxio) << "no reader";
  auto [e, reader] = program.open(3, "fifo", 0, rights::fd_read | rights::poll_fd_readwrite);
  ASSERT_EQ(e, Errno::success);
  EXPECT_EQ(program.read(reader, 4), std::pair(Errno::success, std::string()))
      << "no writer: the end";
  auto [e2, writer] = program.open(3, "fifo", 0, rights::fd_write);
  ASSERT_EQ(e2, Errno::success);
  uint32_t buf = program.room(4), n = program.room(4);
  EXPECT_EQ(program.start("fd_read", {reader, program.iovec(buf, 4), 1, n}).action,
            cpu::Action::suspend);
  EXPECT_EQ(program.write(writer, "abc"), std::pair(Errno::success, 3u));
  EXPECT_EQ(program.read(reader, 4).second, "abc");
  ASSERT_EQ(program.call("fd_close", {reader}), Errno::success);
  EXPECT_EQ(program.write(writer, "abc").first, Errno::pipe);
}

}  // namespace
}  // namespace weft::wasi
