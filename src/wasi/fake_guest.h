// For tests and the fuzz target: a guest that is nothing but memory, and a program on it that calls
// WASI functions the way a trampoline does – five arguments in registers, the others through the
// argument area, and once more with the kept ones after a wait.
//
// Thread safety: belongs to one thread.
#pragma once

#include <fcntl.h>
#include <ftw.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cstdlib>
#include <fstream>
#include <initializer_list>
#include <iterator>
#include <memory>
#include <string>

#include "host/guest.h"
#include "wasi/wasi.h"

namespace weft::wasi {

// Memory as in a slot: an instance head at the end of a page, then linear memory. Filled with a
// pattern, so that tests see what a call left alone.
class FakeMemory {
 public:
  static constexpr uint64_t page = 4096;
  static constexpr std::byte pattern{0xa5};

  explicit FakeMemory(uint64_t memory_bytes)
      : bytes_(new(std::align_val_t{page}) std::byte[page + memory_bytes], Delete{}) {
    std::fill_n(bytes_.get(), page, std::byte{0});
    std::fill_n(base(), memory_bytes, pattern);
    fake_head()->memory_bytes = memory_bytes;
    fake_head()->instance_bytes = page;
    fake_head()->args = reinterpret_cast<uint64_t>(bytes_.get());
  }
  std::byte* base() { return bytes_.get() + page; }
  cpu::InstanceHead* fake_head() { return cpu::head_of(base()); }

 private:
  struct Delete {
    void operator()(std::byte* p) const { ::operator delete[](p, std::align_val_t{page}); }
  };
  std::unique_ptr<std::byte[], Delete> bytes_;
};

class FakeGuest : private FakeMemory, public host::Guest {
 public:
  explicit FakeGuest(uint64_t memory_bytes = 4 << 20)
      : FakeMemory(memory_bytes), host::Guest(fake_head()) {}
};

// A program: its guest, its Wasi, and a place in guest memory for arguments and results.
class FakeProgram {
 public:
  explicit FakeProgram(WasiConfig config, uint64_t memory_bytes = 4 << 20) : guest_(memory_bytes) {
    auto made = Wasi::create(guest_, std::move(config));
    CHECK(made.has_value(), "{}", made ? "" : made.error().message());
    wasi_ = std::move(*made);
  }

  FakeGuest& guest() { return guest_; }
  Wasi& wasi() { return *wasi_; }
  host::Memory memory() { return guest_.memory(); }

  // Room in guest memory; a fresh place each time.
  uint32_t room(uint32_t bytes) {
    uint32_t at = next_;
    next_ += (bytes + 15) & ~15u;
    CHECK(next_ <= guest_.memory().size_bytes(), "the test needs more guest memory");
    return at;
  }
  uint32_t put(std::string_view text) {
    uint32_t at = room(static_cast<uint32_t>(text.size()) + 1);
    std::ranges::copy(std::as_bytes(std::span(text)),
                      memory().bytes(host::GuestAddress{at}, text.size())->begin());
    return at;
  }
  template <class T>
  uint32_t put_value(const T& value) {
    uint32_t at = room(sizeof(T));
    CHECK(memory().store(host::GuestAddress{at}, value));
    return at;
  }
  template <class T>
  T load(uint32_t at) {
    return *memory().load<T>(host::GuestAddress{at});
  }
  std::string text(uint32_t at, uint32_t length) {
    return std::string(*memory().text(host::GuestAddress{at}, length));
  }
  // A list of one buffer.
  uint32_t iovec(uint32_t at, uint32_t length) { return put_value(Iovec{at, length}); }
  bool untouched(uint32_t at, uint32_t length) {
    return std::ranges::all_of(*memory().bytes(host::GuestAddress{at}, length),
                               [](std::byte b) { return b == FakeMemory::pattern; });
  }

