// An instance: a module's code bound to a slot, with its globals, tables, memory and imports (core
// specification 4.5.4).
//
//     slot ──► Guest(head_of(slot.base())) ──► import modules ──► Instance::create(code, slot,
//     guest, resolver, limits)
//
// create() does everything that instantiation does but the start function, which is guest code and
// is run by whoever runs guests. Thread safety: an instance belongs to the thread that runs its
// guest.
#pragma once

#include <memory>
#include <span>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "cpu/thread.h"
#include "engine/code_file.h"
#include "host/guest.h"
#include "instance/externs.h"
#include "instance/memory.h"
#include "slot/slot_pool.h"

namespace weft::instance {

struct Limits {
  uint64_t stack_bytes = uint64_t{8} << 20;  // of the guest's native stack, at most 16 MiB
  uint64_t memory_pages = wasm::max_memory_pages;
};
inline constexpr uint64_t max_stack_bytes = uint64_t{16} << 20;

class Instance {
 public:
  // Errors: not_found (a missing import, named with the signature wanted), invalid (an import of
  // another type, an active segment out of bounds: the message contains the trap's name), exhausted
  // (memory, tables).
  static Result<std::unique_ptr<Instance>> create(std::shared_ptr<const engine::CodeFile> code,
                                                  slot::Slot slot, host::Guest& guest,
                                                  Resolver& resolver, const Limits& limits);
  // An instance over a slot whose instance block and memory are mapped already, from an image or a
  // frozen guest: only what holds host addresses is written. REQUIRES: closed linking; the block
  // was made by create() for the same code file.
  static Result<std::unique_ptr<Instance>> adopt(std::shared_ptr<const engine::CodeFile> code,
                                                 slot::Slot slot, host::Guest& guest,
                                                 Resolver& resolver, const Limits& limits);
  ~Instance();
  Instance(const Instance&) = delete;
  Instance& operator=(const Instance&) = delete;

  const engine::CodeFile& code() const { return *code_; }
  const std::shared_ptr<const engine::CodeFile>& shared_code() const { return code_; }
  cpu::InstanceHead* head() const { return head_; }
  slot::Slot& slot() { return slot_; }
  host::Guest& guest() const { return *guest_; }
  LinearMemory& memory() const { return *memory_; }
  const Limits& limits() const { return limits_; }

  // Gives the slot away as it is, for the next guest of the same code; the instance can only end.
  slot::Slot take_slot() &&;

  // The stack lies below the instance block: [stack_low(), stack_high()).
  uint64_t stack_high() const;
  uint64_t stack_low() const { return stack_high() - limits_.stack_bytes; }

  std::optional<uint32_t> start_function() const { return code_->info().start; }
  std::optional<Extern> export_named(std::string_view name);
  Extern function_extern(uint32_t function);

  // Prepares a call of a function of this instance.
  // REQUIRES: args match the type.
  void prepare_call(cpu::Activation& activation, uint32_t function,
                    std::span<const wasm::Value> args);
  // Results of the call that returned.
  std::vector<wasm::Value> results(const wasm::FuncType& type) const;
  // An activation for this instance alone.
  cpu::Activation activation() const;

  wasm::Value read_global(uint32_t global) const;

  // Tables, for the builtins and for other instances: false is out of bounds.
  uint32_t table_size(uint32_t table) const;
  std::optional<uint64_t> table_get(uint32_t table, uint32_t index) const;
  std::optional<uint32_t> table_grow(uint32_t table, uint64_t ref, uint32_t count);
  bool table_fill(uint32_t table, uint32_t start, uint64_t ref, uint32_t count);
  bool table_init(uint32_t table, uint32_t segment, uint32_t destination, uint32_t source,
                  uint32_t count);
  bool table_copy(uint32_t to, uint32_t from, uint32_t destination, uint32_t source,
                  uint32_t count);

 private:
  Instance(std::shared_ptr<const engine::CodeFile> code, slot::Slot slot, host::Guest& guest,
           const Limits& limits);

  Result<void> open_block(bool is_mapped);
  void write_head();
  Result<void> bind_imports(Resolver& resolver);
  Result<void> bind_function(Resolver& resolver, const wasm::Import& import);
  Result<void> bind_external(Resolver& resolver, const wasm::Import& import);
  Result<void> bind_memory(Resolver& resolver);
  void bind_builtins();
  void write_identities(Resolver& resolver);
  void write_globals();
  void write_table_addresses();
  void write_tables();
  Result<void> write_segments();

  template <class T>
  T& at(int64_t offset) const {
    return *reinterpret_cast<T*>(slot_.base() + offset);
  }
  cpu::TableHead& table_head(uint32_t table) const;
  wasm::ValType table_type(uint32_t table) const;
  void write_entry(uint32_t table, uint32_t index, uint64_t ref);
  uint64_t function_ref(uint32_t function) const;
  uint64_t element_ref(uint64_t item) const;
  uint64_t global_address(uint32_t global) const;
  wasm::Value evaluate(const wasm::ConstExpr& expr) const;

  std::shared_ptr<const engine::CodeFile> code_;
  slot::Slot slot_;
  host::Guest* guest_;
  Limits limits_;
  cpu::InstanceHead* head_;
  std::shared_ptr<LinearMemory> memory_;
  std::vector<TableExtern> imported_tables_;
  std::shared_ptr<LinearMemory::Waiter> waiting_;

  friend struct Builtins;
};

}  // namespace weft::instance
