// Large values: one file each in a directory, written and synced before the batch that refers to
// them.
//
// Why not in LMDB: a value above half a page takes a run of neighbouring pages there, which has to
// be found in the list of free pages, is copied once more, and makes all small batches of its group
// wait for its bytes to reach the disk. A file costs a sync of its own, about a millisecond: as
// much as writing half a megabyte. Hence the border of 256 KiB (inline_max_bytes).
//
//     put     write file NAME ─ fsync ─ fsync directory ─► commit: key = reference, "blobs" has
//     NAME erase   commit: key and NAME gone ─► unlink
//
// A crash between the two steps leaves a file that nothing refers to; collect() removes these when
// the store is opened. The checksum in the reference finds a file that was damaged or cut.
//
// Thread safety: any thread; a blob is immutable once it has its name.
#pragma once

#include <atomic>
#include <cstdint>
#include <span>
#include <string>

#include "base/archive.h"
#include "base/result.h"
#include "base/unique_fd.h"

namespace weft::store {

enum class BlobName : uint64_t {};

struct BlobReference {
  BlobName name;
  uint64_t size_bytes;
  uint64_t checksum;  // XXH3-64 of the bytes
};

class Blobs {
 public:
  // Makes the directory. Errors as write_error.
  static Result<std::unique_ptr<Blobs>> open(std::string directory);

  // Writes and syncs the file; durable by its name after sync(). Errors as write_error.
  Result<BlobReference> write(std::string_view bytes);
  // Makes the names of all files written durable.
  [[nodiscard]] Result<void> sync() const;
  // Errors: not_found (erased meanwhile, or lost), corrupt, io.
  Result<std::string> read(const BlobReference& reference) const;
  // Best effort: what remains is collected at the next open.
  void erase(BlobName name) const;
  // Erases all files but these (sorted), and names new ones behind them. Before the first write().
  [[nodiscard]] Result<void> collect(std::span<const BlobName> used);

 private:
  Blobs(std::string directory, UniqueFd fd)
      : directory_(std::move(directory)), fd_(std::move(fd)) {}

  std::string directory_;
  UniqueFd fd_;
  std::atomic<uint64_t> next_ = 1;
};

}  // namespace weft::store
