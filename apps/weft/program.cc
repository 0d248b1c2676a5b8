#include "program.h"

#include <fcntl.h>
#include <sys/stat.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstring>

#include "base/unique_fd.h"
#include "messages.h"
#include "terminal.h"

namespace weft::cli {

namespace {

// Appends up to `count` bytes; fewer only at the end of the file.
Result<void> read_some(int fd, const std::string& path, size_t count, std::vector<uint8_t>& bytes) {
  size_t begin = bytes.size();
  bytes.resize(begin + count);
  size_t done = 0;
  while (done < count) {
    ssize_t n = read(fd, bytes.data() + begin + done, count - done);
    if (n < 0 && errno == EINTR) {
      continue;
    }
    if (n < 0) {
      return io_error(errno, fmt::format("reading {}", path));
    }
    if (n == 0) {
      break;
    }
    done += static_cast<size_t>(n);
  }
  bytes.resize(begin + done);
  return {};
}

std::unexpected<Error> too_large(const std::string& path) {
  return error(Error::Kind::exhausted, "{} is larger than {} bytes, the limit for a module", path,
               wasm::max_module_bytes);
}

// A program that weftcc made executable begins with a line for the kernel (`weft exec`).
void drop_first_line(std::vector<uint8_t>& bytes) {
  constexpr ptrdiff_t longest = 4096;
  if (bytes.size() < 2 || bytes[0] != '#' || bytes[1] != '!') {
    return;
  }
  auto limit = bytes.begin() + std::min<ptrdiff_t>(longest, std::ssize(bytes));
  auto newline = std::find(bytes.begin(), limit, '\n');
  if (newline != limit) {
    bytes.erase(bytes.begin(), newline + 1);
  }
}

}  // namespace

Result<std::vector<uint8_t>> read_program(const std::string& path) {
  UniqueFd fd(open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NOCTTY));
  if (!fd) {
    return io_error(errno, fmt::format("cannot open {}", path));
  }
  struct stat status = {};
  if (fstat(fd.value(), &status) != 0) {
    return io_error(errno, fmt::format("cannot open {}", path));
  }
  if (S_ISDIR(status.st_mode)) {
    return error(Error::Kind::invalid, "{} is a directory, not a WebAssembly module", path);
  }
  std::vector<uint8_t> bytes;
  auto size = static_cast<uint64_t>(std::max<off_t>(0, status.st_size));
  if (S_ISREG(status.st_mode)) {
    std::array<uint8_t, 4> magic{};
    ssize_t n = pread(fd.value(), magic.data(), magic.size(), 0);
    if (n == static_cast<ssize_t>(magic.size()) && engine::is_code_file(magic)) {
      return std::vector<uint8_t>(magic.begin(), magic.end());
    }
    if (size > wasm::max_module_bytes) {
      return too_large(path);
    }
    bytes.reserve(size + 1);
  }
  // One byte more than expected, so that the end is seen; a pipe comes in growing pieces.
  for (size_t piece = S_ISREG(status.st_mode) ? size + 1 : 65536;;
       piece = std::max<size_t>(65536, bytes.size())) {
    size_t before = bytes.size();
    TRY_VOID(read_some(fd.value(), path, piece, bytes));
    if (bytes.size() > wasm::max_module_bytes) {
      return too_large(path);
    }
    if (bytes.size() - before < piece) {
      break;
    }
  }
  if (bytes.empty()) {
    return error(Error::Kind::invalid, "{} is empty", path);
  }
  drop_first_line(bytes);
  return bytes;
}

Result<std::shared_ptr<const engine::CodeFile>> load_program(const std::string& path,
                                                             const ProgramOptions& options) {
  TRY(bytes, read_program(path));
  if (engine::is_code_file(bytes)) {
    if (options.cpu_given) {
      warn("--cpu does nothing for {}, which is compiled already", path);
    }
    return engine::Engine::open(path);
  }
  engine::Engine engine(engine::CodeCache(options.use_cache ? engine::CodeCache::default_directory()
                                                            : std::string()));
  Progress progress("compiling " + path);
  engine::CompileOptions compile = options.compile;
  compile.progress = [&progress](uint64_t done, uint64_t total) { progress.update(done, total); };
  auto code = engine.load(std::move(bytes), compile, path, options.accept);
  for (const std::string& warning : engine.take_warnings()) {
    warn(std::string_view(warning));
  }
  return code;
}

}  // namespace weft::cli
