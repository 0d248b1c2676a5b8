// What a frozen guest takes along of WASI, and how it is found again in another process.
//
//     "WASI" version  arguments  environment  clocks  call in progress  streams  table
//
// Integers are little endian, strings and lists have their length in front. Files are named by
// their path below a granted directory, which the kernel tells (/proc/self/fd), so that a file that
// was renamed since it was opened is found.
#include <fcntl.h>
#include <limits.h>
#include <linux/openat2.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>

#include "wasi/beneath.h"
#include "wasi/frozen_bytes.h"
#include "wasi/host_io.h"
#include "wasi/wasi.h"

namespace weft::wasi {

namespace {

using Kind = Descriptor::Kind;

constexpr uint32_t magic = 0x49534157;  // "WASI"
constexpr uint32_t version = 2;
constexpr uint64_t max_strings = 1 << 20;

// How an entry of the table is found again.
enum class How : uint8_t { stream, preopened, below_grant, duplicate, pipe };

// What a path led to when it was frozen.
struct Identity {
  uint64_t device;
  uint64_t inode;
  uint64_t size;  // 0 for directories
  bool operator==(const Identity&) const = default;
};

Identity identity_of(const struct stat& s) {
  return {s.st_dev, s.st_ino, S_ISDIR(s.st_mode) ? 0 : static_cast<uint64_t>(s.st_size)};
}

std::string host_path(int fd) {
  char path[PATH_MAX];
  ssize_t n = readlink(fmt::format("/proc/self/fd/{}", fd).c_str(), path, sizeof path);
  return n > 0 ? std::string(path, static_cast<size_t>(n)) : std::string();
}

// `path` below `directory` ("." for itself), or nothing.
std::optional<std::string> below(const std::string& directory, const std::string& path) {
  if (path == directory) {
    return ".";
  }
  std::string prefix = directory == "/" ? directory : directory + "/";
  if (!path.starts_with(prefix)) {
    return std::nullopt;
  }
  return path.substr(prefix.size());
}

bool leads_to(int directory, const std::string& path, const Identity& identity) {
  auto file = open_beneath(directory, path, O_PATH | O_NOFOLLOW, RESOLVE_NO_SYMLINKS);
  struct stat s = {};
  return file && fstat(file->value(), &s) == 0 && identity_of(s) == identity;
}

void put_strings(FrozenWriter& out, const std::vector<std::string>& strings) {
  out.number<uint32_t>(static_cast<uint32_t>(strings.size()));
  for (const std::string& s : strings) {
    out.text(s);
  }
}

Result<std::vector<std::string>> take_strings(FrozenReader& in) {
  TRY(count, in.number<uint32_t>());
  if (count > max_strings) {
    return error(Error::Kind::corrupt, "frozen WASI state holds {} strings", count);
  }
  std::vector<std::string> strings;
  for (uint32_t i = 0; i < count; ++i) {
    TRY(s, in.text());
    strings.push_back(std::move(s));
  }
  return strings;
}

int access_of(uint64_t base) {
  bool read = (base & rights::fd_read) != 0;
  bool write = (base & rights::fd_write) != 0;
  return !write ? O_RDONLY : read ? O_RDWR : O_WRONLY;
}

constexpr const char* stream_names[] = {"stdin", "stdout", "stderr"};

}  // namespace

// All that a freeze holds, apart from the object that it came from or goes to.
struct Wasi::Frozen {
  std::vector<std::string> args;
  std::vector<std::string> env;
  std::array<uint64_t, clock_ids> clocks_ns{};
  CallState call;
  std::array<std::string, 3> buffers;
  std::array<bool, 3> buffered{};
  uint64_t input_position = 0;
  uint64_t output_bytes = 0;

