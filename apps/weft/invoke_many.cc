// Many calls of one function: batches, and their results in the order of the inputs.
#include <fstream>
#include <iostream>

#include "invocation.h"
#include "terminal.h"

namespace weft::cli {

namespace {

// A batch is sent whole, so it has to be below what a node takes (64 MiB unless configured); and
// progress is drawn batch by batch.
constexpr size_t batch_bytes = 16 << 20;
constexpr size_t batch_calls = 2000;
constexpr std::string_view one_wait = "30s";

// Input after input, or an error; nothing when there are no more.
using Inputs = std::function<Result<std::optional<std::string>>()>;

class Map {
 public:
  Map(Remote& remote, const Invocation& invocation, std::string_view list_name, uint64_t total)
      : remote_(remote),
        invocation_(invocation),
        list_name_(list_name),
        total_(total),
        progress_(fmt::format("calling {}", invocation.function.text())) {}

  Result<void> run(const Inputs& inputs) {
    std::string held;  // the input that did not fit any more
    bool more = true;
    while (more) {
      std::string body = std::exchange(held, {});
      size_t calls = body.empty() ? 0 : 1;
      while (calls < batch_calls) {
        TRY(input, inputs());
        more = input.has_value();
        if (!more) {
          break;
        }
        std::string line = (body.empty() ? "" : ",") + *std::move(input);
        if (calls > 0 && body.size() + line.size() > batch_bytes) {
          held = line.substr(1);  // without the comma
          break;
        }
        body += line;
        ++calls;
      }
      if (calls > 0) {
        TRY_VOID(send_batch(body, calls));
      }
    }
    return {};
  }

  uint64_t done() const { return done_; }
  uint64_t failed() const { return failed_; }

 private:
  // `inputs` is the inside of a JSON list.
  Result<void> send_batch(const std::string& inputs, size_t calls) {
    Target target("/v1/batch");
    invocation_.add_query(target).with("wait", one_wait);
    std::vector<net::Header> headers = invocation_.headers();
    headers.push_back({"Content-Type", "application/json"});
    TRY(answer, remote_.exchange({.method = "POST",
                                  .target = target.text(),
                                  .headers = std::move(headers),
                                  .body = fmt::format(R"({{"function":{},"{}":[{}]}})",
                                                      json_line(invocation_.function.text()),
                                                      list_name_, inputs)}));
    constexpr unsigned not_all_ended = 504;
    Json found = Json::parse(answer.body, nullptr, false);
    if (answer.status >= 400 &&
        (answer.status != not_all_ended || !list_at(found, "calls").size())) {
      return std::unexpected(problem_of(answer, remote_.server()));
    }
    const Json& entries = list_at(found, "calls");
    if (entries.size() != calls) {
      return error(Error::Kind::invalid, "{} answered with {} results for {} inputs",
                   remote_.server(), entries.size(), calls);
    }
    std::string lines;
    for (const Json& entry : entries) {
      TRY(result, ended(entry));
      lines += take(std::move(result));
      progress_.update(done_, total_);
    }
    if (!print(lines)) {
      return error(Error::Kind::io, "the results cannot be written");
    }
    return {};
  }

  // What became of the call; waits for it if it has not ended.
  Result<Json> ended(const Json& entry) {
    if (text_at(entry, "state") == "ended") {
      return entry;
    }
    std::string path = call_path(text_at(entry, "id"));
    while (true) {
      TRY(output,
          remote_.exchange({.target = Target(path + "/output").with("wait", one_wait).text()}));
      constexpr unsigned still_running = 202;
      if (output.status == still_running) {
        continue;
      }
      TRY(call, remote_.get(path));
      if (text_at(call, "state") != "ended") {
        return std::unexpected(problem_of(output, remote_.server()));
      }
      Json result{
          {"id", call["id"]}, {"outcome", call["outcome"]}, {"exit_code", call["exit_code"]}};
      if (std::string message = text_at(call, "message"); !message.empty()) {
        result["message"] = message;
      }
      if (output.status < 300) {
        add_output(result, output.body);
      }
      return result;
    }
  }

  std::string take(Json result) {
    std::string outcome = text_at(result, "outcome");
    bool good =
        outcome == "returned" || (outcome == "exited" && number_at(result, "exit_code") == 0);
    failed_ += good ? 0 : 1;
    result["index"] = done_++;
    result.erase("state");
    return json_line(result) + "\n";
  }

  Remote& remote_;
  const Invocation& invocation_;
  std::string_view list_name_;  // inputs or inputs_base64
  uint64_t total_;
  Progress progress_;
  uint64_t done_ = 0;
  uint64_t failed_ = 0;
};

int run(Remote& remote, const Invocation& invocation, std::string_view list_name, uint64_t total,
        const Inputs& inputs) {
  uint64_t done = 0;
  uint64_t failed = 0;
  Result<void> ended;
  {
    Map map(remote, invocation, list_name, total);
    ended = map.run(inputs);
    done = map.done();
    failed = map.failed();
  }
  if (!ended) {
    return fail(ended.error());
  }
  if (failed > 0) {
    complain("{} of {} calls failed", failed, done);
  }
  return failed > 0 ? exit_failure : exit_success;
}

Result<std::string> map_line(std::string_view line, std::string_view file, uint64_t number) {
  Json value = Json::parse(line, nullptr, false);
  if (value.is_discarded()) {
    return error(Error::Kind::invalid,
                 "{}:{}: this line is no JSON; a text needs quotes, as in \"some text\"", file,
                 number);
  }
  return json_line(value.is_string() ? value : Json(line));
}

bool is_blank(std::string_view line) {
  return line.find_first_not_of(" \t\r") == std::string_view::npos;
}

}  // namespace

int invoke_many(Remote& remote, const Invocation& invocation, size_t count,
                const std::string& input) {
  bool text = is_utf8(input);
  std::string line = json_line(text ? input : base64(input));
  uint64_t left = count;
  return run(remote, invocation, text ? "inputs" : "inputs_base64", count,
             [&]() -> Result<std::optional<std::string>> {
               return left-- > 0 ? std::optional(line) : std::nullopt;
             });
}

int invoke_map(Remote& remote, const Invocation& invocation, const std::string& file) {
  std::ifstream named;
  uint64_t total = 0;
  if (file != "-") {
    // Every line is looked at before the first call is made.
    named.open(file, std::ios::binary);
    if (!named) {
      return fail(io_error(errno, file).error());
    }
    uint64_t number = 0;
    for (std::string line; std::getline(named, line);) {
      ++number;
      if (is_blank(line)) {
        continue;
      }
      if (auto checked = map_line(line, file, number); !checked) {
        return fail(checked.error());
      }
      ++total;
    }
    named.clear();
    named.seekg(0);
  }
  std::istream& lines = file == "-" ? std::cin : named;
  uint64_t number = 0;
  return run(remote, invocation, "inputs", total, [&]() -> Result<std::optional<std::string>> {
    for (std::string line; std::getline(lines, line);) {
      ++number;
      if (!is_blank(line)) {
        TRY(input, map_line(line, file, number));
        return std::optional(std::move(input));
      }
    }
    return std::optional<std::string>();
  });
}

}  // namespace weft::cli
