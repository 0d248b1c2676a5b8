// weft ps: the calls of a node.
#include <algorithm>

#include "base/quantity.h"
#include "remote.h"

namespace weft::cli {

namespace {

constexpr std::string_view help = R"(Examples:
  weft ps                        calls that run or wait for their turn
  weft ps -a                     those that have ended, too, newest first
  weft ps -a -n 5 hello          the last five of the function hello
  weft ps --state running --json)";

class Ps final : public Command {
 public:
  void declare(CLI::App& app) override {
    app.add_flag("-a,--all", all_, "calls that have ended, too");
    app.add_option("-n", limit_, "at most N calls (default 100)")->type_name("N");
    app.add_option("--state", state_, "only those in this state: accepted, running or ended")
        ->type_name("STATE");
    declare_remote(app, remote_);
  }

  int execute(std::vector<std::string> rest) override {
    if (rest.size() > 1) {
      return fail_usage("ps", "the calls of one function at a time");
    }
    constexpr std::string_view states[] = {"accepted", "running", "ended"};
    if (!state_.empty() && std::ranges::find(states, state_) == std::end(states)) {
      return fail_usage("ps", fmt::format("no state {}: there is accepted, running and ended{}",
                                          state_, suggestion(state_, states)));
    }
    auto calls = ask(rest);
    if (!calls) {
      return fail(calls.error());
    }
    return print(remote_.json ? json_text(*calls) : text_of(*calls)) ? exit_success : exit_failure;
  }

 private:
  Result<Json> ask(const std::vector<std::string>& rest) const {
    TRY(remote, Remote::open(remote_));
    std::string function;
    if (!rest.empty()) {
      TRY(name, remote.function(rest.front()));
      function = name.text();
    }
    std::vector<std::string> states = {"running", "accepted"};
    if (all_ || !state_.empty()) {
      states = {state_};
    }
    Json calls = Json::array();
    for (const std::string& state : states) {
      Target target("/v1/calls");
      target.with_if("function", function).with_if("state", state);
      if (function.empty()) {
        target.with("namespace", remote.ns());
      }
      TRY(found, remote.list(target.text(), "calls", limit_ - calls.size()));
      for (Json& call : found) {
        calls.push_back(std::move(call));
      }
      if (calls.size() >= limit_) {
        break;
      }
    }
    return calls;
  }

  static std::string text_of(const Json& calls) {
    std::vector<std::vector<std::string>> rows = {
        {"ID", "FUNCTION", "STATE", "ACCEPTED", "RAN", "CPU", "MEMORY"}};
    for (const Json& call : calls) {
      std::string outcome = text_at(call, "outcome");
      if (outcome == "exited") {
        outcome = fmt::format("exit {}", cell_at(call, "exit_code"));
      }
      auto time = [&](std::string_view key) {
        return call.contains(key) && call[key].is_number() ? microseconds_text(number_at(call, key))
                                                           : std::string("-");
      };
      double memory = number_at(call, "peak_memory_bytes");
      rows.push_back({cell_at(call, "id"), cell_at(call, "function"),
                      outcome.empty() ? cell_at(call, "state") : outcome,
                      moment_text(text_at(call, "accepted")), time("run_us"), time("cpu_us"),
                      memory > 0 ? size_text(static_cast<uint64_t>(memory)) : "-"});
    }
    return table_text(rows);
  }

  bool all_ = false;
  uint32_t limit_ = 100;
  std::string state_;
  RemoteOptions remote_;
};

}  // namespace

const CommandInfo ps_info{
    "ps",
    "the calls of a node",
    "[OPTIONS] [FUNCTION]",
    help,
    Words::files,
    [](const Context&, std::span<const CommandInfo>) -> std::unique_ptr<Command> {
      return std::make_unique<Ps>();
    }};

}  // namespace weft::cli
