// What a call's guest may import, and what it left behind there.
//
// Standard input is the call's input, standard output its output, standard error its log; of files
// it sees the directories that its function was granted. Thread safety: as its guest.
#pragma once

#include "faaslet/faaslet.h"
#include "guest_api/chain.h"
#include "guest_api/log.h"
#include "node/guest_clocks.h"
#include "node/task.h"
#include "wasi/wasi.h"

namespace weft::node {

// The import modules of one call. It outlives the guest that they are made for.
class CallImports {
 public:
  enum class Stepped : uint8_t { by_core, elsewhere };  // who measures what the guest runs for
  // `task` outlives it; its input is taken. `caller` makes the calls of this call, if there is one.
  CallImports(Task& task, Stepped stepped, std::unique_ptr<guest_api::Caller> caller)
      : task_(task), stepped_(stepped), caller_(std::move(caller)) {}
  CallImports(const CallImports&) = delete;
  CallImports& operator=(const CallImports&) = delete;

  // To be used once.
  faaslet::ImportFactory factory();
  // Has the factory been used? Then the input is gone.
  bool are_made() const { return wasi_ != nullptr; }
  // Before the guest ends with its modules.
  std::string take_output() { return wasi_->take_output(1); }
  std::string take_log() { return wasi_->take_output(2); }
  const std::string& log() const { return wasi_->output(2); }

 private:
  Result<std::vector<std::unique_ptr<host::ImportModule>>> make(host::Guest& guest);

  Task& task_;
  Stepped stepped_;
  std::optional<GuestClocks> clocks_;
  std::unique_ptr<guest_api::Caller> caller_;
  wasi::Wasi* wasi_ = nullptr;
};

// The modules for a function's start-up before any call: no input, and output goes nowhere.
faaslet::ImportFactory start_up_imports(std::shared_ptr<const Function> function);
// What modules may import at all, to refuse others when they are deployed.
faaslet::ImportFactory all_imports();

}  // namespace weft::node
