// Desk: /v1/functions, all but invoking.
#include <utility>

#include "api/answers.h"
#include "api/api.h"
#include "api/pages.h"
#include "manifest/names.h"

namespace weft::api {

namespace {

net::Response deployed_response(const catalog::Deployed& deployed, catalog::Catalog& catalog) {
  auto entry = catalog.entry(deployed.version->function);
  json content = version_json(*deployed.version);
  if (entry) {
    content["aliases"] = entry->aliases;
  }
  net::Response response = json_response(deployed.is_new ? 201 : 200, content);
  const auto& name = deployed.version->function;
  response.headers.push_back(
      {"Location", fmt::format("/v1/functions/{}/{}", name.space, name.name)});
  return response;
}

net::Response refused_response(const node::Node::Refused& refused) {
  switch (refused.error.kind()) {
    case Error::Kind::unsupported:
      return problem(422, "cannot-run", refused.error.message(),
                     json{{"reasons", refused.reasons}});
    case Error::Kind::invalid:
      return problem(422, "invalid-module", refused.error.message());
    case Error::Kind::not_found:  // a volume, a secret
      return problem(422, "cannot-run", refused.error.message(),
                     json{{"reasons", {refused.error.message()}}});
    default:
      return problem_of(refused.error);
  }
}

}  // namespace

void Desk::deploy(const Exchange& exchange, const catalog::FunctionName& name) {
  if (!may(exchange, Scope::deploy, name.space)) {
    return;
  }
  const net::Request& request = exchange->request();
  std::string_view type = request.header("Content-Type").value_or("application/wasm");
  if (type != "application/wasm" && type != "application/octet-stream") {
    exchange->respond(
        problem(415, "unsupported-media-type",
                fmt::format("a function is deployed as application/wasm, and this is {}", type)));
    return;
  }
  manifest::FunctionSpec spec;
  if (auto settings = request.header("Weft-Function")) {
    auto parsed = manifest::parse_function_spec(*settings, "Weft-Function");
    if (!parsed) {
      exchange->respond(problem_of(parsed.error()));
      return;
    }
    spec = std::move(*parsed);
  }
  std::string alias(request.query("alias").value_or(catalog::live));
  if (!alias.empty()) {
    if (auto good = manifest::parse_name(alias, "an alias"); !good) {
      exchange->respond(problem_of(good.error()));
      return;
    }
  }
  std::string body = exchange->take_body();
  if (body.empty()) {
    exchange->respond(problem(400, "bad-request", "the body is empty; it has to be the module"));
    return;
  }
  std::vector<uint8_t> module(body.begin(), body.end());
  Ticket ticket = hold(exchange);
  node_.deploy(name, std::move(module), std::move(spec), std::move(alias),
               [this, ticket](std::expected<catalog::Deployed, node::Node::Refused> deployed) {
                 answer_from_elsewhere(ticket, deployed
                                                   ? deployed_response(*deployed, node_.catalog())
                                                   : refused_response(deployed.error()));
               });
}

void Desk::list_functions(const Exchange& exchange, const std::optional<std::string>& space) {
  if (!may(exchange, Scope::read, space.value_or("*"))) {
    return;
  }
  auto limit = page_limit(exchange->request());
  if (!limit) {
    exchange->respond(problem_of(limit.error()));
    return;
  }
  std::optional<catalog::FunctionName> after;
  if (auto cursor = exchange->request().query("cursor")) {
    size_t slash = cursor->find('/');
    if (slash == cursor->npos) {
      exchange->respond(problem(400, "bad-request", "cursor is none that an earlier page gave"));
      return;
    }
    after = {std::string(cursor->substr(0, slash)), std::string(cursor->substr(slash + 1))};
  }
  auto entries = node_.catalog().list(space, after, *limit);
  json list = json::array();
  for (const catalog::Entry& entry : entries) {
    list.push_back(function_json(entry));
  }
  json next = nullptr;
  if (entries.size() == *limit) {
    next = entries.back().name.space + "/" + entries.back().name.name;
  }
  exchange->respond(json_response(200, {{"functions", std::move(list)}, {"next", next}}));
}

void Desk::describe_function(const Exchange& exchange, const catalog::FunctionName& name) {
  if (!may(exchange, Scope::read, name.space)) {
    return;
  }
  auto entry = node_.catalog().entry(name);
  if (!entry) {
    exchange->respond(problem(404, "not-found",
                              fmt::format("there is no function {}/{}", name.space, name.name)));
    return;
  }
  json content = function_json(*entry);
  json versions = json::array();
  for (const auto& [id, version] : entry->versions) {
    versions.push_back({{"version", id},
                        {"created", time_text(version->created)},
                        {"size_bytes", version->module_bytes}});
  }
  content["versions"] = std::move(versions);
  exchange->respond(json_response(200, content));
}

void Desk::send_module(const Exchange& exchange, const catalog::FunctionName& name) {
  if (!may(exchange, Scope::read, name.space)) {
    return;
  }
  auto asked = exchange->request().query("version");
  auto version = asked ? node_.catalog().find_version(name, *asked) : node_.catalog().find(name);
  if (version == nullptr) {
    exchange->respond(problem(
        404, "not-found", fmt::format("there is no such version of {}/{}", name.space, name.name)));
    return;
  }
  in_workshop(hold(exchange), [path = node_.catalog().module_path(*version)]() -> net::Response {
    auto bytes = node::read_module(path);
    if (!bytes) {
      return problem_of(bytes.error());
    }
    return {.status = 200,
            .headers = {{"Content-Type", "application/wasm"}},
            .body = std::string(bytes->begin(), bytes->end())};
  });
}

void Desk::point_alias(const Exchange& exchange, const catalog::FunctionName& name,
                       const std::string& alias) {
  if (!may(exchange, Scope::deploy, name.space)) {
    return;
  }
  if (auto good = manifest::parse_name(alias, "an alias"); !good) {
    exchange->respond(problem_of(good.error()));
    return;
  }
  json body = json::parse(exchange->request().body(), nullptr, false);
  if (!body.is_object() || !body.contains("version") || !body["version"].is_string()) {
    exchange->respond(problem(400, "bad-request", R"(the body has to be {"version": "…"})"));
    return;
  }
  Ticket ticket = hold(exchange);
  node_.catalog().point(
      name, alias, body["version"].get<std::string>(), [this, ticket, name](Result<void> done) {
        auto entry = node_.catalog().entry(name);
        answer_from_elsewhere(ticket, !done   ? problem_of(done.error())
                                      : entry ? json_response(200, function_json(*entry))
                                              : problem(404, "not-found", "it was deleted"));
      });
}

void Desk::remove_function(const Exchange& exchange, const catalog::FunctionName& name) {
  if (!may(exchange, Scope::deploy, name.space)) {
    return;
  }
  std::optional<std::string> version;
  if (auto asked = exchange->request().query("version")) {
    version = *asked;
  }
  Ticket ticket = hold(exchange);
  node_.catalog().remove(name, std::move(version), [this, ticket](Result<void> done) {
    answer_from_elsewhere(ticket, done ? net::Response{.status = 204, .headers = {}, .body = {}}
                                       : problem_of(done.error()));
  });
}

}  // namespace weft::api
