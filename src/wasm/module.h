// A WebAssembly module, decoded and validated: what the engine compiles and what an instance is
// made from.
//
// libwabt decodes and validates; a module that it refuses never gets further. Where libwabt 1.0.32
// accepts what the specification refuses, or refuses what it allows, decode() adds the missing rule
// (see section_parser.h). Function bodies are not kept as a tree: the lowering reads them from the
// module's bytes, which stay owned here.
//
// Source: WebAssembly core specification 2.0, chapters 2 (structure), 3 (validation) and 5 (binary
// format), and the proposals threads, tail-call, extended-const, relaxed-simd and legacy
// exception-handling. Thread safety: immutable after decode().
#pragma once

#include <array>
#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "wasm/types.h"

namespace weft::wasm {

// What one module may hold. Beyond these it is refused with an error that names the limit.
inline constexpr size_t max_module_bytes = size_t{1} << 30;
inline constexpr uint32_t max_functions = 1'000'000;
inline constexpr uint32_t max_function_bytes = 16u << 20;
inline constexpr uint32_t max_locals = 50'000;
inline constexpr uint32_t max_params = 1'000;
inline constexpr uint32_t max_results = 1'000;

enum class ExternKind : uint8_t { func, table, memory, global, tag };
std::string_view name(ExternKind kind);

struct Import {
  std::string module;
  std::string name;
  ExternKind kind;
  uint32_t index;  // in the index space of its kind
};

struct Export {
  std::string name;
  ExternKind kind;
  uint32_t index;
};

// A byte range of the module.
struct Range {
  uint64_t offset = 0;
  uint64_t size = 0;
};

struct Function {
  uint32_t type = 0;
  Range body;        // locals and code; empty for imports
  std::string name;  // from the name section, else from an export or import, else ""
};

struct Table {
  ValType element = ValType::funcref;
  Limits limits;
};

// One instruction of a constant expression; evaluated on a stack.
struct ConstOp {
  enum class Kind : uint8_t {
    constant,    // value
    global_get,  // index
    ref_null,
    ref_func,  // index
    i32_add,
    i32_sub,
    i32_mul,
    i64_add,
    i64_sub,
    i64_mul,
  };
  Kind kind;
  uint32_t index = 0;
  Value value{.words = {0, 0}};
};
using ConstExpr = std::vector<ConstOp>;

struct Global {
  ValType type = ValType::i32;
  bool is_mutable = false;
  ConstExpr init;  // empty for imports
};

enum class SegmentMode : uint8_t { active, passive, declared };

struct ElementSegment {
  SegmentMode mode = SegmentMode::active;
  uint32_t table = 0;
  ValType type = ValType::funcref;
  ConstExpr offset;
  std::vector<ConstExpr> items;
};

struct DataSegment {
  SegmentMode mode = SegmentMode::active;
  ConstExpr offset;
  Range bytes;
};

struct CustomSection {
  std::string name;
  Range bytes;
};

// What an instance has to know of its module, but for functions and segments.
struct Declarations {
  std::vector<FuncType> types;
  std::vector<uint32_t> canonical_types;  // type index -> smallest index of an equal type
  std::vector<Import> imports;
  std::vector<Table> tables;
  std::optional<Limits> memory;
  std::vector<Global> globals;
  std::vector<uint32_t> tags;  // type index of each
  std::vector<Export> exports;
  std::optional<uint32_t> start;
  uint32_t imported_functions = 0;
  uint32_t imported_tables = 0;
  uint32_t imported_globals = 0;
  uint32_t imported_tags = 0;
  bool imports_memory = false;

  const Export* find_export(std::string_view export_name) const;
};

struct Module : Declarations {
  std::vector<uint8_t> bytes;
  std::vector<Function> functions;  // imports first
  std::vector<ElementSegment> elements;
  std::vector<DataSegment> data;
  std::vector<CustomSection> customs;

  const FuncType& type_of(uint32_t function) const { return types[functions[function].type]; }
  std::span<const uint8_t> view(Range range) const {
    return std::span(bytes).subspan(range.offset, range.size);
  }
};

// Decodes and validates. Errors: invalid (with byte offset and libwabt's words), unsupported
// (memory64, several memories, GC …), exhausted (a limit above).
Result<std::shared_ptr<const Module>> decode(std::vector<uint8_t> bytes);

}  // namespace weft::wasm
