// The store on this machine's disk: LMDB, a directory of its own, no server.
//
//     DIR/lock        who has the directory (data_directory.h)
//     DIR/data.mdb    keys and values (lmdb_environment.h); lock.mdb: LMDB's table of readers
//     DIR/blobs/      values above inline_max_bytes (blobs.h)
//
// One writer thread takes all batches that wait into one LMDB transaction: while one group is being
// synced the next one gathers, so a busy store pays its two syncs for hundreds of batches. A second
// thread, started with the first large value, writes those values before their batch lines up.
//
// A full disk or an exceeded max_bytes fails the group that meets it with `exhausted`; nothing of
// it is written, and the store goes on as soon as there is room. Damage that open() finds is an
// error that says so.
#pragma once

#include <memory>

#include "store/store.h"

namespace weft::store {

struct LmdbOptions {
  std::string directory;
  size_t queue_max_batches = 65536;
  size_t queue_max_bytes = size_t{256} << 20;
  // What one transaction takes; bounds how long the others wait for it.
  size_t group_max_bytes = size_t{32} << 20;
  // Of addresses, not of the disk; doubles when it is full.
  size_t map_bytes = size_t{256} << 20;
  size_t max_bytes = size_t{1} << 40;
};

// Errors of opening: conflict (another process has the directory), denied, corrupt, unsupported (a
// newer version wrote it), exhausted, io.
Result<std::unique_ptr<Store>> open_lmdb(LmdbOptions options);

}  // namespace weft::store
