// What a node measures, as JSON and in Prometheus' text format (version 0.0.4).
// Thread safety: values; functions.
#pragma once

#include <nlohmann/json.hpp>
#include <string>
#include <vector>

#include "net/server.h"
#include "node/worker.h"
#include "store/store.h"

namespace weft::api {

struct CoreNumbers {
  size_t running = 0;
  size_t waiting = 0;
  node::Worker::Counts counts;
  std::vector<node::Worker::FunctionCounts> functions;
  net::Server::Numbers http;
};
struct NodeNumbers {
  std::vector<CoreNumbers> cores;
};
struct Totals {
  size_t functions = 0;
  size_t queued = 0;  // durable calls that wait for room
  store::Stats store;
  std::chrono::nanoseconds uptime{};
};

nlohmann::json node_json(const NodeNumbers& numbers);
// At most `most_labelled` functions have series of their own, those with most calls; the others are
// added up as function="other".
std::string metrics_text(const NodeNumbers& numbers, const Totals& totals,
                         size_t most_labelled = 200);

// Bytes of memory that this process has now, from /proc/self/statm.
uint64_t resident_bytes();

}  // namespace weft::api
