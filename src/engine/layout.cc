#include "engine/layout.h"

#include <algorithm>

#include "cpu/thread.h"
#include "slot/slot_pool.h"

namespace weft::engine {

namespace {

// Hands out space downwards from the head.
class Cursor {
 public:
  int64_t take(uint64_t bytes, uint64_t alignment) {
    used_ = (used_ + bytes + alignment - 1) / alignment * alignment;
    return -static_cast<int64_t>(used_);
  }
  uint64_t used() const { return used_; }

 private:
  uint64_t used_ = sizeof(cpu::InstanceHead);
};

// Elements a table may grow to. A table without maximum gets room to grow that costs only
// addresses.
uint64_t reserve_of(const wasm::Table& table) {
  uint64_t most = table.limits.max.value_or(std::max<uint64_t>(table.limits.min * 2, 65'536));
  uint64_t cap = std::max<uint64_t>(table.limits.min, 1'000'000);
  return std::min(most, cap);
}

}  // namespace

Result<Layout> lay_out(const wasm::Module& module, const std::vector<uint32_t>& referenced,
                       Linking linking) {
  Layout layout;
  Cursor cursor;
  for (size_t i = 0; i < module.globals.size(); ++i) {
    bool wide = module.globals[i].type == wasm::ValType::v128 && i >= module.imported_globals;
    layout.globals.push_back(cursor.take(wide ? 16 : 8, wide ? 16 : 8));
  }
  for (size_t i = 0; i < module.tables.size(); ++i) {
    layout.tables.push_back(
        cursor.take(i < module.imported_tables ? 8 : sizeof(cpu::TableHead), 8));
  }
  layout.imports =
      cursor.take((builtin_count + module.imported_functions) * sizeof(cpu::ImportEntry), 16);
  layout.data_sizes = cursor.take(module.data.size() * 4, 8);
  layout.element_sizes = cursor.take(module.elements.size() * 4, 8);
  if (linking == Linking::open) {
    layout.links = cursor.take(module.imported_functions * 16ULL, 16);
    layout.types = cursor.take(module.types.size() * 4, 8);
    layout.tags = cursor.take(module.tags.size() * 8, 8);
    layout.descriptors = cursor.take(referenced.size() * sizeof(cpu::FuncRef), 8);
  }
  uint64_t before_tables = cursor.used();
  for (size_t i = 0; i < module.tables.size(); ++i) {
    uint64_t reserve = i < module.imported_tables ? 0 : reserve_of(module.tables[i]);
    if (i >= module.imported_tables && module.tables[i].limits.min > max_table_elements) {
      return error(Error::Kind::exhausted, "table {} wants {} elements; the limit is {}", i,
                   module.tables[i].limits.min, max_table_elements);
    }
    layout.table_reserve.push_back(static_cast<uint32_t>(reserve));
    layout.table_elements.push_back(
        reserve == 0 ? 0 : cursor.take(reserve * table_entry_bytes(module.tables[i].element), 16));
  }
  if (cursor.used() - before_tables > max_table_bytes) {
    return error(Error::Kind::exhausted, "the tables need {} MiB; the limit of an instance is {}",
                 (cursor.used() - before_tables) >> 20, max_table_bytes >> 20);
  }
  size_t most = linking == Linking::open ? open_args : min_args;
  for (const auto& type : module.types) {
    most = std::max({most, type.params.size(), type.results.size()});
  }
  layout.args_count = static_cast<uint32_t>(most);
  layout.args = cursor.take(most * sizeof(wasm::Value), 16);
  cursor.take(16, 16);  // the callee of an entry
  layout.save_area = cursor.take(cpu::save_area_bytes, 64);
  layout.instance_bytes =
      (cursor.used() + slot::page_bytes - 1) / slot::page_bytes * slot::page_bytes;
  if (layout.instance_bytes > slot::front_bytes - slot::guard_bytes - (uint64_t{18} << 20)) {
    return error(Error::Kind::exhausted,
                 "globals, imports and tables need {} MiB, more than a slot has room for",
                 layout.instance_bytes >> 20);
  }
  return layout;
}

}  // namespace weft::engine