  void write(FrozenWriter& out) const;
  static Result<Frozen> read(FrozenReader& in);
};

void Wasi::Frozen::write(FrozenWriter& out) const {
  out.number(magic);
  out.number(version);
  put_strings(out, args);
  put_strings(out, env);
  for (uint64_t ns : clocks_ns) {
    out.number(ns);
  }
  out.number(call.done);
  out.number<uint32_t>(static_cast<uint32_t>(call.deadlines_ns.size()));
  for (uint64_t ns : call.deadlines_ns) {
    out.number(ns);
  }
  for (size_t i = 0; i < buffers.size(); ++i) {
    out.number<uint8_t>(buffered[i] ? 1 : 0);
    out.text(buffered[i] ? buffers[i] : std::string());
  }
  out.number(input_position);
  out.number(output_bytes);
}

Result<Wasi::Frozen> Wasi::Frozen::read(FrozenReader& in) {
  TRY(found_magic, in.number<uint32_t>());
  TRY(found_version, in.number<uint32_t>());
  if (found_magic != magic || found_version != version) {
    return error(Error::Kind::corrupt,
                 "frozen WASI state is of version {:#x}/{}; this build reads {:#x}/{}", found_magic,
                 found_version, magic, version);
  }
  Frozen frozen;
  TRY(args, take_strings(in));
  TRY(env, take_strings(in));
  frozen.args = std::move(args);
  frozen.env = std::move(env);
  for (uint64_t& ns : frozen.clocks_ns) {
    TRY(value, in.number<uint64_t>());
    ns = value;
  }
  TRY(done, in.number<uint64_t>());
  frozen.call.done = done;
  TRY(deadlines, in.number<uint32_t>());
  for (uint32_t i = 0; i < deadlines; ++i) {
    TRY(ns, in.number<uint64_t>());
    frozen.call.deadlines_ns.push_back(ns);
  }
  for (size_t i = 0; i < frozen.buffers.size(); ++i) {
    TRY(buffered, in.number<uint8_t>());
    TRY(content, in.text());
    frozen.buffered[i] = buffered != 0;
    frozen.buffers[i] = std::move(content);
  }
  TRY(position, in.number<uint64_t>());
  TRY(output, in.number<uint64_t>());
  if (position > frozen.buffers[0].size()) {
    return error(Error::Kind::corrupt, "frozen WASI state reads stdin beyond its end");
  }
  frozen.input_position = position;
  frozen.output_bytes = output;
  return frozen;
}

Result<void> Wasi::freeze_descriptor(FrozenWriter& out, uint32_t number,
                                     const Descriptor& d) const {
  if (d.stream < 0 && d.pipe == 0 &&
      (d.kind == Kind::socket || d.kind == Kind::listener || d.kind == Kind::stream)) {
    return error(Error::Kind::unsupported, "descriptor {} is a {} and cannot be frozen", number,
                 d.kind == Kind::stream ? "pipe or device" : "socket");
  }
  std::optional<uint32_t> duplicate = lower_duplicate(number, d);
  How how = d.stream >= 0 ? How::stream
            : d.preopened ? How::preopened
            : d.pipe != 0 ? How::pipe
            : duplicate   ? How::duplicate
                          : How::below_grant;
  out.number(number);
  out.number(static_cast<uint8_t>(how));
  out.number(d.flags);
  out.number(d.base);
  out.number(d.inheriting);
  out.number(d.shared);
  switch (how) {
    case How::stream:
      out.number(static_cast<uint8_t>(d.stream));
      return {};
    case How::preopened:
      out.text(*d.preopened);
      return {};
    case How::duplicate:
      out.number(*duplicate);
      return {};
    case How::pipe:
      return freeze_pipe(out, number, d);
    case How::below_grant:
      return freeze_file(out, number, d);
  }
  CHECK(false);
}

Result<void> Wasi::freeze_file(FrozenWriter& out, uint32_t number, const Descriptor& d) const {
  struct stat s = {};
  if (fstat(d.fd, &s) != 0) {
    return io_error(errno, fmt::format("freezing descriptor {}", number));
  }
  std::string path = host_path(d.fd);
  if (s.st_nlink == 0 || path.empty()) {
    return error(Error::Kind::unsupported, "descriptor {} is a deleted file and cannot be frozen",
                 number);
  }
  const Grant* grant = nullptr;
  std::string inside;
  for (const Grant& g : grants_) {
    auto rest = below(host_path(g.fd.value()), path);
    if (rest && (grant == nullptr || rest->size() < inside.size())) {
      grant = &g;
      inside = *rest;
    }
  }
  if (grant == nullptr) {
    return error(Error::Kind::unsupported,
                 "descriptor {} is a file that was moved out of every granted directory", number);
  }
  // A file of several names may have lost the one that it was opened by, and then the kernel tells
  // a path that leads nowhere, or to another file.
  Identity identity = identity_of(s);
  if (!leads_to(grant->fd.value(), inside, identity)) {
    return error(Error::Kind::unsupported,
                 "descriptor {} is a file whose name was deleted, and cannot be frozen", number);
  }
  off_t offset = d.kind == Kind::file ? lseek(d.fd, 0, SEEK_CUR) : 0;
  out.text(grant->guest_path);
  out.text(inside);
  out.number(static_cast<uint8_t>(d.kind == Kind::directory ? 1 : 0));
  out.number(static_cast<uint64_t>(std::max<off_t>(offset, 0)));
  out.number(identity.device);
  out.number(identity.inode);
  out.number(identity.size);
  return {};
}

Result<std::string> Wasi::freeze() const {
  Frozen frozen;
  frozen.args = args_;
  frozen.env = env_;
  for (uint32_t id = 0; id < clock_ids; ++id) {
    frozen.clocks_ns[id] = now_ns(ClockId{id});
  }
  frozen.call = guest().progress();
  for (size_t i = 0; i < streams_.size(); ++i) {
    frozen.buffered[i] = std::holds_alternative<InputBuffer>(streams_[i]) ||
                         std::holds_alternative<OutputBuffer>(streams_[i]);
    frozen.buffers[i] = buffers_[i];
  }
  frozen.input_position = input_position_;
  frozen.output_bytes = output_bytes_;
  FrozenWriter out;
  frozen.write(out);
  uint32_t used = 0;
  for (uint32_t fd = 0; fd < table_.size(); ++fd) {
    used += table_.find(fd) != nullptr ? 1 : 0;
  }
  out.number(used);
  for (uint32_t fd = 0; fd < table_.size(); ++fd) {
    if (const Descriptor* d = table_.find(fd)) {
      TRY_VOID(freeze_descriptor(out, fd, *d));
    }
  }
  return out.take();
}

// The grant of that guest name in this process.
Result<const Wasi::Grant*> Wasi::grant_named(const std::string& guest_path) const {
  auto grant = std::ranges::find(grants_, guest_path, &Grant::guest_path);
  if (grant == grants_.end()) {
    return error(Error::Kind::not_found,
                 "the frozen program needs the directory {}, which is not granted here",
                 guest_path);
  }
  return &*grant;
}

Result<Descriptor> Wasi::thaw_file(FrozenReader& in, uint64_t base, uint64_t inheriting) const {
  TRY(guest_path, in.text());
  TRY(inside, in.text());
  TRY(is_directory, in.number<uint8_t>());
  TRY(offset, in.number<uint64_t>());
  TRY(device, in.number<uint64_t>());
  TRY(inode, in.number<uint64_t>());
  TRY(size, in.number<uint64_t>());
  TRY(grant, grant_named(guest_path));
  std::string name = fmt::format("{}/{}", guest_path, inside);
  uint64_t allowed =
      grant->inheriting & (is_directory != 0 ? rights::for_directory : rights::for_file);
  if ((base & ~allowed) != 0 || (inheriting & ~grant->inheriting) != 0) {
    return error(Error::Kind::denied, "{}: the directory {} is granted with fewer rights here",
                 name, guest_path);
  }
  uint64_t flags = (is_directory != 0 ? uint64_t{O_DIRECTORY | O_RDONLY}
                                      : static_cast<uint64_t>(access_of(base))) |
                   O_NONBLOCK;
  auto file = open_beneath(grant->fd.value(), inside, flags | O_NOCTTY, RESOLVE_NO_SYMLINKS);
  if (!file) {
    return error(file.error() == Errno::noent ? Error::Kind::not_found : Error::Kind::io,
                 "{}: cannot be opened again (WASI error {})", name,
                 static_cast<int>(file.error()));
  }
  struct stat s = {};
  if (fstat(file->value(), &s) != 0) {
    return io_error(errno, name);
  }
  // On another machine the same file has another device and perhaps another inode; there its size
  // has to do.
  Identity now = identity_of(s);
  if (S_ISDIR(s.st_mode) != (is_directory != 0) || now.size != size ||
      (now.device == device && now.inode != inode)) {
    return error(Error::Kind::invalid,
                 "{}: is not the file that it was when the program was frozen", name);
  }
  auto d = describe(file->value());
  if (!d || (is_directory == 0 && d->kind != Kind::file)) {
    return error(Error::Kind::invalid, "{}: is not a file", name);
  }
  if (is_directory == 0 && lseek(file->value(), static_cast<off_t>(offset), SEEK_SET) < 0) {
    return io_error(errno, name);
  }
  d->owned = std::move(*file);
  return std::move(*d);
}

Result<Descriptor> Wasi::thaw_descriptor(FrozenReader& in, const FdTable& table,
                                         Pipes& pipes) const {
  TRY(how, in.number<uint8_t>());
  TRY(flags, in.number<uint16_t>());
  TRY(base, in.number<uint64_t>());
  TRY(inheriting, in.number<uint64_t>());
  TRY(shared, in.number<uint32_t>());
  Descriptor d;
  if (how == static_cast<uint8_t>(How::stream)) {
    TRY(number, in.number<uint8_t>());
    if (number > 2) {
      return error(Error::Kind::corrupt, "frozen WASI state names standard stream {}", number);
    }
    TRY(stream, duplicate_stream(number));
    d = std::move(stream);
    base &= d.base;
  } else if (how == static_cast<uint8_t>(How::preopened)) {
    TRY(guest_path, in.text());
    TRY(grant, grant_named(guest_path));
    if ((base & ~grant->base) != 0 || (inheriting & ~grant->inheriting) != 0) {
      return error(Error::Kind::denied, "the directory {} is granted with fewer rights here",
                   guest_path);
    }
    d.kind = Kind::directory;
    d.filetype = Filetype::directory;
    d.fd = grant->fd.value();
    d.preopened = guest_path;
  } else if (how == static_cast<uint8_t>(How::below_grant)) {
    TRY(file, thaw_file(in, base, inheriting));
    d = std::move(file);
  } else if (how == static_cast<uint8_t>(How::duplicate)) {
    TRY(copy, thaw_duplicate(in, table));
    d = std::move(copy);
    base &= d.base;
    inheriting &= d.inheriting;
  } else if (how == static_cast<uint8_t>(How::pipe)) {
    TRY(end, thaw_pipe(in, pipes));
    d = std::move(end);
    base &= rights::for_stream;
  } else {
    return error(Error::Kind::corrupt, "frozen WASI state holds a descriptor of unknown kind {}",
                 how);
  }
  d.flags = flags & fdflags::all;
  d.base = base;
  d.inheriting = inheriting & rights::all;
  d.shared = shared;
  return d;
}

// Streams stay those of this process; each may have been renumbered in the frozen one.
Result<Descriptor> Wasi::duplicate_stream(uint8_t number) const {
  const Descriptor* here = nullptr;
  for (uint32_t fd = 0; fd < table_.size() && here == nullptr; ++fd) {
    const Descriptor* d = table_.find(fd);
    here = d != nullptr && d->stream == number ? d : nullptr;
  }
  if (here == nullptr) {
    return error(Error::Kind::not_found, "the frozen program has {} open, which is closed here",
                 stream_names[number]);
  }
  auto copy = duplicate_of(*here);
  if (!copy) {
    return io_error(copy.error(), stream_names[number]);
  }
  return std::move(*copy);
}

Result<void> Wasi::check_buffers(const Frozen& frozen) const {
  for (size_t i = 0; i < streams_.size(); ++i) {
    bool here = std::holds_alternative<InputBuffer>(streams_[i]) ||
                std::holds_alternative<OutputBuffer>(streams_[i]);
    if (frozen.buffered[i] && !here) {
      return error(Error::Kind::invalid,
                   "{} of the frozen program is a buffer in memory; here it is none",
                   stream_names[i]);
    }
  }
  return {};
}

Result<void> Wasi::thaw(std::string_view bytes) {
  FrozenReader in(bytes);
  TRY(frozen, Frozen::read(in));
  TRY_VOID(check_buffers(frozen));
  TRY(count, in.number<uint32_t>());
  FdTable table(limits_.open_files);
  Pipes pipes;
  uint32_t highest_id = 0;
  for (uint32_t i = 0; i < count; ++i) {
    TRY(number, in.number<uint32_t>());
    TRY(d, thaw_descriptor(in, table, pipes));
    highest_id = std::max({highest_id, d.shared, d.pipe});
    if (!table.put(number, std::move(d))) {
      return error(Error::Kind::exhausted,
                   "descriptor {} of the frozen program is taken or beyond the limit of {}", number,
                   limits_.open_files);
    }
  }
  if (!in.at_end()) {
    return error(Error::Kind::corrupt, "frozen WASI state has {} bytes too many", in.left());
  }
  args_ = std::move(frozen.args);
  env_ = std::move(frozen.env);
  for (ClockId id : {ClockId::monotonic, ClockId::process_cputime, ClockId::thread_cputime}) {
    auto i = static_cast<size_t>(id);
    clock_offsets_ns_[i] = frozen.clocks_ns[i] - clocks_->now_ns(id);
  }
  guest().progress() = std::move(frozen.call);
  for (size_t i = 0; i < buffers_.size(); ++i) {
    if (frozen.buffered[i]) {
      buffers_[i] = std::move(frozen.buffers[i]);
    }
  }
  input_position_ = frozen.input_position;
  output_bytes_ = frozen.output_bytes;
  table_ = std::move(table);
  next_id_ = highest_id + 1;
  return {};
}

}  // namespace weft::wasi
