// weft top: a node at work.
#include <unistd.h>

#include <algorithm>
#include <cmath>

#include "base/quantity.h"
#include "remote.h"
#include "screen.h"

namespace weft::cli {

namespace {

using std::chrono::milliseconds;
using std::chrono::steady_clock;

constexpr std::string_view help = R"(Examples:
  weft top                       live: calls, latencies, memory, functions; q ends it
  weft top | cat                 the same once, as text
  weft top --json                once, as JSON

Keys: c, p, r, f and n order the functions by calls per second, by the 99th percentile of latency,
by running calls, by failed calls, by name; q or Ctrl-C ends.)";

// What the functions are ordered by: key, member, and the text of the heading.
struct Order {
  char key;
  std::string_view member;
  std::string_view title;
};
constexpr Order orders[] = {{'c', "calls_per_s", "calls/s"},
                            {'p', "p99_us", "p99"},
                            {'r', "running", "running"},
                            {'f', "failed", "failed"},
                            {'n', "function", "name"}};

std::string bar(double part, size_t cells) {
  double filled = std::clamp(std::isfinite(part) ? part : 0, 0.0, 1.0) * static_cast<double>(cells);
  std::string out;
  for (size_t i = 0; i < cells; ++i) {
    out += static_cast<double>(i) + 0.5 < filled ? '|' : ' ';
  }
  return "[" + out + "]";
}

std::string number_text(double number) {
  if (number >= 1e6) {
    return fmt::format("{:.2f}M", number / 1e6);
  }
  return number >= 100 || number == std::floor(number) ? fmt::format("{:.0f}", number)
                                                       : fmt::format("{:.1f}", number);
}

std::string heading(const Json& node, std::string_view server) {
  return fmt::format(
      "weft {} at {}, up {}, {} function{}, {} connection{}\n", printable(text_at(node, "version")),
      printable(server), microseconds_text(number_at(node, "uptime_s") * 1e6),
      number_text(number_at(node, "functions")), number_at(node, "functions") == 1 ? "" : "s",
      number_text(number_at(node, "connections")), number_at(node, "connections") == 1 ? "" : "s");
}

std::string calls_text(const Json& node) {
  const Json& calls = object_at(node, "calls");
  const Json& latency = object_at(node, "latency_us");
  double rate = 0;
  for (const Json& core : list_at(node, "cores")) {
    rate += number_at(core, "calls_per_s");
  }
  double ended = 0;
  for (const auto& [outcome, count] : object_at(calls, "ended").items()) {
    ended += count.is_number() ? count.get<double>() : 0;
  }
  auto time = [&](std::string_view key) { return microseconds_text(number_at(latency, key)); };
  std::string out = fmt::format("calls    {}/s, {} running, {} waiting, {} ended\n",
                                number_text(rate), number_text(number_at(calls, "running")),
                                number_text(number_at(calls, "waiting")), number_text(ended));
  out += fmt::format("latency  p50 {}, p90 {}, p99 {}, p99.9 {}\n", time("p50"), time("p90"),
                     time("p99"), time("p999"));
  const Json& memory = object_at(node, "memory");
  double used = number_at(memory, "resident_bytes");
  double limit = number_at(memory, "limit_bytes");
  out += fmt::format("memory   {}", size_text(static_cast<uint64_t>(std::max(0.0, used))));
  if (limit > 0) {
    out += fmt::format(" of {} {}", size_text(static_cast<uint64_t>(limit)), bar(used / limit, 20));
  }
  return out + "\n";
}

std::string cores_text(const Json& node) {
  std::string out;
  size_t number = 0;
  for (const Json& core : list_at(node, "cores")) {
    double busy = number_at(core, "busy");
    out += fmt::format(
        "core {:<4}{} {:3.0f}%  {}/s, {} running, {} waiting, {} queued\n", number++, bar(busy, 20),
        std::clamp(busy, 0.0, 1.0) * 100, number_text(number_at(core, "calls_per_s")),
        number_text(number_at(core, "running")), number_text(number_at(core, "waiting")),
        number_text(number_at(core, "queued")));
  }
  return out;
}

std::string functions_text(const Json& node, const Order& order) {
  std::vector<Json> functions;
  for (const Json& function : list_at(node, "per_function")) {
    functions.push_back(function);
  }
  std::ranges::sort(functions, [&](const Json& a, const Json& b) {
    return order.member == "function" ? text_at(a, "function") < text_at(b, "function")
                                      : number_at(a, order.member) > number_at(b, order.member);
  });
  std::vector<std::vector<std::string>> rows = {
      {"FUNCTION", "CALLS/S", "P50", "P99", "RUNNING", "FAILED"}};
  for (const Json& function : functions) {
    rows.push_back({cell_at(function, "function"), number_text(number_at(function, "calls_per_s")),
                    microseconds_text(number_at(function, "p50_us")),
                    microseconds_text(number_at(function, "p99_us")),
                    number_text(number_at(function, "running")),
                    number_text(number_at(function, "failed"))});
  }
  return table_text(rows);
}

std::string page(const Json& node, std::string_view server, const Order& order) {
  return heading(node, server) + calls_text(node) + cores_text(node) + "\n" +
         functions_text(node, order);
}

// Each line as wide as the terminal at the most; bytes that go on a character are no columns.
std::string cut(std::string_view text, size_t columns) {
  std::string out;
  size_t column = 0;
  for (char c : text) {
    bool begins = (static_cast<unsigned char>(c) & 0xc0) != 0x80;
    column = c == '\n' ? 0 : column + (begins ? 1 : 0);
    if (column <= columns) {
      out += c;
    }
  }
  return out;
}

class Top final : public Command {
 public:
  void declare(CLI::App& app) override { declare_remote(app, remote_); }

