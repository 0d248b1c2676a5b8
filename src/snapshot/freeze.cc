#include <fcntl.h>
#include <linux/falloc.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstddef>
#include <filesystem>

#include "base/new_file.h"
#include "cpu/save_area.h"
#include "engine/compiler.h"
#include "snapshot/frozen.h"
#include "snapshot/frozen_format.h"

namespace weft::snapshot {

namespace {

constexpr uint64_t to_page(uint64_t bytes) {
  return (bytes + slot::page_bytes - 1) & ~(slot::page_bytes - 1);
}

uint64_t size_of(int fd) {
  struct stat status = {};
  return ::fstat(fd, &status) == 0 ? static_cast<uint64_t>(status.st_size) : 0;
}

// What the file held before may not show where the guest has zeros.
Result<void> clear_between(int fd, uint64_t begin, uint64_t end) {
  if (begin < end && ::fallocate(fd, FALLOC_FL_PUNCH_HOLE | FALLOC_FL_KEEP_SIZE,
                                 static_cast<off_t>(begin), static_cast<off_t>(end - begin)) != 0) {
    return io_error(errno, "clearing a file for a frozen guest");
  }
  return {};
}

Result<void> clear_gaps(int fd, const FrozenHeader& header, int64_t begin, const Runs& runs,
                        uint64_t old_bytes) {
  uint64_t done = header.pages_begin;
  for (const Run& run : runs) {
    uint64_t at = header.pages_begin + static_cast<uint64_t>(run.begin - begin);
    TRY_VOID(clear_between(fd, done, std::min(at, old_bytes)));
    done = at + run.bytes();
  }
  return {};
}

Result<void> sync_parent(const std::string& path) {
  auto parent = std::filesystem::path(path).parent_path();
  UniqueFd directory(
      ::open(parent.empty() ? "." : parent.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
  if (!directory || ::fsync(directory.value()) != 0) {
    return io_error(errno, path);
  }
  return {};
}

// Shared memory is a file's, so that nothing of it counts as written by the process.
Result<Runs> pages_of(const instance::Instance& instance, const Description& description,
                      const slot::DirtyPages& dirty, const Runs& under) {
  const std::byte* base = cpu::base_of(instance.head());
  int file = instance.memory().file();
  TRY(own,
      live_pages(dirty, base, description.begin, file < 0 ? description.extent.end() : 0, under));
  if (file < 0) {
    return std::move(own);
  }
  TRY(shared, file_pages(file, description.extent.memory_bytes));
  return join(own, shared);
}

}  // namespace

Description describe(const instance::Instance& instance, Stand stand,
                     std::vector<std::string> attachments) {
  const engine::CodeFile& code = instance.code();
  CHECK(code.info().linking == engine::Linking::closed);
  auto base = reinterpret_cast<uint64_t>(cpu::base_of(instance.head()));
  uint64_t distance = base - reinterpret_cast<uint64_t>(slot::SlotPool::base_of(0));
  return {.compiler = engine::compiler_version(),
          .cpu = code.info().cpu,
          .target_cpu = code.info().target_cpu,
          .target_features = code.info().target_features,
          .state_mask = cpu::extended_state_mask(),
          .state_layout = cpu::extended_state_layout(),
          .code_key = code.key(),
          .code_address = code.address(),
          .program = code.name(),
          .slot = static_cast<uint32_t>(distance / slot::stride_bytes),
          .extent = extent_of(instance),
          .begin = live_stack(instance, stand),
          .memory_limit_pages = instance.limits().memory_pages,
          .save_area = code.info().layout.save_area,
          .stand = stand,
          .attachments = std::move(attachments)};
}

Result<FreezeCost> write_frozen(int fd, const instance::Instance& instance,
                                const Description& description, const slot::DirtyPages& dirty,
                                const PageFile* under, const FreezeOptions& options) {
  const std::byte* base = cpu::base_of(instance.head());
  const engine::CodeFile& code = instance.code();
  std::string text = serialise(description);
  bool embedded = options.code == FreezeOptions::Code::embedded;

  FrozenHeader header;
  header.description_begin = slot::page_bytes;
  header.description_bytes = text.size();
  header.description_checksum = checksum_of(text.data(), text.size());
  header.code_begin = to_page(header.description_begin + text.size());
  header.code_bytes = embedded ? code.bytes().size() : 0;
  header.pages_begin = to_page(header.code_begin + header.code_bytes);

  // Until the header is there the file is none.
  FrozenHeader nothing{};
  nothing.magic = 0;
  uint64_t old_bytes = size_of(fd);
  TRY_VOID(write_at(fd, &nothing, sizeof nothing, 0));
  TRY_VOID(write_at(fd, text.data(), text.size(), header.description_begin));
  TRY_VOID(write_at(fd, code.bytes().data(), header.code_bytes, header.code_begin));
  TRY(live, pages_of(instance, description, dirty, under != nullptr ? under->runs() : Runs{}));
  TRY(stored, write_pages(fd, header.pages_begin, description.begin, base, live,
                          host_fields(code.info()), Checksums::xxh3));
  Runs runs = runs_of(stored);
  CHECK(!runs.empty(), "an instance block is never all zeros");
  TRY_VOID(clear_gaps(fd, header, description.begin, runs, old_bytes));

  header.runs_begin =
      header.pages_begin + static_cast<uint64_t>(runs.back().end - description.begin);
  header.run_count = stored.size();
  uint64_t table_bytes = stored.size() * sizeof(StoredRun);
  header.runs_checksum = checksum_of(stored.data(), table_bytes);
  header.file_bytes = header.runs_begin + table_bytes;
  header.checksum = checksum_of(header);
  TRY_VOID(write_at(fd, stored.data(), table_bytes, header.runs_begin));
  if (::ftruncate(fd, static_cast<off_t>(header.file_bytes)) != 0) {
    return io_error(errno, "sizing the file of a frozen guest");
  }
  TRY_VOID(write_at(fd, &header, sizeof header, 0));
  FreezeCost cost{.file_bytes = header.file_bytes};
  for (const Run& run : runs) {
    cost.stored_pages += run.bytes() / slot::page_bytes;
  }
  return cost;
}

Result<FreezeCost> write_frozen(const std::string& path, const instance::Instance& instance,
                                const Description& description, const slot::DirtyPages& dirty,
                                const PageFile* under, const FreezeOptions& options) {
  auto at_path = [&](const Error& reason) { return std::unexpected(reason.in(path)); };
  auto file = NewFile::create(path);
  if (!file) {
    return at_path(file.error());
  }
  auto cost = write_frozen(file->fd(), instance, description, dirty, under, options);
  if (!cost) {
    return at_path(cost.error());
  }
  bool synced = options.durability == FreezeOptions::Durability::synced;
  if (synced && ::fsync(file->fd()) != 0) {
    return at_path(io_error(errno, "writing to disk").error());
  }
  if (auto published = file->publish(); !published) {
    return at_path(published.error());
  }
  if (synced) {
    TRY_VOID(sync_parent(path));
  }
  return cost;
}

}  // namespace weft::snapshot
