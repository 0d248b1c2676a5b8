#include "wasm/module.h"

#include <wabt/binary-reader.h>
#include <wabt/error.h>
#include <wabt/interp/binary-reader-interp.h>
#include <wabt/interp/interp.h>

#include <algorithm>
#include <map>

#include "wasm/body_check.h"
#include "wasm/byte_reader.h"
#include "wasm/features.h"
#include "wasm/section_parser.h"

namespace weft::wasm {

std::string_view name(ExternKind kind) {
  switch (kind) {
    case ExternKind::func:
      return "function";
    case ExternKind::table:
      return "table";
    case ExternKind::memory:
      return "memory";
    case ExternKind::global:
      return "global";
    case ExternKind::tag:
      return "tag";
  }
  return "?";
}

const Export* Declarations::find_export(std::string_view export_name) const {
  auto it = std::find_if(exports.begin(), exports.end(),
                         [&](const Export& e) { return e.name == export_name; });
  return it == exports.end() ? nullptr : &*it;
}

namespace {

// Runs libwabt's decoder and validator over the bytes; its tree-free path, so memory stays in
// proportion to the module.
Result<void> validate(std::span<const uint8_t> bytes) {
  wabt::ReadBinaryOptions options(supported_features(), nullptr, /*read_debug_names=*/false,
                                  /*stop_on_first_error=*/true,
                                  /*fail_on_custom_section_error=*/false);
  wabt::Errors errors;
  wabt::interp::ModuleDesc discarded;
  wabt::Result result = wabt::Result::Error;
  try {  // what libwabt cannot allocate ends here
    result = wabt::interp::ReadBinaryInterp("module", bytes.data(), bytes.size(), options, &errors,
                                            &discarded);
  } catch (const std::exception& e) {
    return error(Error::Kind::exhausted, "the module cannot be decoded: {}", e.what());
  }
  if (wabt::Succeeded(result)) {
    return {};
  }
  if (errors.empty()) {
    return error(Error::Kind::invalid, "not a valid WebAssembly module");
  }
  const wabt::Error& first = errors.front();
  return error(Error::Kind::invalid, "at byte {:#x}: {}", first.loc.offset, first.message);
}

Result<void> check_header(std::span<const uint8_t> bytes) {
  constexpr uint8_t magic[4] = {0, 'a', 's', 'm'};
  if (bytes.size() < 4 || std::memcmp(bytes.data(), magic, 4) != 0) {
    bool text = !bytes.empty() && (bytes[0] == '(' || bytes[0] == ';' || bytes[0] == ' ');
    return error(Error::Kind::invalid, "no WebAssembly module: magic header not detected{}",
                 text ? " (this looks like the text format; convert it with wat2wasm)" : "");
  }
  if (bytes.size() < 8) {
    return error(Error::Kind::invalid, "unexpected end: the module is cut off in its header");
  }
  uint32_t version = 0;
  std::memcpy(&version, bytes.data() + 4, 4);
  if (version == 0x1000d) {
    return error(Error::Kind::unsupported,
                 "this is a WebAssembly component, not a core module; build for wasm32-wasip1");
  }
  if (version != 1) {
    return error(Error::Kind::invalid, "unknown binary version {:#x}", version);
  }
  if (bytes.size() > max_module_bytes) {
    return error(Error::Kind::exhausted, "the module has {} bytes; the limit is {}", bytes.size(),
                 max_module_bytes);
  }
  return {};
}

void set_canonical_types(Module& module) {
  auto key = [](const FuncType& t) {
    std::string k;
    for (auto p : t.params) {
      k += static_cast<char>('a' + static_cast<int>(p));
    }
    k += '-';
    for (auto r : t.results) {
      k += static_cast<char>('a' + static_cast<int>(r));
    }
    return k;
  };
  std::map<std::string, uint32_t> first;
  for (uint32_t i = 0; i < module.types.size(); ++i) {
    module.canonical_types.push_back(first.emplace(key(module.types[i]), i).first->second);
  }
}

// libwabt believes the data count section and allocates for it, also behind a section that our
// parser has given up at. So this looks at nothing else.
Result<void> check_data_count(std::span<const uint8_t> bytes) {
  constexpr uint8_t data_count_section = 12;
  ByteReader in(bytes);
  in.bytes(8);
  while (in.ok() && !in.at_end()) {
    uint8_t id = in.u8();
    ByteReader section(in.bytes(in.u32()));
    if (id != data_count_section) {
      continue;
    }
    if (uint32_t count = section.u32(); count > bytes.size()) {
      return error(Error::Kind::exhausted,
                   "the module claims {} data segments, more than it has bytes", count);
    }
  }
  return {};
}

// A function that the name section does not name goes by an export, or by its import.
void complete_names(Module& module) {
  for (const Export& e : module.exports) {
    if (e.kind == ExternKind::func && module.functions[e.index].name.empty()) {
      module.functions[e.index].name = e.name;
    }
  }
  for (const Import& i : module.imports) {
    if (i.kind == ExternKind::func && module.functions[i.index].name.empty()) {
      module.functions[i.index].name = i.module + "." + i.name;
    }
  }
}

}  // namespace

Result<std::shared_ptr<const Module>> decode(std::vector<uint8_t> bytes) {
  TRY_VOID(check_header(bytes));
  auto module = std::make_shared<Module>();
  module->bytes = std::move(bytes);
  SectionParser parser(*module);
  auto parsed = parser.parse();
  if (!parsed && parsed.error().kind() != Error::Kind::invalid) {
    return std::unexpected(std::move(parsed).error());
  }
  TRY_VOID(check_data_count(module->bytes));
  // libwabt's words are the better ones, so it speaks first; what only our parser refuses comes
  // second.
  auto valid = validate(parser.bytes_for_validation());
  if (!valid) {
    return std::unexpected(std::move(valid).error());
  }
  TRY_VOID(std::move(parsed));
  TRY_VOID(parser.check());
  TRY_VOID(check_bodies(*module, parser.bytes_for_validation(), supported_features()));
  set_canonical_types(*module);
  complete_names(*module);
  return module;
}

}  // namespace weft::wasm
