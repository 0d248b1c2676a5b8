// Desk: /v1/calls, what has become of calls.
#include <utility>

#include "api/answers.h"
#include "api/api.h"
#include "api/pages.h"
#include "manifest/names.h"

namespace weft::api {

namespace {

Result<call::CallFilter> filter_of(const net::Request& request) {
  call::CallFilter filter;
  if (auto space = request.query("namespace")) {
    TRY(name, manifest::parse_name(*space, "a namespace"));
    filter.name_space = std::move(name);
  }
  if (auto function = request.query("function")) {
    size_t slash = function->find('/');
    if (slash == function->npos) {
      return error(Error::Kind::invalid, "function is NAMESPACE/NAME, not \"{}\"", *function);
    }
    TRY(name_space, manifest::parse_name(function->substr(0, slash), "a namespace"));
    TRY(name, manifest::parse_name(function->substr(slash + 1), "a function"));
    filter.name_space = std::move(name_space);
    filter.function = std::move(name);
  }
  if (auto state = request.query("state")) {
    filter.state = call::parse_state(*state);
    if (!filter.state) {
      filter.reason = call::parse_reason(*state);
      if (!filter.reason) {
        return error(Error::Kind::invalid,
                     "state is accepted, running or ended, or how it ended; not \"{}\"", *state);
      }
    }
  }
  return filter;
}

// Another namespace's call is as good as none.
Result<call::Call> allowed_call(call::Ledger& ledger, call::CallId id, const Pass& pass,
                                Scope scope) {
  auto call = ledger.find(id);
  if (call && !pass.allows(scope, call->function.name_space)) {
    return error(Error::Kind::not_found, "there is no call {}", id.text());
  }
  return call;
}

}  // namespace

void Desk::list_calls(const Exchange& exchange) {
  auto filter = filter_of(exchange->request());
  auto limit = page_limit(exchange->request());
  if (!filter || !limit) {
    exchange->respond(problem_of(!filter ? filter.error() : limit.error()));
    return;
  }
  if (!may(exchange, Scope::read, filter->name_space.value_or("*"))) {
    return;
  }
  std::optional<call::CallId> cursor;
  if (auto text = exchange->request().query("cursor")) {
    auto id = call::CallId::parse(*text);
    if (!id) {
      exchange->respond(problem(400, "bad-request", "cursor is none that an earlier page gave"));
      return;
    }
    cursor = *id;
  }
  in_workshop(hold(exchange),
              [&ledger = office_.calls.ledger(), filter = *filter, cursor, limit = *limit] {
                auto page = ledger.list(filter, cursor, limit);
                if (!page) {
                  return problem_of(page.error());
                }
                json calls = json::array();
                for (const call::Call& call : page->calls) {
                  calls.push_back(call_json(call));
                }
                json next = nullptr;
                if (page->next) {
                  next = page->next->text();
                }
                return json_response(200, {{"calls", std::move(calls)}, {"next", next}});
              });
}

// A call belongs to its namespace, which only the ledger knows: the answer is looked up, and then
// given or refused.
void Desk::describe_call(const Exchange& exchange, call::CallId id) {
  auto pass = pass_of(exchange);
  if (!pass) {
    return;
  }
  in_workshop(hold(exchange), [&ledger = office_.calls.ledger(), id, pass = *pass] {
    auto call = allowed_call(ledger, id, pass, Scope::read);
    if (!call) {
      return problem_of(call.error());
    }
    json content = call_json(*call);
    constexpr size_t most = 1000;
    json children = json::array();
    if (auto ids = ledger.children(id, most)) {
      for (call::CallId child : *ids) {
        children.push_back(child.text());
      }
    }
    content["children"] = std::move(children);
    return json_response(200, content);
  });
}

void Desk::call_output(const Exchange& exchange, call::CallId id) {
  auto pass = pass_of(exchange);
  if (!pass) {
    return;
  }
  auto wait = duration_of(exchange->request().query("wait"), "wait");
  if (!wait) {
    exchange->respond(problem_of(wait.error()));
    return;
  }
  call::Ledger& ledger = office_.calls.ledger();
  auto read = [&ledger, id, pass = *pass]() -> net::Response {
    auto call = allowed_call(ledger, id, pass, Scope::read);
    if (!call) {
      return problem_of(call.error());
    }
    if (call->state != call::State::ended) {
      return json_response(202, call_json(*call));
    }
    auto output = ledger.output(id);
    if (!output) {
      return problem_of(output.error());
    }
    return {.status = 200,
            .headers = {{"Content-Type", "application/octet-stream"},
                        {"Weft-Call-Id", id.text()},
                        {"Weft-Outcome", std::string(call::name(call->reason))},
                        {"Weft-Exit-Code", std::to_string(call->exit_code)}},
            .body = std::move(*output)};
  };
  Ticket ticket = hold(exchange);
  if (*wait) {
    when_ended(ticket, {id}, **wait, read, read);
  } else {
    in_workshop(ticket, read);
  }
}

void Desk::call_log(const Exchange& exchange, call::CallId id) {
  auto pass = pass_of(exchange);
  if (!pass) {
    return;
  }
  auto follow = flag_of(exchange->request().query("follow"), "follow");
  if (!follow) {
    exchange->respond(problem_of(follow.error()));
    return;
  }
  if (*follow) {
    Ticket ticket = hold(exchange);
    bool posted = node_.workshop().post([this, ticket, id, pass = *pass](cpu::Thread&) {
      auto call = allowed_call(office_.calls.ledger(), id, pass, Scope::read);
      call ? worker_.post([this, ticket, id] { follow_log(ticket, id); })
           : answer_from_elsewhere(ticket, problem_of(call.error()));
    });
    if (!posted) {
      answer(ticket, problem_of(Error(Error::Kind::exhausted, "the node is busy")));
    }
    return;
  }
  in_workshop(
      hold(exchange), [&ledger = office_.calls.ledger(), id, pass = *pass]() -> net::Response {
        auto call = allowed_call(ledger, id, pass, Scope::read);
        if (!call) {
          return problem_of(call.error());
        }
        auto log = call->state == call::State::ended ? ledger.log(id) : Result<std::string>("");
        if (!log) {
          return problem_of(log.error());
        }
        return {.status = 200,
                .headers = {{"Content-Type", "text/plain; charset=utf-8"}},
                .body = std::move(*log)};
      });
}

// Looks at the call's log five times a second while it runs, wherever it does.
class Desk::Following : public std::enable_shared_from_this<Desk::Following> {
 public:
  Following(Desk& desk, std::shared_ptr<net::Stream> stream, call::CallId id)
      : desk_(desk), stream_(std::move(stream)), id_(id), timer_(desk.worker_.events()) {}

