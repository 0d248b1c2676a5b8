#include "wasi/guest_buffers.h"

#include <algorithm>
#include <climits>

#include "base/result.h"

namespace weft::wasi {

std::expected<GuestBuffers, Errno> GuestBuffers::load(const host::Memory& memory,
                                                      host::GuestAddress list, uint32_t count) {
  if (count > max_parts) {
    return std::unexpected(Errno::inval);
  }
  auto table = memory.bytes(list, uint64_t{count} * sizeof(Iovec));
  if (!table) {
    return std::unexpected(Errno::fault);
  }
  GuestBuffers buffers;
  buffers.parts_.reserve(count);
  for (uint32_t i = 0; i < count; ++i) {
    Iovec part;  // copied first: another thread of the guest may change it after the check
    std::memcpy(&part, table->data() + size_t{i} * sizeof(Iovec), sizeof part);
    auto bytes = memory.bytes(host::GuestAddress{part.buf}, part.buf_len);
    if (!bytes) {
      return std::unexpected(Errno::fault);
    }
    size_t length = std::min<uint64_t>(bytes->size(), max_bytes - buffers.left_);
    if (length > 0) {
      buffers.parts_.push_back({bytes->data(), length});
      buffers.left_ += length;
    }
  }
  return buffers;
}

void GuestBuffers::skip(uint64_t bytes) {
  CHECK(bytes <= left_);
  left_ -= bytes;
  while (bytes > 0) {
    iovec& part = parts_[first_];
    size_t n = std::min<uint64_t>(bytes, part.iov_len);
    part.iov_base = static_cast<std::byte*>(part.iov_base) + n;
    part.iov_len -= n;
    bytes -= n;
    if (part.iov_len == 0) {
      ++first_;
    }
  }
}

std::span<const iovec> GuestBuffers::next(uint64_t limit) {
  window_.clear();
  for (size_t i = first_; i < parts_.size() && limit > 0 && window_.size() < IOV_MAX; ++i) {
    size_t n = std::min<uint64_t>(parts_[i].iov_len, limit);
    window_.push_back({parts_[i].iov_base, n});
    limit -= n;
  }
  return window_;
}

}  // namespace weft::wasi
