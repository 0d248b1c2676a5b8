// How a module is compiled. Everything here is part of the code cache's key.
// Thread safety: values.
#pragma once

#include <cstdint>
#include <functional>
#include <string>
#include <string_view>

#include "base/result.h"

namespace weft::engine {

// Which instructions the code may use. `native` is this machine; the other two are the psABI's
// micro-architecture levels, for programs that move between machines.
enum class CpuLevel : uint8_t { native, x86_64_v3, x86_64_v2 };

Result<CpuLevel> parse_cpu_level(std::string_view name);
std::string_view name(CpuLevel level);

// The level as LLVM and the cache know it: CPU name and feature string ("sapphirerapids",
// "+avx512f,…").
struct Target {
  std::string cpu;
  std::string features;
  bool avx = false, avx2 = false, fma = false, avx512 = false;
};
// Error unsupported when this machine cannot run the level.
Result<Target> resolve(CpuLevel level);

// How much work goes into the code. `fast` is for a program that runs once and shortly, such as the
// ones that a configure script tries: it compiles six times as fast, to code that does the same and
// takes several times as long.
enum class Effort : uint8_t { full, fast };

Result<Effort> parse_effort(std::string_view name);
std::string_view name(Effort effort);

// `closed`: the module is a whole program; all its function imports are host functions. `open`: it
// may share functions, tables, memories, globals and tags with other instances (specification
// scripts); indirect calls then switch instances.
enum class Linking : uint8_t { closed, open };

// A module with this custom section, content "fast", permits fused multiply-add wherever it pays
// (C's -ffp-contract=fast).
inline constexpr std::string_view contraction_section = "weft.fp_contract";

struct CompileOptions {
  CpuLevel cpu = CpuLevel::native;
  Effort effort = Effort::full;
  Linking linking = Linking::closed;
  unsigned threads = 0;  // 0: one per core; the result does not depend on it
  // Called from any compiling thread with bytes of code done and in all; may be empty.
  std::function<void(uint64_t done, uint64_t total)> progress;
};

}  // namespace weft::engine
