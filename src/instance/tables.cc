// The tables of an instance: their making, and the table instructions that generated code leaves to
// the host.

#include <cstring>

#include "instance/instance.h"

namespace weft::instance {

void Instance::write_table_addresses() {
  const engine::CodeInfo& info = code_->info();
  for (size_t i = info.imported_tables; i < info.tables.size(); ++i) {
    at<cpu::TableHead>(info.layout.tables[i]).elements =
        reinterpret_cast<uint64_t>(slot_.base()) +
        static_cast<uint64_t>(info.layout.table_elements[i]);
  }
}

void Instance::write_tables() {
  const engine::CodeInfo& info = code_->info();
  write_table_addresses();
  for (size_t i = info.imported_tables; i < info.tables.size(); ++i) {
    at<cpu::TableHead>(info.layout.tables[i]).size =
        static_cast<uint32_t>(info.tables[i].limits.min);
  }
  auto* sizes = &at<uint32_t>(info.layout.element_sizes);
  for (size_t i = 0; i < info.elements.size(); ++i) {
    sizes[i] = static_cast<uint32_t>(info.elements[i].items.size());
  }
  auto* data_sizes = &at<uint32_t>(info.layout.data_sizes);
  for (size_t i = 0; i < info.data.size(); ++i) {
    data_sizes[i] = static_cast<uint32_t>(info.data[i].size);
  }
}

cpu::TableHead& Instance::table_head(uint32_t table) const {
  const engine::CodeInfo& info = code_->info();
  int64_t offset = info.layout.tables[table];
  return table < info.imported_tables ? *reinterpret_cast<cpu::TableHead*>(at<uint64_t>(offset))
                                      : at<cpu::TableHead>(offset);
}

wasm::ValType Instance::table_type(uint32_t table) const {
  return code_->info().tables[table].element;
}

uint32_t Instance::table_size(uint32_t table) const { return table_head(table).size; }

std::optional<uint64_t> Instance::table_get(uint32_t table, uint32_t index) const {
  const cpu::TableHead& head = table_head(table);
  if (index >= head.size) {
    return std::nullopt;
  }
  return table_type(table) == wasm::ValType::funcref
             ? reinterpret_cast<const cpu::FuncEntry*>(head.elements)[index].ref
             : reinterpret_cast<const uint64_t*>(head.elements)[index];
}

void Instance::write_entry(uint32_t table, uint32_t index, uint64_t ref) {
  cpu::TableHead& head = table_head(table);
  if (table_type(table) == wasm::ValType::externref) {
    reinterpret_cast<uint64_t*>(head.elements)[index] = ref;
    return;
  }
  uint64_t code = ref == 0 ? 0 : reinterpret_cast<const cpu::FuncRef*>(ref)->code;
  reinterpret_cast<cpu::FuncEntry*>(head.elements)[index] = {code, ref};
}

std::optional<uint32_t> Instance::table_grow(uint32_t table, uint64_t ref, uint32_t count) {
  const engine::CodeInfo& info = code_->info();
  if (table < info.imported_tables) {
    const TableExtern& own = imported_tables_[table];
    return own.owner->table_grow(own.index, ref, count);
  }
  cpu::TableHead& head = table_head(table);
  uint64_t wanted = uint64_t{head.size} + count;
  if (wanted > info.layout.table_reserve[table] ||
      wanted > info.tables[table].limits.max.value_or(UINT32_MAX)) {
    return std::nullopt;
  }
  uint32_t old = head.size;
  head.size = static_cast<uint32_t>(wanted);
  // New entries are null: a table never shrinks.
  for (uint32_t i = old; ref != 0 && i < head.size; ++i) {
    write_entry(table, i, ref);
  }
  return old;
}

bool Instance::table_fill(uint32_t table, uint32_t start, uint64_t ref, uint32_t count) {
  if (uint64_t{start} + count > table_size(table)) {
    return false;
  }
  for (uint32_t i = 0; i < count; ++i) {
    write_entry(table, start + i, ref);
  }
  return true;
}

uint64_t Instance::element_ref(uint64_t item) const {
  auto index = static_cast<uint32_t>(item);
  if ((item & engine::element_null) != 0) {
    return 0;
  }
  return (item & engine::element_global) != 0 ? read_global(index).ref : function_ref(index);
}

bool Instance::table_init(uint32_t table, uint32_t segment, uint32_t destination, uint32_t source,
                          uint32_t count) {
  const engine::CodeInfo& info = code_->info();
  uint32_t size = (&at<uint32_t>(info.layout.element_sizes))[segment];
  if (uint64_t{source} + count > size || uint64_t{destination} + count > table_size(table)) {
    return false;
  }
  for (uint32_t i = 0; i < count; ++i) {
    write_entry(table, destination + i, element_ref(info.elements[segment].items[source + i]));
  }
  return true;
}

bool Instance::table_copy(uint32_t to, uint32_t from, uint32_t destination, uint32_t source,
                          uint32_t count) {
  cpu::TableHead& target = table_head(to);
  const cpu::TableHead& origin = table_head(from);
  if (uint64_t{source} + count > origin.size || uint64_t{destination} + count > target.size) {
    return false;
  }
  uint64_t bytes = engine::table_entry_bytes(table_type(to));
  if (count != 0) {
    std::memmove(reinterpret_cast<void*>(target.elements + destination * bytes),
                 reinterpret_cast<const void*>(origin.elements + source * bytes), count * bytes);
  }
  return true;
}

}  // namespace weft::instance
