// Reads a module's sections into the Module, apart from function bodies, whose ranges it records.
//
// It trusts nothing: libwabt judges the module, but this parser must survive any bytes on its own.
// libwabt 1.0.32 knows no `global.get` in element expressions, which core 2.0 allows;
// bytes_for_validation() offers it a copy with `ref.null` in their place, and check() applies the
// rule for them. Thread safety: none.
#pragma once

#include <optional>
#include <span>
#include <vector>

#include "base/result.h"
#include "wasm/byte_reader.h"
#include "wasm/module.h"

namespace weft::wasm {

class SectionParser {
 public:
  explicit SectionParser(Module& module) : module_(module) {}

  [[nodiscard]] Result<void> parse();
  // What libwabt is asked to judge; valid as long as this parser and the module.
  std::span<const uint8_t> bytes_for_validation();
  // The rules that libwabt 1.0.32 lacks. REQUIRES: parse() succeeded and libwabt accepted the
  // module.
  [[nodiscard]] Result<void> check() const;

 private:
  Result<void> section(uint8_t id, ByteReader& in);
  Result<void> types(ByteReader& in);
  Result<void> imports(ByteReader& in);
  Result<void> functions(ByteReader& in);
  Result<void> tables(ByteReader& in);
  Result<void> memories(ByteReader& in);
  Result<void> globals(ByteReader& in);
  Result<void> exports(ByteReader& in);
  Result<void> elements(ByteReader& in);
  Result<void> code(ByteReader& in);
  Result<void> data(ByteReader& in);
  Result<void> tags(ByteReader& in);
  Result<void> custom(ByteReader& in);
  void names(std::span<const uint8_t> bytes);

  Result<ValType> value_type(ByteReader& in);
  Result<Limits> limits(ByteReader& in);
  Result<Table> table_type(ByteReader& in);
  Result<ConstExpr> const_expr(ByteReader& in);
  Result<void> add_memory(const Limits& limits);
  uint64_t offset_of(const ByteReader& in) const { return section_offset_ + in.position(); }

  // A `global.get` in an element expression: where it stands in the module, and what it must give.
  struct ElementGlobal {
    uint64_t offset;
    uint64_t size;
    uint32_t global;
    ValType type;
  };

  Module& module_;
  uint64_t section_offset_ = 0;
  uint32_t bodies_ = 0;
  std::optional<uint32_t> data_count_;
  Range element_section_;        // contents
  uint64_t element_header_ = 0;  // offset of the section id
  std::vector<ElementGlobal> element_globals_;
  std::vector<uint8_t> patched_;
};

}  // namespace weft::wasm
