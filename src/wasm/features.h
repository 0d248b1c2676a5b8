// The WebAssembly features beyond libwabt's defaults that weft offers: one list for modules and for
// scripts in text form. Thread safety: values.
#pragma once

#include <wabt/feature.h>

namespace weft::wasm {

inline wabt::Features supported_features() {
  wabt::Features f;
  f.enable_exceptions();
  f.enable_threads();
  f.enable_tail_call();
  f.enable_extended_const();
  f.enable_relaxed_simd();
  return f;
}

}  // namespace weft::wasm
