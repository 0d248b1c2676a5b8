// weft invoke: calls a function that a node has.
#include <unistd.h>

#include <charconv>
#include <fstream>
#include <iterator>

#include "base/new_file.h"
#include "call_end.h"
#include "invocation.h"
#include "values.h"

namespace weft::cli {

namespace {

constexpr std::string_view help = R"(Examples:
  weft invoke hello                      call it; its output is printed, its exit code is weft's
  weft invoke hello weaver               with an argument
  weft invoke wc -- -l                   with one that begins with a dash
  weft invoke wc --data 'some text'      with an input: the function's standard input
  weft invoke wc --data @book.txt        the content of a file
  cat *.txt | weft invoke wc --data -    standard input
  id=$(weft invoke --async report)       accepted, not waited for; then
  weft call wait $id
  weft invoke wc --map lines.jsonl       a call for each line, results in the same order
  weft invoke -n 1000 hello              a thousand calls

A line of --map is JSON: a text in quotes is the input itself, anything else is the input as it is
written. Results are JSON lines: {"index","id","outcome","exit_code","output"}.

Exit code: the function's own. A trap prints the kind and the call stack, and gives 134; a timeout
gives 124; --map and -n give 1 when a call failed. With --json the result is one JSON object.)";

Result<std::string> read_all(std::istream& stream, const std::string& name) {
  std::string text{std::istreambuf_iterator<char>(stream), {}};
  if (stream.bad()) {
    return io_error(errno, name);
  }
  return text;
}

Result<std::string> read_stdin() {
  std::string text;
  char piece[1 << 16];
  ssize_t got = 0;
  while ((got = read(STDIN_FILENO, piece, sizeof piece)) != 0) {
    if (got < 0 && errno != EINTR) {
      return io_error(errno, "standard input");
    }
    text.append(piece, static_cast<size_t>(std::max<ssize_t>(got, 0)));
  }
  return text;
}

// "TEXT", "@FILE" or "-".
Result<std::string> input_of(const std::string& data) {
  if (data == "-") {
    return read_stdin();
  }
  if (!data.starts_with('@')) {
    return data;
  }
  std::string path = data.substr(1);
  std::ifstream file(path, std::ios::binary);
  if (!file) {
    return io_error(errno, path);
  }
  return read_all(file, path);
}

class Invoke final : public Command {
 public:
  void declare(CLI::App& app) override {
    app.add_option("--data", data_, "the input: a text, @FILE for a file's content, - for stdin")
        ->type_name("TEXT|@FILE|-");
    add_parsed(
        app, "--env", "NAME=VALUE",
        [this](const std::string& text) -> Result<void> {
          TRY(variable, parse_variable(text));
          if (!net::is_header_value(variable)) {
            return error(Error::Kind::invalid,
                         "a variable of a call has no line ends and control characters; put it "
                         "into the input");
          }
          if (!variable.empty()) {
            call_.variables.push_back(variable);
          }
          return {};
        },
        "set a variable for this call; NAME alone passes on weft's own");
    add_parsed(
        app, "--timeout", "TIME",
        [this](const std::string& text) -> Result<void> {
          TRY(time, parse_duration(text));
          call_.timeout = time;
          return {};
        },
        "end the call after this time; less than the function's own limit");
    app.add_option("--entry", call_.entry, "call this export instead of the function's entry")
        ->type_name("NAME");
    app.add_option("--version", call_.version, "this version")->type_name("VERSION");
    app.add_option("--alias", call_.alias, "the version that this alias names (default: live)")
        ->type_name("NAME");
    app.add_flag("--async", async_, "do not wait; print the call's id");
    app.add_flag("--durable", call_.durable,
                 "keep the call on disk before it runs, so that it outlives the node");
    app.add_option("--key", call_.key,
                   "an idempotency key: a second call with the same one is the first one")
        ->type_name("KEY");
    app.add_option("-n", count_, "call it N times; results as JSON lines")->type_name("N");
    app.add_option("--map", map_, "a call for each line of a JSON-lines file (- for stdin)")
        ->type_name("FILE");
    declare_remote(app, remote_);
  }

  int execute(std::vector<std::string> rest) override {
    if (rest.empty()) {
      return fail_usage("invoke", "which function?");
    }
    if (std::string wrong = contradiction(); !wrong.empty()) {
      return fail_usage("invoke", wrong);
    }
    auto remote = Remote::open(remote_, patience_for(call_.timeout));
    if (!remote) {
      return fail(remote.error());
    }
    auto function = remote->function(rest.front());
    if (!function) {
      return fail(function.error());
    }
    call_.function = *std::move(function);
    call_.args.assign(rest.begin() + 1, rest.end());
    call_.json = remote_.json;
    if (!map_.empty()) {
      return invoke_map(*remote, call_, map_);
    }
    auto input = input_of(data_);
    if (!input) {
      return fail(input.error());
    }
    if (count_) {
      return invoke_many(*remote, call_, *count_, *input);
    }
    return async_ ? invoke_async(*remote, call_, *std::move(input))
                  : invoke_once(*remote, call_, *std::move(input));
  }

