// The small syntaxes of settings: names of functions, directories that are granted, routes.
// Errors say what to write instead. Thread safety: values; functions.
#pragma once

#include <string>
#include <string_view>

#include "base/result.h"

namespace weft::manifest {

// Functions, namespaces, volumes and aliases: [a-z0-9][a-z0-9-_.]{0,62}.
bool is_name(std::string_view text);
// `what` is "a function's name" or the like.
Result<std::string> parse_name(std::string_view text, std::string_view what);

// Environment variables: [A-Za-z_][A-Za-z0-9_]{0,127}.
bool is_variable_name(std::string_view text);
// Secrets, as a function refers to them: [A-Za-z0-9_][A-Za-z0-9_.-]{0,127}.
bool is_secret_name(std::string_view text);

// "VOLUME:/guest" or "VOLUME:/guest:ro": the volume, which the node's configuration maps to a
// directory, as a guest sees it.
struct Directory {
  std::string volume;
  std::string guest_path;  // absolute, without "." and "..", without a slash at its end
  bool read_only = false;

  bool operator==(const Directory&) const = default;
  std::string text() const;
};
Result<Directory> parse_directory(std::string_view text);

// "GET /hello", "* /files/*": requests that are calls of a function. A last step "*" is any path
// below; a step {name} is any one step.
struct Route {
  std::string method;  // "*" for any
  std::string path;

  bool operator==(const Route&) const = default;
  std::string text() const { return method + " " + path; }
};
Result<Route> parse_route(std::string_view text);

// "HOST:PORT", "[::1]:PORT", or ":PORT" for all addresses.
struct Endpoint {
  std::string host;  // empty: all
  uint16_t port = 0;

  bool operator==(const Endpoint&) const = default;
  bool is_loopback() const;
};
Result<Endpoint> parse_endpoint(std::string_view text);

}  // namespace weft::manifest
