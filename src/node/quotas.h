// What namespaces may use: calls a second, and calls at a time.
//
// A namespace without a quota costs a look-up. Calls a second are a bucket (token bucket): as many
// as the quota at once, refilled evenly.
//
// Thread safety: any thread.
#pragma once

#include <chrono>
#include <functional>
#include <map>
#include <mutex>
#include <optional>
#include <string>

#include "host/guest.h"
#include "manifest/node_config.h"

namespace weft::node {

class Quotas {
 public:
  using Now = std::function<host::Clock::time_point()>;

  explicit Quotas(const manifest::NodeConfig& config, Now now = host::Clock::now);

  struct Refusal {
    std::string what;  // which quota, and how much it is
    std::chrono::seconds retry_after;
  };
  // Takes `calls` of them, or nothing and says why not. What was taken of calls at a time is given
  // back by leave().
  enum class Kind : uint8_t { runs_now, runs_later };
  std::optional<Refusal> enter(const std::string& space, uint32_t calls, Kind kind);
  void leave(const std::string& space);

 private:
  struct Account {
    std::optional<uint32_t> per_second;
    std::optional<uint32_t> most_running;
    std::mutex mutex;  // guards what follows
    double left = 0;
    host::Clock::time_point filled;
    uint32_t running = 0;
  };

  const Now now_;
  std::map<std::string, Account> accounts_;  // fixed; their contents are guarded
};

}  // namespace weft::node
