// Many calls of one function: batches, and their results in the order of the inputs.
#include <fstream>
#include <iostream>
#include <map>

#include "invocation.h"
#include "terminal.h"

namespace weft::cli {

namespace {

// A batch is sent whole, so it has to be below what a node takes (64 MiB unless configured).
constexpr size_t batch_bytes = 16 << 20;
constexpr size_t batch_calls = 20000;

// Input after input, or an error; nothing when there are no more.
using Inputs = std::function<Result<std::optional<std::string>>()>;

class Map {
 public:
  Map(Remote& remote, const Invocation& invocation, uint64_t total)
      : remote_(remote),
        invocation_(invocation),
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
        std::string line = *std::move(input) + "\n";
        if (calls > 0 && body.size() + line.size() > batch_bytes) {
          held = std::move(line);
          break;
        }
        body += line;
        ++calls;
      }
      if (calls > 0) {
        TRY_VOID(send_batch(std::move(body), calls));
      }
    }
    return {};
  }

  uint64_t done() const { return done_; }
  uint64_t failed() const { return failed_; }

 private:
  Result<void> send_batch(std::string body, size_t calls) {
    Target target("/v1/batch");
    target.with("function", invocation_.function.text());
    invocation_.add_query(target);
    std::vector<net::Header> headers = invocation_.headers();
    headers.push_back({"Content-Type", "application/jsonl"});
    headers.push_back({"Accept", "application/jsonl"});
    first_ = done_;
    next_ = 0;
    std::string rest;
    Result<void> taken;
    auto sent = remote_.send({.method = "POST",
                              .target = target.text(),
                              .headers = std::move(headers),
                              .body = std::move(body),
                              .on_body = [&](std::string_view piece) {
                                rest += piece;
                                taken = take_lines(rest, calls);
                                return taken.has_value();
                              }});
    TRY_VOID(taken);
    if (!sent) {
      return std::unexpected(sent.error());
    }
    if (next_ < calls) {
      return error(Error::Kind::io,
                   "{} ended its answer after {} of {} results; `weft ps` shows "
                   "what runs",
                   remote_.server(), next_, calls);
    }
    return {};
  }

  Result<void> take_lines(std::string& text, size_t calls) {
    size_t begin = 0;
    for (size_t end = 0; (end = text.find('\n', begin)) != std::string::npos; begin = end + 1) {
      std::string_view line = std::string_view(text).substr(begin, end - begin);
      if (!line.empty()) {
        TRY(result, parse_answer(line));
        TRY_VOID(take(std::move(result), calls));
      }
    }
    text.erase(0, begin);
    return {};
  }

  // Results come as calls end; those that are early wait for their turn.
  Result<void> take(Json result, size_t calls) {
    double index = number_at(result, "index");
    auto at = static_cast<uint64_t>(index < 0 ? 0 : index);
    if (!result.is_object() || !result.contains("index") || at >= calls || at < next_ ||
        early_.contains(at)) {
      return error(Error::Kind::invalid, "{} sent a result that belongs to no input: {}",
                   remote_.server(), json_line(result).substr(0, 200));
    }
    result["index"] = first_ + at;
    early_.emplace(at, std::move(result));
    std::string lines;
    for (auto it = early_.begin(); it != early_.end() && it->first == next_;
         it = early_.erase(it), ++next_, ++done_) {
      bool good =
          text_at(it->second, "outcome") == "returned" ||
          (text_at(it->second, "outcome") == "exited" && number_at(it->second, "exit_code") == 0);
      failed_ += good ? 0 : 1;
      lines += json_line(it->second) + "\n";
    }
    progress_.update(first_ + next_ + early_.size(), total_);
    if (!lines.empty() && !print(lines)) {
      return error(Error::Kind::io, "the results cannot be written");
    }
    return {};
  }

  Remote& remote_;
  const Invocation& invocation_;
  uint64_t total_;
  Progress progress_;
  uint64_t first_ = 0;  // of the batch, among all
  size_t next_ = 0;     // of the batch, to be printed
  std::map<uint64_t, Json> early_;
  uint64_t done_ = 0;
  uint64_t failed_ = 0;
};

int run(Remote& remote, const Invocation& invocation, uint64_t total, const Inputs& inputs) {
  uint64_t done = 0;
  uint64_t failed = 0;
  Result<void> ended;
  {
    Map map(remote, invocation, total);
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
  std::string line = json_line(is_utf8(input) ? Json(input) : Json{{"base64", base64(input)}});
  uint64_t left = count;
  return run(remote, invocation, count, [&]() -> Result<std::optional<std::string>> {
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
  return run(remote, invocation, total, [&]() -> Result<std::optional<std::string>> {
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
