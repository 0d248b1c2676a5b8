// Reading and writing the pages of a file by way of a mapping, where that is the shorter way.
//
// pread and pwrite look every page up, and copy it with the kernel's means. A file whose pages are
// in memory can be mapped instead: all its translations are made by one call, and the copy uses
// stores that do not first read what they replace. Into a tmpfs file that is there already this
// takes two thirds of the time; into a new one a mapping takes twice as long as pwrite, because
// each page is zeroed first.
//
// Every page is asked for (MADV_POPULATE_READ) before it is touched, so a disk that fails, or a
// file that is shorter than it was, is an Error and no SIGBUS; unless it shrinks in the very
// moment.
//
// Thread safety: a SourceFile may be read by several threads, a TargetFile belongs to one.
#pragma once

#include <cstddef>
#include <cstdint>
#include <vector>

#include "base/result.h"

namespace weft::snapshot {

// Keeps its mapping until it ends.
class FileMapping {
 public:
  FileMapping(int fd, uint64_t bytes, int protection);
  ~FileMapping();
  FileMapping(const FileMapping&) = delete;
  FileMapping& operator=(const FileMapping&) = delete;

  // The bytes, present and mapped; null when there is no such mapping.
  std::byte* ready(uint64_t offset, uint64_t count) const;

 private:
  std::byte* begin_ = nullptr;
  uint64_t bytes_ = 0;
};

class SourceFile {
 public:
  SourceFile(int fd, uint64_t bytes);

  // Valid until the next call with the same scratch. Error corrupt when the file ends before.
  Result<const std::byte*> read(uint64_t offset, uint64_t count,
                                std::vector<std::byte>& scratch) const;

 private:
  int fd_;
  FileMapping mapping_;
};

class TargetFile {
 public:
  // Moves the file's position. REQUIRES: while this lives nobody shrinks the file.
  explicit TargetFile(int fd);

  [[nodiscard]] Result<void> write(const std::byte* bytes, uint64_t count, uint64_t offset);

 private:
  bool is_in_memory(uint64_t offset, uint64_t count);

  int fd_;
  FileMapping mapping_;
  uint64_t data_begin_ = 0;  // a part of the file that is known to have no holes
  uint64_t data_end_ = 0;
};

}  // namespace weft::snapshot
