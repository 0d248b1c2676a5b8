// Whether LMDB's file is one that it can be trusted with: LMDB believes every number in it, and a
// damaged one makes it read or write anywhere.
//
//     page 0, 1     roots; the one with the higher transaction counts
//       └─ tree of free pages: transaction -> page numbers
//       └─ tree of tables ─► a tree for each: branch pages, leaf pages, runs of overflow pages
//
// Everything that is reachable is looked at once, before LMDB sees it: page numbers, sizes and
// offsets within their bounds, keys in order, no page in use twice or free as well. That is a few
// hundred nanoseconds a page. What values hold is not read; each has its checksum
// (lmdb_environment.h). The layout is that of LMDB 0.9 (data version 1) for 64-bit little-endian
// machines.
//
// Thread safety: none is needed; the file must not change meanwhile.
#pragma once

#include <string>

#include "base/result.h"

namespace weft::store {

// A file that does not exist, or is empty, is a new store. Errors: corrupt, io.
[[nodiscard]] Result<void> check_lmdb_file(const std::string& path);

}  // namespace weft::store
