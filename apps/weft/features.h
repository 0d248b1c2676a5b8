// Which features of WebAssembly beyond 1.0 a module uses, by their names as proposals.
// Thread safety: functions.
#pragma once

#include <set>
#include <string>

#include "wasm/module.h"

namespace weft::cli {

// Reads every function body once. REQUIRES: the module is valid.
std::set<std::string> features_of(const wasm::Module& module);

}  // namespace weft::cli
