// Any bytes become a sequence of WASI calls with hostile arguments, on a guest in a directory of
// its own. Whatever they are, the process must live, memory outside the guest's stay untouched,
// nothing wait for ever, and nothing beside the grant change.
//
// Each call takes from the input: the function, then for each parameter a byte, which chooses one
// that makes sense (a path, a list of buffers, a subscription that lies prepared in guest memory)
// or a hostile one (an edge value, another thing's address, raw bits).
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>

#include <cstdlib>
#include <cstring>

#include "wasi/fake_guest.h"

namespace weft::wasi {
namespace {

constexpr uint64_t memory_bytes = 256 << 10;
constexpr int max_calls = 64;

// What each parameter is for, a letter each: (d)escriptor, (D)irectory, (p)ath and its (l)ength,
// list of buffers (v) or (s)ubscriptions and (n)umber of them, (o)utput and its si(z)e, (f)lags,
// (t)ime or offset, (r)ights.
struct Function {
  std::string_view name;
  std::string_view parameters;
  std::string_view module = module_name;
};
constexpr Function functions[] = {
    {"args_get", "oo"},
    {"args_sizes_get", "oo"},
    {"clock_res_get", "fo"},
    {"clock_time_get", "fto"},
    {"environ_get", "oo"},
    {"environ_sizes_get", "oo"},
    {"fd_advise", "dttf"},
    {"fd_allocate", "dtt"},
    {"fd_close", "d"},
    {"fd_datasync", "d"},
    {"fd_fdstat_get", "do"},
    {"fd_fdstat_set_flags", "df"},
    {"fd_filestat_get", "do"},
    {"fd_fdstat_set_rights", "drr"},
    {"fd_filestat_set_size", "dt"},
    {"fd_filestat_set_times", "dttf"},
    {"fd_pread", "dvnto"},
    {"fd_prestat_dir_name", "doz"},
    {"fd_prestat_get", "do"},
    {"fd_pwrite", "dvnto"},
    {"fd_read", "dvno"},
    {"fd_readdir", "Dozto"},
    {"fd_renumber", "dd"},
    {"fd_seek", "dtfo"},
    {"fd_sync", "d"},
    {"fd_tell", "do"},
    {"fd_write", "dvno"},
    {"path_create_directory", "Dpl"},
    {"path_filestat_get", "Dfplo"},
    {"path_filestat_set_times", "Dfplttf"},
    {"path_link", "DfplDpl"},
    {"path_open", "Dfplfrrfo"},
    {"path_readlink", "Dplozo"},
    {"path_remove_directory", "Dpl"},
    {"path_rename", "DplDpl"},
    {"path_symlink", "plDpl"},
    {"path_unlink_file", "Dpl"},
    {"poll_oneoff", "sono"},
    {"proc_raise", "f"},
    {"random_get", "oz"},
    {"sched_yield", ""},
    {"sock_accept", "dfo"},
    {"sock_recv", "dvnfoo"},
    {"sock_send", "dvnfo"},
    {"sock_shutdown", "df"},
    {"proc_exit", "f"},
    {"fd_dup", "ddo", own_module_name},
    {"fd_dup_to", "dd", own_module_name},
    {"fd_pipe", "fo", own_module_name},
};
static_assert(std::size(functions) == 49);

constexpr std::string_view paths[] = {"f",    "b", "b/c", "l",    "l/c",
                                      "../x", "a", ".",   "b/..", "l/../.."};
constexpr uint32_t path_places = 0x1000;
constexpr uint32_t iovec_places = 0x2000;
constexpr uint32_t subscription_places = 0x3000;
constexpr uint32_t output_places = 0x8000;

// What the bytes are too short for follows from their hash, so that short inputs make long runs,
// too.
class Input {
 public:
  Input(const uint8_t* data, size_t size) : data_(data), left_(size) {
    for (size_t i = 0; i < size; ++i) {
      further_ = (further_ ^ data[i]) * 0x100000001b3;
    }
  }
  template <class T>
  T take() {
    T value = {};
    for (size_t i = 0; i < sizeof value; ++i) {
      reinterpret_cast<uint8_t*>(&value)[i] = byte();
    }
    return value;
  }
  // One that makes sense for its parameter, mostly.
  uint64_t argument(char parameter) {
    auto bits = take<uint8_t>();
    if (bits >= 240) {
      return hostile();
    }
    switch (parameter) {
      case 'd':
        return bits % 10;
      case 'D':
        return bits % 4 == 0 ? bits / 4 % 10 : 3;
      case 'p':
        path_ = bits % std::size(paths);
        return path_places + path_ * 64;
      case 'l':
        return paths[path_].size();
      case 'v':
        return iovec_places + bits % 8 * 64;
      case 's':
        return subscription_places + bits % 16 * sizeof(Subscription);
      case 'n':
        return bits % 4;
      case 'o':
        return output_places + bits * 64;
      case 'z':
        return bits * 8;
      case 'f':
        return bits < 120 ? 0 : bits % 32;
      case 'r':
        return bits % 2 == 0 ? ~uint64_t{0} >> bits / 8 : rights::all;
      default:
        return bits % 2 == 0 ? bits : take<uint32_t>();
    }
  }

