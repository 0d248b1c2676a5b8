#include "engine/linker.h"

#include <fcntl.h>
#include <lld/Common/Driver.h>
#include <llvm/Support/raw_ostream.h>
#include <sys/mman.h>
#include <sys/stat.h>

#include <mutex>

#include "base/unique_fd.h"
#include "engine/symbols.h"

LLD_HAS_DRIVER(elf)

namespace weft::engine {

namespace {

// lld reads and writes files; memory files spare the disk.
Result<UniqueFd> memory_file(const char* name, const std::string& bytes) {
  UniqueFd fd(memfd_create(name, MFD_CLOEXEC));
  if (!fd) {
    return io_error(errno, "creating a memory file for the linker");
  }
  size_t done = 0;
  while (done < bytes.size()) {
    ssize_t n = write(fd.value(), bytes.data() + done, bytes.size() - done);
    if (n <= 0) {
      return io_error(errno, "writing an object file");
    }
    done += static_cast<size_t>(n);
  }
  return fd;
}

Result<std::string> read_all(int fd) {
  struct stat status{};
  if (fstat(fd, &status) != 0) {
    return io_error(errno, "reading the linker's output");
  }
  std::string bytes(static_cast<size_t>(status.st_size), '\0');
  size_t done = 0;
  while (done < bytes.size()) {
    ssize_t n = pread(fd, bytes.data() + done, bytes.size() - done, static_cast<off_t>(done));
    if (n <= 0) {
      return io_error(errno, "reading the linker's output");
    }
    done += static_cast<size_t>(n);
  }
  return bytes;
}

}  // namespace

Result<std::string> link(const std::vector<std::string>& objects, uint64_t address) {
  std::vector<UniqueFd> files;
  std::vector<std::string> arguments{"ld.lld",
                                     "-static",
                                     "--image-base",
                                     fmt::format("{:#x}", address),
                                     "-z",
                                     "separate-code",
                                     "-z",
                                     "noexecstack",
                                     "--no-dynamic-linker",
                                     "--eh-frame-hdr",
                                     "--threads=1",
                                     "--build-id=none",
                                     "-e",
                                     symbols::header,
                                     "-z",
                                     "max-page-size=4096"};
  for (const std::string& object : objects) {
    TRY(file, memory_file("weft-object", object));
    arguments.push_back(fmt::format("/proc/self/fd/{}", file.value()));
    files.push_back(std::move(file));
  }
  char directory[] = "/tmp/weft-link-XXXXXX";
  if (mkdtemp(directory) == nullptr) {
    return io_error(errno, "creating a temporary directory for the linker");
  }
  std::string path = std::string(directory) + "/code";
  arguments.insert(arguments.end(), {"-o", path});
  std::vector<const char*> pointers;
  pointers.reserve(arguments.size());
  for (const auto& argument : arguments) {
    pointers.push_back(argument.c_str());
  }
  std::string messages;
  llvm::raw_string_ostream sink(messages);
  {
    static std::mutex mutex;  // lld keeps its state in globals
    std::lock_guard lock(mutex);
    lld::Result result = lld::lldMain(pointers, sink, sink, {{lld::Gnu, &lld::elf::link}});
    if (result.retCode != 0) {
      unlink(path.c_str());
      rmdir(directory);
      return error(Error::Kind::io, "linking the compiled module failed: {}", messages);
    }
  }
  UniqueFd output(open(path.c_str(), O_RDONLY | O_CLOEXEC));
  unlink(path.c_str());
  rmdir(directory);
  if (!output) {
    return io_error(errno, "opening the linker's output");
  }
  return read_all(output.value());
}

}  // namespace weft::engine
