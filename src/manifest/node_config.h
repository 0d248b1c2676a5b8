// The configuration of a node: the file of `weft up --config`. docs/manifest.md has every key.
// Thread safety: values; no shared state.
#pragma once

#include <chrono>
#include <cstdint>
#include <filesystem>
#include <map>
#include <optional>
#include <span>
#include <string>
#include <string_view>

#include "base/result.h"
#include "manifest/key.h"
#include "manifest/names.h"

namespace weft::manifest {

// Where a secret's value comes from: "env:NAME" or "file:/path".
struct SecretSource {
  enum class Kind : uint8_t { variable, file };
  Kind kind = Kind::variable;
  std::string name;

  bool operator==(const SecretSource&) const = default;
};
Result<SecretSource> parse_secret_source(std::string_view text);

// Of one namespace; what is not given is not limited.
struct Quota {
  std::optional<uint32_t> calls_per_second;
  std::optional<uint32_t> running;
  std::optional<uint64_t> memory_bytes;
  uint32_t cpu_share = 100;  // weight against the other namespaces

  bool operator==(const Quota&) const = default;
};

struct NodeConfig {
  enum class LogLevel : uint8_t { debug, info, warning, error };
  enum class LogFormat : uint8_t { automatic, text, json };  // automatic: text on a terminal

  struct Tls {
    std::filesystem::path certificate;  // PEM, with its chain
    std::filesystem::path key;
  };

  std::filesystem::path data;  // empty: the command's default
  Endpoint listen{.host = "127.0.0.1", .port = 8080};
  std::optional<uint32_t> cores;  // none: all
  bool dev = false;               // no tokens; on loopback only
  std::optional<Tls> tls;
  std::map<std::string, std::filesystem::path> volumes;
  std::map<std::string, std::map<std::string, SecretSource>> secrets;  // namespace, name

  uint64_t max_body_bytes = 64 << 20;
  uint64_t max_header_bytes = 64 << 10;
  uint32_t max_connections = 10000;
  uint32_t max_queued = 10000;           // calls that wait for a core, before 503
  std::optional<uint64_t> memory_bytes;  // of all calls together; none: by the machine
  std::chrono::nanoseconds drain_time = std::chrono::seconds(30);

  std::chrono::nanoseconds retention_time = std::chrono::hours(24);
  uint64_t retention_bytes = uint64_t{1} << 30;

  std::map<std::string, Quota> quotas;

  LogLevel log_level = LogLevel::info;
  LogFormat log_format = LogFormat::automatic;
  std::string otlp_endpoint;  // empty: nothing is exported
  std::optional<std::chrono::nanoseconds> slow_call;

  // Of `ns`; the standard one when none is configured.
  Quota quota(std::string_view ns) const;
};

// Errors: no TOML, an unknown key, a wrong value, each with line and column and what to write.
Result<NodeConfig> parse_node_config(std::string_view text, const std::filesystem::path& file);
Result<NodeConfig> read_node_config(const std::filesystem::path& file);

// The tables of the file, and the keys of each.
std::span<const Key> node_root_keys();
struct NodeTable {
  std::string_view name;
  std::span<const Key> keys;
};
std::span<const NodeTable> node_tables();

}  // namespace weft::manifest
