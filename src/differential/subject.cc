#include "differential/subject.h"

#include <algorithm>
#include <chrono>
#include <cstring>

#include "instance/instance.h"

namespace weft::differential {

namespace {

using wasm::TrapKind;
using wasm::ValType;

constexpr auto call_limit = std::chrono::seconds(20);

Ending trap(TrapKind kind) {
  return {Ending::Kind::trapped, {}, {kind}, std::string(wasm::name(kind))};
}

Ending not_created(const Error& error) {
  for (auto kind : {TrapKind::out_of_bounds_memory, TrapKind::out_of_bounds_table}) {
    if (error.message().contains(wasm::name(kind))) {
      return trap(kind);
    }
  }
  return {Ending::Kind::refused, {}, {}, error.message()};
}

class Subject final : public Machine, public instance::Resolver {
 public:
  Subject(const Engines& engines, const engine::CompileOptions& options)
      : engines_(engines), options_(options) {}

  Ending instantiate(std::span<const uint8_t> module) override;
  std::vector<wasm::FuncType> functions() const override;
  void refuel(uint32_t fuel) override;
  Ending call(uint32_t function, const Values& args) override;
  State state() override;

  std::optional<host::HostFunction> function(const wasm::Import& import) override;
  uint32_t type_identity(const wasm::FuncType& type) override;
  void keep_failed(std::unique_ptr<instance::Instance> instance) override {
    instance_ = std::move(instance);
  }

 private:
  // What the host function of an import has to know.
  struct Import {
    Subject* subject;
    std::string name;
    wasm::FuncType type;
  };
  static cpu::HostReturn host_call(void* object, uint64_t a0, uint64_t a1, uint64_t a2, uint64_t a3,
                                   uint64_t a4);
  Ending run(cpu::Activation& activation);
  wasm::Value given(const Value& value);
  Value shown(ValType type, const wasm::Value& value);
  const engine::CodeInfo& info() const { return instance_->code().info(); }

