#include "api/answers.h"

#include <openssl/evp.h>

#include <array>
#include <ctime>

namespace weft::api {

namespace {

struct ProblemType {
  std::string_view type;
  std::string_view title;
};
constexpr auto problem_types = std::to_array<ProblemType>({
    {"bad-request", "The request cannot be understood"},
    {"unauthorized", "A token is needed"},
    {"forbidden", "The token does not allow this"},
    {"not-found", "There is no such thing"},
    {"method-not-allowed", "This cannot be done here"},
    {"conflict", "Its state does not allow this"},
    {"idempotency-conflict", "The key was used for another request"},
    {"gone", "It is not kept any more"},
    {"unsupported-media-type", "The body is of another type"},
    {"cannot-run", "The module cannot run here"},
    {"invalid-module", "The module is not valid WebAssembly"},
    {"quota-exceeded", "The namespace has used up its quota"},
    {"overloaded", "The node has too much to do"},
    {"draining", "The node is about to stop"},
    {"timed-out", "The wait ended first"},
    {"call-trapped", "The call trapped"},
    {"call-timed-out", "The call took too long"},
    {"call-out-of-limits", "The call exceeded a limit"},
    {"call-cancelled", "The call was cancelled"},
    {"call-lost", "The node died while the call ran"},
    {"internal", "The node failed"},
});

std::string_view title_of(std::string_view type) {
  const auto* found = std::ranges::find(problem_types, type, &ProblemType::type);
  CHECK(found != problem_types.end(), "there is no problem type {}", type);
  return found->title;
}

json backtrace_json(const std::vector<faaslet::TraceFrame>& frames) {
  json list = json::array();
  for (const faaslet::TraceFrame& frame : frames) {
    list.push_back({{"function", frame.function}, {"offset", frame.offset}});
  }
  return list;
}

}  // namespace

std::vector<faaslet::TraceFrame> frames_of(std::string_view text) {
  std::vector<faaslet::TraceFrame> frames;
  while (!text.empty()) {
    size_t end = text.find('\n');
    std::string_view line = text.substr(0, end);
    size_t plus = line.rfind("+0x");
    if (plus != line.npos) {
      frames.push_back({std::string(line.substr(0, plus)),
                        std::strtoull(std::string(line.substr(plus + 1)).c_str(), nullptr, 16)});
    }
    text.remove_prefix(end == text.npos ? text.size() : end + 1);
  }
  return frames;
}

namespace {

int64_t us_between(WallTime from, WallTime to) { return std::max<int64_t>(0, (to - from).count()); }

template <class Duration>
std::string us(Duration duration) {
  return std::to_string(std::chrono::duration_cast<std::chrono::microseconds>(duration).count());
}

std::vector<net::Header> call_headers(std::string_view id, const node::Reply& reply) {
  return {{"Weft-Call-Id", std::string(id)},
          {"Weft-Outcome", std::string(node::name(reply.ending))},
          {"Weft-Exit-Code", std::to_string(reply.exit_code)},
          {"Weft-Queue-Us", us(reply.queued)},
          {"Weft-Run-Us", us(reply.ran)},
          {"Weft-Cpu-Us", us(reply.cpu)},
          {"Weft-Cold", reply.cold ? "1" : "0"}};
}

// The end of a text, from the beginning of a line.
std::string_view tail(std::string_view text, size_t most) {
  if (text.size() <= most) {
    return text;
  }
  text.remove_prefix(text.size() - most);
  size_t line = text.find('\n');
  return line == text.npos ? text : text.substr(line + 1);
}

std::string as_text(std::string_view bytes) {
  std::string text(bytes);
  if (!is_utf8(text)) {
    std::ranges::replace_if(text, [](char c) { return (c & 0x80) != 0; }, '?');
  }
  return text;
}

}  // namespace

std::string time_text(WallTime time) {
  time_t seconds = std::chrono::floor<std::chrono::seconds>(time).time_since_epoch().count();
  std::tm parts{};
  gmtime_r(&seconds, &parts);
  auto micros = time.time_since_epoch().count() - seconds * 1'000'000;
  return fmt::format("{:04}-{:02}-{:02}T{:02}:{:02}:{:02}.{:06}Z", parts.tm_year + 1900,
                     parts.tm_mon + 1, parts.tm_mday, parts.tm_hour, parts.tm_min, parts.tm_sec,
                     micros);
}

net::Response json_response(unsigned status, const json& content) {
  return {.status = status,
          .headers = {{"Content-Type", "application/json"}},
          .body = content.dump(-1, ' ', false, json::error_handler_t::replace)};
}

net::Response problem(unsigned status, std::string_view type, std::string_view detail) {
  return net::problem(status, type, title_of(type), detail);
}

net::Response problem(unsigned status, std::string_view type, std::string_view detail,
                      const json& members) {
  json document = {{"type", fmt::format("urn:weft:problem:{}", type)},
                   {"title", title_of(type)},
                   {"status", status},
                   {"detail", detail}};
  document.update(members);
  net::Response response = json_response(status, document);
  response.headers = {{"Content-Type", "application/problem+json"}};
  return response;
}

net::Response problem_of(const Error& error) {
  switch (error.kind()) {
    case Error::Kind::invalid:
      return problem(400, "bad-request", error.message());
    case Error::Kind::unsupported:
      return problem(422, "cannot-run", error.message());
    case Error::Kind::not_found:
      return problem(404, "not-found", error.message());
    case Error::Kind::denied:
      return problem(403, "forbidden", error.message());
    case Error::Kind::exhausted:
      return net::problem(503, "overloaded", title_of("overloaded"), error.message(), 1);
    case Error::Kind::conflict:
      return problem(409, "conflict", error.message());
    case Error::Kind::corrupt:
    case Error::Kind::io:
      return problem(500, "internal", error.message());
  }
  return problem(500, "internal", error.message());
}

json version_json(const catalog::Version& version) {
  return {{"namespace", version.function.space}, {"name", version.function.name},
          {"version", version.version},          {"created", time_text(version.created)},
          {"size_bytes", version.module_bytes},  {"spec", manifest::spec_json(version.spec)}};
}

json function_json(const catalog::Entry& entry) {
  auto live = entry.aliased(catalog::live);
  json function =
      live != nullptr
          ? version_json(*live)
          : json{{"namespace", entry.name.space}, {"name", entry.name.name}, {"version", nullptr}};
  function["aliases"] = entry.aliases;
  return function;
}

json call_json(const call::Call& call) {
  json content = {{"id", call.id.text()},
                  {"function", call.function.name_space + "/" + call.function.name},
                  {"version", call.version},
                  {"state", call::name(call.state)},
                  {"outcome", nullptr},
                  {"accepted", time_text(call.accepted)},
                  {"attempt", call.attempt},
                  {"attempts", call.attempts},
                  {"input_bytes", call.input_bytes},
                  {"parent", nullptr},
                  {"trace_id", call.trace}};
  if (call.parent) {
    content["parent"] = call.parent->text();
  }
  if (call.attempt > 0) {
    content["started"] = time_text(call.started);
    content["queue_us"] = us_between(call.accepted, call.started);
  }
  if (call.state == call::State::ended) {
    content["outcome"] = call::name(call.reason);
    content["exit_code"] = call.exit_code;
    content["message"] = call.message;
    content["backtrace"] = backtrace_json(frames_of(call.backtrace));
    content["ended"] = time_text(call.ended);
    content["run_us"] = call.attempt > 0 ? us_between(call.started, call.ended) : 0;
    content["cpu_us"] = call.cpu.count();
    content["output_bytes"] = call.output_bytes;
    content["log_bytes"] = call.log_bytes;
    content["core"] = call.core;
    content["cold"] = call.cold;
    content["peak_memory_bytes"] = call.peak_memory_bytes;
  }
  return content;
}

net::Response reply_response(std::string_view id, node::Reply reply) {
  std::vector<net::Header> headers = call_headers(id, reply);
  if (reply.ending == node::Ending::returned || reply.ending == node::Ending::exited) {
    headers.push_back({"Content-Type", "application/octet-stream"});
    return {.status = 200, .headers = std::move(headers), .body = std::move(reply.output)};
  }
  constexpr size_t log_tail = 4096;
  json members = {{"call",
                   {{"id", id},
                    {"outcome", node::name(reply.ending)},
                    {"message", reply.message},
                    {"backtrace", backtrace_json(reply.backtrace)},
                    {"log", as_text(tail(reply.log, log_tail))}}}};
  auto end = [&](unsigned status, std::string_view type) {
    net::Response response = problem(status, type, reply.message, members);
    response.headers.insert(response.headers.end(), headers.begin(), headers.end());
    return response;
  };
  switch (reply.ending) {
    case node::Ending::timed_out:
      return end(504, "call-timed-out");
    case node::Ending::out_of_limits:
      return end(507, "call-out-of-limits");
    case node::Ending::cancelled:
      return end(499, "call-cancelled");
    default:
      return end(500, "call-trapped");
  }
}

bool is_utf8(std::string_view text) {
  json::error_handler_t strict = json::error_handler_t::strict;
  try {
    (void)json(text).dump(-1, ' ', false, strict);
    return true;
  } catch (const json::exception&) {
    return false;
  }
}

std::string base64(std::string_view bytes) {
  std::string text(4 * ((bytes.size() + 2) / 3), '\0');
  EVP_EncodeBlock(reinterpret_cast<unsigned char*>(text.data()),
                  reinterpret_cast<const unsigned char*>(bytes.data()),
                  static_cast<int>(bytes.size()));
  return text;
}

}  // namespace weft::api
