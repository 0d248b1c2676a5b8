#include "differential/reference.h"

#include <fmt/format.h>
#include <wabt/binary-reader.h>
#include <wabt/error.h>
#include <wabt/interp/binary-reader-interp.h>
#include <wabt/interp/interp.h>

#include <algorithm>
#include <map>

#include "base/result.h"
#include "wasm/features.h"

namespace weft::differential {

namespace {

namespace interp = wabt::interp;
using wasm::TrapKind;
using wasm::ValType;

ValType type_of(wabt::Type type) {
  switch (type) {
    case wabt::Type::I32:
      return ValType::i32;
    case wabt::Type::I64:
      return ValType::i64;
    case wabt::Type::F32:
      return ValType::f32;
    case wabt::Type::F64:
      return ValType::f64;
    case wabt::Type::V128:
      return ValType::v128;
    case wabt::Type::FuncRef:
      return ValType::funcref;
    case wabt::Type::ExternRef:
      return ValType::externref;
    default:
      CHECK(false, "a value type that no supported feature has");
  }
}

wasm::FuncType type_of(const interp::FuncType& type) {
  wasm::FuncType result;
  std::transform(type.params.begin(), type.params.end(), std::back_inserter(result.params),
                 [](wabt::Type t) { return type_of(t); });
  std::transform(type.results.begin(), type.results.end(), std::back_inserter(result.results),
                 [](wabt::Type t) { return type_of(t); });
  return result;
}

// The interpreter's words, and the traps they stand for.
Ending trapped(const std::string& message) {
  struct Words {
    std::string_view begin;
    std::vector<TrapKind> kinds;
  };
  static const Words words[] = {
      {"unreachable executed", {TrapKind::unreachable}},
      {"out of bounds memory access", {TrapKind::out_of_bounds_memory}},
      {"out of bounds table access", {TrapKind::out_of_bounds_table}},
      {"undefined table index", {TrapKind::undefined_element}},
      {"uninitialized table element", {TrapKind::uninitialized_element}},
      {"indirect call signature mismatch", {TrapKind::indirect_call_type}},
      {"integer divide by zero", {TrapKind::integer_divide_by_zero}},
      {"integer overflow", {TrapKind::integer_overflow}},
      {"invalid conversion to integer", {TrapKind::invalid_conversion}},
      {"uncaught exception", {TrapKind::uncaught_exception}},
      {"invalid atomic access", {TrapKind::out_of_bounds_memory, TrapKind::unaligned_atomic}},
  };
  for (const Words& entry : words) {
    if (message.starts_with(entry.begin)) {
      return {Ending::Kind::trapped, {}, entry.kinds, message};
    }
  }
  return {Ending::Kind::unknown, {}, {}, message};
}

class Reference final : public Machine {
 public:
  Ending instantiate(std::span<const uint8_t> module) override;
  std::vector<wasm::FuncType> functions() const override;
  void refuel(uint32_t fuel) override;
  Ending call(uint32_t function, const Values& args) override;
  State state() override;

 private:
  interp::Value given(const Value& value);
  Value shown(ValType type, const interp::Value& value);
  uint64_t number_of(interp::Ref ref) const;
  interp::Ref import(const interp::ImportType& import);

