// A guest's scatter/gather list, checked and copied, as a cursor over what is left of it.
//
// Thread safety: a value; the bytes it points to belong to the guest.
// Invariant: every range lies in the guest's memory, and all of them together are at most max_bytes
// long.
#pragma once

#include <sys/uio.h>

#include <cstddef>
#include <cstdint>
#include <expected>
#include <span>
#include <vector>

#include "host/guest.h"
#include "wasi/abi.h"

namespace weft::wasi {

class GuestBuffers {
 public:
  static constexpr uint64_t max_bytes =
      0x7fff'f000;  // what Linux moves in one call; longer lists are cut here
  static constexpr uint32_t max_parts =
      65'536;  // longer lists are EINVAL, so that checking one takes bounded time

  static std::expected<GuestBuffers, Errno> load(const host::Memory& memory,
                                                 host::GuestAddress list, uint32_t count);

  bool empty() const { return left_ == 0; }
  uint64_t left() const { return left_; }
  void skip(uint64_t bytes);
  // The next parts, at most IOV_MAX of them and `limit` bytes. Valid until the next call; none is
  // empty.
  std::span<const iovec> next(uint64_t limit);

 private:
  std::vector<iovec> parts_;  // without the empty ones
  std::vector<iovec> window_;
  size_t first_ = 0;  // parts before this one are done
  uint64_t left_ = 0;
};

}  // namespace weft::wasi
