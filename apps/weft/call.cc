// weft call: a call that a node has accepted.
#include "call_end.h"
#include "invocation.h"
#include "values.h"

namespace weft::cli {

namespace {

using std::chrono::nanoseconds;
using std::chrono::steady_clock;

constexpr std::string_view help = R"(Examples:
  id=$(weft invoke --async report)
  weft call status $id           how far it is, and how it went
  weft call wait $id             its output and its exit code, as if `weft invoke` had waited
  weft call wait --timeout 30s $id
  weft call output $id           what it has printed; it has to have ended
  weft call cancel $id           end it

Exit code of wait: the function's own, 134 for a trap, 124 for a timeout (the call's or --timeout).
Results are kept for a time that the node's configuration says (a day by default).)";

std::string status_text(const Json& call) {
  auto field = [](std::string_view name, const std::string& value) {
    return value.empty() || value == "-" ? "" : fmt::format("{:<11}{}\n", name, printable(value));
  };
  std::string state = text_at(call, "state");
  std::string outcome = text_at(call, "outcome");
  std::string out = field("call", text_at(call, "id"));
  out +=
      field("function", fmt::format("{} {}", text_at(call, "function"), text_at(call, "version")));
  out += field("state", outcome.empty() ? state : fmt::format("{}: {}", state, outcome));
  if (outcome == "exited" || outcome == "returned") {
    out += field("exit code", cell_at(call, "exit_code"));
  }
  out += field("message", text_at(call, "message"));
  out += field("accepted", moment_text(text_at(call, "accepted")));
  out += field("ended", moment_text(text_at(call, "ended")));
  for (const auto& [name, key] :
       {std::pair{"queued", "queue_us"}, {"ran", "run_us"}, {"cpu", "cpu_us"}}) {
    if (call.contains(key)) {
      out += field(name, microseconds_text(number_at(call, key)));
    }
  }
  if (call.contains("peak_memory_bytes")) {
    out += field("memory", size_text(static_cast<uint64_t>(number_at(call, "peak_memory_bytes"))));
  }
  if (number_at(call, "attempts") > 1) {
    out += field("attempt",
                 fmt::format("{} of {}", cell_at(call, "attempt"), cell_at(call, "attempts")));
  }
  out += field("parent", text_at(call, "parent"));
  for (const Json& child : list_at(call, "children")) {
    out += field("child", child.is_string() ? child.get<std::string>() : "");
  }
  return out + field("trace", text_at(call, "trace_id"));
}

class CallCommand final : public Command {
 public:
  void declare(CLI::App& app) override {
    add_parsed(
        app, "--timeout", "TIME",
        [this](const std::string& text) -> Result<void> {
          TRY(time, parse_duration(text));
          timeout_ = time;
          return {};
        },
        "wait: give up after this time; the call goes on");
    declare_remote(app, remote_);
  }

  int execute(std::vector<std::string> rest) override {
    using Action = int (CallCommand::*)(Remote&, const std::string&) const;
    constexpr struct {
      std::string_view name;
      Action action;
    } actions[] = {{"status", &CallCommand::status},
                   {"wait", &CallCommand::wait},
                   {"output", &CallCommand::output},
                   {"cancel", &CallCommand::cancel}};
    constexpr std::string_view names[] = {"status", "wait", "output", "cancel"};
    if (rest.empty()) {
      return fail_usage("call", "what about it? status, wait, output or cancel, and the call's id");
    }
    for (const auto& a : actions) {
      if (a.name != rest.front()) {
        continue;
      }
      if (rest.size() != 2) {
        return fail_usage("call", rest.size() < 2 ? "which call?" : "one call at a time");
      }
      auto remote = Remote::open(remote_, std::chrono::minutes(2));
      return remote ? (this->*a.action)(*remote, rest.back()) : fail(remote.error());
    }
    return fail_usage("call", fmt::format("there is status, wait, output and cancel, but no {}{}",
                                          rest.front(), suggestion(rest.front(), names)));
  }

 private:
  int status(Remote& remote, const std::string& id) const {
    auto call = remote.get(call_path(id));
    if (!call) {
      return fail(call.error());
    }
    return print(remote_.json ? json_text(*call) : status_text(*call)) ? exit_success
                                                                       : exit_failure;
  }

  int wait(Remote& remote, const std::string& id) const {
    constexpr auto one_wait = std::chrono::seconds(30);
    auto begin = steady_clock::now();
    while (true) {
      nanoseconds left = one_wait;
      if (timeout_) {
        left = std::min<nanoseconds>(left, *timeout_ - (steady_clock::now() - begin));
        if (left <= nanoseconds(0)) {
          complain("timeout: call {} did not end within {}; it goes on", id,
                   duration_text(*timeout_));
          return exit_timeout;
        }
      }
      auto millis = std::chrono::ceil<std::chrono::milliseconds>(left);
      auto answer = ask_output(remote, id, duration_text(millis));
      if (!answer) {
        return fail(answer.error());
      }
      constexpr unsigned still_running = 202;
      if (answer->status != still_running) {
        return finish(remote, id, *answer);
      }
    }
  }

  Result<Remote::Answer> ask_output(Remote& remote, const std::string& id,
                                    std::string_view wait) const {
    Target target(call_path(id) + "/output");
    target.with_if("wait", wait);
    return remote.exchange({.target = target.text()});
  }

  // It has ended: its output, and how.
  int finish(Remote& remote, const std::string& id, const Remote::Answer& output) const {
    auto call = remote.get(call_path(id));
    if (!call) {
      return fail(call.error());
    }
    bool has_output = output.status < 300;
    bool printed = true;
    if (remote_.json) {
      if (has_output) {
        add_output(*call, output.body);
      }
      printed = print(json_line(*call) + "\n");
    } else if (has_output) {
      printed = print(output.body);
    }
    if (!printed) {
      return exit_failure;
    }
    constexpr unsigned gone = 410;
    if (output.status == gone) {
      return fail(problem_of(output, remote.server()));
    }
    return report_end(*call, text_at(*call, "function"));
  }

  int output(Remote& remote, const std::string& id) const {
    auto answer = ask_output(remote, id, "");
    if (!answer) {
      return fail(answer.error());
    }
    constexpr unsigned still_running = 202;
    if (answer->status == still_running) {
      complain("call {} has not ended; `weft call wait {}` waits for it", id, id);
      return exit_failure;
    }
    if (answer->status >= 400) {
      return fail(problem_of(*answer, remote.server()));
    }
    if (remote_.json) {
      Json call{{"id", id}};
      add_output(call, answer->body);
      return print(json_line(call) + "\n") ? exit_success : exit_failure;
    }
    return print(answer->body) ? exit_success : exit_failure;
  }

  int cancel(Remote& remote, const std::string& id) const {
    auto answer = remote.send({.method = "DELETE", .target = call_path(id)});
    if (!answer) {
      return fail(answer.error());
    }
    return remote_.json && !print(answer->body + "\n") ? exit_failure : exit_success;
  }

  std::optional<nanoseconds> timeout_;
  RemoteOptions remote_;
};

}  // namespace

const CommandInfo call_info{
    "call",
    "a call on a node: its status, its output, its end",
    "status|wait|output|cancel [OPTIONS] ID",
    help,
    Words::files,
    [](const Context&, std::span<const CommandInfo>) -> std::unique_ptr<Command> {
      return std::make_unique<CallCommand>();
    }};

}  // namespace weft::cli
