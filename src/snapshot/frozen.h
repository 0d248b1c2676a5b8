// A frozen guest: a file from which it goes on, in another process or on another machine of the
// same kind, exactly where it stood. README.md has the drawing of the format, and why this is
// correct.
//
//     guest that does not run ──► write_frozen ──► file ──► Frozen::open ──► code(), map() ──►
//     Instance::adopt
//
// This module knows pages, registers and code. What else a guest is made of – where its host call
// stands, its open files – is an opaque string each, written by whom it belongs to.
//
// A frozen file holds native code and stacks: it is as trusted as an executable. Checksums find
// damage, not malice. It holds all that the program had in memory, so only its owner may read it.
//
// Thread safety: a Frozen is immutable; write_frozen() belongs to the guest's thread.
#pragma once

#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "base/unique_fd.h"
#include "engine/code_file.h"
#include "slot/dirty_pages.h"
#include "slot/slot_pool.h"
#include "snapshot/mapped_file.h"
#include "snapshot/page_file.h"
#include "snapshot/pages.h"

namespace weft::snapshot {

// What has to be the same where the guest goes on, and what is needed to go on.
struct Description {
  std::string compiler;  // engine::compiler_version()
  engine::CpuLevel cpu = engine::CpuLevel::native;
  std::string target_cpu;
  std::string target_features;
  uint64_t state_mask = 0;    // cpu::extended_state_mask()
  uint64_t state_layout = 0;  // cpu::extended_state_layout()
  engine::CodeKey code_key;
  uint64_t code_address = 0;
  std::string program;  // a name for messages
  uint32_t slot = 0;
  Extent extent;
  int64_t begin = 0;                // offset of the first page that is stored
  uint64_t memory_limit_pages = 0;  // of 64 KiB
  int64_t save_area = 0;            // offset of cpu::SaveArea
  Stand stand = Stand::idle;
  std::vector<std::string> attachments;  // opaque here
};

// Of a guest that does not run. REQUIRES: closed linking.
Description describe(const instance::Instance& instance, Stand stand,
                     std::vector<std::string> attachments);

struct FreezeOptions {
  enum class Code : uint8_t {
    embedded,  // the file suffices to go on
    named,     // whoever thaws it has the code: a few MB less to write
  };
  enum class Durability : uint8_t {
    synced,  // on disk when the call returns
    none,    // survives this process, not the machine
  };
  Code code = Code::embedded;
  Durability durability = Durability::synced;
};

struct FreezeCost {
  uint64_t stored_pages = 0;
  uint64_t file_bytes = 0;  // apparent size; holes take no room
};

// Writes the guest to `path`: to another name first, then renamed, so that a file of that name is
// whole or as before. `under` is the file that the guest was mapped from, or null.
Result<FreezeCost> write_frozen(const std::string& path, const instance::Instance& instance,
                                const Description& description, const slot::DirtyPages& dirty,
                                const PageFile* under, const FreezeOptions& options);
// The same into a file that is open, whatever it held before: memory that is there already is much
// faster than new. REQUIRES: no guest is mapped from it.
Result<FreezeCost> write_frozen(int fd, const instance::Instance& instance,
                                const Description& description, const slot::DirtyPages& dirty,
                                const PageFile* under, const FreezeOptions& options);

enum class Verify : uint8_t {
  everything,
  header_only,  // pages are not looked at: for files that did not leave this machine's memory
};

class Frozen {
 public:
  // Errors: corrupt (no frozen guest, another format version, truncated, damaged), unsupported
  // (another compiler's code, another processor), io.
  static Result<Frozen> open(const std::string& path, Verify verify = Verify::everything);
  static Result<Frozen> open(UniqueFd fd, const std::string& name,
                             Verify verify = Verify::everything);

  const Description& description() const { return description_; }
  bool has_code() const { return code_bytes_ != 0; }
  // The embedded code. Errors: not_found (only its key is here), conflict (its addresses are taken;
  // if it is the same code that is there, use that).
  Result<std::shared_ptr<const engine::CodeFile>> code() const;
  // Is this the code that the guest ran? Code of the same key may be linked for other addresses.
  [[nodiscard]] Result<void> check_code(const engine::CodeFile& code) const;
  // The guest's slot with all its pages. Errors: conflict (the slot is taken), exhausted.
  Result<slot::Slot> map(slot::SlotPool& pool) const;

  const std::shared_ptr<const PageFile>& pages() const { return pages_; }

 private:
  Frozen() = default;
  Result<void> check_machine() const;
  Result<void> check_registers() const;
  Result<void> check_pages(const std::vector<StoredRun>& runs) const;
  Result<void> check_runs(const SourceFile& file, std::span<const StoredRun> runs) const;

  std::string name_;
  Verify verify_ = Verify::everything;
  Description description_;
  uint64_t code_begin_ = 0;
  uint64_t code_bytes_ = 0;
  std::shared_ptr<const PageFile> pages_;
};

}  // namespace weft::snapshot