  // Makes the call; it may answer, wait or end the guest.
  cpu::HostReturn start(std::string_view name, std::initializer_list<uint64_t> args) {
    auto function = wasi_->find(module_name, name);
    if (!function) {
      function = wasi_->find(own_module_name, name);
    }
    CHECK(function.has_value(), "no function {}", name);
    CHECK(function->type.params.size() == args.size(), "{} takes {} arguments", name,
          function->type.params.size());
    function_ = *function;
    auto* area = reinterpret_cast<wasm::Value*>(guest_.head()->args);
    std::array<uint64_t, 5> registers = {};
    size_t i = 0;
    for (uint64_t a : args) {
      (i < 5 ? registers[i] : area[i].i64) = a;
      ++i;
    }
    guest_.set_resumed(false);
    return enter(registers);
  }
  // Makes the waiting call again.
  cpu::HostReturn resume() {
    std::array<uint64_t, 5> registers;
    std::copy_n(guest_.head()->pending_args, 5, registers.begin());
    guest_.set_resumed(true);
    return enter(registers);
  }
  // The answer of a call that is not to wait, except to give way to others.
  Errno call(std::string_view name, std::initializer_list<uint64_t> args) {
    cpu::HostReturn r = start(name, args);
    while (r.action == cpu::Action::suspend && guest_.previous_wait().fds.empty() &&
           guest_.previous_wait().deadline) {
      r = resume();
    }
    CHECK(r.action == cpu::Action::go_on, "{} did not answer", name);
    return static_cast<Errno>(r.value);
  }

  // Shorthands.
  std::pair<Errno, uint32_t> open(uint32_t dir, std::string_view path, uint32_t oflags = 0,
                                  uint64_t base = rights::all, uint64_t inheriting = rights::all,
                                  uint32_t flags = 0,
                                  uint32_t lookup = lookupflags::symlink_follow) {
    uint32_t result = room(4);
    Errno e = call("path_open",
                   {dir, lookup, put(path), path.size(), oflags, base, inheriting, flags, result});
    return {e, e == Errno::success ? load<uint32_t>(result) : ~0u};
  }
  // With all rights but to write, which no directory can be opened with.
  std::pair<Errno, uint32_t> open_directory(uint32_t dir, std::string_view path,
                                            uint64_t base = rights::all,
                                            uint64_t inheriting = rights::all) {
    return open(dir, path, oflags::directory, base & ~rights::fd_write, inheriting);
  }
  std::pair<Errno, std::string> read(uint32_t fd, uint32_t length) {
    uint32_t buf = room(length), n = room(4);
    Errno e = call("fd_read", {fd, iovec(buf, length), 1, n});
    return {e, e == Errno::success ? text(buf, load<uint32_t>(n)) : ""};
  }
  std::pair<Errno, uint32_t> write(uint32_t fd, std::string_view bytes) {
    uint32_t n = room(4);
    Errno e = call("fd_write", {fd, iovec(put(bytes), static_cast<uint32_t>(bytes.size())), 1, n});
    return {e, e == Errno::success ? load<uint32_t>(n) : 0};
  }

 private:
  cpu::HostReturn enter(const std::array<uint64_t, 5>& r) {
    return function_.fn(function_.object, r[0], r[1], r[2], r[3], r[4]);
  }

  FakeGuest guest_;
  std::unique_ptr<Wasi> wasi_;
  host::HostFunction function_{};
  uint32_t next_ = 1024;
};

// A directory of its own that goes away with all it holds.
class TemporaryDirectory {
 public:
  TemporaryDirectory() {
    const char* base = std::getenv("TMPDIR");
    std::string name = fmt::format("{}/weft-wasi-XXXXXX", base != nullptr ? base : "/tmp");
    CHECK(mkdtemp(name.data()) != nullptr);
    path_ = name;
  }
  ~TemporaryDirectory() {
    nftw(
        path_.c_str(), [](const char* p, const struct stat*, int, FTW*) { return ::remove(p); }, 16,
        FTW_DEPTH | FTW_PHYS);
  }
  TemporaryDirectory(const TemporaryDirectory&) = delete;
  TemporaryDirectory& operator=(const TemporaryDirectory&) = delete;

  const std::string& path() const { return path_; }
  std::string operator/(std::string_view name) const { return fmt::format("{}/{}", path_, name); }
  void write(std::string_view name, std::string_view content) const {
    std::ofstream(*this / name) << content;
  }
  std::string content(std::string_view name) const {
    std::ifstream in(*this / name);
    return {std::istreambuf_iterator<char>(in), {}};
  }
  bool exists(std::string_view name) const {
    struct stat s;
    return lstat((*this / name).c_str(), &s) == 0;
  }

 private:
  std::string path_;
};

inline WasiConfig granting(const TemporaryDirectory& directory) {
  WasiConfig config;
  config.directories.push_back({.host_path = directory.path(), .guest_path = "/data"});
  return config;
}

}  // namespace weft::wasi
