#include "snapshot/pages.h"

#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstring>

#include "cpu/save_area.h"

namespace weft::snapshot {

namespace {

constexpr int64_t page = static_cast<int64_t>(slot::page_bytes);
constexpr int64_t red_zone_bytes = 128;

int64_t offset_of(const instance::Instance& instance, uint64_t address) {
  auto base = reinterpret_cast<uint64_t>(cpu::base_of(instance.head()));
  return static_cast<int64_t>(address - base);
}

Run field(size_t offset, size_t bytes) {
  int64_t begin = static_cast<int64_t>(offset) - static_cast<int64_t>(sizeof(cpu::InstanceHead));
  return {begin, begin + static_cast<int64_t>(bytes)};
}

}  // namespace

Extent extent_of(const instance::Instance& instance) {
  return {.stack_bytes = instance.limits().stack_bytes,
          .block_bytes = instance.head()->instance_bytes,
          .memory_bytes = instance.head()->memory_bytes};
}

int64_t live_stack(const instance::Instance& instance, Stand stand) {
  Extent extent = extent_of(instance);
  if (stand == Stand::idle) {
    return extent.stack_high();
  }
  const cpu::InstanceHead& head = *instance.head();
  int64_t top =
      stand == Stand::suspended
          ? offset_of(instance, head.guest_rsp)
          : offset_of(instance, reinterpret_cast<const cpu::SaveArea*>(head.save_area)->rsp) -
                red_zone_bytes;
  CHECK(top >= extent.begin() - red_zone_bytes && top <= extent.stack_high(),
        "the stack pointer lies {} bytes from the base, outside of the stack", top);
  return std::max(top & -page, extent.begin());
}

Result<Runs> live_pages(const slot::DirtyPages& dirty, const std::byte* base, int64_t begin,
                        int64_t end, const Runs& under) {
  auto origin = reinterpret_cast<uint64_t>(base);
  std::vector<slot::PageRange> ranges;
  TRY_VOID(dirty.scan(origin + static_cast<uint64_t>(begin), origin + static_cast<uint64_t>(end),
                      ranges));
  Runs written;
  written.reserve(ranges.size());
  for (const slot::PageRange& range : ranges) {
    written.push_back(
        {static_cast<int64_t>(range.begin - origin), static_cast<int64_t>(range.end - origin)});
  }
  Runs below;
  for (Run run : under) {
    run = {std::max(run.begin, begin), std::min(run.end, end)};
    if (run.begin < run.end) {
      below.push_back(run);
    }
  }
  return below.empty() ? written : join(written, below);
}

Result<Runs> file_pages(int file, uint64_t bytes) {
  Runs runs;
  auto end = static_cast<off_t>(bytes);
  for (off_t at = 0; at < end;) {
    off_t begin = ::lseek(file, at, SEEK_DATA);
    if (begin < 0 && errno == ENXIO) {
      break;  // nothing but a hole is left
    }
    off_t hole = begin < 0 ? -1 : ::lseek(file, begin, SEEK_HOLE);
    if (hole < 0) {
      return io_error(errno, "asking which pages of a memory there are");
    }
    at = std::min(hole, end);
    if (begin < at) {
      runs.push_back({begin & -page, (at + page - 1) & -page});
    }
  }
  return join(runs, {});
}

Runs join(const Runs& a, const Runs& b) {
  Runs all;
  all.reserve(a.size() + b.size());
  std::ranges::merge(a, b, std::back_inserter(all), {}, &Run::begin, &Run::begin);
  Runs joined;
  for (const Run& run : all) {
    if (!joined.empty() && run.begin <= joined.back().end) {
      joined.back().end = std::max(joined.back().end, run.end);
    } else {
      joined.push_back(run);
    }
  }
  return joined;
}

Runs host_fields(const engine::CodeInfo& info) {
  using Head = cpu::InstanceHead;
  auto functions = static_cast<int64_t>(engine::builtin_count) + info.imported_functions;
  int64_t imports = info.layout.imports;
  return {{imports, imports + functions * static_cast<int64_t>(sizeof(cpu::ImportEntry))},
          field(offsetof(Head, context), sizeof(Head::context)),
          field(offsetof(Head, interrupt), sizeof(Head::interrupt)),
          field(offsetof(Head, host_rsp), sizeof(Head::host_rsp))};
}

bool is_zero(const std::byte* bytes) {
  // Most pages are not, and say so in their first line.
  uint64_t first[8];
  std::memcpy(first, bytes, sizeof first);
  return std::ranges::all_of(first, [](uint64_t word) { return word == 0; }) &&
         std::memcmp(bytes, bytes + sizeof first, slot::page_bytes - sizeof first) == 0;
}

}  // namespace weft::snapshot
