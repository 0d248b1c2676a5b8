// Desk: the node itself – how it is, what it measures, who may use it.
#include <algorithm>
#include <array>
#include <utility>

#include "api/answers.h"
#include "api/api.h"
#include "api/assets.h"
#include "api/metrics.h"
#include "manifest/names.h"

namespace weft::api {

bool Desk::route_node(const Exchange& exchange, const std::vector<std::string>& path) {
  using net::Method;
  Method method = exchange->request().method();
  bool reads = method == Method::get || method == Method::head;
  if (path.size() >= 2 && path[0] == "v1" && path[1] == "tokens") {
    if (path.size() <= 3) {
      tokens(exchange, path);
    }
    return path.size() <= 3;
  }
  std::string_view asked = exchange->request().path();
  constexpr std::array<std::string_view, 5> known = {"/healthz", "/readyz", "/metrics",
                                                     "/openapi.json", "/v1/node"};
  if (std::ranges::find(known, asked) == known.end()) {
    return false;
  }
  if (!reads) {
    return allows_only(exchange, "GET, HEAD");
  }
  auto text = [](std::string body) {
    return net::Response{.status = 200,
                         .headers = {{"Content-Type", "text/plain; charset=utf-8"}},
                         .body = std::move(body)};
  };
  if (asked == "/metrics") {
    metrics(exchange);
  } else if (asked == "/openapi.json") {
    exchange->respond({.status = 200,
                       .headers = {{"Content-Type", "application/json"}},
                       .body = std::string(openapi_document())});
  } else if (asked == "/v1/node") {
    describe_node(exchange);
  } else {
    // While it drains, no request comes as far as /readyz.
    exchange->respond(text("ok\n"));
  }
  return true;
}

void Desk::gather(const std::function<void(const NodeNumbers&)>& then) {
  auto numbers = std::make_shared<NodeNumbers>();
  auto left = std::make_shared<size_t>(node_.cores());
  for (size_t i = 0; i < node_.cores(); ++i) {
    node::Worker& worker = node_.worker(i);
    worker.post([this, &worker, numbers, left, then] {
      CoreNumbers core{.running = worker.running(),
                       .waiting = worker.waiting(),
                       .counts = worker.counts(),
                       .functions = worker.function_counts()};
      const net::Server* server = office_.desks[worker.index()]->server();
      core.http = server != nullptr ? server->numbers() : net::Server::Numbers();
      worker_.post([numbers, left, then, core = std::move(core)] {
        numbers->cores.push_back(core);
        if (--*left == 0) {
          then(*numbers);
        }
      });
    });
  }
}

void Desk::describe_node(const Exchange& exchange) {
  if (!may(exchange, Scope::read, "*")) {
    return;
  }
  gather([this, ticket = hold(exchange)](const NodeNumbers& numbers) {
    json content = node_json(numbers);
    content["version"] = office_.options.version;
    content["uptime_s"] = std::chrono::duration<double>(node::Clock::now() - office_.began).count();
    content["functions"] = node_.catalog().size();
    content["queued"] = office_.calls.queued();
    answer(ticket, json_response(200, content));
  });
}

void Desk::metrics(const Exchange& exchange) {
  if (!may(exchange, Scope::read, "*")) {
    return;
  }
  gather([this, ticket = hold(exchange)](const NodeNumbers& numbers) {
    Totals totals{.functions = node_.catalog().size(),
                  .queued = office_.calls.queued(),
                  .store = node_.store().stats(),
                  .uptime = node::Clock::now() - office_.began};
    answer(ticket, {.status = 200,
                    .headers = {{"Content-Type", "text/plain; version=0.0.4; charset=utf-8"}},
                    .body = metrics_text(numbers, totals)});
  });
}

namespace {

json token_json(const Token& token) {
  json scopes = json::array();
  for (Scope scope : token.scopes) {
    scopes.push_back(name(scope));
  }
  json expires = nullptr;
  if (token.expires) {
    expires = time_text(*token.expires);
  }
  return {{"id", token.id},
          {"name", token.name},
          {"scopes", scopes},
          {"namespaces", token.spaces},
          {"created", time_text(token.created)},
          {"expires", expires}};
}

Result<Token> token_of(const std::string& body, WallTime now) {
  json wanted = json::parse(body, nullptr, false);
  if (!wanted.is_object()) {
    return error(Error::Kind::invalid, "the body has to be a JSON object");
  }
  Token token;
  for (const auto& [key, value] : wanted.items()) {
    bool texts = value.is_array() &&
                 std::ranges::all_of(value, [](const json& item) { return item.is_string(); });
    if (key == "name" && value.is_string()) {
      token.name = value;
    } else if (key == "scopes" && texts) {
      for (const json& item : value) {
        auto scope = scope_named(item.get<std::string>());
        if (!scope) {
          return error(Error::Kind::invalid,
                       "there is no scope {}; there are invoke, deploy, read, admin",
                       item.get<std::string>());
        }
        token.scopes.push_back(*scope);
      }
    } else if (key == "namespaces" && texts) {
      for (const json& item : value) {
        auto space = item.get<std::string>();
        if (space != "*" && !manifest::is_name(space)) {
          return error(Error::Kind::invalid, "\"{}\" is no namespace, nor * for all of them",
                       space);
        }
        token.spaces.push_back(std::move(space));
      }
    } else if (key == "expires" && value.is_string()) {
      TRY(time, duration_of(value.get<std::string>(), "expires"));
      token.expires = now + *time;
    } else {
      return error(
          Error::Kind::invalid,
          "{} is unknown or of another type; a token has name, scopes, namespaces, expires", key);
    }
  }
  return token;
}

}  // namespace

void Desk::tokens(const Exchange& exchange, const std::vector<std::string>& path) {
  using net::Method;
  if (!may(exchange, Scope::admin, "*")) {
    return;
  }
  Method method = exchange->request().method();
  Tokens& all = office_.tokens;
  if (path.size() == 2 && (method == Method::get || method == Method::head)) {
    json list = json::array();
    for (const Token& token : all.list()) {
      list.push_back(token_json(token));
    }
    exchange->respond(json_response(200, {{"tokens", std::move(list)}}));
  } else if (path.size() == 2 && method == Method::post) {
    auto wanted = token_of(exchange->request().body(), node_.clock().now());
    if (!wanted) {
      exchange->respond(problem_of(wanted.error()));
      return;
    }
    in_workshop(hold(exchange), [&all, wanted = *wanted] {
      auto created = all.create(wanted);
      if (!created) {
        return problem_of(created.error());
      }
      json content = token_json(created->token);
      content["token"] = created->secret;
      return json_response(201, content);
    });
  } else if (path.size() == 3 && method == Method::delete_) {
    in_workshop(hold(exchange), [&all, id = path[2]] {
      auto revoked = all.revoke(id);
      return revoked ? net::Response{.status = 204, .headers = {}, .body = {}}
                     : problem_of(revoked.error());
    });
  } else {
    allows_only(exchange, path.size() == 2 ? "GET, HEAD, POST" : "DELETE");
  }
}

}  // namespace weft::api
