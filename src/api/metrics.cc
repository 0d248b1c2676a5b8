#include "api/metrics.h"

#include <unistd.h>

#include <algorithm>
#include <fstream>
#include <map>

namespace weft::api {

using nlohmann::json;

namespace {

using FunctionCounts = node::Worker::FunctionCounts;

// Of all cores, the most called first.
std::vector<FunctionCounts> functions_of(const NodeNumbers& numbers) {
  std::map<std::string, FunctionCounts> sums;
  for (const CoreNumbers& core : numbers.cores) {
    for (const FunctionCounts& counts : core.functions) {
      FunctionCounts& sum = sums[counts.function];
      sum.function = counts.function;
      sum.calls += counts.calls;
      sum.failed += counts.failed;
      sum.running += counts.running;
      sum.waiting += counts.waiting;
      sum.calls_per_s += counts.calls_per_s;
      sum.latency.add(counts.latency);
    }
  }
  std::vector<FunctionCounts> list;
  list.reserve(sums.size());
  for (auto& [name, counts] : sums) {
    list.push_back(counts);
  }
  std::ranges::sort(list, std::greater{}, &FunctionCounts::calls);
  return list;
}

node::Histogram latency_of(const NodeNumbers& numbers) {
  node::Histogram all;
  for (const CoreNumbers& core : numbers.cores) {
    all.add(core.counts.latency);
  }
  return all;
}

json quantiles(const node::Histogram& latency) {
  return {{"p50", latency.quantile_us(0.5)},
          {"p90", latency.quantile_us(0.9)},
          {"p99", latency.quantile_us(0.99)},
          {"p999", latency.quantile_us(0.999)}};
}

// One family of series: its head, then its lines.
class Family {
 public:
  Family(std::string& text, std::string_view name, std::string_view type, std::string_view help)
      : text_(text), name_(name) {
    text_ += fmt::format("# HELP {} {}\n# TYPE {} {}\n", name, help, name, type);
  }
  template <class Value>
  void line(const std::string& labels, Value value, std::string_view suffix = "") {
    text_ +=
        fmt::format("{}{}{} {}\n", name_, suffix, labels.empty() ? "" : "{" + labels + "}", value);
  }

