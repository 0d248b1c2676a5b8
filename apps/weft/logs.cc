// weft logs: what a call has logged.
#include "event_stream.h"
#include "remote.h"

namespace weft::cli {

namespace {

constexpr std::string_view help = R"(Examples:
  weft logs ID                   what the call has logged, and its standard error
  weft logs -f ID                and what it will, until it has ended
  weft logs -f --json ID         a JSON object for each line: {"time","level","text"}

`weft ps` shows ids of calls.)";

class Logs final : public Command {
 public:
  void declare(CLI::App& app) override {
    app.add_flag("-f,--follow", follow_, "go on until the call has ended");
    declare_remote(app, remote_);
  }

  int execute(std::vector<std::string> rest) override {
    if (rest.size() != 1) {
      return fail_usage("logs", rest.empty() ? "of which call?" : "one call at a time");
    }
    // A call may say nothing for as long as it runs.
    auto remote = Remote::open(remote_, follow_ ? std::chrono::hours(25) : std::chrono::minutes(1));
    if (!remote) {
      return fail(remote.error());
    }
    std::string path = call_path(rest.front()) + "/logs";
    // The text of a finished log has no levels and times apart: they come as events.
    return follow_ || remote_.json ? follow(*remote, path) : show(*remote, path);
  }

 private:
  int show(Remote& remote, const std::string& path) const {
    bool printed = true;
    auto answer = remote.send({.target = path, .on_body = [&](std::string_view piece) {
                                 printed = print(piece);
                                 return printed;
                               }});
    if (!printed) {
      return exit_failure;
    }
    return answer ? int{exit_success} : fail(answer.error());
  }

  int follow(Remote& remote, const std::string& path) const {
    bool ended = false;
    bool printed = true;
    EventStream events([&](std::string_view event, std::string_view data) {
      ended = event == "end";
      if (event == "log") {
        Json entry = Json::parse(data, nullptr, false);
        printed = print(line_of(entry) + "\n");
      }
      return printed && !ended;
    });
    auto answer =
        remote.send({.target = Target(path).with("follow", "true").text(),
                     .headers = {{"Accept", "text/event-stream"}},
                     .on_body = [&](std::string_view piece) { return events.feed(piece); }});
    if (!printed) {
      return exit_failure;
    }
    if (!answer) {
      return fail(answer.error());
    }
    if (!ended) {
      complain("{} ended the log before the call has ended; try again", remote.server());
      return exit_failure;
    }
    return exit_success;
  }

  std::string line_of(const Json& entry) const {
    if (remote_.json) {
      return json_line(entry);
    }
    // What a terminal could take for a command is escaped; a line end is a line end.
    std::string text = text_at(entry, "text");
    while (text.ends_with('\n')) {
      text.pop_back();
    }
    return fmt::format("{} {:<7} {}", moment_text(text_at(entry, "time")),
                       printable(text_at(entry, "level")), printable(text));
  }

  bool follow_ = false;
  RemoteOptions remote_;
};

}  // namespace

const CommandInfo logs_info{
    "logs",
    "what a call on a node has logged",
    "[-f] [OPTIONS] ID",
    help,
    Words::files,
    [](const Context&, std::span<const CommandInfo>) -> std::unique_ptr<Command> {
      return std::make_unique<Logs>();
    }};

}  // namespace weft::cli
