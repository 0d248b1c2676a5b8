// Desk: calls that are asked for, one or many.
#include <algorithm>
#include <array>
#include <utility>

#include "api/answers.h"
#include "api/api.h"
#include "manifest/names.h"

namespace weft::api {

// What is to be called, and with what.
struct Desk::Target {
  std::shared_ptr<const catalog::Version> version;
  std::vector<std::string> args;
  std::vector<std::string> env;
  std::string entry;
  std::string trace;
  std::string key;
  std::optional<std::chrono::milliseconds> timeout;
};

namespace {

// Of a W3C trace context: 00-<32 digits>-<16 digits>-<2 digits>.
std::string trace_id_of(std::string_view traceparent) {
  constexpr size_t begin = 3;
  constexpr size_t digits = 32;
  if (traceparent.size() < begin + digits + 1 || traceparent[begin - 1] != '-' ||
      traceparent[begin + digits] != '-') {
    return "";
  }
  std::string id(traceparent.substr(begin, digits));
  bool good = std::ranges::all_of(
      id, [](char c) { return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'f'); });
  return good ? id : "";
}

call::Submission submission_of(const catalog::Version& version) {
  call::Submission submission;
  submission.function = {version.function.space, version.function.name};
  submission.version = version.version;
  const manifest::Retry& retry = version.spec.retry;
  if (retry.policy == manifest::Retry::Policy::at_least_once) {
    submission.policy = {.kind = call::Policy::Kind::at_least_once,
                         .attempts = static_cast<uint16_t>(retry.attempts),
                         .back_off = std::chrono::ceil<std::chrono::milliseconds>(retry.backoff)};
  }
  return submission;
}

node::Ending ending_of(call::Reason reason) {
  switch (reason) {
    case call::Reason::returned:
      return node::Ending::returned;
    case call::Reason::exited:
      return node::Ending::exited;
    case call::Reason::timed_out:
      return node::Ending::timed_out;
    case call::Reason::cancelled:
      return node::Ending::cancelled;
    case call::Reason::out_of_limits:
      return node::Ending::out_of_limits;
    case call::Reason::trapped:
    case call::Reason::lost:
      return node::Ending::trapped;
  }
  return node::Ending::trapped;
}

// The answer to who waited for a durable call.
net::Response ended_response(call::Ledger& ledger, call::CallId id) {
  auto call = ledger.find(id);
  if (!call) {
    return problem_of(call.error());
  }
  if (call->reason == call::Reason::lost) {
    return problem(500, "call-lost", call->message, json{{"call", call_json(*call)}});
  }
  node::Reply reply;
  reply.ending = ending_of(call->reason);
  reply.exit_code = static_cast<uint32_t>(call->exit_code);
  reply.message = call->message;
  reply.cold = call->cold;
  reply.cpu = call->cpu;
  if (call->attempt > 0) {
    reply.queued = call->started - call->accepted;
    reply.ran = call->ended - call->started;
  }
  reply.backtrace = frames_of(call->backtrace);
  auto output = ledger.output(id);
  if (!output) {
    return problem_of(output.error());
  }
  reply.output = std::move(*output);
  if (auto log = ledger.log(id)) {
    reply.log = std::move(*log);
  }
  return reply_response(id.text(), std::move(reply));
}

net::Response not_accepted_response(const Error& error) {
  return error.kind() == Error::Kind::conflict
             ? problem(409, "idempotency-conflict", error.message())
             : problem_of(error);
}

net::Response accepted_response(call::CallId id) {
  net::Response response = json_response(202, {{"id", id.text()}});
  response.headers.push_back({"Location", "/v1/calls/" + id.text()});
  response.headers.push_back({"Weft-Call-Id", id.text()});
  return response;
}

}  // namespace