  Engines engines_;
  engine::CompileOptions options_;
  Host host_;
  std::unique_ptr<host::Guest> guest_;
  std::vector<std::unique_ptr<Import>> imports_;
  std::vector<wasm::FuncType> types_;
  std::unique_ptr<instance::Instance> instance_;
};

Ending Subject::instantiate(std::span<const uint8_t> module) {
  auto code = engines_.engine.load({module.begin(), module.end()}, options_, "module");
  if (!code) {
    return {Ending::Kind::refused, {}, {}, code.error().message()};
  }
  auto slot = engines_.slots.acquire();
  CHECK(slot.has_value(), "no slot is left");
  instance_.reset();
  host_ = {};
  imports_.clear();
  guest_ = std::make_unique<host::Guest>(cpu::head_of(slot->base()));
  for (const wasm::Import& import : (*code)->info().imports) {
    if (import.kind == wasm::ExternKind::func) {
      imports_.push_back(std::make_unique<Import>(
          Import{this, import.name, (*code)->info().type_of(import.index)}));
    }
  }
  auto created = instance::Instance::create(*code, std::move(*slot), *guest_, *this, {});
  if (!created) {
    return not_created(created.error());
  }
  instance_ = std::move(*created);
  auto start = instance_->start_function();
  return start ? call(*start, {}) : Ending{};
}

std::optional<host::HostFunction> Subject::function(const wasm::Import& import) {
  Import& known = *imports_[import.index];
  return host::HostFunction{&host_call, &known, known.type};
}

uint32_t Subject::type_identity(const wasm::FuncType& type) {
  auto found = std::find(types_.begin(), types_.end(), type);
  if (found == types_.end()) {
    found = types_.insert(types_.end(), type);
  }
  return static_cast<uint32_t>(found - types_.begin());
}

cpu::HostReturn Subject::host_call(void* object, uint64_t a0, uint64_t a1, uint64_t a2, uint64_t a3,
                                   uint64_t a4) {
  auto& import = *static_cast<Import*>(object);
  Subject& self = *import.subject;
  const uint64_t registers[] = {a0, a1, a2, a3, a4};
  auto* area = reinterpret_cast<wasm::Value*>(self.guest_->head()->args);
  Values args;
  for (size_t i = 0; i < import.type.params.size(); ++i) {
    bool in_register = i < std::size(registers) && import.type.params[i] != ValType::v128;
    wasm::Value value = in_register ? wasm::value_i64(registers[i]) : area[i];
    args.push_back(self.shown(import.type.params[i], value));
  }
  Values answers = self.host_.answer(import.name, import.type, args);
  if (answers.size() == 1 && answers[0].type != ValType::v128) {
    return {self.given(answers[0]).i64, cpu::Action::go_on};
  }
  std::transform(answers.begin(), answers.end(), area,
                 [&](const Value& answer) { return self.given(answer); });
  return {0, cpu::Action::go_on};
}

std::vector<wasm::FuncType> Subject::functions() const {
  std::vector<wasm::FuncType> types;
  types.reserve(info().function_types.size());
  for (uint32_t i = 0; i < info().function_types.size(); ++i) {
    types.push_back(info().type_of(i));
  }
  return types;
}

void Subject::refuel(uint32_t fuel) {
  CHECK(info().globals.back().type == ValType::i32, "the last global is no i32");
  std::byte* base = cpu::base_of(instance_->head());
  std::memcpy(base + info().layout.globals.back(), &fuel, sizeof fuel);
}

Ending Subject::call(uint32_t function, const Values& args) {
  std::vector<wasm::Value> given_args;
  std::transform(args.begin(), args.end(), std::back_inserter(given_args),
                 [&](const Value& arg) { return given(arg); });
  cpu::Activation activation = instance_->activation();
  instance_->prepare_call(activation, function, given_args);
  Ending ending = run(activation);
  if (ending.kind == Ending::Kind::returned) {
    const wasm::FuncType& type = info().type_of(function);
    std::vector<wasm::Value> results = instance_->results(type);
    for (size_t i = 0; i < results.size(); ++i) {
      ending.results.push_back(shown(type.results[i], results[i]));
    }
  }
  return ending;
}

Ending Subject::run(cpu::Activation& activation) {
  auto limit = std::chrono::steady_clock::now() + call_limit;
  while (true) {
    cpu::Exit exit = engines_.thread.enter(activation);
    switch (exit.reason) {
      case cpu::Leave::returned:
        return std::exchange(activation.head->exception, 0) == 0
                   ? Ending{}
                   : trap(TrapKind::uncaught_exception);
      case cpu::Leave::trapped:
        return trap(exit.trap);
      case cpu::Leave::stopped: {
        auto outcome = guest_->take_outcome();
        const auto* why = outcome ? std::get_if<host::Trapped>(&*outcome) : nullptr;
        return why != nullptr ? trap(why->kind) : trap(TrapKind::host);
      }
      case cpu::Leave::suspended:
        return {Ending::Kind::unknown, {}, {}, "waits for another thread"};
      case cpu::Leave::preempted:
      case cpu::Leave::interrupted:
        break;
    }
    if (std::chrono::steady_clock::now() >= limit) {
      return {Ending::Kind::trapped, {}, {}, "does not end"};
    }
  }
}

State Subject::state() {
  State state;
  state.host_calls = host_.digest();
  state.memory = std::span(cpu::base_of(instance_->head()), instance_->head()->memory_bytes);
  for (uint32_t i = 0; i < info().globals.size(); ++i) {
    state.globals.push_back(shown(info().globals[i].type, instance_->read_global(i)));
  }
  for (uint32_t t = 0; t < info().tables.size(); ++t) {
    Values entries;
    for (uint32_t i = 0; i < instance_->table_size(t); ++i) {
      entries.push_back(
          shown(info().tables[t].element, wasm::value_i64(*instance_->table_get(t, i))));
    }
    state.tables.push_back(std::move(entries));
  }
  return state;
}

wasm::Value Subject::given(const Value& value) {
  wasm::Value result{.words = {value.low, value.high}};
  if (value.type == ValType::funcref && value.low != 0) {
    auto function = instance_->function_extern(static_cast<uint32_t>(value.low - 1));
    result.words[0] = std::get<instance::FuncExtern>(function).ref;
  }
  return result;
}

Value Subject::shown(ValType type, const wasm::Value& value) {
  switch (type) {
    case ValType::i32:
    case ValType::f32:
      return {type, value.i32, 0};
    case ValType::v128:
      return {type, value.words[0], value.words[1]};
    case ValType::funcref: {
      const auto* function = reinterpret_cast<const cpu::FuncRef*>(value.ref);
      return {type, function == nullptr ? 0 : uint64_t{function->index} + 1, 0};
    }
    case ValType::i64:
    case ValType::f64:
    case ValType::externref:
      return {type, value.i64, 0};
  }
  return {};
}

}  // namespace

std::unique_ptr<Machine> make_subject(const Engines& engines,
                                      const engine::CompileOptions& options) {
  return std::make_unique<Subject>(engines, options);
}

}  // namespace weft::differential
