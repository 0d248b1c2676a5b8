// WASI preview 1 for one guest: 46 host functions, three of weft's own, the open files behind them,
// and how they are frozen and thawed.
//
//     guest ──► trampoline ──► host::bind ──► Wasi::fd_write(…) ──► FdTable ──► the host's
//     descriptor, or a buffer
//
// Every function checks in the same order, so that a call that is wrong in several ways always
// gives the same error: descriptor (EBADF), its kind (ESPIPE, EISDIR, ENOTDIR, ENOTSOCK), its
// rights (ENOTCAPABLE), flags and counts (EINVAL), guest memory (EFAULT), paths (ENAMETOOLONG,
// EINVAL, ENOENT), limits (EMFILE); only then the system is asked. A failed call writes nothing to
// guest memory.
//
// Nothing blocks the thread. A call that has to wait answers Pending and is made again
// (host/guest.h); what it has done so far is the guest's progress(), so that a long write or a read
// of many megabytes goes on where it was and gives the core away in between.
//
// Files are reached only below granted directories, by openat2 with RESOLVE_BENEATH; see paths.cc.
//
// Thread safety: belongs to the thread that runs the guest. The threads of a program share one and
// take turns, but in the functions that change nothing but guest memory (`concurrent` in wasi.cc).
// Invariant: no host path, address or process-wide identity reaches the guest but st_dev and
// st_ino.
#pragma once

#include <poll.h>

#include <array>
#include <expected>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "host/guest.h"
#include "host/imports.h"
#include "wasi/config.h"
#include "wasi/fd_table.h"
#include "wasi/guest_buffers.h"
#include "wasi/pipe.h"

namespace weft::wasi {

using host::Answer;
using host::GuestAddress;

class FrozenReader;
class FrozenWriter;

inline constexpr std::string_view module_name = "wasi_snapshot_preview1";
inline constexpr std::string_view own_module_name = "weft";

class Wasi final : public host::ImportModule {
 public:
  // Opens what the configuration grants; an Error names what cannot be opened.
  static Result<std::unique_ptr<Wasi>> create(host::Guest& guest, WasiConfig config);

  std::optional<host::HostFunction> find(std::string_view module, std::string_view name) override;

  // Arguments, environment, clocks, open files by their path below a grant, and the call in
  // progress, pipes that the guest made. Sockets, pipes opened by path and deleted files refuse.
  // thaw() replaces all of these; the configuration of this process must grant the same
  // directories, by guest name, and the files must still be the same ones. After an Error nothing
  // has changed.
  Result<std::string> freeze() const override;
  Result<void> thaw(std::string_view frozen) override;

  // What the guest wrote to an OutputBuffer so far; `stream` is 1 or 2.
  const std::string& output(int stream) const { return buffers_[static_cast<size_t>(stream)]; }
  // The same, for whoever wants to keep it. REQUIRES: the guest has ended.
  std::string take_output(int stream) { return std::move(buffers_[static_cast<size_t>(stream)]); }
  // Adds to it what the guest did not write itself. REQUIRES: stdout or stderr is an OutputBuffer.
  void add_output(int stream, std::string_view text);

