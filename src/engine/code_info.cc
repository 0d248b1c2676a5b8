#include "engine/code_info.h"

#include "base/archive.h"

namespace weft::wasm {

template <class A>
void fields(A& a, Value& v) {
  a(v.words[0], v.words[1]);
}
template <class A>
void fields(A& a, FuncType& t) {
  a(t.params, t.results);
}
template <class A>
void fields(A& a, Limits& l) {
  a(l.min, l.max, l.shared);
}
template <class A>
void fields(A& a, Import& i) {
  a(i.module, i.name, i.kind, i.index);
}
template <class A>
void fields(A& a, Export& e) {
  a(e.name, e.kind, e.index);
}
template <class A>
void fields(A& a, Table& t) {
  a(t.element, t.limits);
}
template <class A>
void fields(A& a, ConstOp& o) {
  a(o.kind, o.index, o.value);
}
template <class A>
void fields(A& a, Global& g) {
  a(g.type, g.is_mutable, g.init);
}

}  // namespace weft::wasm

namespace weft::engine {

template <class A>
void fields(A& a, ElementInfo& e) {
  a(e.mode, e.table, e.offset, e.items);
}
template <class A>
void fields(A& a, Layout& l) {
  a(l.globals, l.tables, l.table_elements, l.table_reserve, l.imports, l.links, l.types, l.tags,
    l.data_sizes, l.element_sizes, l.descriptors, l.args, l.args_count, l.save_area,
    l.instance_bytes);
}
template <class A>
void fields(A& a, CodeInfo& i) {
  a(i.types, i.canonical_types, i.imports, i.function_types, i.tables, i.memory, i.globals, i.tags,
    i.exports, i.start, i.elements, i.data, i.data_offsets, i.referenced, i.imported_functions,
    i.imported_tables, i.imported_globals, i.imported_tags, i.imports_memory, i.linking, i.cpu,
    i.target_cpu, i.target_features, i.layout);
}

namespace {

uint64_t item_word(const wasm::ConstExpr& item) {
  const wasm::ConstOp& op = item.at(0);
  switch (op.kind) {
    case wasm::ConstOp::Kind::ref_func:
      return op.index;
    case wasm::ConstOp::Kind::global_get:
      return element_global | op.index;
    default:
      return element_null;
  }
}

void add_data(CodeInfo& info, const wasm::Module& wasm) {
  std::vector<DataInfo> segments;
  uint64_t start = 0;
  for (const auto& segment : wasm.data) {
    DataInfo data{start, segment.bytes.size, DataInfo::Place::passive, 0};
    if (segment.mode == wasm::SegmentMode::active) {
      const wasm::ConstExpr& offset = segment.offset;
      bool constant = offset.size() == 1 && offset[0].kind == wasm::ConstOp::Kind::constant;
      data.place = constant ? DataInfo::Place::constant : DataInfo::Place::computed;
      data.offset =
          constant ? offset[0].value.i32 : static_cast<uint32_t>(info.data_offsets.size());
      if (!constant) {
        info.data_offsets.push_back(offset);
      }
    }
    segments.push_back(data);
    start += segment.bytes.size;
  }
  info.data = ArchivedTable(std::move(segments));
}

}  // namespace

CodeInfo make_info(const Plan& plan) {
  const wasm::Module& wasm = plan.wasm();
  CodeInfo info{wasm};
  if (info.memory && !plan.open()) {
    info.memory->max = plan.max_memory_pages();
  }
  std::vector<uint32_t> function_types;
  function_types.reserve(wasm.functions.size());
  for (const auto& function : wasm.functions) {
    function_types.push_back(function.type);
  }
  info.function_types = ArchivedTable(std::move(function_types));
  for (const auto& segment : wasm.elements) {
    std::vector<uint64_t> items;
    items.reserve(segment.items.size());
    for (const auto& item : segment.items) {
      items.push_back(item_word(item));
    }
    info.elements.push_back(
        {segment.mode, segment.table, segment.offset, ArchivedTable(std::move(items))});
  }
  add_data(info, wasm);
  info.referenced = ArchivedTable(plan.referenced);
  info.linking = plan.options.linking;
  info.cpu = plan.options.cpu;
  info.target_cpu = plan.target.cpu;
  info.target_features = plan.target.features;
  info.layout = plan.layout;
  return info;
}

std::string serialise(const CodeInfo& info) { return archive_write(info); }

Result<CodeInfo> parse_info(std::string_view bytes) { return archive_read<CodeInfo>(bytes); }

}  // namespace weft::engine
