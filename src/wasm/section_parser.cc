#include "wasm/section_parser.h"

#include <wabt/utf8.h>

#include <algorithm>

namespace weft::wasm {

namespace {

std::unexpected<Error> malformed(uint64_t offset, std::string_view what) {
  return error(Error::Kind::invalid, "at byte {:#x}: {}", offset, what);
}

// A count cannot exceed the bytes that are left, as every entry takes one at least: no allocation
// by a hostile count.
bool plausible(const ByteReader& in, uint32_t count) { return in.ok() && count <= in.remaining(); }

}  // namespace

Result<void> SectionParser::parse() {
  ByteReader in(module_.bytes);
  in.bytes(8);
  while (!in.at_end()) {
    uint64_t header = in.position();
    uint8_t id = in.u8();
    uint32_t size = in.u32();
    section_offset_ = in.position();
    auto bytes = in.bytes(size);
    if (!in.ok()) {
      return malformed(header, "unexpected end: section runs beyond the module");
    }
    if (id == 9) {
      element_header_ = header;
      element_section_ = {section_offset_, size};
    }
    ByteReader contents(bytes);
    TRY_VOID(section(id, contents));
    if (!contents.ok()) {
      return malformed(section_offset_, "section is malformed");
    }
  }
  if (bodies_ + module_.imported_functions != module_.functions.size()) {
    return malformed(0, "function and code section have inconsistent lengths");
  }
  if (data_count_ && *data_count_ != module_.data.size()) {
    return malformed(0, "data count and data section have inconsistent lengths");
  }
  return {};
}

Result<void> SectionParser::section(uint8_t id, ByteReader& in) {
  switch (id) {
    case 0:
      return custom(in);
    case 1:
      return types(in);
    case 2:
      return imports(in);
    case 3:
      return functions(in);
    case 4:
      return tables(in);
    case 5:
      return memories(in);
    case 6:
      return globals(in);
    case 7:
      return exports(in);
    case 8:
      module_.start = in.u32();
      return {};
    case 9:
      return elements(in);
    case 10:
      return code(in);
    case 11:
      return data(in);
    case 12:
      data_count_ = in.u32();
      return {};
    case 13:
      return tags(in);
    default:
      return malformed(section_offset_, fmt::format("malformed section id {}", id));
  }
}

Result<ValType> SectionParser::value_type(ByteReader& in) {
  switch (uint8_t code = in.u8()) {
    case 0x7f:
      return ValType::i32;
    case 0x7e:
      return ValType::i64;
    case 0x7d:
      return ValType::f32;
    case 0x7c:
      return ValType::f64;
    case 0x7b:
      return ValType::v128;
    case 0x70:
      return ValType::funcref;
    case 0x6f:
      return ValType::externref;
    default:
      return malformed(offset_of(in), fmt::format("unknown value type {:#x}", code));
  }
}

Result<Limits> SectionParser::limits(ByteReader& in) {
  uint8_t flags = in.u8();
  if (flags > 3) {
    if ((flags & 4) != 0 && flags < 8) {
      return error(Error::Kind::unsupported, "the module uses 64-bit memory (memory64)");
    }
    return malformed(offset_of(in), "malformed limits flags");
  }
  Limits limits;
  limits.shared = (flags & 2) != 0;
  limits.min = in.u32();
  if ((flags & 1) != 0) {
    limits.max = in.u32();
  }
  return limits;
}

Result<Table> SectionParser::table_type(ByteReader& in) {
  TRY(element, value_type(in));
  TRY(table_limits, limits(in));
  return Table{element, table_limits};
}

Result<void> SectionParser::types(ByteReader& in) {
  uint32_t count = in.u32();
  for (uint32_t i = 0; i < count && in.ok(); ++i) {
    if (in.u8() != 0x60) {
      return malformed(offset_of(in), "only function types are known here");
    }
    FuncType type;
    for (auto* list : {&type.params, &type.results}) {
      uint32_t n = in.u32();
      if (!plausible(in, n)) {
        return malformed(offset_of(in), "unexpected end");
      }
      if (n > max_params) {
        return error(Error::Kind::exhausted, "a function type has {} {}; the limit is {}", n,
                     list == &type.params ? "parameters" : "results", max_params);
      }
      for (uint32_t k = 0; k < n; ++k) {
        TRY(t, value_type(in));
        list->push_back(t);
      }
    }
    module_.types.push_back(std::move(type));
  }
  return {};
}

Result<void> SectionParser::add_memory(const Limits& memory) {
  if (module_.memory) {
    return error(Error::Kind::invalid, "multiple memories are not allowed");
  }
  module_.memory = memory;
  return {};
}

Result<void> SectionParser::imports(ByteReader& in) {
  uint32_t count = in.u32();
  for (uint32_t i = 0; i < count && in.ok(); ++i) {
    Import import;
    import.module = in.name();
    import.name = in.name();
    uint8_t kind = in.u8();
    if (kind > 4) {
      return malformed(offset_of(in), "malformed import kind");
    }
    import.kind = static_cast<ExternKind>(kind);
    switch (import.kind) {
      case ExternKind::func:
        import.index = static_cast<uint32_t>(module_.functions.size());
        module_.functions.push_back({.type = in.u32(), .body = {}, .name = {}});
        ++module_.imported_functions;
        break;
      case ExternKind::table: {
        TRY(table, table_type(in));
        import.index = static_cast<uint32_t>(module_.tables.size());
        module_.tables.push_back(table);
        ++module_.imported_tables;
        break;
      }
      case ExternKind::memory: {
        TRY(memory, limits(in));
        import.index = 0;
        TRY_VOID(add_memory(memory));
        module_.imports_memory = true;
        break;
      }
      case ExternKind::global: {
        TRY(type, value_type(in));
        import.index = static_cast<uint32_t>(module_.globals.size());
        module_.globals.push_back({.type = type, .is_mutable = in.u8() != 0, .init = {}});
        ++module_.imported_globals;
        break;
      }
      case ExternKind::tag:
        in.u8();
        import.index = static_cast<uint32_t>(module_.tags.size());
        module_.tags.push_back(in.u32());
        ++module_.imported_tags;
        break;
    }
    module_.imports.push_back(std::move(import));
  }
  return {};
}

Result<void> SectionParser::functions(ByteReader& in) {
  uint32_t count = in.u32();
  if (!plausible(in, count)) {
    return malformed(offset_of(in), "unexpected end");
  }
  if (count > max_functions) {
    return error(Error::Kind::exhausted, "the module has {} functions; the limit is {}", count,
                 max_functions);
  }
  module_.functions.reserve(module_.functions.size() + count);
  for (uint32_t i = 0; i < count && in.ok(); ++i) {
    module_.functions.push_back({.type = in.u32(), .body = {}, .name = {}});
  }
  return {};
}

Result<void> SectionParser::tables(ByteReader& in) {
  uint32_t count = in.u32();
  for (uint32_t i = 0; i < count && in.ok(); ++i) {
    TRY(table, table_type(in));
    module_.tables.push_back(table);
  }
  return {};
}

Result<void> SectionParser::memories(ByteReader& in) {
  uint32_t count = in.u32();
  for (uint32_t i = 0; i < count && in.ok(); ++i) {
    TRY(memory, limits(in));
    TRY_VOID(add_memory(memory));
  }
  return {};
}

Result<ConstExpr> SectionParser::const_expr(ByteReader& in) {
  ConstExpr expr;
  while (in.ok()) {
    switch (uint8_t opcode = in.u8()) {
      case 0x0b:
        return expr;
      case 0x41:
        expr.push_back({ConstOp::Kind::constant, 0, value_i32(static_cast<uint32_t>(in.s32()))});
        break;
      case 0x42:
        expr.push_back({ConstOp::Kind::constant, 0, value_i64(static_cast<uint64_t>(in.s64()))});
        break;
      case 0x43:
        expr.push_back({ConstOp::Kind::constant, 0, value_i32(in.fixed<uint32_t>())});
        break;
      case 0x44:
        expr.push_back({ConstOp::Kind::constant, 0, value_i64(in.fixed<uint64_t>())});
        break;
      case 0x23:
        expr.push_back({ConstOp::Kind::global_get, in.u32()});
        break;
      case 0xd0:
        in.u8();
        expr.push_back({ConstOp::Kind::ref_null});
        break;
      case 0xd2:
        expr.push_back({ConstOp::Kind::ref_func, in.u32()});
        break;
      case 0x6a:
        expr.push_back({ConstOp::Kind::i32_add});
        break;
      case 0x6b:
        expr.push_back({ConstOp::Kind::i32_sub});
        break;
      case 0x6c:
        expr.push_back({ConstOp::Kind::i32_mul});
        break;
      case 0x7c:
        expr.push_back({ConstOp::Kind::i64_add});
        break;
      case 0x7d:
        expr.push_back({ConstOp::Kind::i64_sub});
        break;
      case 0x7e:
        expr.push_back({ConstOp::Kind::i64_mul});
        break;
      case 0xfd: {
        if (in.u32() != 12) {
          return malformed(offset_of(in), "constant expression required");
        }
        ConstOp op{ConstOp::Kind::constant};
        auto bytes = in.bytes(16);
        std::copy(bytes.begin(), bytes.end(), op.value.v128);
        expr.push_back(op);
        break;
      }
      default:
        return malformed(offset_of(in),
                         fmt::format("constant expression required, found opcode {:#x}", opcode));
    }
  }
  return malformed(offset_of(in), "unexpected end in a constant expression");
}

Result<void> SectionParser::globals(ByteReader& in) {
  uint32_t count = in.u32();
  for (uint32_t i = 0; i < count && in.ok(); ++i) {
    TRY(type, value_type(in));
    bool is_mutable = in.u8() != 0;
    TRY(init, const_expr(in));
    module_.globals.push_back({type, is_mutable, std::move(init)});
  }
  return {};
}

Result<void> SectionParser::exports(ByteReader& in) {
  uint32_t count = in.u32();
  for (uint32_t i = 0; i < count && in.ok(); ++i) {
    std::string export_name(in.name());
    uint8_t kind = in.u8();
    uint32_t index = in.u32();
    if (kind > 4) {
      return malformed(offset_of(in), "malformed export kind");
    }
    module_.exports.push_back({std::move(export_name), static_cast<ExternKind>(kind), index});
  }
  return {};
}

Result<void> SectionParser::elements(ByteReader& in) {
  uint32_t count = in.u32();
  for (uint32_t i = 0; i < count && in.ok(); ++i) {
    uint32_t flags = in.u32();
    if (flags > 7) {
      return malformed(offset_of(in), "malformed elements segment kind");
    }
    ElementSegment segment;
    bool passive = (flags & 1) != 0;
    bool explicit_index = (flags & 2) != 0;
    bool expressions = (flags & 4) != 0;
    segment.mode = !passive         ? SegmentMode::active
                   : explicit_index ? SegmentMode::declared
                                    : SegmentMode::passive;
    if (!passive) {
      segment.table = explicit_index ? in.u32() : 0;
      TRY(offset, const_expr(in));
      segment.offset = std::move(offset);
    }
    if (passive || explicit_index) {
      if (expressions) {
        TRY(type, value_type(in));
        segment.type = type;
      } else if (in.u8() != 0) {
        return malformed(offset_of(in), "malformed element kind");
      }
    }
    uint32_t items = in.u32();
    if (!plausible(in, items)) {
      return malformed(offset_of(in), "unexpected end");
    }
    for (uint32_t k = 0; k < items && in.ok(); ++k) {
      if (!expressions) {
        segment.items.push_back({{ConstOp::Kind::ref_func, in.u32()}});
        continue;
      }
      uint64_t begin = offset_of(in);
      TRY(item, const_expr(in));
      if (item.size() == 1 && item[0].kind == ConstOp::Kind::global_get) {
        element_globals_.push_back({begin, offset_of(in) - begin - 1, item[0].index, segment.type});
      }
      segment.items.push_back(std::move(item));
    }
    module_.elements.push_back(std::move(segment));
  }
  return {};
}

Result<void> SectionParser::code(ByteReader& in) {
  uint32_t count = in.u32();
  if (count + uint64_t{module_.imported_functions} != module_.functions.size()) {
    return malformed(section_offset_, "function and code section have inconsistent lengths");
  }
  for (; bodies_ < count && in.ok(); ++bodies_) {
    uint32_t size = in.u32();
    if (size > max_function_bytes) {
      return error(Error::Kind::exhausted, "function {} has {} bytes of code; the limit is {}",
                   bodies_ + module_.imported_functions, size, max_function_bytes);
    }
    module_.functions[module_.imported_functions + bodies_].body = {offset_of(in), size};
    in.bytes(size);
  }
  return {};
}

Result<void> SectionParser::data(ByteReader& in) {
  uint32_t count = in.u32();
  for (uint32_t i = 0; i < count && in.ok(); ++i) {
    uint32_t flags = in.u32();
    DataSegment segment;
    if (flags > 2) {
      return malformed(offset_of(in), "malformed data segment kind");
    }
    segment.mode = flags == 1 ? SegmentMode::passive : SegmentMode::active;
    if (flags == 2) {
      in.u32();
    }
    if (flags != 1) {
      TRY(offset, const_expr(in));
      segment.offset = std::move(offset);
    }
    uint32_t size = in.u32();
    segment.bytes = {offset_of(in), size};
    in.bytes(size);
    module_.data.push_back(std::move(segment));
  }
  return {};
}

Result<void> SectionParser::tags(ByteReader& in) {
  uint32_t count = in.u32();
  for (uint32_t i = 0; i < count && in.ok(); ++i) {
    in.u8();
    module_.tags.push_back(in.u32());
  }
  return {};
}

Result<void> SectionParser::custom(ByteReader& in) {
  std::string section_name(in.name());
  if (!in.ok() || !wabt::IsValidUtf8(section_name.data(), section_name.size())) {
    return malformed(section_offset_, "malformed UTF-8 encoding, or no name of a custom section");
  }
  Range range{offset_of(in), in.remaining()};
  if (in.ok() && section_name == "name") {
    names(in.bytes(in.remaining()));
  }
  module_.customs.push_back({std::move(section_name), range});
  return {};
}

// The name section only helps people: what is wrong in it is ignored.
void SectionParser::names(std::span<const uint8_t> bytes) {
  ByteReader in(bytes);
  while (in.ok() && !in.at_end()) {
    uint8_t id = in.u8();
    ByteReader sub(in.bytes(in.u32()));
    if (id != 1) {
      continue;
    }
    uint32_t count = sub.u32();
    for (uint32_t i = 0; i < count && sub.ok(); ++i) {
      uint32_t index = sub.u32();
      std::string_view function_name = sub.name();
      if (sub.ok() && index < module_.functions.size()) {
        module_.functions[index].name = function_name;
      }
    }
  }
}

}  // namespace weft::wasm
