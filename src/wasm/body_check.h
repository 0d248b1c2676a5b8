// The rules for function bodies that libwabt 1.0.32 lacks: a body ends with the `end` that closes
// it, indirect calls go through tables of functions, and locals are not too many. Thread safety:
// safe from any thread.
#pragma once

#include <wabt/feature.h>

#include <cstdint>
#include <span>

#include "base/result.h"
#include "wasm/module.h"

namespace weft::wasm {

// `bytes` is the module as libwabt accepted it. Errors invalid and exhausted (locals) name the
// function.
Result<void> check_bodies(const Module& module, std::span<const uint8_t> bytes,
                          const wabt::Features& features);

}  // namespace weft::wasm