  // The functions, by their names in preview 1.
  Answer<Errno> args_get(GuestAddress argv, GuestAddress argv_buf);
  Answer<Errno> args_sizes_get(GuestAddress count, GuestAddress bytes);
  Answer<Errno> environ_get(GuestAddress environ, GuestAddress environ_buf);
  Answer<Errno> environ_sizes_get(GuestAddress count, GuestAddress bytes);
  Answer<Errno> clock_res_get(uint32_t id, GuestAddress resolution);
  Answer<Errno> clock_time_get(uint32_t id, uint64_t precision, GuestAddress time);
  Answer<Errno> fd_advise(uint32_t fd, uint64_t offset, uint64_t length, uint32_t advice);
  Answer<Errno> fd_allocate(uint32_t fd, uint64_t offset, uint64_t length);
  Answer<Errno> fd_close(uint32_t fd);
  Answer<Errno> fd_datasync(uint32_t fd);
  Answer<Errno> fd_fdstat_get(uint32_t fd, GuestAddress fdstat);
  Answer<Errno> fd_fdstat_set_flags(uint32_t fd, uint32_t flags);
  Answer<Errno> fd_fdstat_set_rights(uint32_t fd, uint64_t base, uint64_t inheriting);
  Answer<Errno> fd_filestat_get(uint32_t fd, GuestAddress filestat);
  Answer<Errno> fd_filestat_set_size(uint32_t fd, uint64_t size);
  Answer<Errno> fd_filestat_set_times(uint32_t fd, uint64_t atim, uint64_t mtim, uint32_t flags);
  Answer<Errno> fd_pread(uint32_t fd, GuestAddress iovs, uint32_t count, uint64_t offset,
                         GuestAddress read);
  Answer<Errno> fd_prestat_get(uint32_t fd, GuestAddress prestat);
  Answer<Errno> fd_prestat_dir_name(uint32_t fd, GuestAddress path, uint32_t length);
  Answer<Errno> fd_pwrite(uint32_t fd, GuestAddress iovs, uint32_t count, uint64_t offset,
                          GuestAddress written);
  Answer<Errno> fd_read(uint32_t fd, GuestAddress iovs, uint32_t count, GuestAddress read);
  Answer<Errno> fd_readdir(uint32_t fd, GuestAddress buf, uint32_t length, uint64_t cookie,
                           GuestAddress used);
  Answer<Errno> fd_renumber(uint32_t from, uint32_t to);
  Answer<Errno> fd_seek(uint32_t fd, int64_t offset, uint32_t whence, GuestAddress position);
  Answer<Errno> fd_sync(uint32_t fd);
  Answer<Errno> fd_tell(uint32_t fd, GuestAddress position);
  Answer<Errno> fd_write(uint32_t fd, GuestAddress iovs, uint32_t count, GuestAddress written);
  Answer<Errno> path_create_directory(uint32_t fd, GuestAddress path, uint32_t length);
  Answer<Errno> path_filestat_get(uint32_t fd, uint32_t flags, GuestAddress path, uint32_t length,
                                  GuestAddress filestat);
  Answer<Errno> path_filestat_set_times(uint32_t fd, uint32_t flags, GuestAddress path,
                                        uint32_t length, uint64_t atim, uint64_t mtim,
                                        uint32_t times);
  Answer<Errno> path_link(uint32_t old_fd, uint32_t flags, GuestAddress old_path,
                          uint32_t old_length, uint32_t new_fd, GuestAddress new_path,
                          uint32_t new_length);
  Answer<Errno> path_open(uint32_t fd, uint32_t lookup, GuestAddress path, uint32_t length,
                          uint32_t oflags, uint64_t base, uint64_t inheriting, uint32_t fdflags,
                          GuestAddress opened);
  Answer<Errno> path_readlink(uint32_t fd, GuestAddress path, uint32_t length, GuestAddress buf,
                              uint32_t buf_length, GuestAddress used);
  Answer<Errno> path_remove_directory(uint32_t fd, GuestAddress path, uint32_t length);
  Answer<Errno> path_rename(uint32_t old_fd, GuestAddress old_path, uint32_t old_length,
                            uint32_t new_fd, GuestAddress new_path, uint32_t new_length);
  Answer<Errno> path_symlink(GuestAddress content, uint32_t content_length, uint32_t fd,
                             GuestAddress path, uint32_t length);
  Answer<Errno> path_unlink_file(uint32_t fd, GuestAddress path, uint32_t length);
  Answer<Errno> poll_oneoff(GuestAddress in, GuestAddress out, uint32_t count, GuestAddress events);
  Answer<void> proc_exit(uint32_t code);
  Answer<Errno> proc_raise(uint32_t signal);
  Answer<Errno> random_get(GuestAddress buf, uint32_t length);
  Answer<Errno> sched_yield();
  Answer<Errno> sock_accept(uint32_t fd, uint32_t flags, GuestAddress accepted);
  Answer<Errno> sock_recv(uint32_t fd, GuestAddress iovs, uint32_t count, uint32_t flags,
                          GuestAddress received, GuestAddress out_flags);
  Answer<Errno> sock_send(uint32_t fd, GuestAddress iovs, uint32_t count, uint32_t flags,
                          GuestAddress sent);
  Answer<Errno> sock_shutdown(uint32_t fd, uint32_t how);

  // What preview 1 lacks, by their names in the import module "weft" (duplicates.cc).
  Answer<Errno> fd_dup(uint32_t fd, uint32_t lowest, GuestAddress duplicate);
  Answer<Errno> fd_dup_to(uint32_t from, uint32_t to);
  Answer<Errno> fd_pipe(uint32_t flags, GuestAddress ends);

 private:
  // A directory of the configuration, opened.
  struct Grant {
    std::string guest_path;
    UniqueFd fd;
    uint64_t base;
    uint64_t inheriting;
  };
  // In poll_oneoff the deadlines are those of the subscriptions, on the guest's monotonic clock.
  using CallState = host::Progress;
  struct Frozen;  // freeze.cc
  template <class T>
  using Or = std::expected<T, Errno>;

  Wasi(host::Guest& guest, WasiConfig config);
  Result<void> open_grants();
  Result<void> open_streams();
  Result<void> open_stream(int number, Stream& stream);
  Result<void> adopt_listeners();

