#include "catalog/catalog.h"

#include <fcntl.h>
#include <openssl/evp.h>
#include <sys/stat.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <filesystem>
#include <utility>

#include "base/archive.h"
#include "base/new_file.h"
#include "base/unique_fd.h"

namespace weft::catalog {

namespace {

constexpr uint32_t record_format = 1;
constexpr char table = 'F';
constexpr char version_kind = 'v';
constexpr char alias_kind = 'a';
constexpr size_t version_digits = 16;

struct VersionRecord {
  uint32_t format = record_format;
  std::string module;
  uint64_t module_bytes = 0;
  int64_t created_us = 0;
  std::string spec;  // canonical
};
template <class A>
void fields(A& a, VersionRecord& r) {
  a(r.format, r.module, r.module_bytes, r.created_us, r.spec);
}

std::string sha256(std::span<const uint8_t> bytes, std::string_view more = {}) {
  std::array<uint8_t, EVP_MAX_MD_SIZE> digest{};
  unsigned length = 0;
  EVP_MD_CTX* context = EVP_MD_CTX_new();
  bool done = context != nullptr && EVP_DigestInit_ex(context, EVP_sha256(), nullptr) == 1 &&
              EVP_DigestUpdate(context, bytes.data(), bytes.size()) == 1 &&
              EVP_DigestUpdate(context, more.data(), more.size()) == 1 &&
              EVP_DigestFinal_ex(context, digest.data(), &length) == 1;
  EVP_MD_CTX_free(context);
  CHECK(done, "SHA-256 failed");
  std::string text;
  for (unsigned i = 0; i < length; ++i) {
    text += fmt::format("{:02x}", digest[i]);
  }
  return text;
}

std::string key_of(const FunctionName& name, char kind, std::string_view rest) {
  std::string key(1, table);
  key.append(name.space).push_back('\0');
  key.append(name.name).push_back('\0');
  key.push_back(kind);
  return key.append(rest);
}

std::span<const uint8_t> bytes_of(std::string_view text) {
  return {reinterpret_cast<const uint8_t*>(text.data()), text.size()};
}

std::unexpected<Error> no_such(const FunctionName& name, std::string_view version) {
  if (version.empty()) {
    return error(Error::Kind::not_found, "there is no function {}/{}", name.space, name.name);
  }
  return error(Error::Kind::not_found, "function {}/{} has no version {}", name.space, name.name,
               version);
}

}  // namespace

std::shared_ptr<const Version> Entry::aliased(std::string_view alias) const {
  auto named = aliases.find(std::string(alias));
  if (named == aliases.end()) {
    return nullptr;
  }
  auto found = versions.find(named->second);
  return found == versions.end() ? nullptr : found->second;
}

Result<std::unique_ptr<Catalog>> Catalog::open(store::Store& store, std::string directory,
                                               const Clock& clock) {
  std::error_code failed;
  std::filesystem::create_directories(directory + "/modules", failed);
  if (failed) {
    return io_error(failed.value(), fmt::format("making {}/modules", directory));
  }
  std::unique_ptr<Catalog> catalog(new Catalog(store, std::move(directory), clock));
  TRY_VOID(catalog->read());
  return catalog;
}

Result<void> Catalog::read() {
  store::Range range{.prefix = std::string(1, table)};
  while (true) {
    TRY(entries, store_.scan(range));
    for (const store::Entry& entry : entries) {
      TRY_VOID(add(entry.key, entry.value));
    }
    if (entries.size() < range.limit) {
      return {};
    }
    range.after = entries.back().key;
  }
}

Result<void> Catalog::add(std::string_view key, std::string_view value) {
  size_t space_end = key.find('\0', 1);
  size_t name_end = space_end == key.npos ? key.npos : key.find('\0', space_end + 1);
  if (name_end == key.npos || name_end + 2 > key.size()) {
    return error(Error::Kind::corrupt, "the catalog has a record under a key that is none");
  }
  FunctionName name{std::string(key.substr(1, space_end - 1)),
                    std::string(key.substr(space_end + 1, name_end - space_end - 1))};
  std::string rest(key.substr(name_end + 2));
  Entry& entry = entries_[name];
  entry.name = name;
  if (key[name_end + 1] == alias_kind) {
    entry.aliases[rest] = value;
    return {};
  }
  std::string where = fmt::format("catalog record of {}/{}", name.space, name.name);
  auto record = archive_read<VersionRecord>(value);
  if (!record) {
    return std::unexpected(record.error().in(where));
  }
  if (record->format != record_format) {
    return error(Error::Kind::unsupported, "{}: format {}, this weft knows {}", where,
                 record->format, record_format);
  }
  TRY(spec, manifest::parse_function_spec(record->spec, where));
  auto version = std::make_shared<Version>();
  version->function = name;
  version->version = rest;
  version->module = record->module;
  version->module_bytes = record->module_bytes;
  version->created = WallTime(std::chrono::microseconds(record->created_us));
  version->spec = std::move(spec);
  ++module_uses_[version->module];
  entry.versions[rest] = std::move(version);
  return {};
}

std::string Catalog::module_path(const Version& version) const {
  return fmt::format("{}/modules/{}.wasm", directory_, version.module);
}

Result<void> Catalog::store_module(const std::string& hash, std::span<const uint8_t> module) const {
  std::string path = fmt::format("{}/modules/{}.wasm", directory_, hash);
  struct stat status = {};
  if (stat(path.c_str(), &status) == 0 && static_cast<uint64_t>(status.st_size) == module.size()) {
    return {};
  }
  TRY(file, NewFile::create(path));
  TRY_VOID(write_all(file.fd(), {reinterpret_cast<const char*>(module.data()), module.size()}));
  if (fsync(file.fd()) != 0) {
    return io_error(errno, fmt::format("syncing {}", path));
  }
  TRY_VOID(file.publish());
  UniqueFd directory(::open((directory_ + "/modules").c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
  if (!directory || fsync(directory.value()) != 0) {
    return io_error(errno, fmt::format("syncing {}/modules", directory_));
  }
  return {};
}

// REQUIRES: mutex_ is held.
void Catalog::drop_unused(const std::string& module) {
  auto uses = module_uses_.find(module);
  if (uses != module_uses_.end() && --uses->second == 0) {
    module_uses_.erase(uses);
    std::error_code ignored;  // what stays costs only room
    std::filesystem::remove(fmt::format("{}/modules/{}.wasm", directory_, module), ignored);
  }
}

void Catalog::deploy(const FunctionName& name, std::span<const uint8_t> module,
                     const manifest::FunctionSpec& spec, std::string alias, DeployDone done) {
  auto version = std::make_shared<Version>();
  version->function = name;
  version->module = sha256(module);
  version->module_bytes = module.size();
  version->created = clock_.now();
  version->spec = spec;
  std::string text = manifest::canonical_text(spec);
  version->version = sha256(bytes_of(version->module), text).substr(0, version_digits);

  std::shared_ptr<const Version> existing;
  bool is_named = alias.empty();
  {
    std::lock_guard lock(mutex_);
    if (auto found = entries_.find(name); found != entries_.end()) {
      const Entry& entry = found->second;
      auto same = entry.versions.find(version->version);
      existing = same == entry.versions.end() ? nullptr : same->second;
      auto named = entry.aliases.find(alias);
      is_named = is_named || (named != entry.aliases.end() && named->second == version->version);
    }
    if (existing == nullptr) {
      ++module_uses_[version->module];  // before the file is written, so that nobody removes it
    }
  }
  if (existing != nullptr && is_named) {
    done(Deployed{existing, false});
    return;
  }
  store::Batch batch;
  if (existing == nullptr) {
    if (auto stored = store_module(version->module, module); !stored) {
      std::lock_guard lock(mutex_);
      drop_unused(version->module);
      done(std::unexpected(stored.error()));
      return;
    }
    batch.put(key_of(name, version_kind, version->version),
              archive_write(VersionRecord{
                  .module = version->module,
                  .module_bytes = version->module_bytes,
                  .created_us = version->created.time_since_epoch().count(),
                  .spec = text,
              }));
  }
  if (!alias.empty()) {
    batch.put(key_of(name, alias_kind, alias), version->version);
  }
  store_.commit(std::move(batch), [this, version, existing, alias = std::move(alias),
                                   done = std::move(done)](Result<void> written) mutable {
    {
      std::lock_guard lock(mutex_);
      if (!written) {
        if (existing == nullptr) {
          drop_unused(version->module);
        }
      } else {
        Entry& entry = entries_[version->function];
        entry.name = version->function;
        if (existing == nullptr && !entry.versions.emplace(version->version, version).second) {
          drop_unused(version->module);  // two deployed the same at once
        }
        if (!alias.empty()) {
          entry.aliases[alias] = version->version;
        }
      }
    }
    if (!written) {
      done(std::unexpected(written.error()));
      return;
    }
    done(Deployed{existing == nullptr ? version : existing, existing == nullptr});
  });
}

void Catalog::point(const FunctionName& name, std::string alias, std::string version, Done done) {
  if (find_version(name, version) == nullptr) {
    done(no_such(name, version));
    return;
  }
  store::Batch batch;
  batch.put(key_of(name, alias_kind, alias), version);
  store_.commit(std::move(batch),
                [this, name, alias = std::move(alias), version = std::move(version),
                 done = std::move(done)](Result<void> written) mutable {
                  if (written) {
                    std::lock_guard lock(mutex_);
                    auto found = entries_.find(name);
                    if (found != entries_.end()) {
                      found->second.aliases[alias] = version;
                    }
                  }
                  done(std::move(written));
                });
}

void Catalog::remove(const FunctionName& name, std::optional<std::string> version, Done done) {
  auto found = entry(name);
  if (!found || (version && !found->versions.contains(*version))) {
    done(no_such(name, version.value_or("")));
    return;
  }
  store::Batch batch;
  auto goes = [&](const std::string& v) { return !version || *version == v; };
  for (const auto& [key, value] : found->versions) {
    if (goes(key)) {
      batch.erase(key_of(name, version_kind, key));
    }
  }
  for (const auto& [alias, target] : found->aliases) {
    if (goes(target)) {
      batch.erase(key_of(name, alias_kind, alias));
    }
  }
  store_.commit(std::move(batch), [this, name, version = std::move(version),
                                   done = std::move(done)](Result<void> written) mutable {
    if (written) {
      std::lock_guard lock(mutex_);
      auto at = entries_.find(name);
      if (at != entries_.end()) {
        auto gone = [&](const std::string& v) { return !version || *version == v; };
        std::erase_if(at->second.aliases, [&](const auto& a) { return gone(a.second); });
        std::erase_if(at->second.versions, [&](const auto& v) {
          if (gone(v.first)) {
            drop_unused(v.second->module);
            return true;
          }
          return false;
        });
        if (at->second.versions.empty()) {
          entries_.erase(at);
        }
      }
    }
    done(std::move(written));
  });
}

std::shared_ptr<const Version> Catalog::find(const FunctionName& name,
                                             std::string_view alias) const {
  std::lock_guard lock(mutex_);
  auto found = entries_.find(name);
  return found == entries_.end() ? nullptr : found->second.aliased(alias);
}

std::shared_ptr<const Version> Catalog::find_version(const FunctionName& name,
                                                     std::string_view version) const {
  std::lock_guard lock(mutex_);
  auto found = entries_.find(name);
  if (found == entries_.end()) {
    return nullptr;
  }
  auto at = found->second.versions.find(std::string(version));
  return at == found->second.versions.end() ? nullptr : at->second;
}

std::optional<Entry> Catalog::entry(const FunctionName& name) const {
  std::lock_guard lock(mutex_);
  auto found = entries_.find(name);
  return found == entries_.end() ? std::nullopt : std::optional(found->second);
}

std::vector<Entry> Catalog::list(std::optional<std::string> space,
                                 std::optional<FunctionName> after, size_t limit) const {
  std::lock_guard lock(mutex_);
  FunctionName first{space.value_or(""), ""};
  auto at = after ? entries_.upper_bound(*after) : entries_.lower_bound(first);
  std::vector<Entry> listed;
  for (; at != entries_.end() && listed.size() < limit; ++at) {
    if (space && at->first.space != *space) {
      break;
    }
    listed.push_back(at->second);
  }
  return listed;
}

size_t Catalog::size() const {
  std::lock_guard lock(mutex_);
  return entries_.size();
}

}  // namespace weft::catalog
