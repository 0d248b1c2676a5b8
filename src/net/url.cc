#include "net/url.h"

#include <algorithm>
#include <charconv>

namespace weft::net {
namespace {

int hex_digit(char c) {
  if (c >= '0' && c <= '9') {
    return c - '0';
  }
  if (c >= 'a' && c <= 'f') {
    return c - 'a' + 10;
  }
  return c >= 'A' && c <= 'F' ? c - 'A' + 10 : -1;
}

// The byte that the escape at `at` stands for, or -1.
int escaped(std::string_view text, size_t at) {
  if (at + 2 >= text.size()) {
    return -1;
  }
  int high = hex_digit(text[at + 1]);
  int low = hex_digit(text[at + 2]);
  return high < 0 || low < 0 || (high == 0 && low == 0) ? -1 : high * 16 + low;
}

// REQUIRES: is_percent_encoding(text).
std::string decoded(std::string_view text, bool plus_is_space) {
  std::string out;
  out.reserve(text.size());
  for (size_t i = 0; i < text.size(); ++i) {
    if (text[i] == '%') {
      out += static_cast<char>(escaped(text, i));
      i += 2;
    } else {
      out += plus_is_space && text[i] == '+' ? ' ' : text[i];
    }
  }
  return out;
}

bool is_unreserved(char c) {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '-' ||
         c == '.' || c == '_' || c == '~';
}

bool is_host_character(char c) {
  return is_unreserved(c) || c == '%' || std::string_view("!$&'()*+,;=").contains(c);
}

bool is_ipv6_character(char c) { return hex_digit(c) >= 0 || c == ':' || c == '.'; }

}  // namespace

bool is_percent_encoding(std::string_view text) {
  for (size_t at = text.find('%'); at != text.npos; at = text.find('%', at + 3)) {
    if (escaped(text, at) < 0) {
      return false;
    }
  }
  return true;
}

std::optional<std::string> percent_decode(std::string_view text) {
  if (!is_percent_encoding(text)) {
    return std::nullopt;
  }
  return decoded(text, false);
}

std::string percent_encode(std::string_view text) {
  constexpr std::string_view digits = "0123456789ABCDEF";
  std::string out;
  out.reserve(text.size());
  for (char c : text) {
    if (is_unreserved(c)) {
      out += c;
    } else {
      auto byte = static_cast<unsigned char>(c);
      out += '%';
      out += digits[byte >> 4];
      out += digits[byte & 15];
    }
  }
  return out;
}

std::vector<std::string> path_segments(std::string_view path) {
  std::vector<std::string> segments;
  if (!path.starts_with('/')) {
    return segments;  // "*", or nothing
  }
  path.remove_prefix(1);
  while (!path.empty() || !segments.empty()) {
    size_t slash = path.find('/');
    segments.push_back(decoded(path.substr(0, slash), false));
    if (slash == path.npos) {
      break;
    }
    path.remove_prefix(slash + 1);
  }
  return segments;
}

std::vector<Query> query_values(std::string_view query) {
  std::vector<Query> values;
  while (!query.empty()) {
    size_t end = std::min(query.find('&'), query.size());
    std::string_view one = query.substr(0, end);
    query.remove_prefix(std::min(end + 1, query.size()));
    if (one.empty()) {
      continue;
    }
    size_t equals = std::min(one.find('='), one.size());
    std::string_view value = one.substr(std::min(equals + 1, one.size()));
    values.push_back({decoded(one.substr(0, equals), true), decoded(value, true)});
  }
  return values;
}

Result<Authority> Authority::parse(std::string_view text) {
  Authority out;
  std::string_view rest;
  if (text.starts_with('[')) {
    size_t close = text.find(']');
    std::string_view host = text.substr(1, close == text.npos ? close : close - 1);
    if (close == text.npos || host.empty() || !std::ranges::all_of(host, is_ipv6_character)) {
      return error(Error::Kind::invalid, "'{}' is no IPv6 address in brackets", text);
    }
    out.host = host;
    rest = text.substr(close + 1);
  } else {
    size_t colon = std::min(text.find(':'), text.size());
    out.host = text.substr(0, colon);
    rest = text.substr(colon);
    if (!std::ranges::all_of(out.host, is_host_character)) {
      return error(Error::Kind::invalid, "'{}' is no host name", out.host);
    }
  }
  if (rest.empty() || rest == ":") {
    return out;
  }
  uint16_t port = 0;
  auto [end, fault] = std::from_chars(rest.data() + 1, rest.data() + rest.size(), port);
  if (rest[0] != ':' || fault != std::errc() || end != rest.data() + rest.size()) {
    return error(Error::Kind::invalid,
                 "'{}' does not end in a port number from 0 to 65535 (an IPv6 address needs "
                 "brackets: [::1]:8080)",
                 text);
  }
  out.port = port;
  return out;
}

std::string Authority::text() const {
  std::string out = host.contains(':') ? "[" + host + "]" : host;
  return port ? out + ":" + std::to_string(*port) : out;
}

Result<Url> Url::parse(std::string_view text) {
  Url url;
  std::string_view rest = text;
  if (size_t scheme = text.find("://"); scheme != text.npos) {
    url.tls = text.substr(0, scheme) == "https";
    if (!url.tls && text.substr(0, scheme) != "http") {
      return error(Error::Kind::invalid, "'{}': only http:// and https:// are understood", text);
    }
    rest = text.substr(scheme + 3);
  }
  size_t end = std::min(rest.find_first_of("/?"), rest.size());
  if (rest.contains('#') || rest.substr(0, end).contains('@')) {
    return error(Error::Kind::invalid, "'{}': an address here has no user and no fragment", text);
  }
  TRY(authority, Authority::parse(rest.substr(0, end)));
  if (authority.host.empty()) {
    return error(Error::Kind::invalid, "'{}' names no host", text);
  }
  url.host = authority.host;
  url.port = authority.port.value_or(url.tls ? 443 : 80);
  url.target = rest.substr(end);
  if (!url.target.starts_with('/')) {
    url.target.insert(0, "/");
  }
  auto printable = [](char c) { return c > ' ' && c != 127; };
  if (!std::ranges::all_of(url.target, printable) || !is_percent_encoding(url.target)) {
    return error(Error::Kind::invalid,
                 "'{}': spaces and control characters have to be percent-encoded (%20)", text);
  }
  return url;
}

std::string Url::authority() const {
  Authority authority{host, std::nullopt};
  if (port != (tls ? 443 : 80)) {
    authority.port = port;
  }
  return authority.text();
}

std::string Url::origin() const {
  return (tls ? "https://" : "http://") + Authority{host, port}.text();
}

}  // namespace weft::net
