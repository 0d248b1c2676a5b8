// The fixed part of a frozen file. Private to src/snapshot; README.md draws the whole.
//
// Thread safety: plain data.
#pragma once

#include <array>
#include <cstdint>

#include "base/result.h"
#include "snapshot/frozen.h"

namespace weft::snapshot {

inline constexpr uint64_t frozen_magic = 0x31'5a'52'46'54'46'45'57;  // "WEFTFRZ1", little endian
inline constexpr uint32_t frozen_version = 2;

using Checksum = std::array<uint64_t, 2>;  // XXH3-128: low, high
Checksum checksum_of(const void* bytes, uint64_t count);

// Everything lies in this order. All begins but that of the run table are page aligned.
struct FrozenHeader {
  uint64_t magic = frozen_magic;
  uint32_t version = frozen_version;
  uint32_t header_bytes = sizeof(FrozenHeader);
  uint64_t description_begin = 0;
  uint64_t description_bytes = 0;
  uint64_t code_begin = 0;
  uint64_t code_bytes = 0;  // 0: the code is only named
  uint64_t pages_begin = 0;
  uint64_t runs_begin = 0;  // StoredRun[], which is also where the pages end
  uint64_t run_count = 0;
  uint64_t file_bytes = 0;
  Checksum description_checksum = {};
  Checksum runs_checksum = {};
  Checksum checksum = {};  // of all before this field
};
static_assert(sizeof(FrozenHeader) == 128 && sizeof(StoredRun) == 32);

Checksum checksum_of(const FrozenHeader& header);

std::string serialise(const Description& description);
// Error corrupt when the bytes are no description, or one that no guest can have.
Result<Description> parse_description(std::string_view bytes);

}  // namespace weft::snapshot
