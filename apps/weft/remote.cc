#include "remote.h"

#include <algorithm>

#include "manifest/names.h"

namespace weft::cli {

void declare_remote(CLI::App& app, RemoteOptions& options) {
  app.add_option("--server", options.choice.server,
                 "the node's URL (default: $WEFT_SERVER, else the profile `default`, else " +
                     std::string(local_server) + "); $WEFT_TOKEN is the token for it")
      ->type_name("URL");
  app.add_option("--profile", options.choice.profile,
                 "a server with its token, from ~/.config/weft/profiles.toml")
      ->type_name("NAME");
  app.add_option("--namespace", options.choice.ns,
                 "whose functions (default: $WEFT_NAMESPACE, else the profile's, else `default`)")
      ->type_name("NAME");
  app.add_option("--ca", options.choice.ca_file,
                 "trust the certificates in this PEM file, instead of those of the system")
      ->type_name("FILE");
  app.add_flag("--json", options.json, "print JSON");
}

std::string FunctionName::path() const {
  return fmt::format("/v1/functions/{}/{}", net::percent_encode(ns), net::percent_encode(name));
}

Result<Remote> Remote::open(const RemoteOptions& options, std::chrono::milliseconds patience) {
  TRY(profile, choose_server(options.choice));
  net::Client::Options settings;
  settings.stalled = patience;
  settings.ca_file = profile.ca_file;
  settings.headers.push_back({"User-Agent", "weft-cli"});
  if (!profile.token.empty()) {
    if (!net::is_header_value(profile.token)) {
      return error(Error::Kind::invalid, "the token has characters that no token has");
    }
    settings.headers.push_back({"Authorization", "Bearer " + profile.token});
  }
  TRY(client, net::Client::to(profile.url, std::move(settings)));
  profile.url = client.url().origin();
  return Remote(std::move(profile), std::move(client));
}

Result<FunctionName> Remote::function(std::string_view text) const {
  size_t slash = text.find('/');
  FunctionName function{.ns = ns(), .name = std::string(text)};
  if (slash != std::string_view::npos) {
    TRY(space, manifest::parse_name(text.substr(0, slash), "a namespace"));
    function.ns = space;
    function.name = text.substr(slash + 1);
  }
  TRY_VOID(manifest::parse_name(function.name, "a function's name"));
  return function;
}

Result<Remote::Answer> Remote::send(const Call& call) {
  TRY(answer, client_.send(call));
  if (answer.status >= 400) {
    return std::unexpected(problem_of(answer, server()));
  }
  return std::move(answer);
}

Result<Json> Remote::get(const std::string& target) {
  TRY(answer, send({.target = target}));
  auto parsed = parse_answer(answer.body);
  return parsed ? std::move(parsed) : std::unexpected(parsed.error().in(server()));
}

Result<Json> Remote::list(const std::string& target, std::string_view key, size_t limit) {
  Json all = Json::array();
  std::string cursor;
  do {
    Target page(target);
    page.with("limit", fmt::format("{}", std::min<size_t>(limit - all.size(), 1000)));
    page.with_if("cursor", cursor);
    TRY(answer, get(page.text()));
    const Json& items = list_at(answer, key);
    for (const Json& item : items) {
      if (all.size() < limit) {
        all.push_back(item);
      }
    }
    // A page that is empty, or the last one again, would go on for ever.
    std::string next = text_at(answer, "next");
    cursor = items.empty() || next == cursor ? "" : next;
  } while (!cursor.empty() && all.size() < limit);
  return all;
}

Target& Target::with(std::string_view name, std::string_view value) {
  text_ +=
      fmt::format("{}{}={}", text_.contains('?') ? '&' : '?', name, net::percent_encode(value));
  return *this;
}

Target& Target::with_if(std::string_view name, std::string_view value) {
  return value.empty() ? *this : with(name, value);
}

std::string call_path(std::string_view id) {
  return fmt::format("/v1/calls/{}", net::percent_encode(id));
}

}  // namespace weft::cli