 private:
  std::string& text_;
  std::string_view name_;
};

void latency_text(std::string& text, const node::Histogram& latency) {
  Family family(text, "weft_call_duration_seconds", "histogram",
                "From the acceptance of a call to its end.");
  for (uint64_t us : {100U, 250U, 500U, 1000U, 2500U, 5000U, 10'000U, 25'000U, 50'000U, 100'000U,
                      250'000U, 500'000U, 1'000'000U, 5'000'000U, 30'000'000U}) {
    family.line(fmt::format("le=\"{}\"", static_cast<double>(us) / 1e6), latency.at_most_us(us),
                "_bucket");
  }
  family.line("le=\"+Inf\"", latency.count(), "_bucket");
  family.line("", static_cast<double>(latency.sum_us()) / 1e6, "_sum");
  family.line("", latency.count(), "_count");
}

void function_text(std::string& text, std::vector<FunctionCounts> functions, size_t most) {
  if (functions.size() > most) {
    FunctionCounts other{.function = "other"};
    for (size_t i = most; i < functions.size(); ++i) {
      other.calls += functions[i].calls;
      other.failed += functions[i].failed;
      other.running += functions[i].running;
    }
    functions.resize(most);
    functions.push_back(other);
  }
  auto label = [](const FunctionCounts& counts) {
    return fmt::format("function=\"{}\"", counts.function);  // names have no quotes
  };
  Family calls(text, "weft_function_calls_total", "counter",
               "Calls of a function that have ended.");
  for (const auto& counts : functions) {
    calls.line(label(counts), counts.calls);
  }
  Family failed(text, "weft_function_failed_total", "counter",
                "Calls that trapped, exited with another code than 0, or exceeded a limit.");
  for (const auto& counts : functions) {
    failed.line(label(counts), counts.failed);
  }
  Family running(text, "weft_function_running", "gauge", "Calls of a function that run.");
  for (const auto& counts : functions) {
    running.line(label(counts), counts.running);
  }
}

}  // namespace

uint64_t resident_bytes() {
  std::ifstream file("/proc/self/statm");
  uint64_t size = 0;
  uint64_t resident = 0;
  file >> size >> resident;
  return resident * static_cast<uint64_t>(sysconf(_SC_PAGESIZE));
}

json node_json(const NodeNumbers& numbers) {
  json cores = json::array();
  json ended = json::object();
  size_t running = 0;
  size_t waiting = 0;
  size_t connections = 0;
  for (const CoreNumbers& core : numbers.cores) {
    uint64_t calls = 0;
    for (size_t i = 0; i < node::endings; ++i) {
      std::string name(node::name(static_cast<node::Ending>(i)));
      ended[name] = ended.value(name, uint64_t{0}) + core.counts.ended[i];
      calls += core.counts.ended[i];
    }
    running += core.running;
    waiting += core.waiting;
    connections += core.http.connections;
    cores.push_back({{"running", core.running},
                     {"waiting", core.waiting},
                     {"calls", calls},
                     {"cold", core.counts.cold},
                     {"calls_per_s", core.counts.calls_per_s},
                     {"busy", core.counts.busy},
                     {"cpu_s", std::chrono::duration<double>(core.counts.cpu).count()},
                     {"connections", core.http.connections},
                     {"requests", core.http.requests}});
  }
  json functions = json::array();
  constexpr size_t most = 100;
  for (const FunctionCounts& counts : functions_of(numbers)) {
    if (functions.size() == most) {
      break;
    }
    functions.push_back({{"function", counts.function},
                         {"calls", counts.calls},
                         {"failed", counts.failed},
                         {"running", counts.running},
                         {"waiting", counts.waiting},
                         {"calls_per_s", counts.calls_per_s},
                         {"p50_us", counts.latency.quantile_us(0.5)},
                         {"p99_us", counts.latency.quantile_us(0.99)}});
  }
  return {{"cores", std::move(cores)},
          {"calls", {{"running", running}, {"waiting", waiting}, {"ended", std::move(ended)}}},
          {"connections", connections},
          {"latency_us", quantiles(latency_of(numbers))},
          {"memory", {{"resident_bytes", resident_bytes()}}},
          {"per_function", std::move(functions)}};
}

std::string metrics_text(const NodeNumbers& numbers, const Totals& totals, size_t most_labelled) {
  std::string text;
  Family ended(text, "weft_calls_ended_total", "counter", "Calls by how they ended.");
  for (size_t i = 0; i < node::endings; ++i) {
    uint64_t sum = 0;
    for (const CoreNumbers& core : numbers.cores) {
      sum += core.counts.ended[i];
    }
    ended.line(fmt::format("outcome=\"{}\"", node::name(static_cast<node::Ending>(i))), sum);
  }
  auto sum = [&](auto number) {
    decltype(number(numbers.cores.front())) total{};
    for (const CoreNumbers& core : numbers.cores) {
      total += number(core);
    }
    return total;
  };
  auto single = [&](std::string_view name, std::string_view type, std::string_view help,
                    auto value) { Family(text, name, type, help).line("", value); };
  single("weft_calls_running", "gauge", "Calls that run or wait in a host call.",
         sum([](const CoreNumbers& core) { return core.running; }));
  single("weft_calls_waiting", "gauge", "Calls that wait for room on a core.",
         sum([](const CoreNumbers& core) { return core.waiting; }));
  single("weft_calls_queued", "gauge", "Durable calls that wait for their turn.", totals.queued);
  single("weft_cold_starts_total", "counter", "Calls for which the function had to be prepared.",
         sum([](const CoreNumbers& core) { return core.counts.cold; }));
  single("weft_guest_cpu_seconds_total", "counter", "What guests have run for.",
         sum([](const CoreNumbers& core) {
           return std::chrono::duration<double>(core.counts.cpu).count();
         }));
  single("weft_http_connections", "gauge", "Open connections.",
         sum([](const CoreNumbers& core) { return core.http.connections; }));
  single("weft_http_requests_total", "counter", "Requests received.",
         sum([](const CoreNumbers& core) { return core.http.requests; }));
  single("weft_functions", "gauge", "Deployed functions.", totals.functions);
  single("weft_store_commits_total", "counter", "Groups of writes synced to disk.",
         totals.store.groups);
  single("weft_store_batches_total", "counter", "Writes in them.", totals.store.batches);
  single("weft_store_queued", "gauge", "Writes that wait for the next group.",
         totals.store.queued_batches);
  single("process_resident_memory_bytes", "gauge", "Memory of the node.", resident_bytes());
  single("weft_uptime_seconds", "gauge", "Since the node started.",
         std::chrono::duration<double>(totals.uptime).count());
  latency_text(text, latency_of(numbers));
  function_text(text, functions_of(numbers), most_labelled);
  return text;
}

}  // namespace weft::api
