// WebAssembly module to code file: plan, lower, optimise, generate, link.
//
// Functions are compiled in partitions of about the same size, so that memory stays bounded and
// cores stay busy. The partitions depend on the module alone: the same module and options give the
// same bytes, whatever the number of threads. Thread safety: compile() may be called from any
// thread.
#pragma once

#include <cstdint>
#include <memory>
#include <string>

#include "engine/code_file.h"
#include "engine/options.h"
#include "wasm/module.h"

namespace weft::engine {

// Identifies the code generator: part of every key, so that code of another version is never used.
std::string compiler_version();

Result<CodeKey> code_key(std::span<const uint8_t> module_bytes, const CompileOptions& options);

// A whole code file's bytes, linked for the window.
Result<std::string> compile(std::shared_ptr<const wasm::Module> module,
                            const CompileOptions& options, const CodeKey& key, uint64_t window);

}  // namespace weft::engine
