// A code file in memory: compiled code, mapped at its fixed address, and the description of its
// module.
//
// The addresses from slot::code_address on are cut into windows; a code file is linked for one of
// them. Which one follows from its key, so that machines agree; where two modules of a process want
// the same window, one is linked for another.
//
// Thread safety: immutable. The mapping lives as long as the object; share it by shared_ptr<const
// CodeFile>.
#pragma once

#include <array>
#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <string>

#include "base/result.h"
#include "cpu/thread.h"
#include "engine/code_header.h"
#include "engine/code_info.h"
#include "engine/debugger.h"
#include "slot/slot_pool.h"

namespace weft::engine {

inline constexpr uint64_t code_window_bytes = uint64_t{1} << 28;
inline constexpr uint64_t code_windows = slot::code_bytes / code_window_bytes;
inline uint64_t window_address(uint64_t window) {
  return slot::code_address + window * code_window_bytes;
}

// What a code file is made from: XXH3-128 over module bytes, options, target and the compiler's
// version.
struct CodeKey {
  uint64_t low = 0;
  uint64_t high = 0;
  bool operator==(const CodeKey&) const = default;
  std::string hex() const;
};

class CodeFile {
 public:
  enum class Verify : uint8_t { checksum, trailer_only };

  // Maps the file behind `fd`. Errors: corrupt (truncated, damaged, another format version),
  // unsupported (for a CPU that this machine is not), exhausted (its addresses are taken in this
  // process: link it for another window).
  static Result<std::shared_ptr<const CodeFile>> map(int fd, const std::string& name,
                                                     Verify verify);
  // The same for a code file that is a part of another file. REQUIRES: begin is page aligned.
  static Result<std::shared_ptr<const CodeFile>> map_part(int fd, uint64_t begin, uint64_t bytes,
                                                          const std::string& name, Verify verify);
  ~CodeFile();
  CodeFile(const CodeFile&) = delete;
  CodeFile& operator=(const CodeFile&) = delete;

  const CodeInfo& info() const { return info_; }
  const CodeKey& key() const { return key_; }
  const std::string& name() const { return name_; }  // for messages
  uint64_t address() const { return address_; }

  uint64_t function(uint32_t index) const { return functions_[index]; }
  uint64_t entry(uint32_t type) const { return entries_[info_.canonical_types[type]]; }
  uint64_t finish_stub() const { return header_->finish_stub; }
  // Closed linking: address of the function's cpu::FuncRef.
  uint64_t descriptor(uint32_t function) const;
  const cpu::CodeRange& range() const { return range_; }
  std::span<const uint8_t> data() const;  // of all segments
  // The whole file, to be embedded in another.
  std::span<const uint8_t> bytes() const {
    return {static_cast<const uint8_t*>(file_), file_bytes_};
  }
  // The whole ELF image, for symbols and unwinding.
  std::span<const uint8_t> elf() const { return elf_; }

 private:
  CodeFile() = default;

  std::string name_;
  CodeKey key_;
  CodeInfo info_;  // its tables lie in file_
  uint64_t address_ = 0;
  uint64_t mapped_bytes_ = 0;  // of the window
  void* file_ = nullptr;       // the whole file, mapped where the kernel likes
  uint64_t file_bytes_ = 0;
  std::span<const uint8_t> elf_;
  const CodeHeader* header_ = nullptr;
  const uint64_t* functions_ = nullptr;
  const uint64_t* entries_ = nullptr;
  cpu::CodeRange range_{};
  std::optional<DebuggerEntry> debugger_;
};

// The ELF image, the description and the trailer, as they stand in a file.
std::string assemble_code_file(std::string elf, const CodeInfo& info, const CodeKey& key);

}  // namespace weft::engine
