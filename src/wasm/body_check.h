// The rules for function bodies that libwabt 1.0.32 lacks: a body ends with the `end` that closes
// it, and indirect calls go through tables of functions. Thread safety: safe from any thread.
#pragma once

#include <wabt/feature.h>

#include <cstdint>
#include <span>

#include "base/result.h"
#include "wasm/module.h"

namespace weft::wasm {

// `bytes` is the module as libwabt accepted it. Error invalid names the function.
Result<void> check_bodies(const Module& module, std::span<const uint8_t> bytes,
                          const wabt::Features& features);

}  // namespace weft::wasm
