#include "store/blobs.h"

#include <dirent.h>
#include <fcntl.h>
#include <sys/stat.h>

#include <algorithm>
#include <cerrno>
#include <charconv>
#include <memory>
#include <optional>

#include "store/data_directory.h"
#include "xxhash.h"

namespace weft::store {

namespace {

std::string file_name(BlobName name) { return fmt::format("{:016x}", static_cast<uint64_t>(name)); }

std::optional<BlobName> parse_file_name(std::string_view text) {
  uint64_t number = 0;
  auto [end, problem] = std::from_chars(text.data(), text.data() + text.size(), number, 16);
  if (text.size() != 16 || problem != std::errc() || end != text.data() + text.size()) {
    return std::nullopt;
  }
  return BlobName{number};
}

}  // namespace

Result<std::unique_ptr<Blobs>> Blobs::open(std::string directory) {
  if (::mkdir(directory.c_str(), 0700) != 0 && errno != EEXIST) {
    return write_error(errno, directory);
  }
  UniqueFd fd(::open(directory.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
  if (!fd) {
    return io_error(errno, "opening " + directory);
  }
  return std::unique_ptr<Blobs>(new Blobs(std::move(directory), std::move(fd)));
}

Result<BlobReference> Blobs::write(std::string_view bytes) {
  BlobName name{next_.fetch_add(1)};
  std::string file = file_name(name);
  UniqueFd fd(::openat(fd_.value(), file.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600));
  if (!fd) {
    return write_error(errno, directory_);
  }
  size_t written = 0;
  while (written < bytes.size()) {
    ssize_t n = ::pwrite(fd.value(), bytes.data() + written, bytes.size() - written,
                         static_cast<off_t>(written));
    if (n < 0 && errno == EINTR) {
      continue;
    }
    if (n <= 0) {
      auto failed = write_error(n == 0 ? ENOSPC : errno, directory_);
      erase(name);
      return failed;
    }
    written += static_cast<size_t>(n);
  }
  if (::fdatasync(fd.value()) != 0) {
    auto failed = write_error(errno, directory_);
    erase(name);
    return failed;
  }
  return BlobReference{name, bytes.size(), XXH3_64bits(bytes.data(), bytes.size())};
}

Result<void> Blobs::sync() const {
  if (::fsync(fd_.value()) != 0) {
    return write_error(errno, directory_);
  }
  return {};
}

Result<std::string> Blobs::read(const BlobReference& reference) const {
  std::string file = file_name(reference.name);
  UniqueFd fd(::openat(fd_.value(), file.c_str(), O_RDONLY | O_CLOEXEC));
  if (!fd && errno == ENOENT) {
    return error(Error::Kind::not_found, "{}/{} is missing", directory_, file);
  }
  struct stat status = {};
  if (!fd || ::fstat(fd.value(), &status) != 0) {
    return io_error(errno, fmt::format("opening {}/{}", directory_, file));
  }
  // Nothing is allocated for a size that only the reference claims.
  auto damaged = [&] {
    return error(Error::Kind::corrupt, "{}/{} is damaged: its bytes are not those written",
                 directory_, file);
  };
  if (static_cast<uint64_t>(status.st_size) != reference.size_bytes) {
    return damaged();
  }
  std::string bytes;
  int problem = 0;
  bytes.resize_and_overwrite(reference.size_bytes, [&](char* to, size_t) {
    size_t size = reference.size_bytes;
    size_t have = 0;
    while (have < size) {
      ssize_t n = ::pread(fd.value(), to + have, size - have, static_cast<off_t>(have));
      if (n < 0 && errno == EINTR) {
        continue;
      }
      if (n <= 0) {
        problem = n < 0 ? errno : 0;
        break;
      }
      have += static_cast<size_t>(n);
    }
    return have;
  });
  if (problem != 0) {
    return io_error(problem, fmt::format("reading {}/{}", directory_, file));
  }
  if (bytes.size() != reference.size_bytes ||
      XXH3_64bits(bytes.data(), bytes.size()) != reference.checksum) {
    return damaged();
  }
  return bytes;
}

void Blobs::erase(BlobName name) const { ::unlinkat(fd_.value(), file_name(name).c_str(), 0); }

Result<void> Blobs::collect(std::span<const BlobName> used) {
  std::unique_ptr<DIR, decltype([](DIR* d) { ::closedir(d); })> listing(
      ::opendir(directory_.c_str()));
  if (!listing) {
    return io_error(errno, "listing " + directory_);
  }
  uint64_t last = used.empty() ? 0 : static_cast<uint64_t>(used.back());
  while (const dirent* entry = ::readdir(listing.get())) {
    auto name = parse_file_name(entry->d_name);
    if (name && !std::ranges::binary_search(used, *name)) {
      last = std::max(last, static_cast<uint64_t>(*name));  // it may refuse to go
      erase(*name);
    }
  }
  next_ = last + 1;
  return {};
}

}  // namespace weft::store
