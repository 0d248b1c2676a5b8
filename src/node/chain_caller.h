// The node as one who calls functions for a guest (guest_api/chain.h). What is called belongs to
// the caller: its namespace, no later deadline, its trace, and it is cancelled with it.
//
// Thread safety: belongs to the worker's thread.
#pragma once

#include <memory>
#include <string>
#include <unordered_map>

#include "guest_api/chain.h"
#include "node/site.h"
#include "node/task.h"

namespace weft::node {

class Worker;

class ChainCaller final : public guest_api::Caller {
 public:
  // How deep calls of calls may go.
  static constexpr uint32_t max_depth = 32;

  // All outlive it. REQUIRES: site.chains.
  ChainCaller(Site& site, Worker& worker, const Task& parent)
      : site_(site), worker_(worker), parent_(parent) {}

  Result<Number> call(std::string_view function, std::string input, Done done) override;
  void cancel(Number number) override;

 private:
  static std::string id_of(const Task& parent, uint64_t number);

  Site& site_;
  Worker& worker_;
  const Task& parent_;
  uint64_t next_ = 1;
};

}  // namespace weft::node
