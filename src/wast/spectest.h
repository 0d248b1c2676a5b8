// The module "spectest" that scripts may import from (WebAssembly/spec, interpreter/README.md): its
// state as WebAssembly modules, its functions as host functions. What they print goes nowhere.
// Thread safety: as the instances.
#pragma once

#include <array>
#include <string_view>

#include "host/imports.h"

namespace weft::wast {

// Two, as a module has one memory.
inline constexpr std::array<std::string_view, 2> spectest_modules{
    R"((module
      (global (export "global_i32") i32 (i32.const 666))
      (global (export "global_i64") i64 (i64.const 666))
      (global (export "global_f32") f32 (f32.const 666.6))
      (global (export "global_f64") f64 (f64.const 666.6))
      (table (export "table") 10 20 funcref)
      (memory (export "memory") 1 2)))",
    R"((module (memory (export "shared_memory") 1 2 shared)))"};

class Spectest final : public host::ImportModule {
 public:
  using ImportModule::ImportModule;
  std::optional<host::HostFunction> find(std::string_view module, std::string_view name) override;

 private:
  host::Answer<void> print() { return {}; }
  host::Answer<void> print_i32(uint32_t) { return {}; }
  host::Answer<void> print_i64(uint64_t) { return {}; }
  host::Answer<void> print_f32(float) { return {}; }
  host::Answer<void> print_f64(double) { return {}; }
  host::Answer<void> print_i32_f32(uint32_t, float) { return {}; }
  host::Answer<void> print_f64_f64(double, double) { return {}; }
};

}  // namespace weft::wast