Result<Desk::Target> Desk::target_of(const net::Request& request,
                                     const catalog::FunctionName& name) const {
  Target target;
  if (auto version = request.query("version")) {
    target.version = node_.catalog().find_version(name, *version);
  } else {
    target.version = node_.catalog().find(name, request.query("alias").value_or(catalog::live));
  }
  if (target.version == nullptr) {
    return error(Error::Kind::not_found,
                 "there is no function {}/{}, or no such version or alias of it", name.space,
                 name.name);
  }
  for (const net::Query& query : request.queries()) {
    if (query.name == "arg") {
      target.args.push_back(query.value);
    }
  }
  for (size_t i = 0; i < request.header_count(); ++i) {
    auto [header, value] = request.header_at(i);
    if (net::same_name(header, "Weft-Env")) {
      if (value.find('=') == value.npos || value.starts_with('=')) {
        return error(Error::Kind::invalid, "Weft-Env is NAME=VALUE, not \"{}\"", value);
      }
      target.env.emplace_back(value);
    }
  }
  target.entry = request.query("entry").value_or("");
  target.trace = trace_id_of(request.header("traceparent").value_or(""));
  target.key = request.header("Idempotency-Key").value_or("");
  TRY(timeout, duration_of(request.query("timeout"), "timeout"));
  target.timeout = timeout;
  return target;
}

void Desk::invoke(const Exchange& exchange, const catalog::FunctionName& name) {
  if (!may(exchange, Scope::invoke, name.space)) {
    return;
  }
  const net::Request& request = exchange->request();
  auto target = target_of(request, name);
  if (!target) {
    exchange->respond(problem_of(target.error()));
    return;
  }
  auto is_async = flag_of(request.query("async"), "async");
  auto durable = flag_of(request.header("Weft-Durable"), "Weft-Durable");
  if (!is_async || !durable) {
    exchange->respond(problem_of(!is_async ? is_async.error() : durable.error()));
    return;
  }
  if (*is_async || *durable || !target->key.empty()) {
    invoke_durably(exchange, std::move(*target), !*is_async);
  } else {
    invoke_now(exchange, std::move(*target));
  }
}

void Desk::invoke_now(const Exchange& exchange, Target target) {
  auto function = node_.function(target.version);
  if (!function) {
    exchange->respond(problem_of(function.error()));
    return;
  }
  const std::string& space = target.version->function.space;
  if (!may_call(exchange, space, 1, node::Quotas::Kind::runs_now)) {
    return;
  }
  auto task = std::make_unique<node::Task>();
  task->function = std::move(*function);
  task->id = ids_.take(node_.clock().now()).text();
  task->trace_id = std::move(target.trace);
  task->input = exchange->take_body();
  task->args = std::move(target.args);
  task->env = std::move(target.env);
  task->entry = std::move(target.entry);
  if (target.timeout) {
    task->deadline = task->accepted + *target.timeout;
  }
  if (target.version->spec.cancel_when_gone) {
    exchange->on_gone([this, id = task->id] { node_.cancel(worker_, id, [](bool) {}); });
  }
  task->done = [this, ticket = hold(exchange), id = task->id,
                version = target.version](Result<node::Reply> reply) {
    office_.quotas.leave(version->function.space);
    answer(ticket, reply ? reply_response(id, std::move(*reply)) : problem_of(reply.error()));
  };
  node_.call(worker_, std::move(task));
}

void Desk::invoke_durably(const Exchange& exchange, Target target, bool wait) {
  if (!target.entry.empty()) {
    exchange->respond(problem(400, "bad-request",
                              "entry= is for calls that are answered at once; deploy the function "
                              "with that entry instead"));
    return;
  }
  auto wait_time = duration_of(exchange->request().header("Weft-Wait"), "Weft-Wait");
  if (!wait_time) {
    exchange->respond(problem_of(wait_time.error()));
    return;
  }
  if (!may_call(exchange, target.version->function.space, 1, node::Quotas::Kind::runs_later)) {
    return;
  }
  call::Submission submission = submission_of(*target.version);
  submission.input = exchange->take_body();
  submission.arguments = std::move(target.args);
  submission.environment = std::move(target.env);
  submission.idempotency_key = std::move(target.key);
  submission.trace = std::move(target.trace);
  submission.time_limit = target.timeout.value_or(std::chrono::milliseconds(0));
  Ticket ticket = hold(exchange);
  constexpr auto usual_wait = std::chrono::minutes(5);
  auto time = wait_time->value_or(usual_wait);
  office_.calls.accept(
      std::move(submission), [this, ticket, wait, time](Result<call::Accepted> accepted) {
        if (!accepted) {
          answer_from_elsewhere(ticket, not_accepted_response(accepted.error()));
          return;
        }
        call::CallId id = accepted->first;
        if (!wait) {
          answer_from_elsewhere(ticket, accepted_response(id));
          return;
        }
        worker_.post([this, ticket, id, time] {
          call::Ledger& ledger = office_.calls.ledger();
          when_ended(
              ticket, {id}, time, [&ledger, id] { return ended_response(ledger, id); },
              [id] {
                return problem(504, "timed-out", "the call goes on; ask for its output later",
                               json{{"id", id.text()}});
              });
        });
      });
}

