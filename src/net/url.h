// Percent-encoding, request targets and http URLs (RFC 3986, RFC 9112 section 3.2), as far as a
// server and its client need them.
//
//     /v1/functions/a%2Fb/invoke?arg=x%20y&arg=z
//     └──────── path ──────────┘ └─── query ───┘
//
// A path is cut into segments before they are decoded, so an encoded slash never splits one.
//
// Thread safety: values and functions without state.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"

namespace weft::net {

struct Query {
  std::string name;
  std::string value;
  bool operator==(const Query&) const = default;
};

// What each %XX stands for. Nothing when an escape is cut off, no hexadecimal number, or %00.
std::optional<std::string> percent_decode(std::string_view text);
// True when percent_decode would succeed; allocates nothing.
bool is_percent_encoding(std::string_view text);
// Everything but unreserved characters (letters, digits, - . _ ~) becomes %XX: fit for a segment,
// and for names and values of a query.
std::string percent_encode(std::string_view text);

// "/a/b%2Fc/" gives "a", "b/c", "". REQUIRES: is_percent_encoding(path).
std::vector<std::string> path_segments(std::string_view path);
// "a=1&b&c=%20" gives (a, 1), (b, ""), (c, " "); a plus is a space, as forms write it.
// REQUIRES: is_percent_encoding(query).
std::vector<Query> query_values(std::string_view query);

// "host:port", "[::1]:port", or either without a port.
struct Authority {
  std::string host;  // without brackets
  std::optional<uint16_t> port;

  // Error invalid says what is wrong with it.
  static Result<Authority> parse(std::string_view text);
  std::string text() const;  // with brackets around an IPv6 address
};

struct Url {
  bool tls = false;  // https
  std::string host;  // without brackets
  uint16_t port = 80;
  std::string target = "/";  // path and query

  // http://host[:port][/path][?query] or https://…; without a scheme it is http. Users, passwords
  // and fragments are refused with error invalid.
  static Result<Url> parse(std::string_view text);
  std::string authority() const;  // for Host: the port only when it is not the scheme's
  std::string origin() const;     // http://host:port
};

}  // namespace weft::net
