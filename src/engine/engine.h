// The engine: module bytes in, mapped code out. Compiles what the cache does not have.
//
//     Engine engine(CodeCache(CodeCache::default_directory()));
//     TRY(code, engine.load(bytes, options, "prog.wasm"));      // shared_ptr<const CodeFile>
//
// Thread safety: safe from any thread.
#pragma once

#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <string>
#include <vector>

#include "engine/code_cache.h"
#include "engine/compiler.h"

namespace weft::engine {

// Asked before a module is compiled (not for one whose code is there already): what it refuses
// costs no compilation.
using Accept = std::function<Result<void>(const wasm::Module&)>;

class Engine {
 public:
  explicit Engine(CodeCache cache) : cache_(std::move(cache)) {}

  // The code of a module (bytes of a .wasm file). A module that is loaded already is shared. `name`
  // is for messages.
  Result<std::shared_ptr<const CodeFile>> load(std::vector<uint8_t> bytes,
                                               const CompileOptions& options,
                                               const std::string& name, const Accept& accept = {});
  // A code file that `weft compile` wrote. It is native code and as trusted as any executable.
  static Result<std::shared_ptr<const CodeFile>> open(const std::string& path);

  // What went wrong without harm (a cache that cannot be written), once each.
  std::vector<std::string> take_warnings();

 private:
  Result<std::shared_ptr<const CodeFile>> build(std::vector<uint8_t> bytes,
                                                const CompileOptions& options, const CodeKey& key,
                                                uint64_t window, const Accept& accept);

  CodeCache cache_;
  std::mutex mutex_;
  std::map<std::string, std::weak_ptr<const CodeFile>> loaded_;
  std::vector<std::string> warnings_;
};

// Is this the beginning of a code file (rather than of a WebAssembly module)?
bool is_code_file(std::span<const uint8_t> bytes);

}  // namespace weft::engine