  void look() {
    if (stream_->gone()) {
      return;
    }
    for (size_t i = 0; i < desk_.node_.cores(); ++i) {
      node::Worker& worker = desk_.node_.worker(i);
      // Always back again, since the stream belongs to the desk's thread to its end.
      worker.post([self = shared_from_this(), &worker, seen = seen_]() mutable {
        auto log = worker.log_of(self->id_.text());
        std::string text(log && log->size() > seen ? log->substr(seen) : "");
        node::Worker& home = self->desk_.worker_;
        home.post([self = std::move(self), text = std::move(text)] { self->add(text); });
      });
    }
    bool posted = desk_.node_.workshop().post([self = shared_from_this()](cpu::Thread&) mutable {
      auto call = self->desk_.office_.calls.ledger().find(self->id_);
      bool over = !call || call->state == call::State::ended;
      std::string log;
      if (call && over) {
        log = self->desk_.office_.calls.ledger().log(self->id_).value_or("");
      }
      node::Worker& home = self->desk_.worker_;
      home.post([self = std::move(self), over, log = std::move(log),
                 end = call ? call_json(*call).dump() : std::string("{}")] {
        over ? self->finish(log, end) : self->again();
      });
    });
    if (!posted) {
      again();
    }
  }

 private:
  void add(std::string_view text) {
    seen_ += text.size();
    while (!text.empty()) {
      size_t end = text.find('\n');
      json line = {{"text", text.substr(0, end)}};
      stream_->write("event: log\ndata: " +
                     line.dump(-1, ' ', false, json::error_handler_t::replace) + "\n\n");
      text.remove_prefix(end == text.npos ? text.size() : end + 1);
    }
  }
  void again() {
    timer_.expires_after(std::chrono::milliseconds(200));
    timer_.async_wait([self = shared_from_this()](const boost::system::error_code& cancelled) {
      if (!cancelled) {
        self->look();
      }
    });
  }
  void finish(std::string_view log, const std::string& call) {
    if (log.size() > seen_) {
      add(log.substr(seen_));
    }
    if (!stream_->gone()) {
      stream_->write("event: end\ndata: " + call + "\n\n");
      stream_->end();
    }
  }

