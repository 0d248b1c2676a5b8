// differential [--seconds N] [--found DIR]: reads the generator's modules from standard input until
// they or the time end, runs each on both sides, and prints what differs. A module on which the
// sides differ is kept as DIR/SEED.wasm; DIR/running.wasm and .seed are the one in progress, for
// when the process itself goes down.
//
// A memory trap that weft loses because nobody needs the load (src/engine/load_traps.h says when)
// is counted, and no difference, as long as it is rare.
//
// Exits with 0 when nothing differed, 1 when something did, 2 when it could not be tried.
#include <unistd.h>

#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <map>

#include "differential/compare.h"
#include "differential/reference.h"
#include "differential/subject.h"

namespace {

using namespace weft;
using std::chrono::steady_clock;

struct Options {
  std::chrono::seconds time = std::chrono::hours(24 * 365);
  std::filesystem::path found = ".";
};

struct Tally {
  uint64_t modules = 0;
  uint64_t differences = 0;
  uint64_t lost_traps = 0;  // not among the differences
  uint64_t calls = 0;
  uint64_t returned = 0;
  std::map<std::string, uint64_t> unknown;
};

bool read_exactly(void* to, size_t bytes) { return std::fread(to, 1, bytes, stdin) == bytes; }

// The generator's frame: seed, length, module.
bool read_module(uint64_t& seed, std::vector<uint8_t>& module) {
  uint32_t length = 0;
  if (!read_exactly(&seed, sizeof seed) || !read_exactly(&length, sizeof length)) {
    return false;
  }
  module.resize(length);
  return read_exactly(module.data(), module.size());
}

void write_file(const std::filesystem::path& path, std::string_view bytes) {
  std::ofstream(path, std::ios::binary)
      .write(bytes.data(), static_cast<std::streamsize>(bytes.size()));
}

// Which code is tested: linking and CPU level take turns.
engine::CompileOptions options_for(uint64_t seed) {
  engine::CompileOptions options;
  options.threads = 1;
  options.linking = seed % 2 == 0 ? engine::Linking::closed : engine::Linking::open;
  switch (seed / 2 % 4) {
    case 0:
      options.cpu = engine::CpuLevel::x86_64_v2;
      break;
    case 1:
      options.cpu = engine::CpuLevel::x86_64_v3;
      break;
    default:
      options.cpu = engine::CpuLevel::native;
  }
  return options;
}

// One in about 300 modules; twice that would be news.
bool too_many_lost_traps(const Tally& tally) { return tally.lost_traps > 4 + tally.modules / 150; }

std::string without_numbers(std::string text) {
  std::replace_if(text.begin(), text.end(), [](char c) { return c >= '0' && c <= '9'; }, 'N');
  return text;
}

void judge(const Options& options, const differential::Engines& engines, uint64_t seed,
           const std::vector<uint8_t>& module, Tally& tally) {
  std::string_view bytes(reinterpret_cast<const char*>(module.data()), module.size());
  write_file(options.found / "running.wasm", bytes);
  write_file(options.found / "running.seed", std::to_string(seed));
  auto reference = differential::make_reference();
  auto subject = differential::make_subject(engines, options_for(seed));
  auto result = differential::compare(module, *reference, *subject, {.seed = seed});
  ++tally.modules;
  tally.calls += result.calls;
  tally.returned += result.returned;
  if (!result.unknown.empty()) {
    ++tally.unknown[without_numbers(result.unknown)];
  }
  if (result.difference.empty()) {
    return;
  }
  if (result.lost_trap) {
    ++tally.lost_traps;
    return;
  }
  ++tally.differences;
  auto kept = options.found / (std::to_string(seed) + ".wasm");
  write_file(kept, bytes);
  std::printf("DIFFERENCE %s\n  module %s; again: SEED=%llu COUNT=1 tests/differential/run.sh\n",
              result.difference.c_str(), kept.c_str(), static_cast<unsigned long long>(seed));
  std::fflush(stdout);
}

void print(const Tally& tally) {
  auto number = [](uint64_t n) { return static_cast<unsigned long long>(n); };
  std::printf("%llu modules, %llu calls compared, %llu of them returned, %llu modules differ\n",
              number(tally.modules), number(tally.calls), number(tally.returned),
              number(tally.differences));
  if (tally.lost_traps != 0) {
    std::printf("  a memory trap is lost in %llu more: a load that nobody needs\n",
                number(tally.lost_traps));
  }
  for (const auto& [why, count] : tally.unknown) {
    std::printf("  not compared to the end: %llu, %s\n", number(count), why.c_str());
  }
  std::fflush(stdout);
}

Result<int> run(const Options& options) {
  TRY(slots, slot::SlotPool::reserve(16));
  TRY(thread, cpu::Thread::attach());
  TRY_VOID(thread->set_tick(std::chrono::milliseconds(2)));
  engine::Engine engine{engine::CodeCache("")};
  differential::Engines engines{*slots, engine, *thread};
  Tally tally;
  auto begin = steady_clock::now();
  auto next_report = begin + std::chrono::minutes(1);
  uint64_t seed = 0;
  std::vector<uint8_t> module;
  while (steady_clock::now() - begin < options.time && read_module(seed, module)) {
    judge(options, engines, seed, module, tally);
    if (steady_clock::now() >= next_report) {
      next_report += std::chrono::minutes(1);
      print(tally);
    }
  }
  std::filesystem::remove(options.found / "running.wasm");
  std::filesystem::remove(options.found / "running.seed");
  if (tally.modules == 0) {
    return error(Error::Kind::invalid, "no module came from the generator");
  }
  print(tally);
  if (too_many_lost_traps(tally)) {
    std::printf("DIFFERENCE memory traps are lost in more modules than they used to be\n");
    ++tally.differences;
  }
  return tally.differences == 0 ? 0 : 1;
}

}  // namespace

int main(int argc, char** argv) {
  Options options;
  for (int i = 1; i + 1 < argc; i += 2) {
    if (std::strcmp(argv[i], "--seconds") == 0) {
      options.time = std::chrono::seconds(std::atoll(argv[i + 1]));
    } else if (std::strcmp(argv[i], "--found") == 0) {
      options.found = argv[i + 1];
    } else {
      std::fprintf(stderr, "differential: no option %s\n", argv[i]);
      return 2;
    }
  }
  auto code = run(options);
  if (!code) {
    std::fprintf(stderr, "differential: %s\n", code.error().message().c_str());
    return 2;
  }
  return *code;
}
