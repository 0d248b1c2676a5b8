#include "engine/code_file.h"

#include <elf.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <xxh_x86dispatch.h>

#include <algorithm>
#include <cerrno>
#include <cstring>

namespace weft::engine {

namespace {

std::unexpected<Error> damaged(const std::string& name, std::string_view what) {
  return error(Error::Kind::corrupt, "{} is not a usable code file: {}", name, what);
}

// Where a trailer may be trusted: its lengths agree with the file's.
Result<CodeTrailer> read_trailer(std::span<const uint8_t> file, const std::string& name) {
  CodeTrailer trailer{};
  if (file.size() < sizeof(Elf64_Ehdr) + sizeof trailer) {
    return damaged(name, "it is too short");
  }
  std::memcpy(&trailer, file.data() + file.size() - sizeof trailer, sizeof trailer);
  if (trailer.magic != code_magic) {
    return damaged(name, "it is truncated, or no code file");
  }
  uint64_t payload = file.size() - sizeof trailer;
  if (trailer.elf_bytes > payload || trailer.info_bytes != payload - trailer.elf_bytes ||
      trailer.elf_bytes < sizeof(Elf64_Ehdr)) {
    return damaged(name, "its lengths disagree");
  }
  return trailer;
}

bool checksum_matches(std::span<const uint8_t> file, const CodeTrailer& trailer) {
  size_t covered = file.size() - sizeof(trailer.checksum_low) - sizeof(trailer.checksum_high);
  XXH128_hash_t hash = XXH3_128bits(file.data(), covered);
  return hash.low64 == trailer.checksum_low && hash.high64 == trailer.checksum_high;
}

constexpr uint64_t code_end = slot::code_address + slot::code_bytes;

struct Segments {
  std::vector<Elf64_Phdr> load;
  uint64_t begin = UINT64_MAX;
  uint64_t end = 0;
  uint64_t entry = 0;