namespace {

struct Batch {
  catalog::FunctionName name;
  std::vector<std::string> inputs;
  std::vector<std::string> args;  // and those of the query behind them
  std::optional<std::chrono::milliseconds> timeout;
};

std::optional<std::string> decoded_base64(const std::string& text) {
  if (text.size() % 4 != 0) {
    return std::nullopt;
  }
  std::string bytes(text.size() / 4 * 3, '\0');
  std::string_view alphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
  size_t size = 0;
  uint32_t group = 0;
  size_t padding = 0;
  for (size_t i = 0; i < text.size(); ++i) {
    size_t value = text[i] == '=' ? 0 : alphabet.find(text[i]);
    padding += text[i] == '=' ? 1 : 0;
    if (value == alphabet.npos || (padding > 0 && text[i] != '=') || padding > 2) {
      return std::nullopt;
    }
    group = group << 6 | static_cast<uint32_t>(value);
    if (i % 4 == 3) {
      bytes[size++] = static_cast<char>(group >> 16);
      bytes[size++] = static_cast<char>(group >> 8);
      bytes[size++] = static_cast<char>(group);
      group = 0;
    }
  }
  bytes.resize(size - padding);
  return bytes;
}

Result<catalog::FunctionName> function_named(std::string_view text) {
  size_t slash = text.find('/');
  if (slash == text.npos) {
    return error(Error::Kind::invalid, "function is NAMESPACE/NAME, not \"{}\"", text);
  }
  TRY(space, manifest::parse_name(text.substr(0, slash), "a namespace"));
  TRY(name, manifest::parse_name(text.substr(slash + 1), "a function"));
  return catalog::FunctionName{std::move(space), std::move(name)};
}

Result<Batch> lines_of(const net::Request& request) {
  Batch batch;
  TRY(name, function_named(request.query("function").value_or("")));
  batch.name = name;
  std::string_view text = request.body();
  while (!text.empty()) {
    size_t end = text.find('\n');
    batch.inputs.emplace_back(text.substr(0, end));
    text.remove_prefix(end == text.npos ? text.size() : end + 1);
  }
  return batch;
}

Result<std::vector<std::string>> texts_of(const json& body, const char* key) {
  const json& list = body[key];
  if (!list.is_array()) {
    return error(Error::Kind::invalid, "{} is a list of texts", key);
  }
  std::vector<std::string> texts;
  for (const json& item : list) {
    if (!item.is_string()) {
      return error(Error::Kind::invalid, "{}[{}] is no text", key, texts.size());
    }
    texts.push_back(item.get<std::string>());
  }
  return texts;
}

Result<Batch> batch_of(const net::Request& request) {
  std::string_view type = request.header("Content-Type").value_or("application/json");
  if (type.starts_with("application/jsonl") || type.starts_with("application/x-ndjson")) {
    return lines_of(request);
  }
  json body = json::parse(request.body(), nullptr, false);
  if (!body.is_object() || !body.contains("function") || !body["function"].is_string()) {
    return error(Error::Kind::invalid,
                 R"(the body has to be {{"function": "NAMESPACE/NAME", "inputs": ["…"]}})");
  }
  for (const auto& [key, value] : body.items()) {
    constexpr std::array<std::string_view, 5> keys = {"function", "inputs", "inputs_base64", "args",
                                                      "timeout"};
    if (std::ranges::find(keys, key) == keys.end()) {
      return error(Error::Kind::invalid, "{} is unknown; a batch has {}", key,
                   fmt::join(keys, ", "));
    }
  }
  Batch batch;
  TRY(name, function_named(body["function"].get<std::string>()));
  batch.name = name;
  bool encoded = body.contains("inputs_base64");
  if (encoded == body.contains("inputs")) {
    return error(Error::Kind::invalid, "a batch has either inputs or inputs_base64");
  }
  TRY(inputs, texts_of(body, encoded ? "inputs_base64" : "inputs"));
  batch.inputs = std::move(inputs);
  if (encoded) {
    for (size_t i = 0; i < batch.inputs.size(); ++i) {
      auto bytes = decoded_base64(batch.inputs[i]);
      if (!bytes) {
        return error(Error::Kind::invalid, "inputs_base64[{}] is no base64", i);
      }
      batch.inputs[i] = std::move(*bytes);
    }
  }
  if (body.contains("args")) {
    TRY(args, texts_of(body, "args"));
    batch.args = std::move(args);
  }
  if (body.contains("timeout")) {
    if (!body["timeout"].is_string()) {
      return error(Error::Kind::invalid, "timeout is a text, like \"5s\"");
    }
    TRY(timeout, duration_of(body["timeout"].get<std::string>(), "timeout"));
    batch.timeout = timeout;
  }
  return batch;
}

json batch_json(call::Ledger& ledger, const call::Accepted& accepted) {
  json calls = json::array();
  for (uint32_t i = 0; i < accepted.count; ++i) {
    call::CallId id = accepted.first.plus(i);
    json entry = {{"id", id.text()}, {"state", "accepted"}};
    if (auto call = ledger.find(id)) {
      entry["state"] = call::name(call->state);
      if (call->state == call::State::ended) {
        entry["outcome"] = call::name(call->reason);
        entry["exit_code"] = call->exit_code;
        if (!call->message.empty()) {
          entry["message"] = call->message;
        }
        if (auto output = ledger.output(id)) {
          bool text = is_utf8(*output);
          entry[text ? "output" : "output_base64"] = text ? *output : base64(*output);
        }
      }
    }
    calls.push_back(std::move(entry));
  }
  return {{"batch", accepted.first.text()}, {"calls", std::move(calls)}};
}

}  // namespace