  // All of one instance; what belongs to the store goes before it.
  struct Running {
    interp::Store store{wasm::supported_features()};
    Host host;
    std::map<uint64_t, interp::Foreign::Ptr> externs;
    interp::Instance::Ptr instance;
  };
  std::unique_ptr<Running> running_;
};

Ending Reference::instantiate(std::span<const uint8_t> module) {
  wabt::ReadBinaryOptions options(wasm::supported_features(), nullptr, false, true, false);
  wabt::Errors errors;
  interp::ModuleDesc description;
  if (wabt::Failed(interp::ReadBinaryInterp("module", module.data(), module.size(), options,
                                            &errors, &description))) {
    return {Ending::Kind::refused, {}, {}, errors.empty() ? "?" : errors.front().message};
  }
  running_ = std::make_unique<Running>();
  interp::RefVec imports;
  std::transform(description.imports.begin(), description.imports.end(),
                 std::back_inserter(imports),
                 [&](const interp::ImportDesc& i) { return import(i.type); });
  auto compiled = interp::Module::New(running_->store, std::move(description));
  interp::Trap::Ptr trap;
  running_->instance =
      interp::Instance::Instantiate(running_->store, compiled.ref(), imports, &trap);
  return trap ? trapped(trap->message()) : Ending{};
}

interp::Ref Reference::import(const interp::ImportType& import) {
  const auto* wanted = wabt::dyn_cast<interp::FuncType>(import.type.get());
  CHECK(wanted != nullptr, "only functions are offered to generated modules");
  auto call = [this, type = type_of(*wanted), name = import.name](
                  interp::Thread&, const interp::Values& params, interp::Values& results,
                  interp::Trap::Ptr*) {
    Values args;
    for (size_t i = 0; i < params.size(); ++i) {
      args.push_back(shown(type.params[i], params[i]));
    }
    Values answers = running_->host.answer(name, type, args);
    results.resize(answers.size());
    for (size_t i = 0; i < answers.size(); ++i) {
      results[i] = given(answers[i]);
    }
    return wabt::Result::Ok;
  };
  return interp::HostFunc::New(running_->store, *wanted, call).ref();
}

std::vector<wasm::FuncType> Reference::functions() const {
  std::vector<wasm::FuncType> types;
  for (interp::Ref ref : running_->instance->funcs()) {
    types.push_back(type_of(running_->store.UnsafeGet<interp::Func>(ref)->type()));
  }
  return types;
}

void Reference::refuel(uint32_t fuel) {
  auto global = running_->store.UnsafeGet<interp::Global>(running_->instance->globals().back());
  CHECK(wabt::Succeeded(global->Set(fuel)), "the last global is no mutable i32");
}

Ending Reference::call(uint32_t function, const Values& args) {
  auto callee = running_->store.UnsafeGet<interp::Func>(running_->instance->funcs()[function]);
  interp::Values params;
  std::transform(args.begin(), args.end(), std::back_inserter(params),
                 [&](const Value& arg) { return given(arg); });
  interp::Values results;
  interp::Trap::Ptr trap;
  wabt::Result called = wabt::Result::Error;
  try {  // some uses of exceptions leave the interpreter with fewer values than it takes off
    called = callee->Call(running_->store, params, results, &trap);
  } catch (const std::exception& e) {
    return {Ending::Kind::unknown, {}, {}, fmt::format("the interpreter fails: {}", e.what())};
  }
  if (wabt::Failed(called)) {
    return trap ? trapped(trap->message()) : Ending{Ending::Kind::unknown, {}, {}, "no trap"};
  }
  Ending ending;
  for (size_t i = 0; i < results.size(); ++i) {
    ending.results.push_back(shown(type_of(callee->type().results[i]), results[i]));
  }
  return ending;
}

State Reference::state() {
  State state;
  state.host_calls = running_->host.digest();
  if (!running_->instance->memories().empty()) {
    auto memory = running_->store.UnsafeGet<interp::Memory>(running_->instance->memories()[0]);
    state.memory = std::as_bytes(std::span(memory->UnsafeData(), memory->ByteSize()));
  }
  for (interp::Ref ref : running_->instance->globals()) {
    auto global = running_->store.UnsafeGet<interp::Global>(ref);
    state.globals.push_back(shown(type_of(global->type().type), global->Get()));
  }
  for (interp::Ref ref : running_->instance->tables()) {
    auto table = running_->store.UnsafeGet<interp::Table>(ref);
    ValType type = type_of(table->type().element);
    Values entries;
    for (interp::Ref element : table->elements()) {
      entries.push_back(shown(type, interp::Value::Make(element)));
    }
    state.tables.push_back(std::move(entries));
  }
  return state;
}

interp::Value Reference::given(const Value& value) {
  switch (value.type) {
    case ValType::i32:
    case ValType::f32:
      return interp::Value::Make(static_cast<uint32_t>(value.low));
    case ValType::i64:
    case ValType::f64:
      return interp::Value::Make(value.low);
    case ValType::v128:
      return interp::Value::Make(interp::u64x2{{value.low, value.high}});
    case ValType::funcref:
      return interp::Value::Make(value.low == 0 ? interp::Ref::Null
                                                : running_->instance->funcs()[value.low - 1]);
    case ValType::externref: {
      if (value.low == 0) {
        return interp::Value::Make(interp::Ref::Null);
      }
      interp::Foreign::Ptr& known = running_->externs[value.low];
      if (!known) {
        known = interp::Foreign::New(running_->store, reinterpret_cast<void*>(value.low));
      }
      return interp::Value::Make(known.ref());
    }
  }
  return {};
}

Value Reference::shown(ValType type, const interp::Value& value) {
  switch (type) {
    case ValType::i32:
    case ValType::f32:
      return {type, value.Get<uint32_t>(), 0};
    case ValType::i64:
    case ValType::f64:
      return {type, value.Get<uint64_t>(), 0};
    case ValType::v128: {
      auto lanes = value.Get<interp::u64x2>();
      return {type, lanes.v[0], lanes.v[1]};
    }
    case ValType::funcref:
    case ValType::externref:
      return {type, number_of(value.Get<interp::Ref>()), 0};
  }
  return {};
}

uint64_t Reference::number_of(interp::Ref ref) const {
  if (ref == interp::Ref::Null) {
    return 0;
  }
  for (const auto& [number, foreign] : running_->externs) {
    if (foreign.ref() == ref) {
      return number;
    }
  }
  const interp::RefVec& functions = running_->instance->funcs();
  auto found = std::find(functions.begin(), functions.end(), ref);
  CHECK(found != functions.end(), "a reference that nobody gave");
  return static_cast<uint64_t>(found - functions.begin()) + 1;
}

}  // namespace

std::unique_ptr<Machine> make_reference() { return std::make_unique<Reference>(); }

}  // namespace weft::differential
