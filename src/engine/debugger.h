// Tells a debugger which code files are mapped, so that it knows the names of guest functions,
// their places in the module and how to unwind them: gdb's JIT compilation interface (gdb manual,
// chapter 30), which lldb understands, too.
//
// Without a debugger this is an entry in a list, and a call of an empty function. perf needs no
// telling: code files are ELF files, mapped as they lie on the disk.
// Thread safety: safe from any thread.
#pragma once

#include <cstdint>
#include <memory>
#include <span>

namespace weft::engine {

// One mapped code file in the list, as long as the object lives.
class DebuggerEntry {
 public:
  // REQUIRES: the ELF image stays readable as long as this object lives.
  explicit DebuggerEntry(std::span<const uint8_t> elf);
  ~DebuggerEntry();
  DebuggerEntry(const DebuggerEntry&) = delete;
  DebuggerEntry& operator=(const DebuggerEntry&) = delete;

 private:
  struct Links;
  std::unique_ptr<Links> links_;
};

}  // namespace weft::engine
