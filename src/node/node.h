// A node: the functions that are deployed on this machine, and the workers that run their calls.
//
//     deploy ──► Workshop: decode, check, compile ──► Catalog
//     call   ──► the worker it came to, or another one that has less to do ──► Reply
//
// Where calls come from is not its business: the HTTP API hands them over (src/api), on a worker's
// event loop.
//
//     DATA/store     keys and values (store/lmdb_store.h): catalog, ledger
//     DATA/modules   modules by their hash (catalog/catalog.h)
//     DATA/code      compiled code, for each namespace; may be deleted at any time
//
// Thread safety: what says so is safe from any thread.
#pragma once

#include <memory>
#include <string>
#include <unordered_map>
#include <vector>

#include "catalog/catalog.h"
#include "manifest/node_config.h"
#include "node/site.h"
#include "node/worker.h"
#include "store/store.h"

namespace weft::node {

class Node final : private Chains {
 public:
  // Errors: what keeps the data directory from being opened (store/lmdb_store.h), machines without
  // what workers need.
  static Result<std::unique_ptr<Node>> open(const manifest::NodeConfig& config);
  ~Node() override { close(); }
  Node(const Node&) = delete;
  Node& operator=(const Node&) = delete;

  // From now on workers run what is in their event loops.
  void serve();
  // Ends all that runs; those who wait for it are told. Nothing is called any more afterwards.
  void close();

  const manifest::NodeConfig& config() const { return config_; }
  size_t cores() const { return workers_.size(); }
  Worker& worker(size_t index) { return *workers_[index]; }
  catalog::Catalog& catalog() { return *catalog_; }
  store::Store& store() { return *store_; }
  Workshop& workshop() { return *workshop_; }
  const weft::Clock& clock() const { return clock_; }

  // Why a module is refused; one reason each.
  struct Refused {
    Error error;
    std::vector<std::string> reasons;
  };
  using DeployDone = std::move_only_function<void(std::expected<catalog::Deployed, Refused>)>;
  // Checks, compiles and stores it. The answer comes on any thread. Safe from any thread.
  void deploy(catalog::FunctionName name, std::vector<uint8_t> module, manifest::FunctionSpec spec,
              std::string alias, DeployDone done);

  // A version as something to be called. Errors: those of terms_of(). Safe from any thread.
  Result<std::shared_ptr<Function>> function(
      const std::shared_ptr<const catalog::Version>& version);

  // Runs it. `done` is told on the thread of `here`, which is the caller's.
  void call(Worker& here, std::unique_ptr<Task> task) override;
  // On every worker; `done` is told on the thread of `here` whether one had it.
  void cancel(Worker& here, const std::string& id, const std::function<void(bool)>& done);

 private:
  // Chains. These are called with a worker's thread as theirs.
  Result<std::shared_ptr<Function>> find(const std::string& space, std::string_view name) override;
  void cancel(Worker& here, const std::string& id) override;

  explicit Node(const manifest::NodeConfig& config) : config_(config) {}
  Result<void> open();
  Worker& choose(Worker& here, const Function& function);
  std::expected<catalog::Deployed, Refused> check_and_compile(const catalog::FunctionName& name,
                                                              const std::vector<uint8_t>& module,
                                                              const manifest::FunctionSpec& spec);

  const manifest::NodeConfig config_;
  SystemClock clock_;
  std::unique_ptr<store::Store> store_;
  std::unique_ptr<catalog::Catalog> catalog_;
  std::unique_ptr<slot::SlotPool> slots_;
  std::unique_ptr<slot::DirtyPages> dirty_;
  std::unique_ptr<Engines> engines_;
  std::unique_ptr<Workshop> workshop_;
  std::unique_ptr<Site> site_;
  std::mutex mutex_;  // guards functions_
  std::unordered_map<std::shared_ptr<const catalog::Version>, std::shared_ptr<Function>> functions_;
  std::vector<std::unique_ptr<Worker>> workers_;
};

}  // namespace weft::node
