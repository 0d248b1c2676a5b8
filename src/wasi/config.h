// What a program is given of the world through WASI. What is not named here it does not have.
//
// Thread safety: a value.
#pragma once

#include <cstdint>
#include <string>
#include <variant>
#include <vector>

#include "base/unique_fd.h"
#include "wasi/abi.h"
#include "wasi/sources.h"

namespace weft::wasi {

// A directory that the guest finds opened at start. What it may do is `base` on the directory
// itself and `inheriting` on all that is opened below it; `access` takes the changing rights away
// again.
struct GrantedDirectory {
  enum class Access : uint8_t { read_write, read_only };

  std::string host_path;
  std::string guest_path;
  Access access = Access::read_write;
  uint64_t base = rights::for_directory;
  uint64_t inheriting = rights::all;
};

// Standard streams.
struct Closed {};
struct HostFd {
  int fd;
};  // borrowed: it stays open, and its flags, shared with other processes, are never changed
struct HostFile {
  std::string path;
};  // read for stdin, else created and truncated
struct InputBuffer {
  std::string content;
};  // stdin only
// What becomes of what is written beyond the limit of an OutputBuffer.
enum class Beyond : uint8_t {
  fails,  // ENOSPC
  is_lost,
  ends_guest,  // with the outcome OutOfLimits
};
struct OutputBuffer {
  uint64_t limit_bytes = 1 << 20;
  Beyond beyond = Beyond::fails;
};  // stdout and stderr only
using Stream = std::variant<Closed, HostFd, HostFile, InputBuffer, OutputBuffer>;

struct Limits {
  uint32_t open_files =
      1024;  // entries in the guest's table, standard streams included; beyond it EMFILE
  uint64_t output_bytes =
      UINT64_MAX;  // on stdout and stderr together; beyond it the guest ends with a message
};

struct WasiConfig {
  std::vector<std::string> args;              // args[0] is the program's name
  std::vector<std::string> env;               // "KEY=VALUE"
  std::vector<GrantedDirectory> directories;  // descriptors 3, 4, …
  std::vector<UniqueFd> listeners;            // then these: listening sockets, made non-blocking
  Stream stdin_stream = Closed{};
  Stream stdout_stream = Closed{};
  Stream stderr_stream = Closed{};
  Limits limits;
  const Clocks* clocks = &system_clocks();  // both outlive the Wasi object
  const Random* random = &system_random();
};

}  // namespace weft::wasi
