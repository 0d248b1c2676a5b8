#include "wasi/fd_table.h"

#include "base/result.h"

namespace weft::wasi {

const Descriptor* FdTable::find(uint32_t fd) const {
  return fd < entries_.size() && entries_[fd] ? &*entries_[fd] : nullptr;
}

Descriptor* FdTable::find(uint32_t fd) {
  return fd < entries_.size() && entries_[fd] ? &*entries_[fd] : nullptr;
}

std::optional<uint32_t> FdTable::lowest_free(uint32_t lowest) const {
  uint32_t fd = lowest;
  while (find(fd) != nullptr) {
    ++fd;
  }
  return fd < limit_ ? std::optional(fd) : std::nullopt;
}

uint32_t FdTable::add(Descriptor descriptor) {
  auto fd = lowest_free(0);
  CHECK(fd && put(*fd, std::move(descriptor)));
  return *fd;
}

bool FdTable::put(uint32_t fd, Descriptor descriptor) {
  if (fd >= limit_ || find(fd) != nullptr) {
    return false;
  }
  if (fd >= entries_.size()) {
    entries_.resize(fd + 1);
  }
  entries_[fd] = std::move(descriptor);
  ++used_;
  return true;
}

bool FdTable::close(uint32_t fd) {
  if (find(fd) == nullptr) {
    return false;
  }
  entries_[fd].reset();
  --used_;
  return true;
}

void FdTable::move(uint32_t from, uint32_t to) {
  CHECK(find(from) != nullptr && find(to) != nullptr);
  if (from != to) {
    entries_[to] = std::move(entries_[from]);
    entries_[from].reset();
    --used_;
  }
}

}  // namespace weft::wasi
