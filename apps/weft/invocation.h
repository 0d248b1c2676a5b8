// What `weft invoke` asks of a node: one call, or many of the same function.
// Thread safety: main thread only.
#pragma once

#include <chrono>
#include <optional>
#include <string>
#include <vector>

#include "remote.h"

namespace weft::cli {

struct Invocation {
  FunctionName function;
  std::vector<std::string> args;
  std::vector<std::string> variables;  // NAME=VALUE
  std::optional<std::chrono::nanoseconds> timeout;
  std::string entry;
  std::string version;
  std::string alias;
  std::string key;  // idempotency
  bool durable = false;
  bool json = false;

  // The query that calls and batches have in common.
  Target& add_query(Target& target) const;
  std::vector<net::Header> headers() const;
};

// How long a server may say nothing about a call.
std::chrono::milliseconds patience_for(std::optional<std::chrono::nanoseconds> timeout);

// Waits for the call; its output goes to standard output as it comes. The exit code.
int invoke_once(Remote& remote, const Invocation& invocation, std::string input);
// Prints the call's id.
int invoke_async(Remote& remote, const Invocation& invocation, std::string input);

// A call for each input. Results are printed as JSON lines, in the order of the inputs, and
// progress is drawn on a terminal. Exit code 1 when any call failed.
int invoke_many(Remote& remote, const Invocation& invocation, size_t count,
                const std::string& input);
int invoke_map(Remote& remote, const Invocation& invocation, const std::string& file);

}  // namespace weft::cli
