#include "api/api.h"

#include <utility>

#include "api/answers.h"
#include "base/quantity.h"
#include "manifest/names.h"

namespace weft::api {

Result<std::optional<std::chrono::milliseconds>> duration_of(std::optional<std::string_view> text,
                                                             std::string_view what) {
  if (!text) {
    return std::optional<std::chrono::milliseconds>();
  }
  auto duration = parse_duration(*text);
  if (!duration) {
    return std::unexpected(duration.error().in(what));
  }
  return std::optional(std::chrono::ceil<std::chrono::milliseconds>(*duration));
}

Result<bool> flag_of(std::optional<std::string_view> text, std::string_view what) {
  if (text && *text != "true" && *text != "false") {
    return error(Error::Kind::invalid, "{} is true or false, not \"{}\"", what, *text);
  }
  return text == "true";
}

Desk::Desk(Office& office, node::Worker& worker)
    : office_(office), node_(office.node), worker_(worker) {}

net::Handler Desk::handler() {
  return [this](const Exchange& exchange) { handle(exchange); };
}

void Desk::handle(const Exchange& exchange) {
  if (office_.draining.load(std::memory_order_relaxed) &&
      exchange->request().path() != "/healthz") {
    exchange->respond(problem(503, "draining", "the node is about to stop; ask another one"));
    return;
  }
  route(exchange, exchange->request().segments());
}

void Desk::route(const Exchange& exchange, const std::vector<std::string>& path) {
  bool known = false;
  if (path.size() >= 2 && path[0] == "v1" && path[1] == "functions") {
    known = route_functions(exchange, path);
  } else if (path.size() >= 2 && path[0] == "v1" && (path[1] == "calls" || path[1] == "batch")) {
    known = route_calls(exchange, path);
  } else {
    known = route_node(exchange, path);
  }
  if (!known) {
    const net::Request& request = exchange->request();
    exchange->respond(
        problem(404, "not-found",
                fmt::format("there is nothing at {}; see /openapi.json", request.path())));
  }
}

bool Desk::allows_only(const Exchange& exchange, std::string_view methods) {
  const net::Request& request = exchange->request();
  net::Response response =
      problem(405, "method-not-allowed",
              fmt::format("{} takes {}, not {}", request.path(), methods, request.method_name()));
  response.headers.push_back({"Allow", std::string(methods)});
  exchange->respond(std::move(response));
  return true;
}

namespace {

bool reads(const net::Request& request) {
  return request.method() == net::Method::get || request.method() == net::Method::head;
}

}  // namespace

bool Desk::route_functions(const Exchange& exchange, const std::vector<std::string>& path) {
  using net::Method;
  const net::Request& request = exchange->request();
  Method method = request.method();
  bool is_alias = path.size() == 6 && path[4] == "alias";
  bool is_part = path.size() == 5 && (path[4] == "invoke" || path[4] == "module");
  if (path.size() > 4 && !is_alias && !is_part) {
    return false;
  }
  for (size_t i = 2; i < path.size() && i < 4; ++i) {
    if (auto good = manifest::parse_name(path[i], i == 2 ? "a namespace" : "a function"); !good) {
      exchange->respond(problem_of(good.error()));
      return true;
    }
  }
  if (path.size() <= 3) {
    if (!reads(request)) {
      return allows_only(exchange, "GET, HEAD");
    }
    list_functions(exchange, path.size() == 3 ? std::optional(path[2]) : std::nullopt);
    return true;
  }
  catalog::FunctionName name{path[2], path[3]};
  if (is_alias || (is_part && path[4] == "invoke")) {
    if (method != Method::post) {
      return allows_only(exchange, "POST");
    }
    is_alias ? point_alias(exchange, name, path[5]) : invoke(exchange, name);
  } else if (is_part) {
    if (!reads(request)) {
      return allows_only(exchange, "GET, HEAD");
    }
    send_module(exchange, name);
  } else if (method == Method::put) {
    deploy(exchange, name);
  } else if (method == Method::delete_) {
    remove_function(exchange, name);
  } else if (reads(request)) {
    describe_function(exchange, name);
  } else {
    return allows_only(exchange, "GET, HEAD, PUT, DELETE");
  }
  return true;
}

bool Desk::route_calls(const Exchange& exchange, const std::vector<std::string>& path) {
  using net::Method;
  const net::Request& request = exchange->request();
  bool is_batch = path[1] == "batch";
  bool is_part = !is_batch && path.size() == 4 && (path[3] == "output" || path[3] == "logs");
  if (path.size() > (is_batch ? 2U : 3U) && !is_part) {
    return false;
  }
  if (is_batch) {
    if (request.method() != Method::post) {
      return allows_only(exchange, "POST");
    }
    batch(exchange);
    return true;
  }
  bool cancels = path.size() == 3 && request.method() == Method::delete_;
  if (!reads(request) && !cancels) {
    return allows_only(exchange, path.size() == 3 ? "GET, HEAD, DELETE" : "GET, HEAD");
  }
  if (path.size() == 2) {
    list_calls(exchange);
    return true;
  }
  auto id = call::CallId::parse(path[2]);
  if (!id) {
    exchange->respond(problem(404, "not-found", fmt::format("{} names no call", path[2])));
    return true;
  }
  if (cancels) {
    cancel_call(exchange, *id);
  } else if (path.size() == 3) {
    describe_call(exchange, *id);
  } else if (path[3] == "output") {
    call_output(exchange, *id);
  } else {
    call_log(exchange, *id);
  }
  return true;
}

namespace {

// Access without a token is for programs on this machine, not for the pages that a browser on it
// shows: these send an Origin, or come by a name that resolves to here (DNS rebinding).
bool is_from_here(const net::Request& request) {
  if (!request.is_loopback()) {
    return false;
  }
  std::string_view host = request.header("Host").value_or("");
  std::string_view name =
      host.substr(0, host.find(':', host.starts_with('[') ? host.find(']') : 0));
  bool local = name == "localhost" || name == "127.0.0.1" || name == "[::1]" ||
               (host.empty() && request.version() == 10);
  auto origin = request.header("Origin");
  return local && (!origin || origin->ends_with(fmt::format("://{}", host)));
}

}  // namespace

std::optional<Pass> Desk::pass_of(const Exchange& exchange) {
  const net::Request& request = exchange->request();
  if (office_.options.open && is_from_here(request)) {
    return Pass();
  }
  constexpr std::string_view bearer = "Bearer ";
  auto header = request.header("Authorization");
  bool given = header && header->starts_with(bearer);
  auto token = given ? office_.tokens.find(header->substr(bearer.size())) : std::nullopt;
  if (token) {
    return Pass{std::move(token)};
  }
  net::Response response =
      problem(401, "unauthorized",
              given ? "this token is not known here, or it has expired"
                    : "send a token: Authorization: Bearer weft_…; `weft token create` makes one");
  response.headers.push_back(
      {"WWW-Authenticate", given ? "Bearer error=\"invalid_token\"" : "Bearer"});
  exchange->respond(std::move(response));
  return std::nullopt;
}

bool Desk::may(const Exchange& exchange, Scope scope, std::string_view space) {
  auto pass = pass_of(exchange);
  if (pass && !pass->allows(scope, space)) {
    exchange->respond(problem(403, "forbidden",
                              fmt::format("the token \"{}\" does not allow to {} in {}",
                                          pass->token->name, name(scope), space)));
    return false;
  }
  return pass.has_value();
}

bool Desk::may_call(const Exchange& exchange, const std::string& space, size_t calls,
                    node::Quotas::Kind kind) {
  auto count = static_cast<uint32_t>(std::min<size_t>(calls, UINT32_MAX));
  auto refused = office_.quotas.enter(space, count, kind);
  if (refused) {
    net::Response response = problem(429, "quota-exceeded", refused->what);
    response.headers.push_back({"Retry-After", std::to_string(refused->retry_after.count())});
    exchange->respond(std::move(response));
  }
  return !refused;
}

Desk::Ticket Desk::hold(Exchange exchange) {
  uint64_t number = next_ticket_++;
  held_.emplace(number, std::move(exchange));
  return Ticket{number};
}

Desk::Exchange Desk::let_go(Ticket ticket) {
  auto found = held_.find(static_cast<uint64_t>(ticket));
  if (found == held_.end()) {
    return nullptr;  // answered before: a wait and its time ended together
  }
  Exchange exchange = std::move(found->second);
  held_.erase(found);
  return exchange;
}

void Desk::answer(Ticket ticket, net::Response response) {
  if (Exchange exchange = let_go(ticket)) {
    exchange->respond(std::move(response));
  }
}

void Desk::answer_from_elsewhere(Ticket ticket, net::Response response) {
  auto shared = std::make_shared<net::Response>(std::move(response));
  worker_.post([this, ticket, shared] { answer(ticket, std::move(*shared)); });
}

void Desk::in_workshop(Ticket ticket, std::function<net::Response()> work) {
  bool posted = node_.workshop().post([this, ticket, work = std::move(work)](cpu::Thread&) {
    answer_from_elsewhere(ticket, work());
  });
  if (!posted) {
    answer(ticket,
           problem_of(Error(Error::Kind::exhausted, "the node is busy with other requests")));
  }
}

Api::Api(node::Node& node, node::AsyncCalls& calls, Tokens& tokens, Options options)
    : office_{node, calls, tokens, std::move(options), node::Quotas(node.config())} {
  for (size_t i = 0; i < node.cores(); ++i) {
    office_.desks.push_back(std::make_unique<Desk>(office_, node.worker(i)));
  }
}

Result<void> Api::listen(const net::Options& options) {
  for (size_t i = 0; i < office_.desks.size(); ++i) {
    auto& events = office_.node.worker(i).events();
    auto server = i == 0 ? net::Server::listen(events, options, office_.desks[i]->handler())
                         : servers_.front()->share(events, office_.desks[i]->handler());
    TRY(listening, std::move(server));
    servers_.push_back(std::move(listening));
    office_.desks[i]->set_server(*servers_.back());
  }
  return {};
}

void Api::drain(std::chrono::milliseconds time, const std::function<void()>& done) {
  office_.draining = true;
  auto left = std::make_shared<std::atomic<size_t>>(servers_.size());
  for (size_t i = 0; i < servers_.size(); ++i) {
    office_.node.worker(i).post([server = servers_[i].get(), time, left, done] {
      server->drain(time, [left, done] {
        if (left->fetch_sub(1) == 1) {
          done();
        }
      });
    });
  }
}

void Api::close() {
  for (size_t i = 0; i < servers_.size(); ++i) {
    auto closed = std::make_shared<std::promise<void>>();
    office_.node.worker(i).post([this, i, closed] {
      servers_[i].reset();
      closed->set_value();
    });
    closed->get_future().wait();
  }
}

}  // namespace weft::api
