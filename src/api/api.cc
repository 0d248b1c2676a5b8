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

Desk::Desk(Office& office, node::Worker& worker)
    : office_(office), node_(office.node), worker_(worker) {}

net::Handler Desk::handler() {
  return [this](const Exchange& exchange) { handle(exchange); };
}

void Desk::handle(const Exchange& exchange) {
  if (office_.draining.load(std::memory_order_relaxed)) {
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
    exchange->respond(problem(404, "not-found",
                              fmt::format("there is nothing to {} at {}; see /openapi.json",
                                          request.method_name(), request.path())));
  }
}

bool Desk::route_functions(const Exchange& exchange, const std::vector<std::string>& path) {
  using net::Method;
  Method method = exchange->request().method();
  bool reads = method == Method::get || method == Method::head;
  if (path.size() <= 3) {
    if (reads) {
      list_functions(exchange, path.size() == 3 ? std::optional(path[2]) : std::nullopt);
    }
    return reads;
  }
  catalog::FunctionName name{path[2], path[3]};
  for (const auto& [part, what] :
       {std::pair(&name.space, "a namespace"), {&name.name, "a function"}}) {
    if (auto good = manifest::parse_name(*part, what); !good) {
      exchange->respond(problem_of(good.error()));
      return true;
    }
  }
  if (path.size() == 4) {
    if (method == Method::put) {
      deploy(exchange, name);
    } else if (method == Method::delete_) {
      remove_function(exchange, name);
    } else if (reads) {
      describe_function(exchange, name);
    } else {
      return false;
    }
    return true;
  }
  if (path.size() == 5 && path[4] == "invoke" && method == Method::post) {
    invoke(exchange, name);
    return true;
  }
  if (path.size() == 5 && path[4] == "module" && reads) {
    send_module(exchange, name);
    return true;
  }
  if (path.size() == 6 && path[4] == "alias" && method == Method::post) {
    point_alias(exchange, name, path[5]);
    return true;
  }
  return false;
}

bool Desk::route_calls(const Exchange& exchange, const std::vector<std::string>& path) {
  using net::Method;
  Method method = exchange->request().method();
  bool reads = method == Method::get || method == Method::head;
  if (path[1] == "batch") {
    if (path.size() == 2 && method == Method::post) {
      batch(exchange);
      return true;
    }
    return false;
  }
  if (path.size() == 2 && reads) {
    list_calls(exchange);
    return true;
  }
  if (path.size() != 3 && path.size() != 4) {
    return false;
  }
  auto id = call::CallId::parse(path[2]);
  if (!id) {
    exchange->respond(problem(404, "not-found", fmt::format("{} names no call", path[2])));
    return true;
  }
  if (path.size() == 3 && reads) {
    describe_call(exchange, *id);
  } else if (path.size() == 3 && method == Method::delete_) {
    cancel_call(exchange, *id);
  } else if (path.size() == 4 && path[3] == "output" && reads) {
    call_output(exchange, *id);
  } else if (path.size() == 4 && path[3] == "logs" && reads) {
    call_log(exchange, *id);
  } else {
    return false;
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

void Desk::answer(Ticket ticket, net::Response response) {
  auto found = held_.find(static_cast<uint64_t>(ticket));
  if (found == held_.end()) {
    return;  // answered before: a wait and its time ended together
  }
  Exchange exchange = std::move(found->second);
  held_.erase(found);
  exchange->respond(std::move(response));
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
