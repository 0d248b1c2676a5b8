#include "engine/backtrace.h"

#include <llvm/DebugInfo/DWARF/DWARFContext.h>
#include <llvm/DebugInfo/DWARF/DWARFDebugFrame.h>
#include <llvm/DebugInfo/Symbolize/SymbolizableObjectFile.h>
#include <llvm/Demangle/Demangle.h>
#include <llvm/Object/ObjectFile.h>

#include <array>
#include <cstring>
#include <optional>

namespace weft::engine {

namespace {

using llvm::dwarf::UnwindLocation;

// DWARF numbers of the x86-64 registers (System V ABI, figure 3.36).
enum : unsigned {
  rbx = 3,
  rbp = 6,
  rsp = 7,
  r12 = 12,
  r13 = 13,
  r14 = 14,
  r15 = 15,
  ra = 16,
  count = 17
};

struct Context {
  std::array<std::optional<uint64_t>, count> registers;
  uint64_t stack_high;

  std::optional<uint64_t> read(uint64_t address) const {
    uint64_t low = *registers[rsp];
    if (address < low || address % 8 != 0 || address + 8 > stack_high) {
      return std::nullopt;
    }
    uint64_t value = 0;
    std::memcpy(&value, reinterpret_cast<const void*>(address), sizeof value);
    return value;
  }
};

const llvm::dwarf::FDE* find_fde(const llvm::DWARFDebugFrame& frames, uint64_t pc) {
  for (const llvm::dwarf::FrameEntry& entry : frames) {
    const auto* fde = llvm::dyn_cast<llvm::dwarf::FDE>(&entry);
    if (fde != nullptr && pc >= fde->getInitialLocation() &&
        pc < fde->getInitialLocation() + fde->getAddressRange()) {
      return fde;
    }
  }
  return nullptr;
}

// The caller's registers, or nothing at the end of the stack.
std::optional<Context> unwind(const llvm::DWARFDebugFrame& frames, uint64_t pc,
                              const Context& now) {
  const llvm::dwarf::FDE* fde = find_fde(frames, pc);
  if (fde == nullptr) {
    return std::nullopt;
  }
  auto table = llvm::dwarf::UnwindTable::create(fde);
  if (!table) {
    llvm::consumeError(table.takeError());
    return std::nullopt;
  }
  const llvm::dwarf::UnwindRow* row = nullptr;
  for (const auto& candidate : *table) {
    if (candidate.getAddress() > pc) {
      break;
    }
    row = &candidate;
  }
  if (row == nullptr || row->getCFAValue().getLocation() != UnwindLocation::RegPlusOffset) {
    return std::nullopt;
  }
  uint32_t base = row->getCFAValue().getRegister();
  if (base >= count || !now.registers[base]) {
    return std::nullopt;
  }
  uint64_t cfa =
      *now.registers[base] + static_cast<uint64_t>(int64_t{row->getCFAValue().getOffset()});
  Context caller = now;
  for (unsigned reg = 0; reg < count; ++reg) {
    auto location = row->getRegisterLocations().getRegisterLocation(reg);
    if (location && location->getLocation() == UnwindLocation::CFAPlusOffset) {
      caller.registers[reg] = now.read(cfa + static_cast<uint64_t>(int64_t{location->getOffset()}));
    }
  }
  if (cfa <= *now.registers[rsp] || !caller.registers[ra]) {
    return std::nullopt;
  }
  caller.registers[rsp] = cfa;
  return caller;
}

std::string readable(std::string name) {
  size_t dot = name.rfind(".w");
  if (dot != std::string::npos && dot + 2 < name.size() &&
      name.find_first_not_of("0123456789", dot + 2) == std::string::npos) {
    name.resize(dot);
  }
  return llvm::demangle(name);
}

void add_frames(const llvm::symbolize::SymbolizableModule& symbols, uint64_t pc,
                std::vector<CodeFrame>& frames) {
  llvm::DILineInfoSpecifier what(llvm::DILineInfoSpecifier::FileLineInfoKind::RawValue,
                                 llvm::DINameKind::LinkageName);
  llvm::DIInliningInfo info = symbols.symbolizeInlinedCode(
      {pc, llvm::object::SectionedAddress::UndefSection}, what, /*UseSymbolTable=*/true);
  for (uint32_t i = 0; i < info.getNumberOfFrames(); ++i) {
    const llvm::DILineInfo& frame = info.getFrame(i);
    frames.push_back({readable(frame.FunctionName), frame.Line, i + 1 < info.getNumberOfFrames()});
  }
}

}  // namespace

std::vector<CodeFrame> backtrace(const CodeFile& code, const cpu::Registers& registers,
                                 uint64_t stack_high) {
  std::vector<CodeFrame> result;
  const cpu::CodeRange& range = code.range();
  auto in_code = [&](uint64_t pc) { return pc >= range.code_begin && pc < range.code_end; };
  llvm::StringRef image(reinterpret_cast<const char*>(code.elf().data()), code.elf().size());
  auto object = llvm::object::ObjectFile::createObjectFile(llvm::MemoryBufferRef(image, "code"));
  if (!object) {
    llvm::consumeError(object.takeError());
    return result;
  }
  std::unique_ptr<llvm::DWARFContext> dwarf = llvm::DWARFContext::create(**object);
  auto frames = dwarf->getEHFrame();
  if (!frames) {
    llvm::consumeError(frames.takeError());
    return result;
  }
  const llvm::DWARFDebugFrame& call_frames = **frames;
  auto symbols = llvm::symbolize::SymbolizableObjectFile::create(
      object->get(), llvm::DWARFContext::create(**object), /*UntagAddresses=*/false);
  if (!symbols) {
    llvm::consumeError(symbols.takeError());
    return result;
  }
  Context context{{}, stack_high};
  context.registers[rbx] = registers.rbx;
  context.registers[rbp] = registers.rbp;
  context.registers[rsp] = registers.rsp;
  context.registers[r12] = registers.r12;
  context.registers[r13] = registers.r13;
  context.registers[r14] = registers.r14;
  context.registers[r15] = registers.r15;
  uint64_t pc = registers.pc - (registers.is_return_address ? 1 : 0);
  while (in_code(pc) && result.size() < max_backtrace_frames) {
    add_frames(**symbols, pc, result);
    auto caller = unwind(call_frames, pc, context);
    if (!caller) {
      break;
    }
    context = *caller;
    pc = *context.registers[ra] - 1;
  }
  // The outermost frame is the entry from the host, which is none of the program's.
  if (!result.empty() && result.back().function.starts_with("weft_entry_")) {
    result.pop_back();
  }
  return result;
}

}  // namespace weft::engine
