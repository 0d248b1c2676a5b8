#include "snapshot/frozen.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <xxh_x86dispatch.h>

#include <algorithm>
#include <cerrno>
#include <cstddef>
#include <thread>

#include "base/archive.h"
#include "cpu/save_area.h"
#include "engine/compiler.h"
#include "snapshot/frozen_format.h"

namespace weft::engine {

template <class A>
void fields(A& a, CodeKey& k) {
  a(k.low, k.high);
}

}  // namespace weft::engine

namespace weft::snapshot {

template <class A>
void fields(A& a, Extent& e) {
  a(e.stack_bytes, e.block_bytes, e.memory_bytes);
}
template <class A>
void fields(A& a, Description& d) {
  a(d.compiler, d.cpu, d.target_cpu, d.target_features, d.state_mask, d.state_layout, d.code_key,
    d.code_address, d.program, d.slot, d.extent, d.begin, d.memory_limit_pages, d.save_area,
    d.stand, d.attachments);
}

namespace {

// Mappings that one thawed guest may take.
constexpr size_t thaw_pieces = 8;

// A file with many pages is checked by several threads; starting one takes as long as checking a
// few runs.
constexpr size_t runs_per_thread = 32;
constexpr unsigned most_threads = 4;

constexpr int64_t page = static_cast<int64_t>(slot::page_bytes);

std::unexpected<Error> damaged(std::string_view what) {
  return error(Error::Kind::corrupt, "the frozen program is damaged: {}", what);
}

bool is_page(int64_t offset) { return offset % page == 0; }

// Is [begin, begin + bytes) within [low, high)?
bool within(uint64_t begin, uint64_t bytes, uint64_t low, uint64_t high) {
  return begin >= low && begin <= high && bytes <= high - begin;
}

bool is_possible(const Extent& e) {
  return e.stack_bytes > 0 && e.stack_bytes <= instance::max_stack_bytes &&
         e.stack_bytes % slot::page_bytes == 0 && e.block_bytes >= slot::page_bytes &&
         e.block_bytes % slot::page_bytes == 0 &&
         e.block_bytes <= slot::front_bytes - slot::guard_bytes - e.stack_bytes &&
         e.memory_bytes <= wasm::max_memory_pages * wasm::page_bytes &&
         e.memory_bytes % wasm::page_bytes == 0;
}

Result<FrozenHeader> read_header(int fd) {
  struct stat status = {};
  if (::fstat(fd, &status) != 0) {
    return io_error(errno, "opening");
  }
  auto size = static_cast<uint64_t>(status.st_size);
  FrozenHeader header;
  if (!S_ISREG(status.st_mode) || size < sizeof header) {
    return error(Error::Kind::corrupt, "it is no frozen program");
  }
  TRY_VOID(read_at(fd, &header, sizeof header, 0));
  if (header.magic != frozen_magic) {
    return error(Error::Kind::corrupt, "it is no frozen program");
  }
  if (header.version != frozen_version || header.header_bytes != sizeof header) {
    return error(
        Error::Kind::corrupt,
        "it is of format version {}, and this weft reads version {}: thaw it with the weft "
        "that froze it",
        header.version, frozen_version);
  }
  if (checksum_of(header) != header.checksum) {
    return damaged("the checksum of its header does not match");
  }
  if (size < header.file_bytes) {
    return error(Error::Kind::corrupt, "the frozen program is truncated: {} of {} bytes are there",
                 size, header.file_bytes);
  }
  uint64_t end = header.file_bytes;
  bool orderly =
      within(header.description_begin, header.description_bytes, sizeof header, end) &&
      within(header.code_begin, header.code_bytes, header.description_begin, end) &&
      header.code_begin % slot::page_bytes == 0 &&
      within(header.pages_begin, 0, header.code_begin + header.code_bytes, end) &&
      header.pages_begin % slot::page_bytes == 0 &&
      header.run_count <= header.file_bytes / sizeof(StoredRun) &&
      within(header.runs_begin, header.run_count * sizeof(StoredRun), header.pages_begin, end);
  return orderly ? Result<FrozenHeader>(header) : damaged("its parts overlap");
}

Result<Description> read_description(int fd, const FrozenHeader& header) {
  std::string text(header.description_bytes, '\0');
  TRY_VOID(read_at(fd, text.data(), text.size(), header.description_begin));
  if (checksum_of(text.data(), text.size()) != header.description_checksum) {
    return damaged("the checksum of its description does not match");
  }
  return parse_description(text);
}

Result<std::vector<StoredRun>> read_runs(int fd, const FrozenHeader& header,
                                         const Description& description) {
  std::vector<StoredRun> runs(header.run_count);
  uint64_t bytes = runs.size() * sizeof(StoredRun);
  TRY_VOID(read_at(fd, runs.data(), bytes, header.runs_begin));
  if (checksum_of(runs.data(), bytes) != header.runs_checksum) {
    return damaged("the checksum of its table of pages does not match");
  }
  int64_t done = description.begin;
  for (const StoredRun& run : runs) {
    bool orderly = is_page(run.begin) && run.begin >= done && run.pages > 0 &&
                   run.pages <= stored_run_pages && run.begin < description.extent.end() &&
                   static_cast<int64_t>(run.pages) * page <= description.extent.end() - run.begin;
    if (!orderly) {
      return damaged("its pages lie outside of the guest");
    }
    done = run.begin + static_cast<int64_t>(run.pages) * page;
  }
  if (header.runs_begin - header.pages_begin != static_cast<uint64_t>(done - description.begin)) {
    return damaged("its pages lie outside of the file");
  }
  return runs;
}

}  // namespace

Checksum checksum_of(const void* bytes, uint64_t count) {
  XXH128_hash_t hash = XXH3_128bits(bytes, count);
  return {hash.low64, hash.high64};
}

Checksum checksum_of(const FrozenHeader& header) {
  return checksum_of(&header, offsetof(FrozenHeader, checksum));
}

std::string serialise(const Description& description) { return archive_write(description); }

Result<Description> parse_description(std::string_view bytes) {
  TRY(d, archive_read<Description>(bytes));
  bool possible = is_possible(d.extent) && d.slot < slot::max_slots && is_page(d.begin) &&
                  d.begin >= d.extent.begin() && d.begin <= d.extent.stack_high() &&
                  d.stand <= Stand::preempted && d.cpu <= engine::CpuLevel::x86_64_v2 &&
                  d.save_area >= d.extent.stack_high() &&
                  d.save_area <= -static_cast<int64_t>(cpu::save_area_bytes);
  return possible ? Result<Description>(std::move(d)) : damaged("its description makes no sense");
}

Result<Frozen> Frozen::open(const std::string& path, Verify verify) {
  UniqueFd fd(::open(path.c_str(), O_RDONLY | O_CLOEXEC));
  if (!fd) {
    return io_error(errno, path);
  }
  return open(std::move(fd), path, verify);
}

Result<Frozen> Frozen::open(UniqueFd fd, const std::string& name, Verify verify) {
  auto read = [&]() -> Result<Frozen> {
    TRY(header, read_header(fd.value()));
    TRY(description, read_description(fd.value(), header));
    Frozen frozen;
    frozen.name_ = name;
    frozen.verify_ = verify;
    frozen.description_ = std::move(description);
    TRY_VOID(frozen.check_machine());
    TRY(runs, read_runs(fd.value(), header, frozen.description_));
    frozen.code_begin_ = header.code_begin;
    frozen.code_bytes_ = header.code_bytes;
    frozen.pages_ = std::make_shared<PageFile>(std::move(fd), header.pages_begin,
                                               frozen.description_.begin, runs_of(runs));
    if (verify == Verify::everything) {
      TRY_VOID(frozen.check_pages(runs));
    }
    TRY_VOID(frozen.check_registers());
    return frozen;
  };
  auto frozen = read();
  return frozen ? std::move(frozen) : std::unexpected(frozen.error().in(name));
}

Result<void> Frozen::check_machine() const {
  const Description& d = description_;
  if (std::string here = engine::compiler_version(); d.compiler != here) {
    return error(Error::Kind::unsupported,
                 "its code was made by '{}', and this is '{}': a frozen program goes on only with "
                 "the same version",
                 d.compiler, here);
  }
  auto target = engine::resolve(d.cpu);
  if (!target) {
    return std::unexpected(target.error());
  }
  if (target->cpu != d.target_cpu || target->features != d.target_features) {
    return error(Error::Kind::unsupported,
                 "its code is for the processor {}, and this is {}: programs that move between "
                 "machines are run with --cpu x86-64-v3",
                 d.target_cpu, target->cpu);
  }
  bool same_state =
      d.state_mask == cpu::extended_state_mask() && d.state_layout == cpu::extended_state_layout();
  if (d.stand == Stand::preempted && !same_state) {
    return error(Error::Kind::unsupported,
                 "it was stopped between two instructions on a processor with other vector "
                 "registers (state {:#x}, layout {:#x}; here {:#x}, {:#x})",
                 d.state_mask, d.state_layout, cpu::extended_state_mask(),
                 cpu::extended_state_layout());
  }
  return {};
}

Result<void> Frozen::check_registers() const {
  if (description_.stand != Stand::preempted) {
    return {};
  }
  cpu::SaveArea area;
  TRY_VOID(read_at(pages_->fd(), &area, sizeof area, pages_->place(description_.save_area)));
  return cpu::check_save_area(area);
}

Result<void> Frozen::check_runs(const SourceFile& file, std::span<const StoredRun> runs) const {
  std::vector<std::byte> scratch;
  for (const StoredRun& run : runs) {
    uint64_t count = run.pages * slot::page_bytes;
    TRY(bytes, file.read(pages_->place(run.begin), count, scratch));
    if (checksum_of(bytes, count) != run.checksum) {
      return damaged(
          fmt::format("the checksum of its {} pages from byte {} of the file does not match",
                      run.pages, pages_->place(run.begin)));
    }
  }
  return {};
}

Result<void> Frozen::check_pages(const std::vector<StoredRun>& runs) const {
  SourceFile file(
      pages_->fd(),
      runs.empty() ? 0 : pages_->place(runs.back().begin) + runs.back().pages * slot::page_bytes);
  size_t threads = std::clamp<size_t>(runs.size() / runs_per_thread, 1,
                                      std::min(most_threads, std::thread::hardware_concurrency()));
  std::vector<Result<void>> results(threads);
  auto check = [&](size_t i) {
    size_t begin = runs.size() * i / threads;
    size_t end = runs.size() * (i + 1) / threads;
    results[i] = check_runs(file, std::span(runs).subspan(begin, end - begin));
  };
  {
    std::vector<std::jthread> others;
    for (size_t i = 1; i < threads; ++i) {
      others.emplace_back(check, i);
    }
    check(0);
  }
  for (Result<void>& result : results) {
    TRY_VOID(std::move(result));
  }
  return {};
}

Result<std::shared_ptr<const engine::CodeFile>> Frozen::code() const {
  if (!has_code()) {
    return error(Error::Kind::not_found,
                 "{}: holds no code, only its key {}; compile {} here first", name_,
                 description_.code_key.hex(), description_.program);
  }
  using CodeVerify = engine::CodeFile::Verify;
  TRY(code, engine::CodeFile::map_part(
                pages_->fd(), code_begin_, code_bytes_, description_.program,
                verify_ == Verify::everything ? CodeVerify::checksum : CodeVerify::trailer_only));
  TRY_VOID(check_code(*code));
  return std::move(code);
}

Result<void> Frozen::check_code(const engine::CodeFile& code) const {
  const Description& d = description_;
  if (code.key() != d.code_key || code.address() != d.code_address ||
      code.info().layout.instance_bytes != d.extent.block_bytes) {
    return error(Error::Kind::invalid, "{}: runs the code {} at {:#x}, not {} at {:#x}", name_,
                 d.code_key.hex(), d.code_address, code.key().hex(), code.address());
  }
  return {};
}

Result<slot::Slot> Frozen::map(slot::SlotPool& pool) const {
  auto slot = pool.acquire_at(description_.slot);
  if (!slot) {
    Error::Kind kind =
        slot.error().kind() == Error::Kind::exhausted ? Error::Kind::conflict : slot.error().kind();
    return error(kind, "{}: must go on in the slot that it was frozen in: {}", name_,
                 slot.error().message());
  }
  TRY_VOID(slot->arrange(pages_->layout(description_.extent, thaw_pieces)));
  return slot;
}

}  // namespace weft::snapshot
