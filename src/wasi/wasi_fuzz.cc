// Any bytes become a sequence of WASI calls with hostile arguments, on a guest in a directory of
// its own. Whatever they are, the process must live, memory outside the guest's stay untouched,
// nothing wait for ever, and nothing beside the grant change.
//
// Each call takes from the input: the function, then for each parameter a kind (a small number, an
// address of the guest, an edge value, raw bits) and its bits. Guest memory starts with paths,
// buffer lists and subscriptions that make sense, so that calls get past their first check.
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/stat.h>

#include <cstring>

#include "wasi/fake_guest.h"

namespace weft::wasi {
namespace {

constexpr uint64_t memory_bytes = 256 << 10;
constexpr int max_calls = 64;

constexpr std::string_view names[] = {
    "args_get",
    "args_sizes_get",
    "clock_res_get",
    "clock_time_get",
    "environ_get",
    "environ_sizes_get",
    "fd_advise",
    "fd_allocate",
    "fd_close",
    "fd_datasync",
    "fd_fdstat_get",
    "fd_fdstat_set_flags",
    "fd_filestat_get",
    "fd_fdstat_set_rights",
    "fd_filestat_set_size",
    "fd_filestat_set_times",
    "fd_pread",
    "fd_prestat_dir_name",
    "fd_prestat_get",
    "fd_pwrite",
    "fd_read",
    "fd_readdir",
    "fd_renumber",
    "fd_seek",
    "fd_sync",
    "fd_tell",
    "fd_write",
    "path_create_directory",
    "path_filestat_get",
    "path_filestat_set_times",
    "path_link",
    "path_open",
    "path_readlink",
    "path_remove_directory",
    "path_rename",
    "path_symlink",
    "path_unlink_file",
    "poll_oneoff",
    "proc_raise",
    "random_get",
    "sched_yield",
    "sock_accept",
    "sock_recv",
    "sock_send",
    "sock_shutdown",
    "proc_exit",
};
static_assert(std::size(names) == 46);

class Input {
 public:
  Input(const uint8_t* data, size_t size) : data_(data), left_(size) {}
  bool empty() const { return left_ == 0; }
  template <class T>
  T take() {
    T value = {};
    size_t n = std::min(sizeof value, left_);
    std::memcpy(&value, data_, n);
    data_ += n;
    left_ -= n;
    return value;
  }
  uint64_t argument() {
    constexpr uint64_t edges[] = {
        0, ~uint64_t{0}, INT64_MAX, uint64_t{1} << 63, memory_bytes, memory_bytes - 1, 65'535};
    auto kind = take<uint8_t>();
    switch (kind % 4) {
      case 0:
        return kind / 4;  // descriptors, lengths, flags
      case 1:
        return (kind / 4) * 64;  // one of the prepared places
      case 2:
        return edges[kind / 4 % std::size(edges)];
      default:
        return take<uint64_t>();
    }
  }

 private:
  const uint8_t* data_;
  size_t left_;
};

// A text, a buffer list and a subscription every 64 bytes.
void prepare(FakeProgram& p) {
  constexpr std::string_view paths[] = {"a", "b/c", "../x", "l/..", ".", "b", "a/", "l"};
  for (uint32_t i = 0; i < 64; ++i) {
    host::GuestAddress at{i * 64};
    switch (i % 4) {
      case 0:
      case 1: {
        std::string_view path = paths[i / 2 % std::size(paths)];
        std::memcpy(p.memory().bytes(at, path.size())->data(), path.data(), path.size());
        break;
      }
      case 2:
        (void)p.memory().store(at,
                               std::array{Iovec{i * 1024, 100}, Iovec{i * 512, 5000}, Iovec{0, 0}});
        break;
      default: {
        Subscription s = {};
        s.tag = static_cast<uint8_t>(i / 4 % 4);
        s.fd_readwrite.fd = i / 16;
        (void)p.memory().store(at, s);
      }
    }
  }
}

struct World {
  TemporaryDirectory dir;
  FakeClocks clocks;
  FakeRandom random{7};
  UniqueFd peer;

  WasiConfig config() {
    CHECK(mkdir((dir / "grant").c_str(), 0777) == 0 && mkdir((dir / "grant/b").c_str(), 0777) == 0);
    CHECK(symlink("b", (dir / "grant/l").c_str()) == 0);
    dir.write("x", "secret");
    WasiConfig c;
    c.directories.push_back({.host_path = dir / "grant", .guest_path = "/"});
    int fds[2];
    CHECK(socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, fds) == 0);
    peer = UniqueFd(fds[0]);
    stdio = UniqueFd(fds[1]);
    c.args = {"fuzz"};
    c.env = {"A=B"};
    c.stdin_stream = InputBuffer{"some input"};
    c.stdout_stream = OutputBuffer{.limit_bytes = 10'000};
    c.stderr_stream = HostFd{stdio.value()};
    c.limits = {.open_files = 16, .output_bytes = 100'000};
    c.clocks = &clocks;
    c.random = &random;
    return c;
  }
  UniqueFd stdio;
};

void run(Input input) {
  World world;
  FakeProgram p(world.config(), memory_bytes);
  prepare(p);
  auto* area = reinterpret_cast<wasm::Value*>(p.guest().head()->args);
  for (int calls = 0; calls < max_calls && !input.empty(); ++calls) {
    std::string_view name = names[input.take<uint8_t>() % std::size(names)];
    host::HostFunction f = *p.wasi().find(module_name, name);
    uint64_t r[5] = {};
    for (size_t i = 0; i < f.type.params.size(); ++i) {
      uint64_t a = input.argument();
      (i < 5 ? r[i] : area[i].i64) =
          f.type.params[i] == wasm::ValType::i32 ? static_cast<uint32_t>(a) : a;
    }
    p.guest().set_resumed(false);
    auto result = f.fn(f.object, r[0], r[1], r[2], r[3], r[4]);
    // A waiting call is made again a few times, as time goes by; then it is abandoned, as a killed
    // guest's would be.
    for (int i = 0; i < 4 && result.action == cpu::Action::suspend; ++i) {
      world.clocks.advance(1'000'000'000);
      p.guest().set_resumed(true);
      result = f.fn(f.object, r[0], r[1], r[2], r[3], r[4]);
    }
    if (result.action == cpu::Action::stop) {
      CHECK(p.guest().take_outcome().has_value());
    }
    CHECK(result.action != cpu::Action::go_on || f.type.results.empty() || result.value <= 76, "{}",
          name);
  }
  if (auto frozen = p.wasi().freeze()) {
    auto thawed = p.wasi().thaw(*frozen);
    CHECK(thawed.has_value(), "{}", thawed ? "" : thawed.error().message());
  }
  CHECK(world.dir.content("x") == "secret");
}

}  // namespace
}  // namespace weft::wasi

extern "C" int LLVMFuzzerInitialize(int*, char***) {
  rlimit limit = {16 << 20, 16 << 20};  // no file may fill the disk
  setrlimit(RLIMIT_FSIZE, &limit);
  return 0;
}

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  weft::wasi::run(weft::wasi::Input(data, size));
  return 0;
}
