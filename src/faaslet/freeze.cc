#include "faaslet/freeze.h"

#include <sys/sendfile.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>

#include "base/archive.h"

namespace weft::faaslet {

template <class A>
void fields(A& a, Faaslet::Position::Queued& q) {
  a(q.function, q.args);
}

namespace {

constexpr size_t words_per_value = sizeof(wasm::Value) / sizeof(uint64_t);

// What a faaslet itself takes along.
struct Rest {
  uint32_t version = 2;
  Faaslet::Position position;
  // Of the deadline of the wait in progress. The files that it waits for are numbers of the process
  // that froze it; the host call names them anew when it is made again.
  std::optional<int64_t> deadline_in_ns;
};

template <class A>
void fields(A& a, Rest& r) {
  Faaslet::Position& p = r.position;
  a(r.version, p.state, p.in_call, p.preempted, p.call_again, p.call_type, p.queued,
    r.deadline_in_ns);
}

template <class Target>
Result<snapshot::FreezeCost> freeze_to(const Faaslet& faaslet, Target target,
                                       const slot::DirtyPages& dirty,
                                       const snapshot::FreezeOptions& options) {
  TRY(attachments, rest_of(faaslet));
  const instance::Instance& instance = faaslet.instance();
  auto description =
      snapshot::describe(instance, stand_of(faaslet.position()), std::move(attachments));
  return snapshot::write_frozen(target, instance, description, dirty, faaslet.pages().get(),
                                options);
}

Result<void> check_rest(const Rest& rest, const engine::CodeInfo& info) {
  bool possible = rest.version == 2 && rest.position.state < State::ended &&
                  rest.position.call_type < info.types.size();
  for (const auto& queued : rest.position.queued) {
    possible = possible && queued.function < info.function_types.size() &&
               queued.args.size() == info.type_of(queued.function).params.size() * words_per_value;
  }
  if (!possible) {
    return error(Error::Kind::corrupt, "the frozen program's place in its call makes no sense");
  }
  return {};
}

// The linear memory of the frozen program, copied into the file that its threads share.
Result<void> fill(instance::LinearMemory& memory, const snapshot::Frozen& frozen) {
  TRY_VOID(memory.open(frozen.description().extent.memory_bytes / wasm::page_bytes));
  const snapshot::PageFile& pages = *frozen.pages();
  for (const snapshot::Run& run : pages.runs()) {
    int64_t begin = std::max<int64_t>(run.begin, 0);
    auto from = static_cast<off_t>(pages.place(begin));
    if (begin < run.end && ::lseek(memory.file(), begin, SEEK_SET) < 0) {
      return io_error(errno, "copying the memory of a frozen program");
    }
    for (off_t to = begin; to < run.end;) {
      ssize_t n = ::sendfile(memory.file(), pages.fd(), &from, static_cast<size_t>(run.end - to));
      if (n <= 0) {
        return io_error(n == 0 ? EIO : errno, "copying the memory of a frozen program");
      }
      to += n;
    }
  }
  return {};
}

}  // namespace

Result<std::string> place_of(const Faaslet& faaslet) {
  Rest rest{.position = faaslet.position()};
  if (rest.position.state == State::ended) {
    return error(Error::Kind::invalid, "a program that has ended cannot be frozen");
  }
  if (auto deadline = faaslet.waiting_for().deadline; rest.position.call_again && deadline) {
    auto left = *deadline - host::Clock::now();
    rest.deadline_in_ns = std::chrono::duration_cast<std::chrono::nanoseconds>(left).count();
  }
  return archive_write(rest);
}

Result<std::vector<std::string>> rest_of(const Faaslet& faaslet) {
  TRY(place, place_of(faaslet));
  std::vector<std::string> attachments{std::move(place)};
  for (const auto& module : faaslet.imports()) {
    TRY(bytes, module->freeze());
    attachments.push_back(std::move(bytes));
  }
  return attachments;
}

Result<void> give_rest(Faaslet& faaslet, const std::vector<std::string>& bytes) {
  auto modules = faaslet.imports();
  if (modules.size() + 1 != bytes.size()) {
    return error(Error::Kind::invalid,
                 "the program was frozen with {} import modules, and here it is given {}",
                 static_cast<int64_t>(bytes.size()) - 1, modules.size());
  }
  for (size_t i = 0; i < modules.size(); ++i) {
    TRY_VOID(modules[i]->thaw(bytes[i + 1]));
  }
  return give_place(faaslet, bytes.front());
}

Result<void> give_place(Faaslet& faaslet, std::string_view bytes) {
  TRY(rest, archive_read<Rest>(bytes));
  TRY_VOID(check_rest(rest, faaslet.instance().code().info()));
  faaslet.set_position(rest.position);
  if (rest.deadline_in_ns) {
    faaslet.set_wait(
        {.fds = {},
         .deadline = host::Clock::now() + std::chrono::nanoseconds(*rest.deadline_in_ns)});
  }
  faaslet.make_ready();
  return {};
}

snapshot::Stand stand_of(const Faaslet::Position& position) {
  return !position.in_call    ? snapshot::Stand::idle
         : position.preempted ? snapshot::Stand::preempted
                              : snapshot::Stand::suspended;
}

Result<snapshot::FreezeCost> freeze(const Faaslet& faaslet, const std::string& path,
                                    const slot::DirtyPages& dirty,
                                    const snapshot::FreezeOptions& options) {
  return freeze_to<const std::string&>(faaslet, path, dirty, options);
}

Result<snapshot::FreezeCost> freeze(const Faaslet& faaslet, int fd, const slot::DirtyPages& dirty,
                                    const snapshot::FreezeOptions& options) {
  return freeze_to<int>(faaslet, fd, dirty, options);
}

Result<std::unique_ptr<Faaslet>> thaw(const snapshot::Frozen& frozen, slot::SlotPool& pool,
                                      const ImportFactory& imports,
                                      std::shared_ptr<const engine::CodeFile> code,
                                      std::shared_ptr<instance::LinearMemory> memory) {
  const snapshot::Description& d = frozen.description();
  if (code == nullptr) {
    TRY(embedded, frozen.code());
    code = std::move(embedded);
  }
  TRY_VOID(frozen.check_code(*code));
  TRY(slot, frozen.map(pool));
  instance::Limits limits{.stack_bytes = d.extent.stack_bytes,
                          .memory_pages = d.memory_limit_pages};
  if (memory != nullptr) {
    TRY_VOID(fill(*memory, frozen));
  }
  TRY(faaslet, Faaslet::adopt(std::move(code), std::move(slot), imports, limits,
                              {.memory = std::move(memory)}));
  faaslet->set_pages(frozen.pages());
  TRY_VOID(give_rest(*faaslet, d.attachments));
  return std::move(faaslet);
}

}  // namespace weft::faaslet
