// The catalog: which functions are deployed, in which versions, and what their aliases name.
//
// A version is a module and its settings; its name is the hash of both, so it never changes, and
// deploying the same again changes nothing. An alias names one version of its function and is
// switched in one step; calls go to "live" unless they say otherwise.
//
//     DIRECTORY/modules/<SHA-256 of the module>.wasm     written and synced before any record of it
//     store, table 'F': space \0 name \0 v version  → VersionRecord
//                       space \0 name \0 a alias    → version
//
// Everything but the modules is in memory too, so that look-ups never read the store.
//
// Thread safety: any thread may call anything. Answers of deploy(), point() and remove() come on
// the store's writer thread, or from inside the call when nothing is to be written or it is
// refused.
#pragma once

#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "base/clock.h"
#include "base/result.h"
#include "manifest/function_spec.h"
#include "store/store.h"

namespace weft::catalog {

inline constexpr std::string_view live = "live";

struct FunctionName {
  std::string space;  // the namespace
  std::string name;
  auto operator<=>(const FunctionName&) const = default;
};

struct Version {
  FunctionName function;
  std::string version;  // 16 hexadecimal digits
  std::string module;   // SHA-256 of its bytes, hexadecimal
  uint64_t module_bytes = 0;
  WallTime created;
  manifest::FunctionSpec spec;
};

// What is known of a function at one moment.
struct Entry {
  FunctionName name;
  std::map<std::string, std::shared_ptr<const Version>> versions;
  std::map<std::string, std::string> aliases;  // to versions

  std::shared_ptr<const Version> aliased(std::string_view alias) const;
};

struct Deployed {
  std::shared_ptr<const Version> version;
  bool is_new = false;
};

class Catalog {
 public:
  using Done = std::move_only_function<void(Result<void>)>;
  using DeployDone = std::move_only_function<void(Result<Deployed>)>;

  // Reads what is there. `store` outlives it. Errors: corrupt, unsupported (a newer version wrote
  // it), io.
  static Result<std::unique_ptr<Catalog>> open(store::Store& store, std::string directory,
                                               const Clock& clock);

  // The module is stored and synced by the calling thread. `alias` is switched with it, unless it
  // is empty. Errors: exhausted, io.
  void deploy(const FunctionName& name, std::span<const uint8_t> module,
              const manifest::FunctionSpec& spec, std::string alias, DeployDone done);
  // Errors: not_found (no such function or version), exhausted, io.
  void point(const FunctionName& name, std::string alias, std::string version, Done done);
  // A version, with the aliases that name it, or the whole function. Modules that no version has
  // any more go with them. Errors: not_found, exhausted, io.
  void remove(const FunctionName& name, std::optional<std::string> version, Done done);

  // The version that an alias names. Null when there is none.
  std::shared_ptr<const Version> find(const FunctionName& name,
                                      std::string_view alias = live) const;
  std::shared_ptr<const Version> find_version(const FunctionName& name,
                                              std::string_view version) const;
  std::optional<Entry> entry(const FunctionName& name) const;
  // In the order of their names, from behind `after`.
  std::vector<Entry> list(std::optional<std::string> space, std::optional<FunctionName> after,
                          size_t limit) const;
  size_t size() const;  // functions

  std::string module_path(const Version& version) const;

 private:
  Catalog(store::Store& store, std::string directory, const Clock& clock)
      : store_(store), directory_(std::move(directory)), clock_(clock) {}
  Result<void> read();
  Result<void> add(std::string_view key, std::string_view value);
  Result<void> store_module(const std::string& hash, std::span<const uint8_t> module) const;
  void drop_unused(const std::string& module);

  store::Store& store_;
  const std::string directory_;
  const Clock& clock_;
  mutable std::mutex mutex_;
  std::map<FunctionName, Entry> entries_;
  std::unordered_map<std::string, size_t> module_uses_;  // versions that have it, or are about to
};

}  // namespace weft::catalog