  host::Memory memory() const { return guest().memory(); }
  CallState& call();               // emptied when this is the first time the call is made
  host::Pending give_way() const;  // to the other guests of this core, and then on
  host::Pending wait_for(const Descriptor& d, short events) const;
  uint64_t now_ns(ClockId id) const;  // as the guest sees it
  Answer<Errno> copy_strings(const std::vector<std::string>& strings, GuestAddress pointers,
                             GuestAddress buf) const;
  Answer<Errno> string_sizes(const std::vector<std::string>& strings, GuestAddress count,
                             GuestAddress bytes) const;

  // files.cc, io.cc
  Or<Descriptor*> regular_file(uint32_t fd, uint64_t wanted);
  Or<Descriptor*> with_host_fd(uint32_t fd, uint64_t wanted);
  Answer<Errno> read_step(Descriptor& d, GuestBuffers& buffers, std::optional<uint64_t> offset,
                          GuestAddress read);
  Answer<Errno> write_step(Descriptor& d, GuestBuffers& buffers, std::optional<uint64_t> offset,
                           GuestAddress written);
  Answer<Errno> read_input_buffer(GuestBuffers& buffers, GuestAddress read);
  Answer<Errno> finish(GuestAddress count, uint64_t done) const;
  int64_t write_some(Descriptor& d, GuestBuffers& buffers, std::optional<uint64_t> offset);
  int64_t append_output(int stream, std::span<const iovec> parts);
  Or<uint64_t> seek(Descriptor& d, int64_t offset, Whence whence) const;

  // paths.cc
  struct Place {  // where a name lives: an open directory, and the last component
    UniqueFd owned{};
    int directory = -1;
    std::string name{};  // with one '/' at the end when the path had any
  };
  Or<Descriptor*> directory(uint32_t fd, uint64_t wanted);
  Or<std::string> path_text(GuestAddress path, uint32_t length) const;
  static Or<Place> place(const Descriptor& directory, const std::string& path, Errno if_dots);
  Answer<Errno> add_opened(Descriptor& parent, UniqueFd opened, uint64_t base, uint64_t inheriting,
                           uint32_t flags, GuestAddress result);
  Or<UniqueFd> find_link_source(const Descriptor& directory, const std::string& path);

  // duplicates.cc
  Or<Descriptor> duplicate(Descriptor& d);
  std::optional<uint32_t> lower_duplicate(uint32_t number, const Descriptor& d) const;
  Result<void> freeze_pipe(FrozenWriter& out, uint32_t number, const Descriptor& d) const;
  static Result<Descriptor> thaw_duplicate(FrozenReader& in, const FdTable& table);
  static Result<Descriptor> thaw_pipe(FrozenReader& in, Pipes& pipes);

  // freeze.cc
  Result<void> freeze_descriptor(FrozenWriter& out, uint32_t number, const Descriptor& d) const;
  Result<void> freeze_file(FrozenWriter& out, uint32_t number, const Descriptor& d) const;
  Result<Descriptor> thaw_descriptor(FrozenReader& in, const FdTable& table, Pipes& pipes) const;
  Result<Descriptor> thaw_file(FrozenReader& in, uint64_t base, uint64_t inheriting) const;
  Result<Descriptor> duplicate_stream(uint8_t number) const;
  Result<const Grant*> grant_named(const std::string& guest_path) const;
  Result<void> check_buffers(const Frozen& frozen) const;

  // poll.cc
  uint64_t deadline_ns(const Subscription& subscription,
                       uint64_t now) const;  // on the guest's monotonic clock
  std::optional<Event> clock_event(const Subscription& subscription, uint64_t deadline,
                                   uint64_t now) const;
  std::optional<Event> fd_event(const Subscription& subscription,
                                std::vector<pollfd>& polled) const;

  std::vector<std::string> args_;
  std::vector<std::string> env_;
  std::vector<GrantedDirectory> granted_;
  std::vector<UniqueFd> granted_listeners_;
  std::array<Stream, 3> streams_;
  Limits limits_;
  const Clocks* clocks_;
  const Random* random_;

  std::vector<Grant> grants_;
  std::array<std::string, 3>
      buffers_;  // stdin: what is to be read; stdout, stderr: what was written
  std::array<OutputBuffer, 3> buffer_limits_ = {};
  size_t input_position_ = 0;
  uint64_t output_bytes_ = 0;  // written to stdout and stderr, all kinds of streams
  std::array<uint64_t, clock_ids> clock_offsets_ns_ =
      {};                           // guest time = host time + offset, wrapping
  bool file_size_limited_ = false;  // RLIMIT_FSIZE is set: writes to files may raise SIGXFSZ
  FdTable table_;
  uint32_t next_id_ = 1;  // for Descriptor::shared and Descriptor::pipe
};

}  // namespace weft::wasi
