#include "wast/store.h"

#include <algorithm>
#include <thread>

#include "wast/spectest.h"
#include "wast/text_reader.h"

namespace weft::wast {

using instance::Extern;
using instance::Instance;
using wasm::Value;

namespace {

constexpr auto tick = std::chrono::milliseconds(50);

std::unexpected<Failure> fail(Failure::Kind kind, std::string message) {
  return std::unexpected(Failure{kind, std::move(message)});
}

std::unexpected<Failure> trapped(wasm::TrapKind kind, const std::string& words = {}) {
  if (kind == wasm::TrapKind::uncaught_exception) {
    return fail(Failure::Kind::exception, std::string(wasm::name(kind)));
  }
  return fail(Failure::Kind::trapped,
              kind == wasm::TrapKind::host ? words : std::string(wasm::name(kind)));
}

std::unexpected<Failure> broken(const Error& error) {
  return fail(Failure::Kind::broken, error.message());
}

bool is_fault_of_module(const Error& error) {
  return error.kind() == Error::Kind::invalid || error.kind() == Error::Kind::unsupported;
}

// Active segments that do not fit are traps of the instantiation; Instance::create() reports them
// by the trap's name.
std::unexpected<Failure> not_instantiated(const Error& error) {
  for (auto kind : {wasm::TrapKind::out_of_bounds_memory, wasm::TrapKind::out_of_bounds_table}) {
    if (error.message().contains(wasm::name(kind))) {
      return trapped(kind);
    }
  }
  bool links = error.kind() != Error::Kind::not_found && error.kind() != Error::Kind::invalid;
  return fail(links ? Failure::Kind::broken : Failure::Kind::unlinkable, error.message());
}

// A host function did not let the guest go on, and told the guest why.
std::unexpected<Failure> stopped(host::Guest& guest) {
  auto outcome = guest.take_outcome();
  const auto* trap = outcome ? std::get_if<host::Trapped>(&*outcome) : nullptr;
  return trap != nullptr ? trapped(trap->kind, trap->message)
                         : fail(Failure::Kind::broken, "a host function ended the guest");
}

// Nothing else runs that could wake a guest: what wakes it is time.
class NoWaker final : public host::Waker {
 public:
  void wake() override {}
};

}  // namespace

// One instance: its guest, its host functions, and the answers to its imports.
class Store::Member final : public host::Guest, public instance::Resolver {
 public:
  Member(Store& store, slot::Slot slot)
      : Guest(cpu::head_of(slot.base())), store_(store), spectest_(*this), slot_(std::move(slot)) {}

  Result<void> create(std::shared_ptr<const engine::CodeFile> code) {
    TRY(instance, Instance::create(std::move(code), std::move(slot_), *this, *this, {}));
    instance_ = std::move(instance);
    return {};
  }
  Instance* instance() const { return instance_.get(); }

  std::shared_ptr<host::Waker> waker() override { return std::make_shared<NoWaker>(); }
  std::optional<host::HostFunction> function(const wasm::Import& import) override {
    if (store_.registered_.contains(import.module)) {
      return std::nullopt;
    }
    return spectest_.find(import.module, import.name);
  }
  std::optional<Extern> external(const wasm::Import& import) override {
    return store_.exported(import);
  }
  uint32_t type_identity(const wasm::FuncType& type) override { return store_.type_identity(type); }
  void keep_failed(std::unique_ptr<Instance> instance) override { instance_ = std::move(instance); }

