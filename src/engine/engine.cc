#include "engine/engine.h"

#include <elf.h>
#include <fcntl.h>

#include "base/unique_fd.h"

namespace weft::engine {

namespace {
constexpr uint64_t window_tries = 64;
}

Result<std::shared_ptr<const CodeFile>> Engine::build(std::vector<uint8_t> bytes,
                                                      const CompileOptions& options,
                                                      const CodeKey& key, uint64_t window,
                                                      const Accept& accept) {
  TRY(module, wasm::decode(std::move(bytes)));
  if (accept) {
    TRY_VOID(accept(*module));
  }
  TRY(file, compile(std::move(module), options, key, window));
  std::string warning;
  auto mapped = cache_.store(key, window, file, &warning);
  if (!warning.empty()) {
    std::lock_guard lock(mutex_);
    warnings_.push_back(std::move(warning));
  }
  return mapped;
}

Result<std::shared_ptr<const CodeFile>> Engine::load(std::vector<uint8_t> bytes,
                                                     const CompileOptions& options,
                                                     const std::string& name,
                                                     const Accept& accept) {
  auto in_file = [&](const Error& e) { return std::unexpected(e.in(name)); };
  auto key = code_key(bytes, options);
  if (!key) {
    return in_file(key.error());
  }
  {
    std::lock_guard lock(mutex_);
    if (auto shared = loaded_[key->hex()].lock()) {
      return shared;
    }
  }
  // The window follows from the key; where it is taken by another module, the next ones are tried.
  for (uint64_t i = 0; i < window_tries; ++i) {
    uint64_t window = (key->low + i * 7919) % code_windows;
    auto found = cache_.find(*key, window);
    if (found && *found == nullptr) {
      found = build(bytes, options, *key, window, accept);
    }
    if (found) {
      std::lock_guard lock(mutex_);
      loaded_[key->hex()] = *found;
      return found;
    }
    if (found.error().kind() != Error::Kind::conflict) {
      return in_file(found.error());
    }
  }
  return error(Error::Kind::exhausted, "{}: no free addresses for its code in this process", name);
}

Result<std::shared_ptr<const CodeFile>> Engine::open(const std::string& path) {
  UniqueFd fd(::open(path.c_str(), O_RDONLY | O_CLOEXEC));
  if (!fd) {
    return io_error(errno, path);
  }
  TRY(file, CodeFile::map(fd.value(), path, CodeFile::Verify::checksum));
  TRY(target, resolve(file->info().cpu));
  if (target.cpu != file->info().target_cpu || target.features != file->info().target_features) {
    return error(Error::Kind::unsupported,
                 "{} was compiled for {}, this machine is {}: compile it again here, or with "
                 "--cpu x86-64-v3",
                 path, file->info().target_cpu, target.cpu);
  }
  return std::move(file);
}

std::vector<std::string> Engine::take_warnings() {
  std::lock_guard lock(mutex_);
  return std::exchange(warnings_, {});
}

bool is_code_file(std::span<const uint8_t> bytes) {
  return bytes.size() >= SELFMAG && std::memcmp(bytes.data(), ELFMAG, SELFMAG) == 0;
}

}  // namespace weft::engine
