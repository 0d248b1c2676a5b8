// The HTTP API of a node, version 1: requests to calls, answers to responses. docs/api.md and the
// document at /openapi.json describe it.
//
//     net::Server ──► Desk (one for each worker, on its thread) ──► Node, AsyncCalls, Catalog
//
// What reads the store or takes long is done in the workshop; the exchange waits at its desk.
//
// Thread safety: an Api is made before the node serves and outlives its servers; a Desk belongs to
// its worker's thread.
#pragma once

#include <boost/asio/steady_timer.hpp>
#include <functional>
#include <memory>
#include <string>
#include <unordered_map>
#include <vector>

#include "api/metrics.h"
#include "api/tokens.h"
#include "call/call_id.h"
#include "net/server.h"
#include "node/async_calls.h"
#include "node/node.h"
#include "node/quotas.h"

namespace weft::api {

struct Options {
  bool open = false;    // no tokens are needed from loopback (weft up --dev)
  std::string version;  // of weft
};

class Desk;

// What desks share.
struct Office {
  node::Node& node;
  node::AsyncCalls& calls;
  Tokens& tokens;
  Options options;
  node::Quotas quotas;
  node::Clock::time_point began = node::Clock::now();
  std::atomic<bool> draining = false;
  std::vector<std::unique_ptr<Desk>> desks = {};  // by worker
};

// What a request may do. A value.
struct Pass {
  std::optional<Token> token;  // none: everything

  bool allows(Scope scope, std::string_view space) const {
    return !token || token->allows(scope, space);
  }
};

class Desk {
 public:
  Desk(Office& office, node::Worker& worker);
  Desk(const Desk&) = delete;
  Desk& operator=(const Desk&) = delete;

  net::Handler handler();
  void set_server(const net::Server& server) { server_ = &server; }
  const net::Server* server() const { return server_; }

 private:
  using Exchange = std::shared_ptr<net::Exchange>;
  // An exchange that is answered later, from wherever: it stays here, and only its number travels.
  enum class Ticket : uint64_t {};
  struct Target;    // of an invocation
  class Following;  // of a log

  void handle(const Exchange& exchange);
  // Each of them answers and returns true when it knows the path.
  void route(const Exchange& exchange, const std::vector<std::string>& path);
  bool route_functions(const Exchange& exchange, const std::vector<std::string>& path);
  bool route_calls(const Exchange& exchange, const std::vector<std::string>& path);
  bool route_node(const Exchange& exchange, const std::vector<std::string>& path);
  // Answers 405: the path is known, for these methods.
  static bool allows_only(const Exchange& exchange, std::string_view methods);

  // What the request's token allows; none, and it is answered, when it has none that is known.
  std::optional<Pass> pass_of(const Exchange& exchange);
  // Answers and returns false when the request's token does not allow it.
  bool may(const Exchange& exchange, Scope scope, std::string_view space);

  // functions.cc
  void deploy(const Exchange& exchange, const catalog::FunctionName& name);
  void list_functions(const Exchange& exchange, const std::optional<std::string>& space);
  void describe_function(const Exchange& exchange, const catalog::FunctionName& name);
  void send_module(const Exchange& exchange, const catalog::FunctionName& name);
  void point_alias(const Exchange& exchange, const catalog::FunctionName& name,
                   const std::string& alias);
  void remove_function(const Exchange& exchange, const catalog::FunctionName& name);

  // invoke.cc
  void invoke(const Exchange& exchange, const catalog::FunctionName& name);
  Result<Target> target_of(const net::Request& request, const catalog::FunctionName& name) const;
  void invoke_now(const Exchange& exchange, Target target);
  void invoke_durably(const Exchange& exchange, Target target, bool wait);
  void batch(const Exchange& exchange);
  void batch_accepted(Ticket ticket, const call::Accepted& accepted,
                      std::chrono::milliseconds wait);

  // calls.cc
  void list_calls(const Exchange& exchange);
  void describe_call(const Exchange& exchange, call::CallId id);
  void call_output(const Exchange& exchange, call::CallId id);
  void call_log(const Exchange& exchange, call::CallId id);
  void follow_log(Ticket ticket, call::CallId id);
  void cancel_call(const Exchange& exchange, call::CallId id);
  void cancel_allowed(Ticket ticket, call::CallId id);  // any thread
  // Answers with what `read` gives once all of these calls have ended, or with `late` when the time
  // is over first. `read` and `late` run in the workshop.
  void when_ended(Ticket ticket, const std::vector<call::CallId>& ids,
                  std::chrono::milliseconds wait, const std::function<net::Response()>& read,
                  const std::function<net::Response()>& late);

  // node_routes.cc
  void describe_node(const Exchange& exchange);
  // What all cores count; `then` is told on this desk's thread.
  void gather(const std::function<void(const NodeNumbers&)>& then);
  void metrics(const Exchange& exchange);
  void tokens(const Exchange& exchange, const std::vector<std::string>& path);

  // Answers and returns false when the namespace has used up its quota.
  bool may_call(const Exchange& exchange, const std::string& space, size_t calls,
                node::Quotas::Kind kind);
  Ticket hold(Exchange exchange);
  void answer(Ticket ticket, net::Response response);
  // Null when it was answered.
  Exchange let_go(Ticket ticket);
  // From any thread.
  void answer_from_elsewhere(Ticket ticket, net::Response response);
  void in_workshop(Ticket ticket, std::function<net::Response()> work);

  Office& office_;
  node::Node& node_;
  node::Worker& worker_;
  const net::Server* server_ = nullptr;
  call::CallIdSource ids_;
  uint64_t next_ticket_ = 1;
  std::unordered_map<uint64_t, Exchange> held_;
};

class Api {
 public:
  Api(node::Node& node, node::AsyncCalls& calls, Tokens& tokens, Options options);
  // Listens, one server for each worker. Before Node::serve().
  Result<void> listen(const net::Options& options);
  const std::string& address() const { return servers_.front()->address(); }
  // No new connections; those there are end behind their answers. `done` on any thread.
  void drain(std::chrono::milliseconds time, const std::function<void()>& done);
  // Ends the servers, on their threads: before Node::close(). The desks stay until nothing runs.
  void close();

 private:
  Office office_;
  std::vector<std::unique_ptr<net::Server>> servers_;
};

// A duration in a query or header. Error invalid, which names it.
Result<std::optional<std::chrono::milliseconds>> duration_of(std::optional<std::string_view> text,
                                                             std::string_view what);

// "true" or "false"; false when there is none. Error invalid, which names it.
Result<bool> flag_of(std::optional<std::string_view> text, std::string_view what);

}  // namespace weft::api