void Desk::batch(const Exchange& exchange) {
  const net::Request& request = exchange->request();
  auto asked = batch_of(request);
  if (!asked) {
    exchange->respond(problem_of(asked.error()));
    return;
  }
  if (!may(exchange, Scope::invoke, asked->name.space)) {
    return;
  }
  auto target = target_of(request, asked->name);
  auto wait = duration_of(request.query("wait"), "wait");
  if (!target || !wait) {
    exchange->respond(problem_of(!target ? target.error() : wait.error()));
    return;
  }
  if (asked->inputs.empty()) {
    exchange->respond(json_response(200, {{"batch", nullptr}, {"calls", json::array()}}));
    return;
  }
  if (!may_call(exchange, asked->name.space, asked->inputs.size(),
                node::Quotas::Kind::runs_later)) {
    return;
  }
  call::Submission submission = submission_of(*target->version);
  submission.arguments = std::move(asked->args);
  submission.arguments.insert(submission.arguments.end(), target->args.begin(), target->args.end());
  submission.environment = std::move(target->env);
  submission.idempotency_key = std::move(target->key);
  submission.trace = std::move(target->trace);
  submission.time_limit =
      target->timeout.value_or(asked->timeout.value_or(std::chrono::milliseconds(0)));
  Ticket ticket = hold(exchange);
  office_.calls.accept_map(
      std::move(submission), std::move(asked->inputs),
      [this, ticket, wait = *wait](Result<call::Accepted> accepted) {
        if (!accepted) {
          answer_from_elsewhere(ticket, not_accepted_response(accepted.error()));
          return;
        }
        if (!wait) {
          json ids = json::array();
          for (uint32_t i = 0; i < accepted->count; ++i) {
            ids.push_back(accepted->first.plus(i).text());
          }
          answer_from_elsewhere(ticket, json_response(202, {{"batch", accepted->first.text()},
                                                            {"ids", std::move(ids)}}));
          return;
        }
        worker_.post([this, ticket, accepted = *accepted, time = *wait] {
          batch_accepted(ticket, accepted, time);
        });
      });
}

void Desk::batch_accepted(Ticket ticket, const call::Accepted& accepted,
                          std::chrono::milliseconds wait) {
  std::vector<call::CallId> ids;
  ids.reserve(accepted.count);
  for (uint32_t i = 0; i < accepted.count; ++i) {
    ids.push_back(accepted.first.plus(i));
  }
  call::Ledger& ledger = office_.calls.ledger();
  when_ended(
      ticket, ids, wait,
      [&ledger, accepted] { return json_response(200, batch_json(ledger, accepted)); },
      [&ledger, accepted] {
        return problem(504, "timed-out", "not all calls ended; they go on",
                       batch_json(ledger, accepted));
      });
}

}  // namespace weft::api
