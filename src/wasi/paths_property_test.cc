// Properties that hold for all inputs: no path leaves its grant, whatever links and dots it is made
// of (compared with a model of POSIX path resolution), and a directory is listed whole through
// buffers of any sizes.
#include <gtest/gtest.h>
#include <rapidcheck.h>
#include <sys/stat.h>
#include <unistd.h>

#include <map>
#include <set>

#include "wasi/fake_guest.h"

namespace weft::wasi {
namespace {

// The same cases each time; RC_PARAMS from outside still counts.
bool holds(const std::string& what, auto property) {
  setenv("RC_PARAMS", "seed=20240229 max_success=150", 0);
  return rc::check(what, property);
}

// A tree of directories, files and links in memory, and what a path in it leads to.
class Model {
 public:
  struct Node {
    std::map<std::string, int> entries;  // of a directory
    std::string link;                    // content of a link
    enum class Kind { directory, file, link } kind = Kind::directory;
    int parent = 0;
  };
  enum class Answer { found, missing, not_a_directory, outside, loop };

  Model() : nodes_(1) {}

  const Node& node(int n) const { return nodes_[static_cast<size_t>(n)]; }
  size_t size() const { return nodes_.size(); }
  std::string path_of(int n) const {
    if (n == 0) {
      return "";
    }
    for (const auto& [name, child] : node(node(n).parent).entries) {
      if (child == n) {
        return path_of(node(n).parent) + "/" + name;
      }
    }
    return "";
  }
  bool add(int parent, const std::string& name, Node node) {
    if (this->node(parent).kind != Node::Kind::directory ||
        this->node(parent).entries.contains(name)) {
      return false;
    }
    node.parent = parent;
    nodes_.push_back(node);
    nodes_[static_cast<size_t>(parent)].entries[name] = static_cast<int>(nodes_.size()) - 1;
    return true;
  }

  // From node 0, links followed everywhere; `where` is the node that was found.
  Answer resolve(const std::string& path, int& where) const {
    where = 0;
    int links = 0;
    return walk(path, where, links);
  }

 private:
  Answer walk(const std::string& path, int& where, int& links) const {
    if (path.starts_with('/')) {
      return Answer::outside;
    }
    size_t at = 0;
    while (at < path.size()) {
      size_t end = std::min(path.find('/', at), path.size());
      Answer a = step(path.substr(at, end - at), where, links);
      if (a != Answer::found) {
        return a;
      }
      if (end < path.size() && node(where).kind != Node::Kind::directory) {
        return Answer::not_a_directory;
      }
      at = end + 1;
    }
    return Answer::found;
  }
  Answer step(const std::string& name, int& where, int& links) const {
    if (node(where).kind != Node::Kind::directory) {
      return Answer::not_a_directory;
    }
    if (name.empty() || name == ".") {
      return Answer::found;
    }
    if (name == "..") {
      if (where == 0) {
        return Answer::outside;
      }
      where = node(where).parent;
      return Answer::found;
    }
    auto entry = node(where).entries.find(name);
    if (entry == node(where).entries.end()) {
      return Answer::missing;
    }
    const Node& found = node(entry->second);
    if (found.kind == Node::Kind::link) {
      return ++links > 40 ? Answer::loop : walk(found.link, where, links);
    }
    where = entry->second;
    return Answer::found;
  }

