#include "snapshot/page_file.h"

#include <unistd.h>
#include <xxh_x86dispatch.h>

#include <algorithm>
#include <cerrno>
#include <cstring>

#include "snapshot/mapped_file.h"

namespace weft::snapshot {

namespace {

constexpr int64_t page = static_cast<int64_t>(slot::page_bytes);

// A hole up to this size is rather mapped from the file than made a mapping of its own.
constexpr int64_t small_hole_bytes = int64_t{1} << 20;

// Joins runs across small holes, then across the smallest of the others until few are left.
Runs pieces_of(const Runs& runs, size_t most) {
  Runs pieces;
  for (const Run& run : runs) {
    if (!pieces.empty() && run.begin - pieces.back().end <= small_hole_bytes) {
      pieces.back().end = run.end;
    } else {
      pieces.push_back(run);
    }
  }
  while (pieces.size() > most) {
    size_t best = 1;
    for (size_t i = 2; i < pieces.size(); ++i) {
      if (pieces[i].begin - pieces[i - 1].end < pieces[best].begin - pieces[best - 1].end) {
        best = i;
      }
    }
    pieces[best - 1].end = pieces[best].end;
    pieces.erase(pieces.begin() + static_cast<ptrdiff_t>(best));
  }
  return pieces;
}

bool overlaps(const Run& a, const Run& b) { return a.begin < b.end && b.begin < a.end; }

// The bytes of a run as they are to be written: in place, or in `copy` with the blank parts zeroed.
const std::byte* blanked(const std::byte* base, const Run& run, const Runs& blank,
                         std::vector<std::byte>& copy) {
  const std::byte* bytes = base + run.begin;
  if (std::ranges::none_of(blank, [&](const Run& b) { return overlaps(b, run); })) {
    return bytes;
  }
  copy.assign(bytes, bytes + run.bytes());
  for (const Run& b : blank) {
    if (overlaps(b, run)) {
      int64_t from = std::max(b.begin, run.begin);
      int64_t to = std::min(b.end, run.end);
      std::memset(copy.data() + (from - run.begin), 0, static_cast<size_t>(to - from));
    }
  }
  return copy.data();
}

}  // namespace

slot::Layout PageFile::layout(const Extent& extent, size_t most_pieces) const {
  slot::Layout parts;
  auto zeros = [&](int64_t from, int64_t to) {
    if (from < to) {
      parts.push_back({from, static_cast<uint64_t>(to - from), nullptr});
    }
  };
  int64_t done = extent.begin();
  for (const Run& piece : pieces_of(runs_, most_pieces)) {
    zeros(done, piece.begin);
    parts.push_back({piece.begin, piece.bytes(), fd_, place(piece.begin)});
    done = piece.end;
  }
  zeros(done, extent.end());
  return parts;
}

Result<std::vector<StoredRun>> write_pages(int fd, uint64_t file_begin, int64_t begin,
                                           const std::byte* base, const Runs& runs,
                                           const Runs& blank, Checksums checksums) {
  constexpr int64_t most = static_cast<int64_t>(stored_run_pages) * page;
  std::vector<StoredRun> stored;
  std::vector<std::byte> copy;
  TargetFile target(fd);
  for (const Run& run : runs) {
    int64_t at = run.begin;
    while (at < run.end) {
      int64_t end = at;
      while (end < run.end && end - at < most && !is_zero(base + end)) {
        end += page;
      }
      if (end == at) {
        at += page;
        continue;
      }
      Run piece{at, end};
      const std::byte* bytes = blanked(base, piece, blank, copy);
      StoredRun& entry = stored.emplace_back(StoredRun{at, piece.bytes() / slot::page_bytes, {}});
      if (checksums == Checksums::xxh3) {
        XXH128_hash_t hash = XXH3_128bits(bytes, piece.bytes());
        entry.checksum = {hash.low64, hash.high64};
      }
      TRY_VOID(target.write(bytes, piece.bytes(), file_begin + static_cast<uint64_t>(at - begin)));
      at = end;
    }
  }
  return stored;
}

Runs runs_of(const std::vector<StoredRun>& stored) {
  Runs runs;
  for (const StoredRun& entry : stored) {
    int64_t end = entry.begin + static_cast<int64_t>(entry.pages) * page;
    if (!runs.empty() && runs.back().end == entry.begin) {
      runs.back().end = end;
    } else {
      runs.push_back({entry.begin, end});
    }
  }
  return runs;
}

Result<void> write_at(int fd, const void* bytes, uint64_t count, uint64_t offset) {
  const auto* from = static_cast<const std::byte*>(bytes);
  while (count > 0) {
    ssize_t n = ::pwrite(fd, from, count, static_cast<off_t>(offset));
    if (n < 0 && errno == EINTR) {
      continue;
    }
    if (n <= 0) {
      return io_error(n == 0 ? ENOSPC : errno, "writing the pages of a guest");
    }
    from += n;
    count -= static_cast<uint64_t>(n);
    offset += static_cast<uint64_t>(n);
  }
  return {};
}

Result<void> read_at(int fd, void* bytes, uint64_t count, uint64_t offset) {
  auto* to = static_cast<std::byte*>(bytes);
  while (count > 0) {
    ssize_t n = ::pread(fd, to, count, static_cast<off_t>(offset));
    if (n < 0 && errno == EINTR) {
      continue;
    }
    if (n < 0) {
      return io_error(errno, "reading the pages of a guest");
    }
    if (n == 0) {
      return error(Error::Kind::corrupt, "the file is truncated: it ends before byte {}",
                   offset + count);
    }
    to += n;
    count -= static_cast<uint64_t>(n);
    offset += static_cast<uint64_t>(n);
  }
  return {};
}

}  // namespace weft::snapshot
