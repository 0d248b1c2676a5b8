#include "manifest/node_config.h"

#include <algorithm>

#include "manifest/table_reader.h"

namespace weft::manifest {

namespace {

using std::chrono::hours;
using std::chrono::microseconds;
using std::chrono::milliseconds;
using std::chrono::nanoseconds;
using std::chrono::seconds;
using Path = std::filesystem::path;

constexpr uint64_t KiB = 1 << 10;
constexpr uint64_t MiB = 1 << 20;
constexpr uint64_t GiB = 1 << 30;
constexpr uint64_t TiB = uint64_t{1} << 40;

constexpr Key root_key_table[] = {
    {"node", "table", "", "the process: where it listens, where its data lies"},
    {"tls", "table", "", "certificate and key; without it HTTP is plain"},
    {"volumes", "table", "", "`NAME = \"/host/path\"`: directories that functions may be granted"},
    {"secrets", "tables", "",
     "`[secrets.NAMESPACE]` `NAME = \"env:VARIABLE\"` or `\"file:/path\"`: values that functions "
     "of "
     "the namespace may refer to"},
    {"limits", "table", "", "what the node takes on at a time"},
    {"retention", "table", "", "how long results of calls are kept"},
    {"quotas", "tables", "", "`[quotas.NAMESPACE]`: what a namespace may use"},
    {"log", "table", "", "the node's own log, on standard error"},
    {"telemetry", "table", "", "traces and slow calls"},
};
constexpr Key node_keys[] = {
    {"data", "text", "~/.local/share/weft", "folder of functions, calls and tokens"},
    {"listen", "text", "127.0.0.1:8080", "`HOST:PORT`, `[::1]:PORT`, or `:PORT` for all addresses"},
    {"cores", "number", "all", "processors that run calls; 1 to 1024"},
    {"dev", "boolean", "false", "no tokens are asked for; only when it listens on loopback"},
};
constexpr Key tls_keys[] = {
    {"certificate", "text", "required", "PEM file with the certificate and its chain"},
    {"key", "text", "required", "PEM file with the private key"},
};
constexpr Key limits_keys[] = {
    {"max_body", "size", "64M", "of a request; `1K` to `4G`"},
    {"max_header", "size", "64K", "of a request; `1K` to `1M`"},
    {"max_connections", "number", "10000", "open at a time; 1 to 1000000"},
    {"max_queued", "number", "10000", "calls that wait for a core, before 503; 1 to 10000000"},
    {"memory", "size", "by the machine", "of all calls together; `16M` to `64T`"},
    {"drain", "time", "30s", "for running calls when the node is told to end; up to an hour"},
};
constexpr Key retention_keys[] = {
    {"time", "time", "24h", "`1s` to a year"},
    {"size", "size", "1G", "of all results together; `1M` to `64T`"},
};
constexpr Key quota_keys[] = {
    {"calls_per_second", "number", "no limit", "1 to 10000000"},
    {"running", "number", "no limit", "calls at a time; 1 to 1000000"},
    {"memory", "size", "no limit", "of its running calls; `1M` to `64T`"},
    {"cpu_share", "number", "100",
     "weight against other namespaces when cores are short; 1 to 10000"},
};
constexpr Key log_keys[] = {
    {"level", "text", "info", "`debug`, `info`, `warning`, `error`"},
    {"format", "text", "auto", "`text`, `json`; `auto` is text on a terminal"},
};
constexpr Key telemetry_keys[] = {
    {"otlp", "text", "none", "URL that traces are sent to, as OTLP over HTTP"},
    {"slow_call", "time", "none", "calls that take longer are logged; `1us` to 24 hours"},
};
constexpr NodeTable tables[] = {{"node", node_keys},
                                {"tls", tls_keys},
                                {"limits", limits_keys},
                                {"retention", retention_keys},
                                {"quotas.NAMESPACE", quota_keys},
                                {"log", log_keys},
                                {"telemetry", telemetry_keys}};

constexpr Word<NodeConfig::LogLevel> levels[] = {{"debug", NodeConfig::LogLevel::debug},
                                                 {"info", NodeConfig::LogLevel::info},
                                                 {"warning", NodeConfig::LogLevel::warning},
                                                 {"error", NodeConfig::LogLevel::error}};
constexpr Word<NodeConfig::LogFormat> formats[] = {{"auto", NodeConfig::LogFormat::automatic},
                                                   {"text", NodeConfig::LogFormat::text},
                                                   {"json", NodeConfig::LogFormat::json}};

Result<Path> parse_host_path(std::string_view text) {
  if (!text.starts_with('/')) {
    return error(Error::Kind::invalid, "\"{}\" is no directory of this machine; write /host/path",
                 text);
  }
  return Path(text);
}

Result<std::string> parse_url(std::string_view text) {
  bool known = text.starts_with("http://") || text.starts_with("https://");
  if (!known || text.size() <= std::string_view("https://").size()) {
    return error(Error::Kind::invalid, "\"{}\" is no URL; write http://HOST:4318", text);
  }
  return std::string(text);
}

Result<void> read_node(const Value& value, NodeConfig& config) {
  TRY(table, TableReader::open(value, "[node]", node_keys));
  std::string data;
  TRY_VOID(table.read("data", data));
  config.data = data;
  TRY_VOID(table.read_parsed("listen", config.listen, parse_endpoint));
  if (table.find("cores") != nullptr) {
    TRY_VOID(table.read_count("cores", config.cores.emplace(), {1, 1024}));
  }
  TRY_VOID(table.read("dev", config.dev));
  if (config.dev && !config.listen.is_loopback()) {
    return error(Error::Kind::denied,
                 "{}: dev = true lets everybody in, so it is for 127.0.0.1 and ::1 only; change "
                 "listen, or leave dev out and use tokens",
                 table.find("dev")->where);
  }
  return {};
}

Result<void> read_tls(const Value& value, NodeConfig& config) {
  TRY(table, TableReader::open(value, "[tls]", tls_keys));
  std::string certificate;
  std::string key;
  TRY_VOID(table.read("certificate", certificate));
  TRY_VOID(table.read("key", key));
  if (certificate.empty() || key.empty()) {
    return error(Error::Kind::invalid, "{}: [tls] needs both, certificate and key", table.where());
  }
  config.tls = {.certificate = certificate, .key = key};
  return {};
}

Result<void> read_volumes(const Value& value, NodeConfig& config) {
  TRY(table, TableReader::open_named(value, "[volumes]"));
  for (const Member& member : table.members()) {
    auto name = parse_name(member.key, "a volume's name");
    if (!name) {
      return std::unexpected(name.error().in(member.where));
    }
    TRY_VOID(table.read_parsed(member.key, config.volumes[member.key], parse_host_path));
  }
  return {};
}

// Each table below `value` is of the namespace that it is named after.
template <class Read>
Result<void> read_namespaces(const Value& value, std::string_view name, Read read) {
  TRY(table, TableReader::open_named(value, name));
  for (const Member& member : table.members()) {
    auto ns = parse_name(member.key, "a namespace's name");
    if (!ns) {
      return std::unexpected(ns.error().in(member.where));
    }
    TRY_VOID(read(member.key, member.value));
  }
  return {};
}

Result<void> read_secrets(const Value& value, NodeConfig& config) {
  return read_namespaces(
      value, "[secrets]", [&](const std::string& ns, const Value& of_namespace) -> Result<void> {
        TRY(table, TableReader::open_named(of_namespace, fmt::format("[secrets.{}]", ns)));
        for (const Member& member : table.members()) {
          if (!is_secret_name(member.key)) {
            return error(
                Error::Kind::invalid,
                "{}: \"{}\" is no name of a secret; these have letters, digits, _, - and .",
                member.where, member.key);
          }
          TRY_VOID(
              table.read_parsed(member.key, config.secrets[ns][member.key], parse_secret_source));
        }
        return {};
      });
}

Result<void> read_limits(const Value& value, NodeConfig& config) {
  TRY(table, TableReader::open(value, "[limits]", limits_keys));
  TRY_VOID(table.read_size("max_body", config.max_body_bytes, {KiB, 4 * GiB}));
  TRY_VOID(table.read_size("max_header", config.max_header_bytes, {KiB, MiB}));
  TRY_VOID(table.read_count("max_connections", config.max_connections, {1, 1000000}));
  TRY_VOID(table.read_count("max_queued", config.max_queued, {1, 10000000}));
  if (table.find("memory") != nullptr) {
    TRY_VOID(table.read_size("memory", config.memory_bytes.emplace(), {16 * MiB, 64 * TiB}));
  }
  return table.read_time("drain", config.drain_time, {milliseconds(1), hours(1)});
}

Result<void> read_retention(const Value& value, NodeConfig& config) {
  TRY(table, TableReader::open(value, "[retention]", retention_keys));
  TRY_VOID(table.read_time("time", config.retention_time, {seconds(1), hours(366 * 24)}));
  return table.read_size("size", config.retention_bytes, {MiB, 64 * TiB});
}

Result<Quota> read_quota(std::string_view ns, const Value& value) {
  TRY(table, TableReader::open(value, fmt::format("[quotas.{}]", ns), quota_keys));
  Quota quota;
  if (table.find("calls_per_second") != nullptr) {
    TRY_VOID(table.read_count("calls_per_second", quota.calls_per_second.emplace(), {1, 10000000}));
  }
  if (table.find("running") != nullptr) {
    TRY_VOID(table.read_count("running", quota.running.emplace(), {1, 1000000}));
  }
  if (table.find("memory") != nullptr) {
    TRY_VOID(table.read_size("memory", quota.memory_bytes.emplace(), {MiB, 64 * TiB}));
  }
  TRY_VOID(table.read_count("cpu_share", quota.cpu_share, {1, 10000}));
  return quota;
}

Result<void> read_quotas(const Value& value, NodeConfig& config) {
  return read_namespaces(value, "[quotas]",
                         [&](const std::string& ns, const Value& of_namespace) -> Result<void> {
                           TRY(quota, read_quota(ns, of_namespace));
                           config.quotas[ns] = quota;
                           return {};
                         });
}

Result<void> read_log(const Value& value, NodeConfig& config) {
  TRY(table, TableReader::open(value, "[log]", log_keys));
  TRY_VOID(table.read_parsed("level", config.log_level, [](std::string_view text) {
    return parse_word<NodeConfig::LogLevel>(text, levels);
  }));
  return table.read_parsed("format", config.log_format, [](std::string_view text) {
    return parse_word<NodeConfig::LogFormat>(text, formats);
  });
}

Result<void> read_telemetry(const Value& value, NodeConfig& config) {
  TRY(table, TableReader::open(value, "[telemetry]", telemetry_keys));
  TRY_VOID(table.read_parsed("otlp", config.otlp_endpoint, parse_url));
  if (table.find("slow_call") != nullptr) {
    TRY_VOID(
        table.read_time("slow_call", config.slow_call.emplace(), {microseconds(1), hours(24)}));
  }
  return {};
}

// A project's file in the place of a node's.
Result<void> check_root(const Value& root) {
  for (const Member& member : *root.table()) {
    if (member.key == "package" || member.key == "build" || member.key == "function") {
      return error(Error::Kind::invalid,
                   "{}: [{}] is for a project (`weft build`, `weft deploy`), not for the "
                   "configuration of a node",
                   member.where, member.key);
    }
  }
  TRY_VOID(TableReader::open(root, "a node's configuration", root_key_table));
  return {};
}

}  // namespace

std::span<const Key> node_root_keys() { return root_key_table; }
std::span<const NodeTable> node_tables() { return tables; }

Result<SecretSource> parse_secret_source(std::string_view text) {
  using Kind = SecretSource::Kind;
  constexpr std::string_view variable = "env:";
  constexpr std::string_view file = "file:";
  if (text.starts_with(variable) && is_variable_name(text.substr(variable.size()))) {
    return SecretSource{Kind::variable, std::string(text.substr(variable.size()))};
  }
  if (text.starts_with(file) && text.substr(file.size()).starts_with('/')) {
    return SecretSource{Kind::file, std::string(text.substr(file.size()))};
  }
  // The value itself may have been written here: it is not repeated.
  return error(Error::Kind::invalid,
               "a secret is named, not written here; write \"env:VARIABLE\" or \"file:/path\"");
}

Quota NodeConfig::quota(std::string_view ns) const {
  auto found = quotas.find(std::string(ns));
  return found == quotas.end() ? Quota{} : found->second;
}

Result<NodeConfig> parse_node_config(std::string_view text, const Path& file) {
  TRY(root, parse_toml(text, file.string()));
  TRY_VOID(check_root(root));
  using Read = Result<void> (*)(const Value&, NodeConfig&);
  constexpr struct {
    std::string_view key;
    Read read;
  } readers[] = {{"node", read_node},       {"tls", read_tls},       {"volumes", read_volumes},
                 {"secrets", read_secrets}, {"limits", read_limits}, {"retention", read_retention},
                 {"quotas", read_quotas},   {"log", read_log},       {"telemetry", read_telemetry}};
  NodeConfig config;
  for (const auto& reader : readers) {
    auto found = std::ranges::find(*root.table(), reader.key, &Member::key);
    if (found != root.table()->end()) {
      TRY_VOID(reader.read(found->value, config));
    }
  }
  return config;
}

Result<NodeConfig> read_node_config(const Path& file) {
  TRY(text, read_document(file));
  return parse_node_config(text, file);
}

}  // namespace weft::manifest
