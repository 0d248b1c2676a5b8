// What WASI costs a call: a new Wasi object for each call of a function, and the host calls that
// programs make most.
#include <benchmark/benchmark.h>

#include "wasi/fake_guest.h"

namespace weft::wasi {
namespace {

WasiConfig buffered() {
  WasiConfig config;
  config.args = {"prog"};
  config.stdin_stream = InputBuffer{"{}"};
  config.stdout_stream = OutputBuffer{.limit_bytes = UINT64_MAX};
  config.stderr_stream = OutputBuffer{};
  return config;
}

void create_without_directories(benchmark::State& state) {
  FakeGuest guest;
  for (auto _ : state) {
    benchmark::DoNotOptimize(Wasi::create(guest, buffered()));
  }
}
BENCHMARK(create_without_directories);

void create_with_a_directory(benchmark::State& state) {
  TemporaryDirectory dir;
  FakeGuest guest;
  for (auto _ : state) {
    WasiConfig config = buffered();
    config.directories.push_back({.host_path = dir.path(), .guest_path = "/"});
    benchmark::DoNotOptimize(Wasi::create(guest, std::move(config)));
  }
}
BENCHMARK(create_with_a_directory);

// The bound function itself, as a trampoline calls it.
template <class... Args>
void measure(benchmark::State& state, FakeProgram& p, std::string_view name, Args... args) {
  host::HostFunction f = *p.wasi().find(module_name, name);
  uint64_t r[5] = {static_cast<uint64_t>(args)...};
  for (auto _ : state) {
    benchmark::DoNotOptimize(f.fn(f.object, r[0], r[1], r[2], r[3], r[4]));
  }
}

void fdstat(benchmark::State& state) {
  FakeProgram p(buffered());
  measure(state, p, "fd_fdstat_get", 1, p.room(24));
}
BENCHMARK(fdstat);

void clock_time(benchmark::State& state) {
  FakeProgram p(buffered());
  measure(state, p, "clock_time_get", 1, 0, p.room(8));
}
BENCHMARK(clock_time);

void write_64_bytes_to_a_buffer(benchmark::State& state) {
  FakeProgram p(buffered());
  measure(state, p, "fd_write", 1, p.iovec(p.room(64), 64), 1, p.room(4));
}
BENCHMARK(write_64_bytes_to_a_buffer)->Iterations(1 << 20);

void write_64_bytes_to_dev_null(benchmark::State& state) {
  UniqueFd null(::open("/dev/null", O_WRONLY | O_CLOEXEC));
  WasiConfig config = buffered();
  config.stdout_stream = HostFd{null.value()};
  FakeProgram p(std::move(config));
  measure(state, p, "fd_write", 1, p.iovec(p.room(64), 64), 1, p.room(4));
}
BENCHMARK(write_64_bytes_to_dev_null);

void pread_4_kib(benchmark::State& state) {
  TemporaryDirectory dir;
  dir.write("f", std::string(4096, 'x'));
  FakeProgram p(granting(dir));
  auto [e, fd] = p.open(3, "f");
  measure(state, p, "fd_pread", fd, p.iovec(p.room(4096), 4096), 1, 0, p.room(4));
}
BENCHMARK(pread_4_kib);

void open_and_close(benchmark::State& state) {
  TemporaryDirectory dir;
  dir.write("f", "x");
  FakeProgram p(granting(dir));
  uint32_t name = p.put("f"), result = p.room(4);
  for (auto _ : state) {
    p.call("path_open", {3, 1, name, 1, 0, rights::fd_read, 0, 0, result});
    p.call("fd_close", {p.load<uint32_t>(result)});
  }
}
BENCHMARK(open_and_close);

}  // namespace
}  // namespace weft::wasi
