// The two times that fd_filestat_set_times and path_filestat_set_times set, as utimensat takes
// them.
//
// Thread safety: a function of its arguments.
#pragma once

#include <sys/stat.h>

#include <array>
#include <cstdint>
#include <expected>

#include "wasi/abi.h"

namespace weft::wasi {

// EINVAL for an unknown flag, and for a time that is to be both a given one and now.
inline std::expected<std::array<timespec, 2>, Errno> file_times(uint64_t atim, uint64_t mtim,
                                                                uint32_t flags) {
  if ((flags & ~fstflags::all) != 0 ||
      (flags & (fstflags::atim | fstflags::atim_now)) == (fstflags::atim | fstflags::atim_now) ||
      (flags & (fstflags::mtim | fstflags::mtim_now)) == (fstflags::mtim | fstflags::mtim_now)) {
    return std::unexpected(Errno::inval);
  }
  auto one = [flags](uint64_t ns, uint32_t set, uint32_t now) -> timespec {
    if ((flags & now) != 0) {
      return {0, UTIME_NOW};
    }
    if ((flags & set) == 0) {
      return {0, UTIME_OMIT};
    }
    return {static_cast<time_t>(ns / 1'000'000'000u), static_cast<long>(ns % 1'000'000'000u)};
  };
  return std::array<timespec, 2>{one(atim, fstflags::atim, fstflags::atim_now),
                                 one(mtim, fstflags::mtim, fstflags::mtim_now)};
}

}  // namespace weft::wasi
