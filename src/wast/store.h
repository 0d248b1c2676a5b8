// The instances of a script, which import from each other, and the calls into them.
//
// All of them run on one thread and one at a time; a call may pass through several. Instances live
// as long as the store, even those whose instantiation failed: others' tables may hold their
// functions. Thread safety: belongs to the thread that runs its guests.
#pragma once

#include <expected>
#include <map>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "engine/code_file.h"
#include "instance/instance.h"
#include "wast/wast.h"

namespace weft::wast {

// Why no instance, or no results.
struct Failure {
  enum class Kind : uint8_t {
    not_found,   // no such module, export or kind of export
    refused,     // the bytes are no valid module
    unlinkable,  // an import is missing or of another type
    trapped,
    exception,  // left by an exception that nobody caught
    timed_out,
    broken,  // the machine or weft failed, not the script
  };
  Kind kind;
  std::string message;
};
template <class T>
using Attempt = std::expected<T, Failure>;

struct Results {
  std::vector<wasm::ValType> types;
  std::vector<wasm::Value> values;
};

class Store {
 public:
  explicit Store(const Options& options);
  ~Store();
  Store(const Store&) = delete;
  Store& operator=(const Store&) = delete;

  // Compiles, links, initialises and runs the start function. The instance belongs to the store.
  Attempt<instance::Instance*> instantiate(std::vector<uint8_t> bytes);
  // Later modules that import from `name` get the instance's exports.
  void register_as(const std::string& name, instance::Instance* instance) {
    registered_[name] = instance;
  }
  // The same where nothing is registered under the name.
  void offer_as(const std::string& name, instance::Instance* instance) {
    offered_[name] = instance;
  }

  Attempt<Results> invoke(instance::Instance& instance, const std::string& field,
                          std::span<const wasm::Value> args);
  Attempt<Results> read(instance::Instance& instance, const std::string& field);

 private:
  class Member;

  Attempt<void> call(instance::Instance& instance, uint32_t function,
                     std::span<const wasm::Value> args);
  Attempt<void> run(cpu::Activation& activation);
  Attempt<void> host_call_again(cpu::Activation& activation, host::Clock::time_point limit);
  struct Target {
    instance::Instance* instance;
    uint32_t function;
  };
  Attempt<Target> resolve(uint64_t ref, const wasm::FuncType& type) const;
  std::optional<instance::Extern> exported(const wasm::Import& import);
  uint32_t type_identity(const wasm::FuncType& type);

  const Options& options_;
  engine::CompileOptions compile_options_;
  std::vector<std::unique_ptr<Member>> members_;
  std::vector<cpu::InstanceHead*> heads_;
  std::vector<cpu::CodeRange> ranges_;
  std::map<std::string, instance::Instance*> registered_;
  std::map<std::string, instance::Instance*> offered_;
  std::vector<instance::Instance*> spectest_;  // made when first asked for
  std::vector<wasm::FuncType> types_;
};

}  // namespace weft::wast
