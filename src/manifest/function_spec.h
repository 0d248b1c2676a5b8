// How a function is run: the settings that a [[function]] table of weft.toml and the header
// `Weft-Function` of the HTTP API share. docs/manifest.md has every key; the rules are in
// function_spec.cc, once for both forms.
//
// Thread safety: values; no shared state.
#pragma once

#include <chrono>
#include <cstdint>
#include <map>
#include <nlohmann/json_fwd.hpp>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "manifest/cron.h"
#include "manifest/document.h"
#include "manifest/key.h"
#include "manifest/names.h"

namespace weft::manifest {

struct Limits {
  uint64_t memory_bytes = 256 << 20;
  std::chrono::nanoseconds time = std::chrono::seconds(60);  // of the wall clock
  std::optional<std::chrono::nanoseconds> cpu_time;          // none: as long as `time`
  uint64_t stack_bytes = 8 << 20;
  uint64_t output_bytes = 16 << 20;
  uint64_t log_bytes = 1 << 20;
  uint32_t files = 256;         // open at a time
  uint32_t concurrency = 1000;  // calls running at a time
  uint32_t threads = 64;        // of one call
  uint32_t cores = 1;           // that these share

  bool operator==(const Limits&) const = default;
};

struct Retry {
  enum class Policy : uint8_t { at_most_once, at_least_once };
  Policy policy = Policy::at_most_once;
  uint32_t attempts = 3;  // in all; counts under at_least_once
  std::chrono::nanoseconds backoff = std::chrono::seconds(1);

  bool operator==(const Retry&) const = default;
};

// From where on a call begins: what is before is done once and kept as an image.
enum class Ready : uint8_t {
  start,       // the entry, constructors done
  announced,   // where the guest calls weft_ready()
  first_wait,  // where it first waits for something
};

struct FunctionSpec {
  std::string entry = "_start";
  std::vector<std::string> args;
  std::map<std::string, std::string> env;
  std::map<std::string, std::string> secrets;  // variable -> name of the secret
  std::vector<Directory> directories;
  uint32_t warm = 0;  // faaslets kept ready
  Limits limits;
  Retry retry;
  std::optional<Cron> schedule;
  std::vector<Route> routes;
  Ready ready = Ready::start;
  bool cancel_when_gone = false;  // the client, in the middle of a call

  bool operator==(const FunctionSpec&) const = default;
};

// Errors: no JSON, an unknown key, a value of the wrong type or out of range; each with its JSON
// pointer, `source` in front.
Result<FunctionSpec> parse_function_spec(std::string_view json, std::string_view source);
// The keys of `table` that are a FunctionSpec's; the caller checks for unknown ones.
Result<FunctionSpec> read_function_spec(const Value& table);

// Canonical: what has its default is left out, names are sorted, sizes and times are written in one
// way. The same settings give the same text, whatever they were written like; it is one line of
// ASCII, as a header takes it.
nlohmann::json spec_json(const FunctionSpec& spec);
std::string canonical_text(const FunctionSpec& spec);

// What docs/manifest.md lists.
std::span<const Key> function_keys();
std::span<const Key> limit_keys();
std::span<const Key> retry_keys();

}  // namespace weft::manifest