  int execute(std::vector<std::string> rest) override {
    if (!rest.empty()) {
      return fail_usage("top", "it takes no further word");
    }
    auto remote = Remote::open(remote_, std::chrono::seconds(5));
    if (!remote) {
      return fail(remote.error());
    }
    // A node that does not answer is said before the screen is taken.
    auto node = remote->get("/v1/node");
    if (!node) {
      return fail(node.error());
    }
    bool live = !remote_.json && isatty(STDIN_FILENO) != 0 && isatty(STDOUT_FILENO) != 0;
    if (live) {
      return watch(*remote, *std::move(node));
    }
    std::string text = remote_.json ? json_text(*node) : page(*node, remote->server(), orders[0]);
    return print(text) ? exit_success : exit_failure;
  }

 private:
  static int watch(Remote& remote, Json node) {
    auto screen = Screen::open();
    if (!screen) {
      return fail(screen.error());
    }
    constexpr auto period = milliseconds(1000);
    const Order* order = &orders[0];
    std::string trouble;
    auto next = steady_clock::now() + period;
    while (true) {
      std::string text = trouble.empty() ? "" : fmt::format("{}\n", trouble);
      text += page(node, remote.server(), *order);
      text += fmt::format("\nordered by {}; c p r f n to change, q to quit\n", order->title);
      screen->draw(cut(text, screen->size().columns));
      auto left = std::chrono::ceil<milliseconds>(next - steady_clock::now());
      switch (screen->wait(left)) {
        case Screen::Event::quit:
          return exit_success;
        case Screen::Event::key:
          if (auto found = std::ranges::find(orders, screen->key(), &Order::key);
              found != std::end(orders)) {
            order = found;
          }
          break;
        case Screen::Event::time:
        case Screen::Event::resized:
          break;
      }
      if (steady_clock::now() < next) {
        continue;
      }
      next = steady_clock::now() + period;
      auto fresh = remote.get("/v1/node");
      trouble = fresh ? "" : printable(fresh.error().message());
      node = fresh ? *std::move(fresh) : std::move(node);
    }
  }

  RemoteOptions remote_;
};

}  // namespace

const CommandInfo top_info{
    "top",
    "a node at work, live",
    "[OPTIONS]",
    help,
    Words::files,
    [](const Context&, std::span<const CommandInfo>) -> std::unique_ptr<Command> {
      return std::make_unique<Top>();
    }};

}  // namespace weft::cli
