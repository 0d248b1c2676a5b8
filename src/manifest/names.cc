#include "manifest/names.h"

#include <algorithm>
#include <array>
#include <charconv>
#include <vector>

namespace weft::manifest {

namespace {

bool is_lower(char c) { return c >= 'a' && c <= 'z'; }
bool is_letter(char c) { return is_lower(c) || (c >= 'A' && c <= 'Z'); }
bool is_digit(char c) { return c >= '0' && c <= '9'; }

// Of somebody's text, what fits into a message.
std::string_view shown(std::string_view text) {
  constexpr size_t longest = 200;
  return text.substr(0, longest);
}

std::vector<std::string_view> steps_of(std::string_view path) {
  std::vector<std::string_view> steps;
  while (!path.empty()) {
    path.remove_prefix(1);  // the slash
    size_t end = std::min(path.find('/'), path.size());
    steps.push_back(path.substr(0, end));
    path.remove_prefix(end);
  }
  return steps;
}

bool is_guest_path(std::string_view path) {
  constexpr size_t longest = 1024;
  if (path == "/") {
    return true;
  }
  return path.starts_with('/') && path.size() <= longest &&
         std::ranges::none_of(steps_of(path), [](std::string_view step) {
           return step.empty() || step == "." || step == "..";
         });
}

bool is_pattern_step(std::string_view step) {
  if (step.starts_with('{') && step.ends_with('}')) {
    return is_variable_name(step.substr(1, step.size() - 2));
  }
  // What RFC 3986 allows in a path without escaping, and escapes.
  constexpr std::string_view marks = "-._~!$&'()+,;=:@%";
  return !step.empty() && step != "." && step != ".." && std::ranges::all_of(step, [&](char c) {
    return is_letter(c) || is_digit(c) || marks.contains(c);
  });
}

bool is_pattern(std::string_view path) {
  constexpr size_t longest = 1024;
  if (!path.starts_with('/') || path.size() > longest) {
    return false;
  }
  std::vector<std::string_view> steps = steps_of(path);
  if (!steps.empty() && (steps.back() == "*" || steps.back().empty())) {
    steps.pop_back();  // any path below, or a slash at the end
  }
  return std::ranges::all_of(steps, is_pattern_step);
}

}  // namespace

bool is_name(std::string_view text) {
  constexpr size_t longest = 63;
  auto inner = [](char c) {
    return is_lower(c) || is_digit(c) || c == '-' || c == '_' || c == '.';
  };
  return !text.empty() && text.size() <= longest && (is_lower(text[0]) || is_digit(text[0])) &&
         std::ranges::all_of(text, inner);
}

Result<std::string> parse_name(std::string_view text, std::string_view what) {
  if (!is_name(text)) {
    return error(Error::Kind::invalid,
                 "\"{}\" is not {}: these have a to z, 0 to 9, -, _ and ., begin with a letter or "
                 "digit, and are at most 63 long",
                 shown(text), what);
  }
  return std::string(text);
}

bool is_variable_name(std::string_view text) {
  constexpr size_t longest = 128;
  return !text.empty() && text.size() <= longest && !is_digit(text[0]) &&
         std::ranges::all_of(text, [](char c) { return is_letter(c) || is_digit(c) || c == '_'; });
}

bool is_secret_name(std::string_view text) {
  constexpr size_t longest = 128;
  auto inner = [](char c) {
    return is_letter(c) || is_digit(c) || c == '_' || c == '.' || c == '-';
  };
  return !text.empty() && text.size() <= longest && text[0] != '.' && text[0] != '-' &&
         std::ranges::all_of(text, inner);
}

std::string Directory::text() const {
  return fmt::format("{}:{}{}", volume, guest_path, read_only ? ":ro" : "");
}

Result<Directory> parse_directory(std::string_view text) {
  auto wrong = [&](std::string_view why) {
    return error(Error::Kind::invalid,
                 "\"{}\" grants no directory: {}; write VOLUME:/path or VOLUME:/path:ro",
                 shown(text), why);
  };
  size_t colon = text.find(':');
  if (colon == std::string_view::npos) {
    return wrong("it has no colon");
  }
  Directory directory;
  directory.volume = text.substr(0, colon);
  std::string_view path = text.substr(colon + 1);
  if (size_t second = path.find(':'); second != std::string_view::npos) {
    std::string_view access = path.substr(second + 1);
    if (access != "ro" && access != "rw") {
      return wrong("what follows the path is ro or rw");
    }
    directory.read_only = access == "ro";
    path = path.substr(0, second);
  }
  if (path.size() > 1 && path.ends_with('/')) {
    path.remove_suffix(1);
  }
  if (!is_name(directory.volume)) {
    return wrong("the volume is no name of a to z, 0 to 9, -, _ and .");
  }
  if (!is_guest_path(path)) {
    return wrong("the path in the guest begins with / and has no . or .. steps");
  }
  directory.guest_path = path;
  return directory;
}

Result<Route> parse_route(std::string_view text) {
  constexpr auto methods =
      std::to_array<std::string_view>({"*", "GET", "HEAD", "POST", "PUT", "PATCH", "DELETE"});
  size_t space = text.find(' ');
  std::string_view method = text.substr(0, space);
  std::string_view path = space == std::string_view::npos ? "" : text.substr(space + 1);
  if (std::ranges::find(methods, method) == methods.end()) {
    return error(Error::Kind::invalid,
                 "\"{}\" is no route; write \"GET /path\" with one of {}, or \"* /path\" for all",
                 shown(text), fmt::join(methods.begin() + 1, methods.end(), ", "));
  }
  if (!is_pattern(path)) {
    return error(Error::Kind::invalid,
                 "\"{}\" is no route; write a path like /hello, /hello/{{name}} or /files/*",
                 shown(text));
  }
  if (path == "/v1" || path.starts_with("/v1/")) {
    return error(Error::Kind::invalid, "\"{}\": paths below /v1 are weft's own", shown(text));
  }
  return Route{std::string(method), std::string(path)};
}

bool Endpoint::is_loopback() const {
  return host == "localhost" || host == "::1" || host.starts_with("127.");
}

Result<Endpoint> parse_endpoint(std::string_view text) {
  auto wrong = [&] {
    return error(Error::Kind::invalid,
                 "\"{}\" is no address to listen at; write HOST:PORT, as 127.0.0.1:8080, or :8080",
                 shown(text));
  };
  size_t colon = text.rfind(':');
  if (colon == std::string_view::npos) {
    return wrong();
  }
  std::string_view host = text.substr(0, colon);
  std::string_view digits = text.substr(colon + 1);
  if (host.starts_with('[') && host.ends_with(']')) {
    host = host.substr(1, host.size() - 2);
  } else if (host.contains(':')) {
    return wrong();
  }
  Endpoint endpoint{.host = std::string(host)};
  const char* begin = digits.data();  // NOLINT(bugprone-suspicious-stringview-data-usage)
  const char* end = begin + digits.size();
  auto [stop, problem] = std::from_chars(begin, end, endpoint.port);
  bool plain = std::ranges::all_of(host, [](char c) {
    return is_letter(c) || is_digit(c) || c == '.' || c == '-' || c == ':' || c == '%' || c == '_';
  });
  if (problem != std::errc() || stop != end || !plain) {
    return wrong();
  }
  return endpoint;
}

}  // namespace weft::manifest