  std::vector<Node> nodes_;
};

rc::Gen<std::string> any_component() {
  return rc::gen::element<std::string>("a", "b", "c", "d", ".", "..", "..", "l", "m", "");
}

rc::Gen<std::string> any_path() {
  return rc::gen::map(rc::gen::pair(rc::gen::inRange(0, 8),
                                    rc::gen::container<std::vector<std::string>>(any_component())),
                      [](const std::pair<int, std::vector<std::string>>& p) {
                        std::string path = p.first == 0 ? "/" : "";
                        for (const std::string& component : p.second) {
                          path += component + "/";
                        }
                        if (p.first > 3 && !path.empty()) {
                          path.pop_back();
                        }
                        return path.empty() ? std::string(".") : path;
                      });
}

Model any_tree(const TemporaryDirectory& dir) {
  Model model;
  using Kind = Model::Node::Kind;
  int count = *rc::gen::inRange(0, 14);
  for (int i = 0; i < count; ++i) {
    int parent = *rc::gen::inRange(0, static_cast<int>(model.size()));
    std::string name = *rc::gen::element<std::string>("a", "b", "c", "d", "l", "m");
    Model::Node node;
    node.kind =
        *rc::gen::element(Kind::directory, Kind::directory, Kind::file, Kind::link, Kind::link);
    if (node.kind == Kind::link) {
      node.link = *any_path();
    }
    if (!model.add(parent, name, node)) {
      continue;
    }
    std::string path = dir.path() + model.path_of(static_cast<int>(model.size()) - 1);
    switch (node.kind) {
      case Kind::directory:
        RC_ASSERT(::mkdir(path.c_str(), 0777) == 0);
        break;
      case Kind::file:
        RC_ASSERT(static_cast<bool>(std::ofstream(path)));
        break;
      case Kind::link:
        RC_ASSERT(::symlink(node.link.c_str(), path.c_str()) == 0);
        break;
    }
  }
  return model;
}

Errno wanted(Model::Answer answer) {
  switch (answer) {
    case Model::Answer::found:
      return Errno::success;
    case Model::Answer::missing:
      return Errno::noent;
    case Model::Answer::not_a_directory:
      return Errno::notdir;
    case Model::Answer::outside:
      return Errno::notcapable;
    case Model::Answer::loop:
      return Errno::loop;
  }
  return Errno::io;
}

TEST(WasiProperties, a_path_leads_where_posix_says_or_nowhere_and_never_out_of_the_grant) {
  EXPECT_TRUE(holds("path resolution", [] {
    TemporaryDirectory dir;
    Model model = any_tree(dir);
    FakeProgram p(granting(dir), 1 << 20);
    for (int i = 0; i < 20; ++i) {
      std::string path = *any_path();
      int where = 0;
      Model::Answer answer = model.resolve(path, where);
      uint32_t at = p.room(64);
      Errno e = p.call("path_filestat_get",
                       {3, lookupflags::symlink_follow, p.put(path), path.size(), at});
      RC_LOG() << path << "\n";
      RC_ASSERT(static_cast<int>(e) == static_cast<int>(wanted(answer)));
      if (e == Errno::success) {
        struct stat s;
        RC_ASSERT(::stat((dir.path() + model.path_of(where)).c_str(), &s) == 0);
        RC_ASSERT(p.load<Filestat>(at).ino == s.st_ino);
      }
    }
  }));
}

// Device and inode of everything below a directory, and what its files hold.
std::string fingerprint(const std::string& directory) {
  std::string all;
  static std::string* sink;
  sink = &all;
  nftw(
      directory.c_str(),
      [](const char* path, const struct stat* s, int, FTW*) {
        *sink +=
            fmt::format("{} {} {} {} {}\n", path, s->st_ino, s->st_mode, s->st_nlink, s->st_size);
        return 0;
      },
      16, FTW_PHYS);
  return all;
}

TEST(WasiProperties, no_operation_changes_anything_beside_the_grant) {
  EXPECT_TRUE(holds("effects stay inside", [] {
    TemporaryDirectory outer;
    for (const char* d : {"grant", "a", "b", "grant/a", "grant/b"}) {
      RC_ASSERT(::mkdir((outer / d).c_str(), 0777) == 0);
    }
    outer.write("c", "secret");
    outer.write("a/c", "secret");
    outer.write("grant/c", "own");
    RC_ASSERT(::symlink("..", (outer / "grant/l").c_str()) == 0);
    RC_ASSERT(::symlink("../a", (outer / "grant/a/m").c_str()) == 0);
    auto beside = [&] {
      return fingerprint(outer / "a") + fingerprint(outer / "b") + outer.content("c");
    };
    std::string before = beside();
    WasiConfig config;
    config.directories.push_back({.host_path = outer / "grant", .guest_path = "/"});
    FakeProgram p(std::move(config), 1 << 20);
    for (int i = 0; i < 30; ++i) {
      std::string x = *any_path(), y = *any_path();
      uint32_t px = p.put(x), py = p.put(y);
      switch (*rc::gen::inRange(0, 8)) {
        case 0:
          p.call("path_create_directory", {3, px, x.size()});
          break;
        case 1:
          p.call("path_unlink_file", {3, px, x.size()});
          break;
        case 2:
          p.call("path_remove_directory", {3, px, x.size()});
          break;
        case 3:
          p.call("path_rename", {3, px, x.size(), 3, py, y.size()});
          break;
        case 4:
          p.call("path_link", {3, static_cast<uint64_t>(*rc::gen::inRange(0, 2)), px, x.size(), 3,
                               py, y.size()});
          break;
        case 5:
          p.call("path_symlink", {px, x.size(), 3, py, y.size()});
          break;
        case 6:
          p.call("path_filestat_set_times",
                 {3, static_cast<uint64_t>(*rc::gen::inRange(0, 2)), px, x.size(), 0, 0, 5});
          break;
        default:
          if (auto [e, fd] = p.open(3, x, static_cast<uint32_t>(*rc::gen::inRange(0, 16)));
              e == Errno::success) {
            p.write(fd, "changed");
            p.call("fd_close", {fd});
          }
      }
    }
    RC_ASSERT(beside() == before);
  }));
}

TEST(WasiProperties, a_directory_is_listed_once_and_whole_through_buffers_of_changing_sizes) {
  EXPECT_TRUE(holds("readdir cookies", [] {
    TemporaryDirectory dir;
    std::set<std::string> want = {".", ".."};
    int files = *rc::gen::inRange(0, 60);
    for (int i = 0; i < files; ++i) {
      std::string name =
          fmt::format("{}-{}", i, std::string(static_cast<size_t>(*rc::gen::inRange(0, 200)), 'x'));
      dir.write(name, "");
      want.insert(name);
    }
    FakeProgram p(granting(dir));
    std::set<std::string> got;
    uint64_t cookie = 0;
    uint32_t buf = p.room(2048), used_at = p.room(4), length = 0;
    do {
      // At least one whole entry fits, so that every round goes on.
      length = static_cast<uint32_t>(*rc::gen::inRange(24 + 256, 2048));
      RC_ASSERT(p.call("fd_readdir", {3, buf, length, cookie, used_at}) == Errno::success);
      uint32_t used = p.load<uint32_t>(used_at);
      for (uint32_t at = 0; at + sizeof(Dirent) <= used;) {
        auto d = p.load<Dirent>(buf + at);
        at += static_cast<uint32_t>(sizeof(Dirent)) + d.d_namlen;
        if (at > used) {
          break;
        }
        RC_ASSERT(got.insert(p.text(buf + at - d.d_namlen, d.d_namlen)).second);
        cookie = d.d_next;
      }
      if (used < length) {
        break;
      }
    } while (true);
    RC_ASSERT(got == want);
  }));
}

}  // namespace
}  // namespace weft::wasi
