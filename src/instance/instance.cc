#include "instance/instance.h"

#include <algorithm>
#include <cstring>

#include "instance/builtins.h"

namespace weft::instance {

using engine::Linking;
using wasm::ExternKind;
using wasm::Value;

namespace {

std::string wanted_text(const engine::CodeInfo& info, const wasm::Import& import) {
  switch (import.kind) {
    case ExternKind::func:
      return "function " + wasm::to_string(info.type_of(import.index));
    case ExternKind::table:
      return fmt::format("table of {}", wasm::name(info.tables[import.index].element));
    case ExternKind::memory:
      return fmt::format("memory of {} pages at least", info.memory->min);
    case ExternKind::global:
      return fmt::format("{}global {}", info.globals[import.index].is_mutable ? "mutable " : "",
                         wasm::name(info.globals[import.index].type));
    case ExternKind::tag:
      return "tag " + wasm::to_string(info.types[info.tags[import.index]]);
  }
  return "?";
}

std::unexpected<Error> missing(const engine::CodeInfo& info, const wasm::Import& import) {
  return error(Error::Kind::not_found, "unknown import: {}.{}, a {}, is not offered here",
               import.module, import.name, wanted_text(info, import));
}

std::unexpected<Error> incompatible(const engine::CodeInfo& info, const wasm::Import& import,
                                    std::string_view given) {
  return error(Error::Kind::invalid,
               "incompatible import type: {}.{} is wanted as {}, but is {} here", import.module,
               import.name, wanted_text(info, import), given);
}

// Core specification 4.5.2: limits that are given must lie within those that are wanted.
bool limits_match(const wasm::Limits& wanted, uint64_t size, const std::optional<uint64_t>& max) {
  return size >= wanted.min && (!wanted.max || (max && *max <= *wanted.max));
}

}  // namespace

Instance::Instance(std::shared_ptr<const engine::CodeFile> code, slot::Slot slot,
                   host::Guest& guest, const Limits& limits)
    : code_(std::move(code)),
      slot_(std::move(slot)),
      guest_(&guest),
      limits_(limits),
      head_(cpu::head_of(slot_.base())) {
  limits_.stack_bytes = std::clamp<uint64_t>(limits.stack_bytes, 64 << 10, max_stack_bytes) /
                        slot::page_bytes * slot::page_bytes;
}

Instance::~Instance() {
  if (waiting_ != nullptr) {
    memory_->cancel(waiting_);
  }
  if (memory_ != nullptr) {
    memory_->detach(head_);
  }
}

uint64_t Instance::stack_high() const {
  return reinterpret_cast<uint64_t>(slot_.base()) - code_->info().layout.instance_bytes;
}

Result<std::unique_ptr<Instance>> Instance::create(std::shared_ptr<const engine::CodeFile> code,
                                                   slot::Slot slot, host::Guest& guest,
                                                   Resolver& resolver, const Limits& limits) {
  std::unique_ptr<Instance> instance(new Instance(std::move(code), std::move(slot), guest, limits));
  TRY_VOID(instance->open_block(resolver.program_memory().is_mapped));
  TRY_VOID(instance->bind_imports(resolver));
  TRY_VOID(instance->bind_memory(resolver));
  instance->write_head();
  instance->bind_builtins();
  instance->write_identities(resolver);
  instance->write_globals();
  instance->write_tables();
  if (auto written = instance->write_segments(); !written) {
    resolver.keep_failed(std::move(instance));
    return std::unexpected(std::move(written).error());
  }
  return instance;
}

void Resolver::keep_failed(std::unique_ptr<Instance> instance) { instance.reset(); }

Result<std::unique_ptr<Instance>> Instance::adopt(std::shared_ptr<const engine::CodeFile> code,
                                                  slot::Slot slot, host::Guest& guest,
                                                  Resolver& resolver, const Limits& limits) {
  std::unique_ptr<Instance> instance(new Instance(std::move(code), std::move(slot), guest, limits));
  const auto& info = instance->code_->info();
  CHECK(info.linking == Linking::closed);
  TRY_VOID(instance->bind_imports(resolver));
  instance->bind_builtins();
  instance->write_head();
  instance->write_table_addresses();
  if (auto program = resolver.program_memory(); program.memory != nullptr) {
    instance->memory_ = std::move(program.memory);
    TRY_VOID(instance->memory_->attach(instance->slot_, instance->head_));
    return instance;
  }
  instance->memory_ =
      std::make_shared<LinearMemory>(info.memory.value_or(wasm::Limits{}), limits.memory_pages);
  instance->memory_->adopt(instance->slot_, instance->head_,
                           instance->head_->memory_bytes / wasm::page_bytes);
  return instance;
}

slot::Slot Instance::take_slot() && {
  memory_->detach(head_);
  return std::move(slot_);
}

Result<void> Instance::open_block(bool is_mapped) {
  if (is_mapped) {
    std::memset(&at<std::byte>(-static_cast<int64_t>(code_->info().layout.instance_bytes)), 0,
                code_->info().layout.instance_bytes);
    return {};
  }
  uint64_t bytes = code_->info().layout.instance_bytes + limits_.stack_bytes;
  return slot_.open(-static_cast<int64_t>(bytes), bytes);
}

void Instance::write_head() {
  const engine::Layout& layout = code_->info().layout;
  auto base = reinterpret_cast<uint64_t>(slot_.base());
  head_->instance_bytes = layout.instance_bytes;
  head_->save_area = base + static_cast<uint64_t>(layout.save_area);
  head_->args = base + static_cast<uint64_t>(layout.args);
  head_->context = reinterpret_cast<uint64_t>(guest_);
}

Result<void> Instance::bind_imports(Resolver& resolver) {
  for (const wasm::Import& import : code_->info().imports) {
    if (import.kind == ExternKind::func) {
      TRY_VOID(bind_function(resolver, import));
    } else if (import.kind != ExternKind::memory) {
      TRY_VOID(bind_external(resolver, import));
    }
  }
  return {};
}

Result<void> Instance::bind_function(Resolver& resolver, const wasm::Import& import) {
  const engine::CodeInfo& info = code_->info();
  const wasm::FuncType& wanted = info.type_of(import.index);
  bool open = info.linking == Linking::open;
  auto& entry = (&at<cpu::ImportEntry>(info.layout.imports))[engine::builtin_count + import.index];
  uint64_t* link = open ? &at<uint64_t>(info.layout.links + 16 * import.index) : nullptr;
  if (auto host = resolver.function(import)) {
    if (host->type != wanted) {
      return incompatible(info, import, "function " + wasm::to_string(host->type));
    }
    entry = {host->fn, host->object};
    if (link != nullptr) {
      link[0] = code_->function(import.index);
      link[1] = reinterpret_cast<uint64_t>(slot_.base());
    }
    return {};
  }
  auto external = open ? resolver.external(import) : std::nullopt;
  if (!external) {
    return missing(info, import);
  }
  const auto* function = std::get_if<FuncExtern>(&*external);
  if (function == nullptr) {
    return incompatible(info, import, "no function");
  }
  if (function->type != wanted) {
    return incompatible(info, import, "function " + wasm::to_string(function->type));
  }
  const auto* ref = reinterpret_cast<const cpu::FuncRef*>(function->ref);
  link[0] = ref->code;
  link[1] = ref->base;
  return {};
}

Result<void> Instance::bind_external(Resolver& resolver, const wasm::Import& import) {
  const engine::CodeInfo& info = code_->info();
  auto external = info.linking == Linking::open ? resolver.external(import) : std::nullopt;
  if (!external) {
    return missing(info, import);
  }
  if (import.kind == ExternKind::global) {
    const wasm::Global& wanted = info.globals[import.index];
    const auto* global = std::get_if<GlobalExtern>(&*external);
    if (global == nullptr || global->type != wanted.type ||
        global->is_mutable != wanted.is_mutable) {
      return incompatible(info, import, "something else");
    }
    at<uint64_t>(info.layout.globals[import.index]) = global->address;
  } else if (import.kind == ExternKind::table) {
    const wasm::Table& wanted = info.tables[import.index];
    const auto* table = std::get_if<TableExtern>(&*external);
    if (table == nullptr) {
      return incompatible(info, import, "no table");
    }
    const wasm::Table& given = table->owner->code_->info().tables[table->index];
    if (given.element != wanted.element ||
        !limits_match(wanted.limits, table->owner->table_size(table->index), given.limits.max)) {
      return incompatible(info, import, "a table of another type or size");
    }
    at<uint64_t>(info.layout.tables[import.index]) =
        reinterpret_cast<uint64_t>(&table->owner->table_head(table->index));
    imported_tables_.push_back(*table);
  } else {
    const auto* tag = std::get_if<TagExtern>(&*external);
    if (tag == nullptr || tag->type != info.types[info.tags[import.index]]) {
      return incompatible(info, import, "something else");
    }
    at<uint64_t>(info.layout.tags + 8 * import.index) = tag->identity;
  }
  return {};
}

Result<void> Instance::bind_memory(Resolver& resolver) {
  const engine::CodeInfo& info = code_->info();
  if (!info.memory) {
    memory_ = std::make_shared<LinearMemory>(wasm::Limits{.min = 0, .max = 0}, 0);
    return memory_->attach(slot_, head_);
  }
  if (!info.imports_memory || info.linking == Linking::closed) {
    auto program = info.linking == Linking::closed ? resolver.program_memory() : ProgramMemory();
    memory_ = program.memory != nullptr
                  ? std::move(program.memory)
                  : std::make_shared<LinearMemory>(*info.memory, limits_.memory_pages);
    return memory_->attach(slot_, head_, program.is_mapped);
  }
  auto import = std::find_if(info.imports.begin(), info.imports.end(),
                             [](const wasm::Import& i) { return i.kind == ExternKind::memory; });
  auto external = resolver.external(*import);
  if (!external) {
    return missing(info, *import);
  }
  const auto* memory = std::get_if<MemoryExtern>(&*external);
  if (memory == nullptr) {
    return incompatible(info, *import, "no memory");
  }
  LinearMemory& given = memory->owner->memory();
  if (given.limits().shared != info.memory->shared ||
      !limits_match(*info.memory, given.pages(), given.limits().max)) {
    return incompatible(info, *import, "a memory of another size or sharing");
  }
  memory_ = memory->owner->memory_;
  return memory_->attach(slot_, head_);
}

void Instance::bind_builtins() {
  auto* entries = &at<cpu::ImportEntry>(code_->info().layout.imports);
  for (uint32_t i = 0; i < engine::builtin_count; ++i) {
    entries[i] = {builtin_function(static_cast<engine::Builtin>(i)), this};
  }
}

void Instance::write_identities(Resolver& resolver) {
  const engine::CodeInfo& info = code_->info();
  if (info.linking == Linking::closed) {
    return;
  }
  auto* types = &at<uint32_t>(info.layout.types);
  for (size_t i = 0; i < info.types.size(); ++i) {
    types[i] = resolver.type_identity(info.types[i]);
  }
  for (size_t i = info.imported_tags; i < info.tags.size(); ++i) {
    auto& tag = at<uint64_t>(info.layout.tags + static_cast<int64_t>(8 * i));
    tag = reinterpret_cast<uint64_t>(&tag);  // an address is unique, and never 0
  }
  auto* descriptors = &at<cpu::FuncRef>(info.layout.descriptors);
  for (size_t i = 0; i < info.referenced.size(); ++i) {
    uint32_t function = info.referenced[i];
    uint32_t type = types[info.function_types[function]];
    descriptors[i] = {code_->function(function), reinterpret_cast<uint64_t>(slot_.base()), type,
                      function};
    if (function < info.imported_functions) {
      // A function keeps its identity: it runs in its own instance.
      const auto* link = &at<uint64_t>(info.layout.links + 16 * function);
      descriptors[i].code = link[0];
      descriptors[i].base = link[1];
    }
  }
}

uint64_t Instance::global_address(uint32_t global) const {
  const engine::CodeInfo& info = code_->info();
  int64_t offset = info.layout.globals[global];
  return global < info.imported_globals
             ? at<uint64_t>(offset)
             : reinterpret_cast<uint64_t>(slot_.base()) + static_cast<uint64_t>(offset);
}

Value Instance::read_global(uint32_t global) const {
  Value value = wasm::value_i64(0);
  size_t bytes = code_->info().globals[global].type == wasm::ValType::v128 ? 16 : 8;
  std::memcpy(&value, reinterpret_cast<const void*>(global_address(global)), bytes);
  return value;
}

Value Instance::evaluate(const wasm::ConstExpr& expr) const {
  using Kind = wasm::ConstOp::Kind;
  std::vector<Value> stack;
  auto binary = [&](auto operation) {
    Value b = stack.back();
    stack.pop_back();
    stack.back() = operation(stack.back(), b);
  };
  for (const wasm::ConstOp& op : expr) {
    switch (op.kind) {
      case Kind::constant:
        stack.push_back(op.value);
        break;
      case Kind::global_get:
        stack.push_back(read_global(op.index));
        break;
      case Kind::ref_null:
        stack.push_back(wasm::value_i64(0));
        break;
      case Kind::ref_func:
        stack.push_back(wasm::value_i64(function_ref(op.index)));
        break;
      case Kind::i32_add:
        binary([](Value a, Value b) { return wasm::value_i32(a.i32 + b.i32); });
        break;
      case Kind::i32_sub:
        binary([](Value a, Value b) { return wasm::value_i32(a.i32 - b.i32); });
        break;
      case Kind::i32_mul:
        binary([](Value a, Value b) { return wasm::value_i32(a.i32 * b.i32); });
        break;
      case Kind::i64_add:
        binary([](Value a, Value b) { return wasm::value_i64(a.i64 + b.i64); });
        break;
      case Kind::i64_sub:
        binary([](Value a, Value b) { return wasm::value_i64(a.i64 - b.i64); });
        break;
      case Kind::i64_mul:
        binary([](Value a, Value b) { return wasm::value_i64(a.i64 * b.i64); });
        break;
    }
  }
  CHECK(stack.size() == 1);
  return stack[0];
}

void Instance::write_globals() {
  const engine::CodeInfo& info = code_->info();
  for (size_t i = info.imported_globals; i < info.globals.size(); ++i) {
    Value value = evaluate(info.globals[i].init);
    size_t bytes = info.globals[i].type == wasm::ValType::v128 ? 16 : 8;
    std::memcpy(&at<std::byte>(info.layout.globals[i]), &value, bytes);
  }
}

// Active segments, in order; what was written before one that is out of bounds stays (core
// specification 4.5.4).
Result<void> Instance::write_segments() {
  const engine::CodeInfo& info = code_->info();
  for (uint32_t i = 0; i < info.elements.size(); ++i) {
    const engine::ElementInfo& segment = info.elements[i];
    if (segment.mode == wasm::SegmentMode::active &&
        !table_init(segment.table, i, evaluate(segment.offset).i32, 0,
                    static_cast<uint32_t>(segment.items.size()))) {
      return error(Error::Kind::invalid,
                   "out of bounds table access: element segment {} does not fit", i);
    }
    if (segment.mode != wasm::SegmentMode::passive) {
      (&at<uint32_t>(info.layout.element_sizes))[i] = 0;
    }
  }
  std::span<const uint8_t> data = code_->data();
  for (uint32_t i = 0; i < info.data.size(); ++i) {
    const engine::DataInfo& segment = info.data[i];
    if (segment.place == engine::DataInfo::Place::passive) {
      continue;
    }
    uint64_t offset = segment.place == engine::DataInfo::Place::constant
                          ? segment.offset
                          : evaluate(info.data_offsets[segment.offset]).i32;
    if (segment.start > data.size() || segment.size > data.size() - segment.start) {
      return error(Error::Kind::corrupt, "{} is damaged: data segment {} is not in it",
                   code_->name(), i);
    }
    if (offset + segment.size > head_->memory_bytes) {
      return error(Error::Kind::invalid,
                   "out of bounds memory access: data segment {} does not fit", i);
    }
    if (segment.size != 0) {
      std::memcpy(slot_.base() + offset, data.data() + segment.start, segment.size);
    }
    (&at<uint32_t>(info.layout.data_sizes))[i] = 0;
  }
  return {};
}

uint64_t Instance::function_ref(uint32_t function) const {
  const engine::CodeInfo& info = code_->info();
  if (info.linking == Linking::closed) {
    return code_->descriptor(function);
  }
  auto it = std::lower_bound(info.referenced.begin(), info.referenced.end(), function);
  CHECK(it != info.referenced.end() && *it == function);
  return reinterpret_cast<uint64_t>(&at<cpu::FuncRef>(info.layout.descriptors) +
                                    (it - info.referenced.begin()));
}

Extern Instance::function_extern(uint32_t function) {
  return FuncExtern{function_ref(function), code_->info().type_of(function)};
}

std::optional<Extern> Instance::export_named(std::string_view name) {
  const engine::CodeInfo& info = code_->info();
  const wasm::Export* found = info.find_export(name);
  if (found == nullptr) {
    return std::nullopt;
  }
  switch (found->kind) {
    case ExternKind::func:
      return function_extern(found->index);
    case ExternKind::table:
      return found->index < info.imported_tables ? imported_tables_[found->index]
                                                 : TableExtern{this, found->index};
    case ExternKind::memory:
      return MemoryExtern{this};
    case ExternKind::global:
      return GlobalExtern{global_address(found->index), info.globals[found->index].type,
                          info.globals[found->index].is_mutable};
    case ExternKind::tag: {
      const wasm::FuncType& type = info.types[info.tags[found->index]];
      bool open = info.linking == Linking::open;
      return TagExtern{open ? at<uint64_t>(info.layout.tags + 8 * found->index) : found->index + 1,
                       type};
    }
  }
  return std::nullopt;
}

cpu::Activation Instance::activation() const {
  cpu::Activation activation;
  activation.head = head_;
  activation.code = std::span(&code_->range(), 1);
  activation.stack_high = stack_high();
  activation.stack_low = stack_low();
  activation.guard_low = reinterpret_cast<uint64_t>(slot_.base()) - slot::front_bytes;
  return activation;
}

void Instance::prepare_call(cpu::Activation& activation, uint32_t function,
                            std::span<const Value> args) {
  const engine::CodeInfo& info = code_->info();
  auto* area = &at<Value>(info.layout.args);
  std::copy(args.begin(), args.end(), area);
  area[-1] = wasm::value_i64(code_->function(function));
  activation.head = head_;
  cpu::Thread::prepare(activation, code_->entry(info.function_types[function]),
                       code_->finish_stub());
}

std::vector<Value> Instance::results(const wasm::FuncType& type) const {
  const auto* area = &at<Value>(code_->info().layout.args);
  std::vector<Value> values(area, area + type.results.size());
  for (size_t i = 0; i < values.size(); ++i) {  // bytes above the value's own are left from before
    using wasm::ValType;
    if (type.results[i] == ValType::i32 || type.results[i] == ValType::f32) {
      values[i] = wasm::value_i32(values[i].i32);
    } else if (type.results[i] != ValType::v128) {
      values[i] = wasm::value_i64(values[i].i64);
    }
  }
  return values;
}

}  // namespace weft::instance