 private:
  std::string contradiction() const {
    bool many = count_.has_value() || !map_.empty();
    if (count_ && !map_.empty()) {
      return "-n and --map both say how many calls; give one";
    }
    if (count_ && (*count_ == 0 || *count_ > 100'000'000)) {
      return "-n is a number of calls, from 1 on";
    }
    if (!map_.empty() && !data_.empty()) {
      return "--map has the inputs; --data has no place beside it";
    }
    if (many && (async_ || !call_.key.empty())) {
      return "--async and --key are for a single call";
    }
    if (!call_.key.empty() && !net::is_header_value(call_.key)) {
      return "a key has no line ends and control characters";
    }
    return call_.version.empty() || call_.alias.empty() ? "" : "--version or --alias, not both";
  }

  Invocation call_;
  std::string data_;
  std::string map_;
  std::optional<uint64_t> count_;
  bool async_ = false;
  RemoteOptions remote_;
};

Remote::Call request_for(const Invocation& invocation, std::string input, bool async) {
  Target target(invocation.function.path() + "/invoke");
  invocation.add_query(target);
  if (async) {
    target.with("async", "true");
  }
  return {.method = "POST",
          .target = target.text(),
          .headers = invocation.headers(),
          .body = std::move(input)};
}

double header_number(std::string_view text) {
  double number = 0;
  std::from_chars(text.data(), text.data() + text.size(), number);
  return number;
}

// What the headers of an answer say of the call.
Json call_of(const Remote::Answer& answer) {
  return {{"id", answer.header("Weft-Call-Id")},
          {"outcome", answer.header("Weft-Outcome")},
          {"exit_code", static_cast<int64_t>(header_number(answer.header("Weft-Exit-Code")))},
          {"queue_us", header_number(answer.header("Weft-Queue-Us"))},
          {"run_us", header_number(answer.header("Weft-Run-Us"))},
          {"cold", answer.header("Weft-Cold") == "1"}};
}

// A call that did not end as functions do is a problem with the call in it.
int report_problem(const Remote& remote, const Invocation& invocation,
                   const Remote::Answer& answer) {
  Json problem = Json::parse(answer.body, nullptr, false);
  const Json& call = object_at(problem, "call");
  if (!problem_name(problem).starts_with("call-") || call.empty()) {
    return fail(problem_of(answer, remote.server()));
  }
  if (invocation.json && !print(json_line(call) + "\n")) {
    return exit_failure;
  }
  return report_end(call, invocation.function.text());
}

}  // namespace

std::chrono::milliseconds patience_for(std::optional<std::chrono::nanoseconds> timeout) {
  // A function's limit is a day at the most; a node that is gone closes the connection before.
  auto most = timeout.value_or(std::chrono::hours(24));
  return std::chrono::ceil<std::chrono::milliseconds>(most) + std::chrono::minutes(1);
}

Target& Invocation::add_query(Target& target) const {
  for (const std::string& arg : args) {
    target.with("arg", arg);
  }
  if (timeout) {
    target.with("timeout", duration_text(*timeout));
  }
  return target.with_if("entry", entry).with_if("version", version).with_if("alias", alias);
}

std::vector<net::Header> Invocation::headers() const {
  std::vector<net::Header> headers;
  for (const std::string& variable : variables) {
    headers.push_back({"Weft-Env", variable});
  }
  if (durable) {
    headers.push_back({"Weft-Durable", "true"});
  }
  if (!key.empty()) {
    headers.push_back({"Idempotency-Key", key});
  }
  return headers;
}

int invoke_once(Remote& remote, const Invocation& invocation, std::string input) {
  Remote::Call request = request_for(invocation, std::move(input), false);
  bool printed = true;
  if (!invocation.json) {
    request.on_body = [&printed](std::string_view piece) {
      printed = print(piece);
      return printed;
    };
  }
  auto answer = remote.exchange(request);
  if (!printed) {
    return exit_failure;
  }
  if (!answer) {
    return fail(answer.error());
  }
  if (answer->status >= 400) {
    return report_problem(remote, invocation, *answer);
  }
  Json call = call_of(*answer);
  if (invocation.json) {
    add_output(call, answer->body);
    if (!print(json_line(call) + "\n")) {
      return exit_failure;
    }
  }
  return report_end(call, invocation.function.text());
}

int invoke_async(Remote& remote, const Invocation& invocation, std::string input) {
  auto answer = remote.send(request_for(invocation, std::move(input), true));
  if (!answer) {
    return fail(answer.error());
  }
  auto accepted = parse_answer(answer->body);
  if (!accepted) {
    return fail(accepted.error().in(remote.server()));
  }
  std::string text = invocation.json ? json_line(*accepted) : printable(text_at(*accepted, "id"));
  return print(text + "\n") ? exit_success : exit_failure;
}

const CommandInfo invoke_info{
    "invoke",
    "call a function on a node",
    "[OPTIONS] [NAMESPACE/]NAME [ARGS...]",
    help,
    Words::files,
    [](const Context&, std::span<const CommandInfo>) -> std::unique_ptr<Command> {
      return std::make_unique<Invoke>();
    }};

}  // namespace weft::cli
