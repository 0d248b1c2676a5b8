#include "wasi/wasi.h"

#include <fcntl.h>
#include <sys/resource.h>
#include <unistd.h>

#include <algorithm>
#include <utility>

#include "wasi/host_io.h"

namespace weft::wasi {

namespace {

struct Entry {
  std::string_view name;
  host::HostFunction (*bind)(Wasi*);
  bool concurrent = false;  // changes nothing but guest memory
};

#define WASI_FUNCTION(name) \
  Entry { #name, &host::bind<&Wasi::name, Wasi> }
#define WASI_CONCURRENT(name) \
  Entry { #name, &host::bind<&Wasi::name, Wasi>, true }
constexpr Entry functions[] = {
    WASI_CONCURRENT(args_get),
    WASI_CONCURRENT(args_sizes_get),
    WASI_CONCURRENT(clock_res_get),
    WASI_CONCURRENT(clock_time_get),
    WASI_CONCURRENT(environ_get),
    WASI_CONCURRENT(environ_sizes_get),
    WASI_FUNCTION(fd_advise),
    WASI_FUNCTION(fd_allocate),
    WASI_FUNCTION(fd_close),
    WASI_FUNCTION(fd_datasync),
    WASI_FUNCTION(fd_fdstat_get),
    WASI_FUNCTION(fd_fdstat_set_flags),
    WASI_FUNCTION(fd_fdstat_set_rights),
    WASI_FUNCTION(fd_filestat_get),
    WASI_FUNCTION(fd_filestat_set_size),
    WASI_FUNCTION(fd_filestat_set_times),
    WASI_FUNCTION(fd_pread),
    WASI_FUNCTION(fd_prestat_dir_name),
    WASI_FUNCTION(fd_prestat_get),
    WASI_FUNCTION(fd_pwrite),
    WASI_FUNCTION(fd_read),
    WASI_FUNCTION(fd_readdir),
    WASI_FUNCTION(fd_renumber),
    WASI_FUNCTION(fd_seek),
    WASI_FUNCTION(fd_sync),
    WASI_FUNCTION(fd_tell),
    WASI_FUNCTION(fd_write),
    WASI_FUNCTION(path_create_directory),
    WASI_FUNCTION(path_filestat_get),
    WASI_FUNCTION(path_filestat_set_times),
    WASI_FUNCTION(path_link),
    WASI_FUNCTION(path_open),
    WASI_FUNCTION(path_readlink),
    WASI_FUNCTION(path_remove_directory),
    WASI_FUNCTION(path_rename),
    WASI_FUNCTION(path_symlink),
    WASI_FUNCTION(path_unlink_file),
    WASI_FUNCTION(poll_oneoff),
    WASI_CONCURRENT(proc_exit),
    WASI_FUNCTION(proc_raise),
    WASI_CONCURRENT(random_get),
    WASI_CONCURRENT(sched_yield),
    WASI_FUNCTION(sock_accept),
    WASI_FUNCTION(sock_recv),
    WASI_FUNCTION(sock_send),
    WASI_FUNCTION(sock_shutdown),
};
static_assert(std::size(functions) == 46);
static_assert(std::ranges::is_sorted(functions, {}, &Entry::name));

constexpr Entry own_functions[] = {
    WASI_FUNCTION(fd_dup),
    WASI_FUNCTION(fd_dup_to),
    WASI_FUNCTION(fd_pipe),
};
#undef WASI_FUNCTION
#undef WASI_CONCURRENT

constexpr const char* stream_names[] = {"stdin", "stdout", "stderr"};

Result<void> check_strings(const std::vector<std::string>& strings, std::string_view what) {
  uint64_t bytes = 0;
  for (const std::string& s : strings) {
    if (s.find('\0') != std::string::npos) {
      return error(Error::Kind::invalid, "{} \"{}\" holds a NUL byte", what, s);
    }
    bytes += s.size() + 1;
  }
  if (bytes > (uint64_t{1} << 30)) {
    return error(Error::Kind::exhausted, "{}s are {} bytes long; a guest takes 1 GiB", what, bytes);
  }
  return {};
}

// A terminal is opened anew, so that O_NONBLOCK is ours alone. Where that is not allowed, host_io
// polls before each use.
UniqueFd own_terminal(int fd) {
  int mode = fcntl(fd, F_GETFL);
  if (mode < 0 || isatty(fd) == 0) {
    return {};
  }
  std::string link = fmt::format("/proc/self/fd/{}", fd);
  return UniqueFd(open(link.c_str(), (mode & O_ACCMODE) | O_NONBLOCK | O_NOCTTY | O_CLOEXEC));
}

uint64_t stream_rights(const Descriptor& d, int number) {
  uint64_t direction = number == 0 ? ~rights::fd_write : ~rights::fd_read;
  switch (d.kind) {
    case Descriptor::Kind::file:
      return rights::for_file & direction & ~(number == 0 ? rights::that_change : 0);
    case Descriptor::Kind::socket:
      return rights::for_socket;
    default:
      return rights::for_stream & direction;
  }
}

}  // namespace

Result<std::unique_ptr<Wasi>> Wasi::create(host::Guest& guest, WasiConfig config) {
  TRY_VOID(check_strings(config.args, "argument"));
  TRY_VOID(check_strings(config.env, "environment variable"));
  if (config.limits.open_files < 3) {
    return error(Error::Kind::invalid,
                 "a limit of {} open files leaves no room for the standard streams",
                 config.limits.open_files);
  }
  std::unique_ptr<Wasi> wasi(new Wasi(guest, std::move(config)));
  TRY_VOID(wasi->open_streams());
  TRY_VOID(wasi->open_grants());
  TRY_VOID(wasi->adopt_listeners());
  return wasi;
}

Wasi::Wasi(host::Guest& guest, WasiConfig config)
    : ImportModule(guest),
      args_(std::move(config.args)),
      env_(std::move(config.env)),
      granted_(std::move(config.directories)),
      granted_listeners_(std::move(config.listeners)),
      streams_{std::move(config.stdin_stream), std::move(config.stdout_stream),
               std::move(config.stderr_stream)},
      limits_(config.limits),
      clocks_(config.clocks),
      random_(config.random),
      table_(config.limits.open_files) {
  // Processor time begins with the guest; what the process used before is not the guest's to know.
  for (ClockId id : {ClockId::process_cputime, ClockId::thread_cputime}) {
    clock_offsets_ns_[static_cast<size_t>(id)] = 0 - clocks_->now_ns(id);
  }
  rlimit size = {};
  file_size_limited_ = getrlimit(RLIMIT_FSIZE, &size) == 0 && size.rlim_cur != RLIM_INFINITY;
}

Result<void> Wasi::open_streams() {
  for (int number = 0; number < 3; ++number) {
    TRY_VOID(open_stream(number, streams_[static_cast<size_t>(number)]));
  }
  return {};
}

Result<void> Wasi::open_stream(int number, Stream& stream) {
  Descriptor d;
  if (std::holds_alternative<Closed>(stream)) {
    return {};
  }
  if (auto* input = std::get_if<InputBuffer>(&stream)) {
    if (number != 0) {
      return error(Error::Kind::invalid, "{} cannot be an input buffer", stream_names[number]);
    }
    d.kind = Descriptor::Kind::input_buffer;
    buffers_[0] = std::move(input->content);
    input_position_ = 0;
  } else if (const auto* output = std::get_if<OutputBuffer>(&stream)) {
    if (number == 0) {
      return error(Error::Kind::invalid, "stdin cannot be an output buffer");
    }
    d.kind = Descriptor::Kind::output_buffer;
    buffer_limits_[static_cast<size_t>(number)] = *output;
  } else {
    UniqueFd opened;
    int fd = -1;
    if (const auto* file = std::get_if<HostFile>(&stream)) {
      int flags = number == 0 ? O_RDONLY : O_WRONLY | O_CREAT | O_TRUNC;
      opened = UniqueFd(open(file->path.c_str(), flags | O_CLOEXEC | O_NOCTTY | O_NONBLOCK, 0666));
      if (!opened) {
        return io_error(errno, fmt::format("{}: opening {}", stream_names[number], file->path));
      }
      fd = opened.value();
    } else {
      fd = std::get<HostFd>(stream).fd;
      opened = own_terminal(fd);
      fd = opened ? opened.value() : fd;
    }
    auto described = describe(fd);
    if (!described) {
      return io_error(described.error(),
                      fmt::format("{}: descriptor {}", stream_names[number], fd));
    }
    d = std::move(*described);
    d.owned = std::move(opened);
    if (d.kind == Descriptor::Kind::directory || d.kind == Descriptor::Kind::listener) {
      return error(Error::Kind::invalid, "{} is a directory or a listening socket",
                   stream_names[number]);
    }
  }
  d.stream = number;
  d.base = stream_rights(d, number);
  CHECK(table_.put(static_cast<uint32_t>(number), std::move(d)));
  return {};
}

Result<void> Wasi::open_grants() {
  uint32_t fd = 3;
  for (const GrantedDirectory& g : granted_) {
    UniqueFd opened(open(g.host_path.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC | O_NONBLOCK));
    if (!opened) {
      return io_error(errno, fmt::format("opening the granted directory {} ({} in the guest)",
                                         g.host_path, g.guest_path));
    }
    uint64_t taken = g.access == GrantedDirectory::Access::read_only ? rights::that_change : 0;
    Descriptor d;
    d.kind = Descriptor::Kind::directory;
    d.filetype = Filetype::directory;
    d.base = g.base & rights::for_directory & ~taken;
    d.inheriting = g.inheriting & rights::all & ~taken;
    d.fd = opened.value();
    d.preopened = g.guest_path;
    grants_.push_back({g.guest_path, std::move(opened), d.base, d.inheriting});
    if (!table_.put(fd++, std::move(d))) {
      return error(Error::Kind::exhausted,
                   "a limit of {} open files leaves no room for the granted directories",
                   limits_.open_files);
    }
  }
  return {};
}

Result<void> Wasi::adopt_listeners() {
  uint32_t number = 3 + static_cast<uint32_t>(granted_.size());
  for (const UniqueFd& listener : granted_listeners_) {
    int fd = listener.value();
    auto described = describe(fd);
    if (!described || described->kind != Descriptor::Kind::listener) {
      return error(Error::Kind::invalid,
                   "descriptor {} was granted as a listening socket and is none", fd);
    }
    int flags = fcntl(fd, F_GETFL);
    if (flags < 0 || fcntl(fd, F_SETFL, flags | O_NONBLOCK) != 0) {
      return io_error(errno, "making a granted listening socket non-blocking");
    }
    described->base = rights::for_listener;
    described->inheriting = rights::for_socket;
    if (!table_.put(number++, std::move(*described))) {
      return error(Error::Kind::exhausted,
                   "a limit of {} open files leaves no room for the granted sockets",
                   limits_.open_files);
    }
  }
  return {};
}

std::optional<host::HostFunction> Wasi::find(std::string_view module, std::string_view name) {
  std::span<const Entry> offered;
  if (module == module_name) {
    offered = functions;
  } else if (module == own_module_name) {
    offered = own_functions;
  }
  auto entry = std::ranges::lower_bound(offered, name, {}, &Entry::name);
  if (entry == offered.end() || entry->name != name) {
    return std::nullopt;
  }
  host::HostFunction function = entry->bind(this);
  function.concurrent = entry->concurrent;
  return function;
}

Wasi::CallState& Wasi::call() {
  if (!guest().resumed()) {
    guest().progress() = {};
  }
  return guest().progress();
}

host::Pending Wasi::give_way() const {
  auto now = std::chrono::nanoseconds(clocks_->now_ns(ClockId::monotonic));
  return guest().wait({.fds = {}, .deadline = host::Clock::time_point(now)});
}

host::Pending Wasi::wait_for(const Descriptor& d, short events) const {
  return guest().wait({.fds = {{d.fd, events}}, .deadline = std::nullopt});
}

}  // namespace weft::wasi
