// Opening a path below a directory, and never anywhere else: openat2 with RESOLVE_BENEATH. The
// kernel resolves the whole path in one step, symbolic links and ".." included, and refuses one
// that would leave the directory even for a moment, or while another process renames what is passed
// through.
//
// Thread safety: functions.
#pragma once

#include <cstdint>
#include <expected>
#include <string>

#include "base/unique_fd.h"
#include "wasi/abi.h"

namespace weft::wasi {

// `flags` as of open(2); O_CLOEXEC is added. A path that would leave the directory is ENOTCAPABLE.
// `resolve` adds RESOLVE_ bits.
std::expected<UniqueFd, Errno> open_beneath(int directory, const std::string& path, uint64_t flags,
                                            uint64_t resolve = 0);

}  // namespace weft::wasi