  // Does an array of so many things come from the file, all of it from one segment?
  bool hold(uint64_t address, uint64_t count, uint64_t size, uint64_t alignment = 8) const {
    return count == 0 || std::any_of(load.begin(), load.end(), [&](const Elf64_Phdr& p) {
             return address % alignment == 0 && address >= p.p_vaddr &&
                    address - p.p_vaddr <= p.p_filesz &&
                    count <= (p.p_filesz - (address - p.p_vaddr)) / size;
           });
  }
};

Result<Segments> read_segments(std::span<const uint8_t> elf, const std::string& name) {
  Elf64_Ehdr header{};
  std::memcpy(&header, elf.data(), sizeof header);
  bool usable = std::memcmp(header.e_ident, ELFMAG, SELFMAG) == 0 &&
                header.e_machine == EM_X86_64 && header.e_phentsize == sizeof(Elf64_Phdr) &&
                header.e_phoff <= elf.size() &&
                header.e_phnum <= (elf.size() - header.e_phoff) / sizeof(Elf64_Phdr);
  if (!usable) {
    return damaged(name, "its ELF header is wrong");
  }
  Segments segments;
  segments.entry = header.e_entry;
  for (int i = 0; i < header.e_phnum; ++i) {
    Elf64_Phdr p{};
    std::memcpy(&p, elf.data() + header.e_phoff + sizeof p * static_cast<size_t>(i), sizeof p);
    if (p.p_type != PT_LOAD) {
      continue;
    }
    if (p.p_offset > elf.size() || p.p_filesz > elf.size() - p.p_offset || p.p_filesz > p.p_memsz ||
        p.p_vaddr > code_end || p.p_memsz > code_end - p.p_vaddr ||
        p.p_vaddr % slot::page_bytes != p.p_offset % slot::page_bytes) {
      return damaged(name, "a segment lies outside the file");
    }
    segments.begin = std::min<uint64_t>(segments.begin, p.p_vaddr & ~(slot::page_bytes - 1));
    segments.end = std::max<uint64_t>(segments.end, p.p_vaddr + p.p_memsz);
    segments.load.push_back(p);
  }
  if (segments.load.empty() || segments.begin < slot::code_address ||
      !segments.hold(segments.entry, 1, sizeof(CodeHeader))) {
    return damaged(name, "it is linked for addresses that are not for code");
  }
  return segments;
}

// Of all data segments together: they follow each other.
std::optional<uint64_t> data_bytes(const CodeInfo& info) {
  uint64_t end = 0;
  if (!info.data.empty()) {
    const DataInfo& last = info.data.back();
    if (__builtin_add_overflow(last.start, last.size, &end)) {
      return std::nullopt;
    }
  }
  return end;
}

// Do the code's head and the description fit each other, as far as a CodeFile itself goes by them?
// Of the data segments, of which there may be tens of thousands, only the last one is looked at:
// Instance looks at each that it copies.
bool agree(const CodeHeader& header, const CodeInfo& info, const Segments& segments) {
  auto below = [](std::span<const uint32_t> indices, size_t count) {
    return std::all_of(indices.begin(), indices.end(), [&](uint32_t i) { return i < count; });
  };
  auto data = data_bytes(info);
  return data && below(info.function_types, info.types.size()) &&
         info.canonical_types.size() == info.types.size() &&
         below(info.canonical_types, info.types.size()) &&
         below(info.referenced, info.function_types.size()) &&
         std::is_sorted(info.referenced.begin(), info.referenced.end()) &&
         segments.hold(header.functions, info.function_types.size(), sizeof(uint64_t)) &&
         segments.hold(header.entries, info.types.size(), sizeof(uint64_t)) &&
         (info.linking == Linking::open ||
          segments.hold(header.descriptors, info.referenced.size(), sizeof(cpu::FuncRef))) &&
         segments.hold(header.data, *data, 1, 1);
}

Result<uint64_t> map_segments(const Segments& segments, int fd, uint64_t file_begin,
                              const std::string& name) {
  uint64_t windows = (segments.end - segments.begin + code_window_bytes - 1) / code_window_bytes;
  uint64_t reserved = windows * code_window_bytes;
  void* base = reinterpret_cast<void*>(segments.begin);
  void* got = mmap(base, reserved, PROT_NONE,
                   MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE | MAP_FIXED_NOREPLACE, -1, 0);
  if (got != base) {
    if (got != MAP_FAILED) {
      munmap(got, reserved);
    }
    return error(Error::Kind::conflict, "the code addresses of {} are taken in this process", name);
  }
  // Sections with addresses in them are linked as writable; here they are final, so nothing is
  // mapped writable.
  for (const Elf64_Phdr& p : segments.load) {
    uint64_t skew = p.p_vaddr & (slot::page_bytes - 1);
    int protection = PROT_READ | ((p.p_flags & PF_X) != 0 ? PROT_EXEC : 0);
    void* at = reinterpret_cast<void*>(p.p_vaddr - skew);
    if (mmap(at, p.p_filesz + skew, protection, MAP_PRIVATE | MAP_FIXED, fd,
             static_cast<off_t>(file_begin + p.p_offset - skew)) != at) {
      int saved = errno;
      munmap(base, reserved);
      return io_error(saved, fmt::format("mapping {}", name));
    }
  }
  return reserved;
}

}  // namespace

std::string CodeKey::hex() const { return fmt::format("{:016x}{:016x}", high, low); }

Result<std::shared_ptr<const CodeFile>> CodeFile::map(int fd, const std::string& name,
                                                      Verify verify) {
  struct stat status{};
  if (fstat(fd, &status) != 0) {
    return io_error(errno, fmt::format("opening {}", name));
  }
  return map_part(fd, 0, static_cast<uint64_t>(status.st_size), name, verify);
}

Result<std::shared_ptr<const CodeFile>> CodeFile::map_part(int fd, uint64_t begin, uint64_t size,
                                                           const std::string& name, Verify verify) {
  if (size == 0) {
    return damaged(name, "it is empty");
  }
  std::shared_ptr<CodeFile> file(new CodeFile());
  file->name_ = name;
  file->file_ = mmap(nullptr, size, PROT_READ, MAP_PRIVATE, fd, static_cast<off_t>(begin));
  if (file->file_ == MAP_FAILED) {
    file->file_ = nullptr;
    return io_error(errno, fmt::format("mapping {}", name));
  }
  file->file_bytes_ = size;
  std::span bytes(static_cast<const uint8_t*>(file->file_), size);
  TRY(trailer, read_trailer(bytes, name));
  if (verify == Verify::checksum && !checksum_matches(bytes, trailer)) {
    return damaged(name, "its checksum does not match");
  }
  file->key_ = {trailer.key_low, trailer.key_high};
  file->elf_ = bytes.first(trailer.elf_bytes);
  auto description = bytes.subspan(trailer.elf_bytes, trailer.info_bytes);
  auto info = parse_info({reinterpret_cast<const char*>(description.data()), description.size()});
  if (!info) {
    return damaged(name, "its description is of another version");
  }
  file->info_ = std::move(*info);
  TRY(segments, read_segments(file->elf_, name));
  TRY(mapped, map_segments(segments, fd, begin, name));
  file->address_ = segments.begin;
  file->mapped_bytes_ = mapped;
  file->header_ = reinterpret_cast<const CodeHeader*>(segments.entry);
  const CodeHeader& header = *file->header_;
  if (header.magic != code_magic || header.version != code_format_version) {
    return damaged(name, "it is of another format version");
  }
  if (!agree(header, file->info_, segments)) {
    return damaged(name, "its code and its description disagree");
  }
  file->functions_ = reinterpret_cast<const uint64_t*>(header.functions);
  file->entries_ = reinterpret_cast<const uint64_t*>(header.entries);
  file->range_ = {header.stubs_begin, header.stubs_end, header.code_begin, header.code_end};
  file->debugger_.emplace(file->elf_);
  return std::shared_ptr<const CodeFile>(std::move(file));
}

CodeFile::~CodeFile() {
  debugger_.reset();
  if (mapped_bytes_ != 0) {
    munmap(reinterpret_cast<void*>(address_), mapped_bytes_);
  }
  if (file_ != nullptr) {
    munmap(file_, file_bytes_);
  }
}

uint64_t CodeFile::descriptor(uint32_t function) const {
  auto it = std::lower_bound(info_.referenced.begin(), info_.referenced.end(), function);
  CHECK(it != info_.referenced.end() && *it == function);
  return header_->descriptors +
         static_cast<uint64_t>(it - info_.referenced.begin()) * sizeof(cpu::FuncRef);
}

std::span<const uint8_t> CodeFile::data() const {
  return {reinterpret_cast<const uint8_t*>(header_->data), data_bytes(info_).value_or(0)};
}

std::string assemble_code_file(std::string elf, const CodeInfo& info, const CodeKey& key) {
  std::string description = serialise(info);
  elf.resize((elf.size() + table_alignment - 1) & ~(table_alignment - 1));
  CodeTrailer trailer{code_magic, elf.size(), description.size(), key.low, key.high, 0, 0};
  std::string file = std::move(elf);
  file += description;
  file.append(reinterpret_cast<const char*>(&trailer), sizeof trailer);
  size_t covered = file.size() - 16;
  XXH128_hash_t hash = XXH3_128bits(file.data(), covered);
  std::memcpy(file.data() + covered, &hash.low64, 8);
  std::memcpy(file.data() + covered + 8, &hash.high64, 8);
  return file;
}

}  // namespace weft::engine