  Desk& desk_;
  std::shared_ptr<net::Stream> stream_;
  call::CallId id_;
  boost::asio::steady_timer timer_;
  size_t seen_ = 0;
};

void Desk::follow_log(Ticket ticket, call::CallId id) {
  Exchange exchange = let_go(ticket);
  auto stream =
      exchange->stream(200, {{"Content-Type", "text/event-stream"}, {"Cache-Control", "no-store"}});
  std::make_shared<Following>(*this, std::move(stream), id)->look();
}

void Desk::cancel_call(const Exchange& exchange, call::CallId id) {
  auto pass = pass_of(exchange);
  if (!pass) {
    return;
  }
  Ticket ticket = hold(exchange);
  bool posted = node_.workshop().post([this, ticket, id, pass = *pass](cpu::Thread&) {
    auto call = allowed_call(office_.calls.ledger(), id, pass, Scope::invoke);
    if (!call) {
      answer_from_elsewhere(ticket, problem_of(call.error()));
      return;
    }
    cancel_allowed(ticket, id);
  });
  if (!posted) {
    answer(ticket, problem_of(Error(Error::Kind::exhausted, "the node is busy")));
  }
}

void Desk::cancel_allowed(Ticket ticket, call::CallId id) {
  office_.calls.cancel(id, [this, ticket, id](Result<void> cancelled) {
    if (!cancelled) {
      answer_from_elsewhere(ticket, problem_of(cancelled.error()));
      return;
    }
    bool posted = node_.workshop().post([this, ticket, id](cpu::Thread&) {
      auto call = office_.calls.ledger().find(id);
      answer_from_elsewhere(ticket,
                            call ? json_response(202, call_json(*call)) : problem_of(call.error()));
    });
    if (!posted) {
      answer_from_elsewhere(ticket, json_response(202, {{"id", id.text()}}));
    }
  });
}

void Desk::when_ended(Ticket ticket, const std::vector<call::CallId>& ids,
                      std::chrono::milliseconds wait, const std::function<net::Response()>& read,
                      const std::function<net::Response()>& late) {
  struct Waiting {
    std::vector<std::pair<call::CallId, uint64_t>> registered;
    std::atomic<size_t> left;
    std::unique_ptr<boost::asio::steady_timer> timer;
    bool over = false;
  };
  auto waiting = std::make_shared<Waiting>();
  waiting->left = ids.size();
  auto finish = [this, ticket, waiting](const std::function<net::Response()>& answer) {
    if (std::exchange(waiting->over, true)) {
      return;
    }
    waiting->timer->cancel();
    for (const auto& [id, number] : waiting->registered) {
      office_.calls.forget(id, number);
    }
    waiting->registered.clear();
    in_workshop(ticket, answer);
  };
  waiting->timer = std::make_unique<boost::asio::steady_timer>(worker_.events(), wait);
  waiting->timer->async_wait([finish, late](const boost::system::error_code& cancelled) {
    if (!cancelled) {
      finish(late);
    }
  });
  for (call::CallId id : ids) {
    uint64_t number = office_.calls.when_ended(id, [this, waiting, finish, read] {
      if (waiting->left.fetch_sub(1) == 1) {
        worker_.post([finish, read] { finish(read); });
      }
    });
    waiting->registered.emplace_back(id, number);
  }
}

}  // namespace weft::api
