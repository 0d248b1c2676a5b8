#include "node/node.h"

#include <algorithm>
#include <filesystem>
#include <thread>
#include <utility>

#include "node/terms.h"
#include "store/lmdb_store.h"
#include "wasm/module.h"

namespace weft::node {

using catalog::Deployed;
using catalog::FunctionName;

Result<std::unique_ptr<Node>> Node::open(const manifest::NodeConfig& config) {
  std::unique_ptr<Node> node(new Node(config));
  TRY_VOID(node->open());
  return node;
}

Result<void> Node::open() {
  std::string data = config_.data.string();
  std::error_code failed;
  bool is_new = std::filesystem::create_directories(data, failed);
  if (!failed && is_new) {  // it holds everybody's programs and results
    std::filesystem::permissions(data, std::filesystem::perms::owner_all, failed);
  }
  if (failed) {
    return io_error(failed.value(), fmt::format("making the data directory {}", data));
  }
  TRY(store, store::open_lmdb({.directory = data + "/store"}));
  store_ = std::move(store);
  TRY(catalog, catalog::Catalog::open(*store_, data, clock_));
  catalog_ = std::move(catalog);
  TRY(slots, slot::SlotPool::reserve());
  slots_ = std::move(slots);
  TRY(dirty, slot::DirtyPages::open());
  dirty_ = std::make_unique<slot::DirtyPages>(std::move(dirty));
  engines_ = std::make_unique<Engines>(data + "/code");
  uint32_t cores = config_.cores.value_or(std::max(1U, std::thread::hardware_concurrency()));
  TRY(workshop, Workshop::open(std::clamp<size_t>(cores / 2, 1, 8)));
  workshop_ = std::move(workshop);
  site_ = std::make_unique<Site>(Site{.slots = *slots_,
                                      .dirty = *dirty_,
                                      .engines = *engines_,
                                      .compile = {},
                                      .workshop = *workshop_,
                                      .cores = cores,
                                      .chains = this});
  for (uint32_t i = 0; i < cores; ++i) {
    TRY(worker, Worker::start(i, *site_, {.most_waiting = config_.max_queued}));
    for (const auto& [space, quota] : config_.quotas) {
      worker->set_weight(space, quota.cpu_share);
    }
    workers_.push_back(std::move(worker));
  }
  return {};
}

void Node::close() {
  if (workshop_) {
    workshop_->close();
  }
  for (auto& worker : workers_) {
    worker->close();
  }
}

void Node::serve() {
  for (auto& worker : workers_) {
    worker->serve();
  }
}

std::expected<Deployed, Node::Refused> Node::check_and_compile(const FunctionName& name,
                                                               const std::vector<uint8_t>& module,
                                                               const manifest::FunctionSpec& spec) {
  auto refused = [](const Error& why) { return std::unexpected(Refused{why, {}}); };
  if (auto terms = terms_of(name.space, spec, config_); !terms) {
    return refused(terms.error());
  }
  if (spec.schedule || !spec.routes.empty()) {
    std::string why =
        "this version of weft runs no schedule and serves no routes; leave them out of the "
        "function's settings";
    return std::unexpected(Refused{Error(Error::Kind::unsupported, why), {why}});
  }
  auto decoded = wasm::decode(module);
  if (!decoded) {
    return refused(decoded.error());
  }
  auto reasons = reasons_against(**decoded, spec.entry);
  if (!reasons) {
    return refused(reasons.error());
  }
  if (!reasons->empty()) {
    return std::unexpected(Refused{
        Error(Error::Kind::unsupported,
              fmt::format("{}/{} cannot run here: {}", name.space, name.name, reasons->front())),
        std::move(*reasons)});
  }
  auto code = engines_->of(name.space).load(module, site_->compile, name.space + "/" + name.name);
  if (!code) {
    return refused(code.error());
  }
  return Deployed();
}

void Node::deploy(FunctionName name, std::vector<uint8_t> module, manifest::FunctionSpec spec,
                  std::string alias, DeployDone done) {
  // Workshop::Job is copied: what can only be moved is shared.
  auto told = std::make_shared<DeployDone>(std::move(done));
  auto job = [this, name = std::move(name), module = std::move(module), spec = std::move(spec),
              alias = std::move(alias), told](cpu::Thread&) {
    auto checked = check_and_compile(name, module, spec);
    if (!checked) {
      (*told)(std::unexpected(checked.error()));
      return;
    }
    catalog_->deploy(name, module, spec, alias, [told](Result<Deployed> deployed) {
      if (!deployed) {
        (*told)(std::unexpected(Refused{deployed.error(), {}}));
        return;
      }
      (*told)(std::move(*deployed));
    });
  };
  if (!workshop_->post(std::move(job))) {
    (*told)(std::unexpected(
        Refused{Error(Error::Kind::exhausted, "too many functions are being deployed"), {}}));
  }
}

Result<std::shared_ptr<Function>> Node::function(
    const std::shared_ptr<const catalog::Version>& version) {
  std::lock_guard lock(mutex_);
  auto& function = functions_[version];
  if (function == nullptr) {
    auto terms = terms_of(version->function.space, version->spec, config_);
    if (!terms) {
      functions_.erase(version);
      return std::unexpected(terms.error());
    }
    function = std::make_shared<Function>(
        Function::Name{version->function.space, version->function.name, version->version},
        std::move(*terms), catalog_->module_path(*version));
  }
  return function;
}

// A call stays where it came to, but for two reasons: few at a time are counted in one place, and
// guests that run long would hold it up while another core has nothing to do.
Worker& Node::choose(Worker& here, const Function& function) {
  if (workers_.size() == 1) {
    return here;
  }
  if (is_few(function.terms(), static_cast<uint32_t>(workers_.size()))) {
    return *workers_[std::hash<std::string>()(function.full_name()) % workers_.size()];
  }
  uint32_t own = here.long_runners();
  if (own == 0) {
    return here;
  }
  auto& best = *std::ranges::min_element(workers_, {},
                                         [](const auto& worker) { return worker->long_runners(); });
  return best->long_runners() < own ? *best : here;
}

void Node::call(Worker& here, std::unique_ptr<Task> task) {
  Worker& there = choose(here, *task->function);
  if (&there == &here) {
    here.call(std::move(task));
    return;
  }
  task->done = [&here, done = std::move(task->done)](Result<Reply> reply) {
    // Copied by std::function, so it is shared.
    auto shared = std::make_shared<Result<Reply>>(std::move(reply));
    here.post([done, shared] { done(std::move(*shared)); });
  };
  auto shared = std::make_shared<std::unique_ptr<Task>>(std::move(task));
  there.post([&there, shared] { there.call(std::move(*shared)); });
}

Result<std::shared_ptr<Function>> Node::find(const std::string& space, std::string_view name) {
  auto version = catalog_->find({space, std::string(name)});
  if (version == nullptr) {
    return error(Error::Kind::not_found, "there is no function {}/{}", space, name);
  }
  return function(version);
}

void Node::cancel(Worker& here, const std::string& id) {
  cancel(here, id, [](bool) {});
}

void Node::cancel(Worker& here, const std::string& id, const std::function<void(bool)>& done) {
  struct Asked {
    size_t left;
    bool found = false;
  };
  auto asked = std::make_shared<Asked>(workers_.size());
  for (auto& worker : workers_) {
    worker->post([&here, raw = worker.get(), id, asked, done] {
      bool found = raw->cancel(id);
      here.post([asked, done, found] {
        asked->found = asked->found || found;
        if (--asked->left == 0) {
          done(asked->found);
        }
      });
    });
  }
}

}  // namespace weft::node
