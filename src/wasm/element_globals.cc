// `global.get` in element expressions, which libwabt 1.0.32 does not know (section_parser.h).

#include "wasm/section_parser.h"

namespace weft::wasm {

namespace {

std::unexpected<Error> malformed(uint64_t offset, std::string_view what) {
  return error(Error::Kind::invalid, "at byte {:#x}: {}", offset, what);
}

}  // namespace

std::span<const uint8_t> SectionParser::bytes_for_validation() {
  if (element_globals_.empty()) {
    return module_.bytes;
  }
  auto unsigned_leb = [](std::vector<uint8_t>& out, uint64_t value) {
    do {
      uint8_t byte = value & 0x7f;
      value >>= 7;
      out.push_back(byte | (value != 0 ? 0x80 : 0));
    } while (value != 0);
  };
  const auto& from = module_.bytes;
  std::vector<uint8_t> section;
  uint64_t position = element_section_.offset;
  for (const ElementGlobal& g : element_globals_) {
    section.insert(section.end(), from.begin() + position, from.begin() + g.offset);
    section.push_back(0xd0);
    section.push_back(g.type == ValType::externref ? 0x6f : 0x70);
    position = g.offset + g.size;
  }
  uint64_t section_end = element_section_.offset + element_section_.size;
  section.insert(section.end(), from.begin() + position, from.begin() + section_end);
  patched_.assign(from.begin(), from.begin() + element_header_);
  patched_.push_back(9);
  unsigned_leb(patched_, section.size());
  patched_.insert(patched_.end(), section.begin(), section.end());
  patched_.insert(patched_.end(), from.begin() + section_end, from.end());
  return patched_;
}

Result<void> SectionParser::check() const {
  for (const ElementGlobal& g : element_globals_) {
    if (g.global >= module_.globals.size()) {
      return malformed(g.offset, fmt::format("unknown global {}", g.global));
    }
    const Global& global = module_.globals[g.global];
    if (g.global >= module_.imported_globals || global.is_mutable) {
      return malformed(g.offset, "constant expression required: only immutable imported globals");
    }
    if (global.type != g.type) {
      return malformed(g.offset, "type mismatch in an element expression");
    }
  }
  return {};
}

}  // namespace weft::wasm
