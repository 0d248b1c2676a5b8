#include "machine.h"

#include <fcntl.h>
#include <linux/openat2.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/utsname.h>
#include <unistd.h>

#include <cerrno>
#include <cstdio>
#include <cstring>
#include <filesystem>
#include <fstream>

#include "base/unique_fd.h"
#include "cpu/thread.h"
#include "engine/engine.h"
#include "slot/dirty_pages.h"
#include "slot/slot_pool.h"
#include "values.h"

namespace weft::cli {

namespace {

using Level = Finding::Level;

std::string first_line(const char* path) {
  std::ifstream file(path);
  std::string line;
  std::getline(file, line);
  return line;
}

std::string limit_text(rlim_t limit) {
  return limit == RLIM_INFINITY ? "unlimited" : fmt::format("{}", limit);
}

Finding kernel() {
  utsname system = {};
  uname(&system);
  int major = 0;
  int minor = 0;
  std::sscanf(system.release, "%d.%d", &major, &minor);
  bool new_enough = major > 5 || (major == 5 && minor >= 6);
  return {new_enough ? Level::ok : Level::missing, "kernel", system.release,
          new_enough ? ""
                     : "Linux 5.6 is the oldest that can confine a program to its directories; use "
                       "a newer one"};
}

Finding confinement() {
  open_how how = {};
  how.flags = O_RDONLY | O_DIRECTORY | O_CLOEXEC;
  how.resolve = RESOLVE_BENEATH;
  UniqueFd fd(static_cast<int>(syscall(SYS_openat2, AT_FDCWD, ".", &how, sizeof how)));
  if (fd) {
    return {Level::ok, "openat2", "confines programs to the directories they are given", ""};
  }
  return {Level::missing, "openat2", std::strerror(errno),
          "programs could not be given directories; a container's seccomp profile may forbid the "
          "call: allow openat2"};
}

Finding dirty_pages() {
  auto pages = slot::DirtyPages::open();
  if (pages && pages->has_pagemap_scan()) {
    return {Level::ok, "PAGEMAP_SCAN", "finds the pages that a program wrote", ""};
  }
  return {Level::slow, "PAGEMAP_SCAN", pages ? "not in this kernel" : pages.error().message(),
          "resetting and freezing programs reads page tables in a slower way; Linux 6.7 has the "
          "fast one"};
}

Finding memory_files() {
  UniqueFd fd(memfd_create("weft-doctor", MFD_CLOEXEC));
  return fd ? Finding{Level::ok, "memfd", "there", ""}
            : Finding{Level::missing, "memfd", std::strerror(errno),
                      "allow memfd_create for this process"};
}

// Is a range at a fixed address ours to take? Where it is not, something else lies there.
bool is_free(uint64_t address, uint64_t bytes) {
  void* want = reinterpret_cast<void*>(address);
  void* got = mmap(want, bytes, PROT_NONE,
                   MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE | MAP_FIXED_NOREPLACE, -1, 0);
  if (got != MAP_FAILED) {
    munmap(got, bytes);
  }
  return got == want;
}

Finding slots() {
  auto pool = slot::SlotPool::reserve();
  if (pool) {
    return {Level::ok, "slots",
            fmt::format("{} programs at a time in one process", (*pool)->capacity()), ""};
  }
  if (auto one = slot::SlotPool::reserve(1)) {
    return {Level::slow, "slots", "not all can be reserved",
            "`weft run` works, but a process with many programs does not: see address space and "
            "stack limit"};
  }
  return {Level::missing, "slots", pool.error().message(),
          "a program needs 8 GiB of addresses (not of memory): see address space and stack limit"};
}

Finding code_addresses() {
  bool free = is_free(slot::code_address, engine::code_window_bytes);
  return free ? Finding{Level::ok, "code addresses", "free", ""}
              : Finding{Level::missing, "code addresses", "taken or out of reach",
                        "compiled code is linked for fixed addresses; see address space and stack "
                        "limit"};
}

Finding address_space() {
  rlimit limit = {};
  getrlimit(RLIMIT_AS, &limit);
  if (limit.rlim_cur == RLIM_INFINITY) {
    return {Level::ok, "address space", "unlimited", ""};
  }
  bool enough = limit.rlim_cur > 2 * slot::stride_bytes;
  return {enough ? Level::slow : Level::missing, "address space", size_text(limit.rlim_cur),
          "guards between programs take addresses, not memory: `ulimit -v unlimited`"};
}

Finding data_limit() {
  rlimit limit = {};
  getrlimit(RLIMIT_DATA, &limit);
  if (limit.rlim_cur == RLIM_INFINITY) {
    return {Level::ok, "data limit", "unlimited", ""};
  }
  return {Level::slow, "data limit", size_text(limit.rlim_cur),
          "the memory of all programs together counts, and `memory.grow` fails beyond it: "
          "`ulimit -d unlimited`"};
}

Finding stack_limit() {
  rlimit limit = {};
  getrlimit(RLIMIT_STACK, &limit);
  if (limit.rlim_cur != RLIM_INFINITY) {
    return {Level::ok, "stack limit", size_text(limit.rlim_cur), ""};
  }
  return {Level::slow, "stack limit", "unlimited",
          "the kernel then puts libraries where the slots are, so that few or none are left: "
          "`ulimit -s 8192`"};
}

Finding mappings() {
  std::string text = first_line("/proc/sys/vm/max_map_count");
  long count = std::strtol(text.c_str(), nullptr, 10);
  constexpr long plenty = 65'530;
  return {
      count >= plenty ? Level::ok : Level::slow, "mappings", text,
      count >= plenty
          ? ""
          : "a process holds about half as many programs: sysctl vm.max_map_count=65530 or more"};
}

Finding overcommit() {
  std::string mode = first_line("/proc/sys/vm/overcommit_memory");
  if (mode != "2") {
    return {Level::ok, "overcommit", mode == "1" ? "always" : "heuristic", ""};
  }
  return {Level::slow, "overcommit", "never",
          "memory that programs may use counts before they do: sysctl vm.overcommit_memory=0 "
          "unless that is wanted"};
}

Finding open_files() {
  rlimit limit = {};
  getrlimit(RLIMIT_NOFILE, &limit);
  bool enough = limit.rlim_cur >= 1024;
  return {enough ? Level::ok : Level::slow, "open files",
          fmt::format("{}, at most {}", limit_text(limit.rlim_cur), limit_text(limit.rlim_max)),
          enough ? "" : "programs together cannot open more: `ulimit -n 1024` or more"};
}

Finding processor() {
  auto v3 = engine::resolve(engine::CpuLevel::x86_64_v3);
  auto v2 = engine::resolve(engine::CpuLevel::x86_64_v2);
  auto native = engine::resolve(engine::CpuLevel::native);
  if (!v2) {
    return {Level::missing, "processor", "older than x86-64-v2", "weft needs SSE4.2 and POPCNT"};
  }
  std::string found =
      fmt::format("{} ({}{})", native ? native->cpu : "?", v3 ? "x86-64-v3" : "x86-64-v2",
                  native && native->avx512 ? ", AVX-512" : "");
  return {v3 ? Level::ok : Level::slow, "processor", found,
          v3 ? "" : "without AVX2 and FMA, numeric programs take about twice as long"};
}

Finding vector_state() {
  uint64_t mask = cpu::extended_state_mask();
  constexpr uint64_t avx = 1U << 2;
  constexpr uint64_t avx512 = 7U << 5;
  std::string found = fmt::format("XCR0 {:#x}{}{}", mask, (mask & avx) != 0 ? ", AVX" : "",
                                  (mask & avx512) == avx512 ? ", AVX-512" : "");
  return {(mask & avx) != 0 ? Level::ok : Level::slow, "vector state", found,
          (mask & avx) != 0
              ? ""
              : "the system does not save AVX registers, so the code does without them"};
}

Finding huge_pages() {
  std::string text = first_line("/sys/kernel/mm/transparent_hugepage/enabled");
  if (text.empty()) {
    return {Level::ok, "huge pages", "none in this kernel", ""};
  }
  size_t begin = text.find('[');
  std::string mode = text.substr(begin + 1, text.find(']') - begin - 1);
  if (mode != "always") {
    return {Level::ok, "huge pages", mode, ""};
  }
  return {Level::slow, "huge pages", mode,
          "many small programs then take 2 MiB each where 4 KiB would do: "
          "echo madvise > /sys/kernel/mm/transparent_hugepage/enabled"};
}

// The nearest directory above that exists decides whether the cache can be made.
std::string existing_part(std::string path) {
  while (path.size() > 1 && access(path.c_str(), F_OK) != 0) {
    path = std::filesystem::path(path).parent_path().string();
  }
  return path;
}

Finding code_cache() {
  std::string directory = engine::CodeCache::default_directory();
  if (directory.empty()) {
    return {Level::slow, "code cache", "no place for it",
            "every run compiles anew: set HOME, XDG_CACHE_HOME or WEFT_CACHE_DIR"};
  }
  struct stat status = {};
  std::string existing = existing_part(directory);
  bool is_directory = stat(existing.c_str(), &status) == 0 && S_ISDIR(status.st_mode);
  if (!is_directory || access(existing.c_str(), W_OK | X_OK) != 0) {
    return {
        Level::slow, "code cache", fmt::format("{} cannot be written", directory),
        "every run compiles anew: make it writable, or set WEFT_CACHE_DIR to another directory"};
  }
  std::error_code failed;
  constexpr uint64_t little = uint64_t{64} << 20;
  uint64_t room = std::filesystem::space(existing, failed).available;
  if (!failed && room < little) {
    return {Level::slow, "code cache",
            fmt::format("{} has room for {}", directory, size_text(room)),
            "code that does not fit is compiled anew by every run: make room, or set "
            "WEFT_CACHE_DIR to another directory"};
  }
  uint64_t bytes = 0;
  uint64_t files = 0;
  for (const auto& entry : std::filesystem::directory_iterator(directory, failed)) {
    std::error_code gone;
    uint64_t size = entry.file_size(gone);
    bytes += gone ? 0 : size;
    files += gone ? 0 : 1;
  }
  return {Level::ok, "code cache",
          fmt::format("{} holds {} in {} file{}, of at most {}", directory, size_text(bytes), files,
                      files == 1 ? "" : "s", size_text(engine::CodeCache::default_limit_bytes)),
          ""};
}

Finding profiling() {
  std::string text = first_line("/proc/sys/kernel/perf_event_paranoid");
  if (text.empty() || std::strtol(text.c_str(), nullptr, 10) > 2) {
    return {Level::slow, "perf",
            text.empty() ? "not there" : fmt::format("perf_event_paranoid {}", text),
            "only profiling needs it: sysctl kernel.perf_event_paranoid=2"};
  }
  return {Level::ok, "perf", fmt::format("perf_event_paranoid {}", text), ""};
}

}  // namespace

std::string_view name(Finding::Level level) {
  switch (level) {
    case Level::ok:
      return "ok";
    case Level::slow:
      return "slow";
    case Level::missing:
      return "missing";
  }
  return "?";
}

std::vector<Finding> examine_machine() {
  return {kernel(),     confinement(), dirty_pages(), memory_files(),   address_space(),
          data_limit(), stack_limit(), slots(),       code_addresses(), mappings(),
          overcommit(), open_files(),  processor(),   vector_state(),   huge_pages(),
          code_cache(), profiling()};
}

}  // namespace weft::cli