 private:
  uint8_t byte() {
    if (left_ > 0) {
      --left_;
      return *data_++;
    }
    further_ = further_ * 6364136223846793005 + 1442695040888963407;
    return static_cast<uint8_t>(further_ >> 56);
  }
  uint64_t hostile() {
    constexpr uint64_t edges[] = {
        0, ~uint64_t{0}, INT64_MAX, uint64_t{1} << 63, memory_bytes, memory_bytes - 1, 65'535};
    auto kind = take<uint8_t>();
    switch (kind % 4) {
      case 0:
        return kind / 4;  // descriptors, lengths, flags
      case 1:
        return (kind / 4) * 1024;  // one of the prepared places, whatever it holds
      case 2:
        return edges[kind / 4 % std::size(edges)];
      default:
        return take<uint64_t>();
    }
  }

  const uint8_t* data_;
  size_t left_;
  uint64_t further_ = 0xcbf29ce484222325;
  size_t path_ = 0;
};

void prepare(FakeProgram& p) {
  auto at = [](uint64_t address) { return host::GuestAddress{static_cast<uint32_t>(address)}; };
  for (size_t i = 0; i < std::size(paths); ++i) {
    auto place = p.memory().bytes(at(path_places + i * 64), paths[i].size());
    std::memcpy(place->data(), paths[i].data(), paths[i].size());
  }
  for (uint32_t i = 0; i < 8; ++i) {
    std::array lists{Iovec{0x10000 + i * 1024, 100}, Iovec{0x10000 + i * 512, 5000}, Iovec{0, 0},
                     Iovec{i * 64, 7}};
    (void)p.memory().store(at(iovec_places + i * 64), lists);
  }
  for (uint32_t i = 0; i < 20; ++i) {
    Subscription s = {};
    s.userdata = i;
    s.tag = static_cast<uint8_t>(i % 3);
    if (s.tag == 0) {
      s.clock.id = i / 3 % 2;
      s.clock.timeout = i * 1000000ULL;
    } else {
      s.fd_readwrite.fd = i / 3;
    }
    (void)p.memory().store(at(subscription_places + i * sizeof s), s);
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
    dir.write("grant/f", std::string(1000, 'f'));
    dir.write("grant/b/c", "");
    dir.write("x", "secret");
    WasiConfig c;
    c.directories.push_back({.host_path = dir / "grant", .guest_path = "/"});
    int fds[2];
    CHECK(socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, fds) == 0);
    peer = UniqueFd(fds[0]);
    stdio = UniqueFd(fds[1]);
    c.listeners.push_back(listener());
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
  // A socket on which two peers wait to be accepted, one of which has said something and one that
  // has gone. The kernel gives it a name that nobody else has.
  UniqueFd listener() {
    UniqueFd socket(::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0));
    sockaddr_un address = {};
    address.sun_family = AF_UNIX;
    socklen_t length = sizeof address.sun_family;
    auto* at = reinterpret_cast<sockaddr*>(&address);
    CHECK(bind(socket.value(), at, length) == 0 && listen(socket.value(), 4) == 0);
    length = sizeof address;
    CHECK(getsockname(socket.value(), at, &length) == 0);
    for (UniqueFd* client : {&talker, &gone}) {
      *client = UniqueFd(::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0));
      CHECK(connect(client->value(), at, length) == 0);
    }
    CHECK(send(talker.value(), "hello", 5, 0) == 5);
    gone = UniqueFd();
    return socket;
  }
  UniqueFd stdio;
  UniqueFd talker, gone;
};

// What a frozen guest brought along of WASI, damaged: refused, or thawed and then called.
void thaw(FakeProgram& p, Input& input) {
  auto frozen = p.wasi().freeze();
  if (!frozen) {
    return;
  }
  while (input.take<uint8_t>() % 8 != 0) {
    size_t at = input.take<uint16_t>() % (frozen->size() + 1);
    auto value = input.take<uint32_t>();
    frozen->replace(at, input.take<uint8_t>() % 8, reinterpret_cast<const char*>(&value),
                    input.take<uint8_t>() % 5);
  }
  auto thawed = p.wasi().thaw(*frozen);
  CHECK(thawed || !thawed.error().message().empty());
}

void run(Input input) {
  World world;
  FakeProgram p(world.config(), memory_bytes);
  prepare(p);
  if (input.take<uint8_t>() % 4 == 0) {
    thaw(p, input);
  }
  // A file is open from the start, as descriptor 5.
  constexpr uint64_t any = rights::all;
  p.start("path_open", {3, 0, path_places, paths[0].size(), 0, any, any, 0, output_places});
  auto* area = reinterpret_cast<wasm::Value*>(p.guest().head()->args);
  for (int calls = 0; calls < max_calls; ++calls) {
    const Function& function = functions[input.take<uint8_t>() % std::size(functions)];
    host::HostFunction f = *p.wasi().find(function.module, function.name);
    CHECK(f.type.params.size() == function.parameters.size(), "{}", function.name);
    uint64_t r[5] = {};
    for (size_t i = 0; i < f.type.params.size(); ++i) {
      uint64_t a = input.argument(function.parameters[i]);
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
          function.name);
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
  setenv("TMPDIR", "/dev/shm", 0);  // where fd_sync costs nothing
  return 0;
}

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  weft::wasi::run(weft::wasi::Input(data, size));
  return 0;
}