 private:
  Store& store_;
  Spectest spectest_;
  slot::Slot slot_;  // until the instance takes it
  std::unique_ptr<Instance> instance_;
};

Store::Store(const Options& options) : options_(options) {
  compile_options_.linking = engine::Linking::open;
  compile_options_.effort = options_.effort;
}

Store::~Store() = default;

Attempt<Instance*> Store::instantiate(std::vector<uint8_t> bytes) {
  auto code = options_.engine.load(std::move(bytes), compile_options_, "module");
  if (!code) {
    return is_fault_of_module(code.error()) ? fail(Failure::Kind::refused, code.error().message())
                                            : broken(code.error());
  }
  auto slot = options_.slots.acquire();
  if (!slot) {
    return broken(slot.error());
  }
  auto member = std::make_unique<Member>(*this, std::move(*slot));
  auto created = member->create(*code);
  Instance* instance = member->instance();
  if (instance != nullptr) {
    heads_.push_back(instance->head());
    ranges_.push_back(instance->code().range());
    members_.push_back(std::move(member));
  }
  if (!created) {
    return not_instantiated(created.error());
  }
  if (auto start = instance->start_function()) {
    TRY_VOID(call(*instance, *start, {}));
  }
  return instance;
}

std::optional<Extern> Store::exported(const wasm::Import& import) {
  auto found = registered_.find(import.module);
  if (found != registered_.end()) {
    return found->second->export_named(import.name);
  }
  if (import.module != "spectest") {
    auto offered = offered_.find(import.module);
    return offered != offered_.end() ? offered->second->export_named(import.name) : std::nullopt;
  }
  if (spectest_.empty()) {
    for (std::string_view text : spectest_modules) {
      auto made = instantiate(read_wat(text).bytes);
      CHECK(made.has_value(), "spectest: {}", made.error().message);
      spectest_.push_back(*made);
    }
  }
  for (Instance* part : spectest_) {
    if (auto found_there = part->export_named(import.name)) {
      return found_there;
    }
  }
  return std::nullopt;
}

uint32_t Store::type_identity(const wasm::FuncType& type) {
  auto found = std::find(types_.begin(), types_.end(), type);
  if (found == types_.end()) {
    found = types_.insert(types_.end(), type);
  }
  return static_cast<uint32_t>(found - types_.begin());
}

// A function that an instance imports and exports again runs in the instance that has its code.
Attempt<Store::Target> Store::resolve(uint64_t ref, const wasm::FuncType& type) const {
  const auto* function = reinterpret_cast<const cpu::FuncRef*>(ref);
  for (const auto& member : members_) {
    Instance* instance = member->instance();
    if (reinterpret_cast<uint64_t>(cpu::base_of(instance->head())) != function->base) {
      continue;
    }
    const engine::CodeInfo& info = instance->code().info();
    for (uint32_t i = 0; i < info.function_types.size(); ++i) {
      if (instance->code().function(i) == function->code && info.type_of(i) == type) {
        return Target{instance, i};
      }
    }
  }
  return fail(Failure::Kind::broken, "a function reference that leads nowhere");
}

Attempt<Results> Store::invoke(Instance& instance, const std::string& field,
                               std::span<const Value> args) {
  auto exported = instance.export_named(field);
  const auto* function = exported ? std::get_if<instance::FuncExtern>(&*exported) : nullptr;
  if (function == nullptr) {
    return fail(Failure::Kind::not_found, fmt::format("no function '{}' is exported", field));
  }
  if (function->type.params.size() != args.size()) {
    return fail(Failure::Kind::not_found,
                fmt::format("'{}' takes {}", field, wasm::to_string(function->type)));
  }
  TRY(target, resolve(function->ref, function->type));
  TRY_VOID(call(*target.instance, target.function, args));
  return Results{function->type.results, target.instance->results(function->type)};
}

Attempt<Results> Store::read(Instance& instance, const std::string& field) {
  auto exported = instance.export_named(field);
  const auto* global = exported ? std::get_if<instance::GlobalExtern>(&*exported) : nullptr;
  if (global == nullptr) {
    return fail(Failure::Kind::not_found, fmt::format("no global '{}' is exported", field));
  }
  Value value{.words = {0, 0}};
  size_t bytes = global->type == wasm::ValType::v128 ? 16 : 8;
  std::memcpy(&value, reinterpret_cast<const void*>(global->address), bytes);
  return Results{{global->type}, {value}};
}

Attempt<void> Store::call(Instance& instance, uint32_t function, std::span<const Value> args) {
  cpu::Activation activation = instance.activation();
  activation.peers = heads_;
  activation.code = ranges_;
  instance.prepare_call(activation, function, args);
  if (auto ticks = options_.thread.set_tick(tick); !ticks) {
    return broken(ticks.error());
  }
  auto done = run(activation);
  if (auto ticks = options_.thread.set_tick({}); !ticks) {
    return broken(ticks.error());
  }
  return done;
}

Attempt<void> Store::run(cpu::Activation& activation) {
  auto limit = host::Clock::now() + options_.action_limit;
  while (true) {
    cpu::Exit exit = options_.thread.enter(activation);
    auto& guest = *reinterpret_cast<host::Guest*>(activation.head->context);
    switch (exit.reason) {
      case cpu::Leave::returned:
        if (std::exchange(activation.head->exception, 0) != 0) {
          return trapped(wasm::TrapKind::uncaught_exception);
        }
        return {};
      case cpu::Leave::trapped:
        return trapped(exit.trap);
      case cpu::Leave::stopped:
        return stopped(guest);
      case cpu::Leave::suspended:
        TRY_VOID(host_call_again(activation, limit));
        break;
      case cpu::Leave::preempted:
      case cpu::Leave::interrupted:
        break;
    }
    if (host::Clock::now() >= limit) {
      return fail(Failure::Kind::timed_out,
                  fmt::format("still running after {} ms", options_.action_limit.count()));
    }
  }
}

// Waits as the host call asked for, and makes it again (host/guest.h), until it answers.
Attempt<void> Store::host_call_again(cpu::Activation& activation, host::Clock::time_point limit) {
  cpu::InstanceHead* head = activation.head;
  auto& guest = *reinterpret_cast<host::Guest*>(head->context);
  auto member = std::find_if(members_.begin(), members_.end(),
                             [&](const auto& m) { return m->instance()->head() == head; });
  CHECK(member != members_.end());
  int64_t imports = (*member)->instance()->code().info().layout.imports;
  const auto* entries = reinterpret_cast<const cpu::ImportEntry*>(cpu::base_of(head) + imports);
  const cpu::ImportEntry& entry = entries[head->call_index];
  while (true) {
    auto deadline = guest.previous_wait().deadline.value_or(limit);
    std::this_thread::sleep_until(std::min(deadline, limit));
    guest.set_resumed(true);
    const uint64_t* args = head->pending_args;
    auto answer = entry.fn(entry.object, args[0], args[1], args[2], args[3], args[4]);
    guest.set_resumed(false);
    switch (answer.action) {
      case cpu::Action::go_on:
        head->result = answer.value;
        return {};
      case cpu::Action::stop:
        return stopped(guest);
      case cpu::Action::suspend:
        if (host::Clock::now() >= limit) {
          return fail(Failure::Kind::timed_out, "waits for what nobody does");
        }
    }
  }
}

}  // namespace weft::wast
