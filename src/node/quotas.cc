#include "node/quotas.h"

#include <algorithm>
#include <cmath>

namespace weft::node {

Quotas::Quotas(const manifest::NodeConfig& config, Now now) : now_(std::move(now)) {
  for (const auto& [space, quota] : config.quotas) {
    Account& account = accounts_[space];
    account.per_second = quota.calls_per_second;
    account.most_running = quota.running;
    account.left = quota.calls_per_second.value_or(0);
    account.filled = now_();
  }
}

std::optional<Quotas::Refusal> Quotas::enter(const std::string& space, uint32_t calls, Kind kind) {
  auto found = accounts_.find(space);
  if (found == accounts_.end()) {
    return std::nullopt;
  }
  Account& account = found->second;
  std::lock_guard lock(account.mutex);
  if (kind == Kind::runs_now && account.most_running &&
      account.running + calls > *account.most_running) {
    return Refusal{fmt::format("namespace {} runs {} calls, and its quota is {} at a time", space,
                               account.running, *account.most_running),
                   std::chrono::seconds(1)};
  }
  if (account.per_second) {
    double rate = *account.per_second;
    auto now = now_();
    double passed = std::chrono::duration<double>(now - account.filled).count();
    account.left = std::min(rate, account.left + passed * rate);
    account.filled = now;
    if (account.left < calls) {
      double wait = (std::min<double>(calls, rate) - account.left) / rate;
      return Refusal{
          fmt::format("namespace {} has used up its quota of {} calls a second{}", space,
                      *account.per_second,
                      calls > rate ? fmt::format("; {} at once are never allowed", calls) : ""),
          std::chrono::seconds(static_cast<int64_t>(std::ceil(std::max(wait, 0.001))))};
    }
    account.left -= calls;
  }
  account.running += kind == Kind::runs_now ? calls : 0;
  return std::nullopt;
}

void Quotas::leave(const std::string& space) {
  auto found = accounts_.find(space);
  if (found != accounts_.end()) {
    std::lock_guard lock(found->second.mutex);
    CHECK(found->second.running > 0, "namespace {} gives back a call that it does not run", space);
    --found->second.running;
  }
}

}  // namespace weft::node
