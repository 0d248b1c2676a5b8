// What an instance needs to know of its module at run time: the module description without function
// bodies, and the layout. It is written behind the ELF image of a code file and read back when that
// is opened. Thread safety: immutable.
#pragma once

#include <string>
#include <string_view>

#include "base/archive.h"
#include "base/result.h"
#include "engine/layout.h"
#include "engine/plan.h"
#include "wasm/module.h"

namespace weft::engine {

struct ElementInfo {
  wasm::SegmentMode mode;
  uint32_t table;
  wasm::ConstExpr offset;
  // One word an item: a function index, or one of the two kinds below in the upper half.
  ArchivedTable<uint64_t> items;
};
inline constexpr uint64_t element_null = uint64_t{1} << 32;
inline constexpr uint64_t element_global = uint64_t{2} << 32;  // | global index

// There may be thousands, and each start of a program reads them, where they stand in the code
// file; nearly all offsets are constants.
struct DataInfo {
  enum class Place : uint32_t { passive, constant, computed };
  uint64_t start;  // in the code file's data bytes
  uint64_t size;
  Place place;
  uint32_t offset;  // in memory when it is constant, or the number of its expression
};

}  // namespace weft::engine

template <>
inline constexpr bool weft::archived_as_bytes<weft::engine::DataInfo> = true;

namespace weft::engine {

struct CodeInfo : wasm::Declarations {
  ArchivedTable<uint32_t> function_types;  // of each function
  std::vector<ElementInfo> elements;
  ArchivedTable<DataInfo> data;
  std::vector<wasm::ConstExpr> data_offsets;  // those that are computed
  ArchivedTable<uint32_t> referenced;
  Linking linking = Linking::closed;
  CpuLevel cpu = CpuLevel::native;
  std::string target_cpu;  // LLVM's name of the CPU the code is for
  std::string target_features;
  Layout layout;

  const wasm::FuncType& type_of(uint32_t function) const { return types[function_types[function]]; }
};

CodeInfo make_info(const Plan& plan);
std::string serialise(const CodeInfo& info);
// Its tables lie in `bytes`, which must outlive it. Error corrupt when the bytes are no description
// of this format version.
Result<CodeInfo> parse_info(std::string_view bytes);

}  // namespace weft::engine
