#include "manifest/function_spec.h"

#include <algorithm>
#include <nlohmann/json.hpp>

#include "base/quantity.h"
#include "manifest/table_reader.h"

namespace weft::manifest {

namespace {

using nlohmann::json;
using std::chrono::hours;
using std::chrono::milliseconds;
using std::chrono::nanoseconds;

constexpr uint64_t KiB = 1 << 10;
constexpr uint64_t MiB = 1 << 20;
constexpr uint64_t GiB = 1 << 30;

constexpr struct {
  std::string_view key;
  uint64_t Limits::* member;
  Range<uint64_t> range;
} size_limits[] = {{"memory", &Limits::memory_bytes, {64 * KiB, 4 * GiB}},
                   {"stack", &Limits::stack_bytes, {64 * KiB, 16 * MiB}},
                   {"output", &Limits::output_bytes, {1, 4 * GiB}},
                   {"log", &Limits::log_bytes, {1, 1 * GiB}}};
constexpr struct {
  std::string_view key;
  uint32_t Limits::* member;
  Range<uint32_t> range;
} count_limits[] = {{"files", &Limits::files, {3, 65536}},
                    {"concurrency", &Limits::concurrency, {1, 100000}},
                    {"threads", &Limits::threads, {1, 1024}},
                    {"cores", &Limits::cores, {1, 1024}}};
constexpr Range<nanoseconds> time_range{milliseconds(1), hours(24)};
constexpr Range<uint32_t> attempts_range{1, 100};
constexpr Range<nanoseconds> backoff_range{milliseconds(1), hours(1)};
constexpr uint32_t max_warm = 10000;
constexpr size_t max_text_bytes = 64 * KiB;  // of all arguments and variables together
constexpr size_t max_items = 100;            // directories, routes

constexpr Word<Retry::Policy> policies[] = {{"at-most-once", Retry::Policy::at_most_once},
                                            {"at-least-once", Retry::Policy::at_least_once}};
constexpr Word<Ready> ready_points[] = {
    {"start", Ready::start}, {"announced", Ready::announced}, {"first-wait", Ready::first_wait}};

constexpr Key limit_key_table[] = {
    {"memory", "size", "256M", "of the call's linear memory; `64K` to `4G`"},
    {"time", "time", "60s", "of the wall clock, `1ms` to 24 hours; then the call has timed out"},
    {"cpu_time", "time", "none", "of the processor, `1ms` to 24 hours"},
    {"stack", "size", "8M", "native stack; `64K` to `16M`; beyond it the call traps"},
    {"output", "size", "16M", "what the call writes to standard output; up to `4G`"},
    {"log", "size", "1M", "what is kept of its log and standard error; up to `1G`"},
    {"files", "number", "256", "open at a time; 3 to 65536"},
    {"concurrency", "number", "1000", "calls of the function running at a time; 1 to 100000"},
    {"threads", "number", "64", "of one call; 1 to 1024"},
    {"cores", "number", "1", "that these threads share; 1 to 1024"},
};
constexpr Key retry_key_table[] = {
    {"policy", "text", "at-most-once",
     "`at-most-once` or `at-least-once`: whether a call that was interrupted by a failure of the "
     "node, or has trapped, is run again"},
    {"attempts", "number", "3", "in all, under `at-least-once`; 1 to 100"},
    {"backoff", "time", "1s", "before the second attempt, doubled before each further one"},
};
constexpr Key function_key_table[] = {
    {"entry", "text", "_start", "the exported function that a call runs"},
    {"args", "list of texts", "none", "arguments in front of a call's own"},
    {"env", "table of texts", "none", "variables of the environment, `{NAME = \"value\"}`"},
    {"secrets", "table of texts", "none",
     "variables whose values the node holds, `{NAME = \"name of the secret\"}`"},
    {"directories", "list of texts", "none",
     "`\"VOLUME:/path\"`, read-only with `:ro` behind: volumes of the node that the guest sees"},
    {"warm", "number", "0", "faaslets kept ready for calls; up to 10000"},
    {"limits", "table", "see below", "what a call may use"},
    {"retry", "table", "see below", "what becomes of calls that were interrupted"},
    {"schedule", "text", "none", "calls by the clock, in UTC: `\"*/5 * * * *\"`, `\"@daily\"`"},
    {"routes", "list of texts", "none",
     "`\"GET /hello/*\"`: requests that are calls; `{name}` is any one step, `*` any path below"},
    {"ready", "text", "start",
     "`start`, `announced` (the guest calls `weft_ready()`), `first-wait`: where a call's image is "
     "taken"},
    {"cancel_when_gone", "boolean", "false", "cancel a call when the client that waits is gone"},
};

Result<Limits> read_limits(const Value& value) {
  TRY(table, TableReader::open(value, "limits", limit_key_table));
  Limits limits;
  for (const auto& limit : size_limits) {
    TRY_VOID(table.read_size(limit.key, limits.*limit.member, limit.range));
  }
  for (const auto& limit : count_limits) {
    TRY_VOID(table.read_count(limit.key, limits.*limit.member, limit.range));
  }
  TRY_VOID(table.read_time("time", limits.time, time_range));
  if (table.find("cpu_time") != nullptr) {
    TRY_VOID(table.read_time("cpu_time", limits.cpu_time.emplace(), time_range));
  }
  return limits;
}

Result<Retry> read_retry(const Value& value) {
  TRY(table, TableReader::open(value, "retry", retry_key_table));
  Retry retry;
  TRY_VOID(table.read_parsed("policy", retry.policy, [](std::string_view text) {
    return parse_word<Retry::Policy>(text, policies);
  }));
  TRY_VOID(table.read_count("attempts", retry.attempts, attempts_range));
  TRY_VOID(table.read_time("backoff", retry.backoff, backoff_range));
  return retry;
}

// Names of variables, and that none is given by `env` and `secrets` both.
Result<void> check_variables(const TableReader& table, const FunctionSpec& spec) {
  for (std::string_view key : {"env", "secrets"}) {
    const Value* value = table.find(key);
    if (value == nullptr) {
      continue;
    }
    for (const Member& member : *value->table()) {
      if (!is_variable_name(member.key)) {
        return error(Error::Kind::invalid,
                     "{}: \"{}\" is no name of a variable; these have letters, digits and _, and "
                     "begin with no digit",
                     member.where, member.key);
      }
      if (key == "secrets" && spec.env.contains(member.key)) {
        return error(Error::Kind::invalid, "{}: {} is in env already", member.where, member.key);
      }
      if (key == "secrets" && !is_secret_name(*member.value.text())) {
        return error(Error::Kind::invalid,
                     "{}: this is no name of a secret; write the name under which the node's "
                     "configuration has it, letters, digits, _, - and .",
                     member.value.where);
      }
    }
  }
  return {};
}

Result<void> check_amounts(const TableReader& table, const FunctionSpec& spec) {
  size_t bytes = 0;
  for (const std::string& argument : spec.args) {
    bytes += argument.size() + 1;
  }
  for (const auto& [name, value] : spec.env) {
    bytes += name.size() + value.size() + 2;
  }
  if (bytes > max_text_bytes) {
    return error(Error::Kind::exhausted,
                 "{}: args and env are {} together; at most {}, the rest belongs into the input",
                 table.where(), size_text(bytes), size_text(max_text_bytes));
  }
  for (std::string_view key : {"directories", "routes"}) {
    const Value* value = table.find(key);
    if (value != nullptr && value->list()->size() > max_items) {
      return error(Error::Kind::exhausted, "{}: at most {} {}", value->where, max_items, key);
    }
  }
  return {};
}

Result<void> check_directories(const TableReader& table, const FunctionSpec& spec) {
  for (size_t i = 0; i < spec.directories.size(); ++i) {
    for (size_t j = 0; j < i; ++j) {
      if (spec.directories[i].guest_path == spec.directories[j].guest_path) {
        return error(Error::Kind::invalid, "{}: {} is granted twice",
                     (*table.find("directories")->list())[i].where, spec.directories[i].guest_path);
      }
    }
  }
  return {};
}

Result<std::string> parse_entry(std::string_view text) {
  constexpr size_t longest = 256;
  if (text.empty() || text.size() > longest) {
    return error(Error::Kind::invalid, "entry is the name of an exported function, up to {} long",
                 longest);
  }
  return std::string(text);
}

json limits_json(const Limits& limits) {
  const Limits standard;
  json out = json::object();
  for (const auto& limit : size_limits) {
    if (limits.*limit.member != standard.*limit.member) {
      out[limit.key] = size_value(limits.*limit.member);
    }
  }
  for (const auto& limit : count_limits) {
    if (limits.*limit.member != standard.*limit.member) {
      out[limit.key] = limits.*limit.member;
    }
  }
  if (limits.time != standard.time) {
    out["time"] = duration_text(limits.time);
  }
  if (limits.cpu_time) {
    out["cpu_time"] = duration_text(*limits.cpu_time);
  }
  return out;
}

json retry_json(const Retry& retry) {
  const Retry standard;
  json out = json::object();
  if (retry.policy != standard.policy) {
    out["policy"] = word_of<Retry::Policy>(retry.policy, policies);
  }
  if (retry.attempts != standard.attempts) {
    out["attempts"] = retry.attempts;
  }
  if (retry.backoff != standard.backoff) {
    out["backoff"] = duration_text(retry.backoff);
  }
  return out;
}

template <class T>
json texts_json(const std::vector<T>& items) {
  json out = json::array();
  for (const T& item : items) {
    out.push_back(item.text());
  }
  return out;
}

}  // namespace

std::span<const Key> function_keys() { return function_key_table; }
std::span<const Key> limit_keys() { return limit_key_table; }
std::span<const Key> retry_keys() { return retry_key_table; }

Result<FunctionSpec> read_function_spec(const Value& value) {
  TRY(table, TableReader::open_named(value, "a function"));
  FunctionSpec spec;
  TRY_VOID(table.read_parsed("entry", spec.entry, parse_entry));
  TRY_VOID(table.read("args", spec.args));
  TRY_VOID(table.read("env", spec.env));
  TRY_VOID(table.read("secrets", spec.secrets));
  TRY_VOID(check_variables(table, spec));
  TRY_VOID(table.read_parsed("directories", spec.directories, parse_directory));
  TRY_VOID(check_directories(table, spec));
  TRY_VOID(table.read_count("warm", spec.warm, {0, max_warm}));
  if (const Value* limits = table.find("limits")) {
    TRY(parsed, read_limits(*limits));
    spec.limits = parsed;
  }
  if (const Value* retry = table.find("retry")) {
    TRY(parsed, read_retry(*retry));
    spec.retry = parsed;
  }
  TRY_VOID(table.read_parsed("schedule", spec.schedule, Cron::parse));
  TRY_VOID(table.read_parsed("routes", spec.routes, parse_route));
  TRY_VOID(table.read_parsed("ready", spec.ready, [](std::string_view text) {
    return parse_word<Ready>(text, ready_points);
  }));
  TRY_VOID(table.read("cancel_when_gone", spec.cancel_when_gone));
  TRY_VOID(check_amounts(table, spec));
  return spec;
}

Result<FunctionSpec> parse_function_spec(std::string_view text, std::string_view source) {
  TRY(value, parse_json(text, source));
  TRY_VOID(TableReader::open(value, "a function", function_key_table));
  return read_function_spec(value);
}

json spec_json(const FunctionSpec& spec) {
  const FunctionSpec standard;
  json out = json::object();
  auto put = [&](std::string_view key, json value) {
    if (!value.empty()) {
      out[key] = std::move(value);
    }
  };
  if (spec.entry != standard.entry) {
    out["entry"] = spec.entry;
  }
  put("args", spec.args);
  put("env", spec.env);
  put("secrets", spec.secrets);
  put("directories", texts_json(spec.directories));
  put("limits", limits_json(spec.limits));
  put("retry", retry_json(spec.retry));
  put("routes", texts_json(spec.routes));
  if (spec.warm != standard.warm) {
    out["warm"] = spec.warm;
  }
  if (spec.schedule) {
    out["schedule"] = spec.schedule->text();
  }
  if (spec.ready != standard.ready) {
    out["ready"] = word_of<Ready>(spec.ready, ready_points);
  }
  if (spec.cancel_when_gone) {
    out["cancel_when_gone"] = true;
  }
  return out;
}

std::string canonical_text(const FunctionSpec& spec) {
  // A text that is no UTF-8 comes from no parser of ours; replaced rather than thrown at.
  return spec_json(spec).dump(-1, ' ', true, json::error_handler_t::replace);
}

}  // namespace weft::manifest
