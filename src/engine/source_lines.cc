#include "engine/source_lines.h"

#include <llvm/BinaryFormat/Wasm.h>
#include <llvm/DebugInfo/DWARF/DWARFContext.h>
#include <llvm/Demangle/Demangle.h>
#include <llvm/Object/Wasm.h>

#include "engine/compiler.h"

namespace weft::engine {

namespace {

class DwarfLines final : public SourceLines {
 public:
  DwarfLines(std::vector<uint8_t> module, std::unique_ptr<llvm::object::WasmObjectFile> object,
             std::unique_ptr<llvm::DWARFContext> dwarf, uint64_t code_begin)
      : module_(std::move(module)),
        object_(std::move(object)),
        dwarf_(std::move(dwarf)),
        code_begin_(code_begin) {}

  std::vector<SourceFrame> at(uint64_t offset) const override {
    if (offset < code_begin_) {
      return {};
    }
    using Lines = llvm::DILineInfoSpecifier;
    llvm::DIInliningInfo info = dwarf_->getInliningInfoForAddress(
        {offset - code_begin_, llvm::object::SectionedAddress::UndefSection},
        Lines(Lines::FileLineInfoKind::RelativeFilePath, llvm::DINameKind::LinkageName));
    std::vector<SourceFrame> frames;
    for (uint32_t i = 0; i < info.getNumberOfFrames(); ++i) {
      const llvm::DILineInfo& frame = info.getFrame(i);
      if (frame.Line == 0 || frame.FileName == llvm::DILineInfo::BadString) {
        continue;
      }
      bool named = frame.FunctionName != llvm::DILineInfo::BadString;
      frames.push_back(
          {named ? llvm::demangle(frame.FunctionName) : "", frame.FileName, frame.Line});
    }
    return frames;
  }

 private:
  std::vector<uint8_t> module_;  // what the others refer to
  std::unique_ptr<llvm::object::WasmObjectFile> object_;
  std::unique_ptr<llvm::DWARFContext> dwarf_;
  uint64_t code_begin_;  // of the code section's content
};

}  // namespace

std::unique_ptr<SourceLines> SourceLines::read(const CodeFile& code, std::vector<uint8_t> module) {
  CompileOptions options;
  options.cpu = code.info().cpu;
  options.linking = code.info().linking;
  auto key = code_key(module, options);
  if (!key || *key != code.key()) {
    return nullptr;
  }
  llvm::StringRef bytes(reinterpret_cast<const char*>(module.data()), module.size());
  auto object = llvm::object::ObjectFile::createWasmObjectFile(llvm::MemoryBufferRef(bytes, ""));
  if (!object) {
    llvm::consumeError(object.takeError());
    return nullptr;
  }
  uint64_t code_begin = 0;
  bool has_lines = false;
  for (const llvm::object::SectionRef& section : (*object)->sections()) {
    const llvm::object::WasmSection& raw = (*object)->getWasmSection(section);
    if (raw.Type == llvm::wasm::WASM_SEC_CODE) {
      code_begin = static_cast<uint64_t>(raw.Content.data() - module.data());
    }
    has_lines |= raw.Type == llvm::wasm::WASM_SEC_CUSTOM && raw.Name == ".debug_line";
  }
  if (!has_lines) {
    return nullptr;
  }
  // Damaged sections give fewer lines, and no words on standard error.
  auto ignore = [](llvm::Error error) { llvm::consumeError(std::move(error)); };
  auto dwarf = llvm::DWARFContext::create(
      **object, llvm::DWARFContext::ProcessDebugRelocations::Process, nullptr, "", ignore, ignore);
  return std::make_unique<DwarfLines>(std::move(module), std::move(*object), std::move(dwarf),
                                      code_begin);
}

}  // namespace weft::engine
