// What instances give each other and what the host gives them: external values (core
// specification 4.2.11). Thread safety: values; what they point to lives as long as its owner.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <variant>

#include "host/imports.h"
#include "wasm/module.h"
#include "wasm/types.h"

namespace weft::instance {

class Instance;
class LinearMemory;

struct FuncExtern {
  uint64_t ref;  // address of a cpu::FuncRef
  wasm::FuncType type;
};
struct TableExtern {
  Instance* owner;
  uint32_t index;  // of the owner's own tables
};
struct MemoryExtern {
  Instance* owner;
};
struct GlobalExtern {
  uint64_t address;  // of the value
  wasm::ValType type;
  bool is_mutable;
};
struct TagExtern {
  uint64_t identity;
  wasm::FuncType type;
};
using Extern = std::variant<FuncExtern, TableExtern, MemoryExtern, GlobalExtern, TagExtern>;

// The memory of a program with threads; null: the instance has one of its own.
struct ProgramMemory {
  std::shared_ptr<LinearMemory> memory;
  // The slot was that of another thread of the program: stack, block and memory are mapped in it.
  bool is_mapped = false;
};

// Answers a module's imports. Only function imports of host functions exist under closed linking.
class Resolver {
 public:
  virtual ~Resolver() = default;
  // A host function for a function import, or nothing.
  virtual std::optional<host::HostFunction> function(const wasm::Import& import) = 0;
  // Of the program that the instance is a thread of (closed linking).
  virtual ProgramMemory program_memory() { return {}; }
  // Anything else another instance provides (open linking), or nothing.
  virtual std::optional<Extern> external(const wasm::Import&) { return std::nullopt; }
  // Identity of a function type among all instances that are linked together (open linking).
  virtual uint32_t type_identity(const wasm::FuncType&) { return 0; }
  // Takes an instance whose active segments failed after some of its functions got into others'
  // tables (open linking): they stay callable as long as it is kept.
  virtual void keep_failed(std::unique_ptr<Instance> instance);
};

}  // namespace weft::instance
