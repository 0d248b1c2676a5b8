// Executes a script's commands, one after the other, and judges each.
// Thread safety: belongs to the thread that runs the guests.
#pragma once

#include <map>
#include <string>

#include "wast/script.h"
#include "wast/store.h"
#include "wast/wast.h"

namespace weft::wast {

class Runner {
 public:
  explicit Runner(const Options& options) : store_(options) {}

  Verdict run(Command command);

 private:
  // Empty when the command did what it should, else why not.
  std::string judge(Command& command);
  std::string define_module(Command& command);
  std::string register_module(const Command& command);
  std::string assert_return(const Command& command);
  std::string assert_failure(const Command& command, Failure::Kind wanted);
  std::string assert_refused(Command& command);
  std::string assert_not_instantiated(Command& command, Failure::Kind wanted);

  Attempt<Results> act(const Action& action);
  Attempt<instance::Instance*> instantiate(ModuleSource& source);
  Attempt<instance::Instance*> find(const std::string& module);

  Store store_;
  instance::Instance* last_ = nullptr;
  std::map<std::string, instance::Instance*> named_;
};

}  // namespace weft::wast
