// A program with threads, frozen: the first thread's file (snapshot/frozen.h), which holds the
// memory, and as the state of its first import module all other threads, each with its slot, what
// is alive of its stack, its instance block, and its place in its call.
#include <algorithm>
#include <cstring>

#include "base/archive.h"
#include "snapshot/pages.h"
#include "threads/program.h"

namespace weft::threads {

namespace {

struct FrozenThread {
  uint32_t id = 0;
  uint32_t slot = 0;
  std::string bytes;  // from the live end of the stack to the end of the instance block
  std::string place;  // faaslet::place_of
  uint64_t done = 0;  // host::Progress
  std::vector<uint64_t> deadlines_ns;
};

struct FrozenThreads {
  uint32_t version = 1;
  uint32_t last_id = 0;
  std::vector<FrozenThread> threads;
};

template <class A>
void fields(A& a, FrozenThread& t) {
  a(t.id, t.slot, t.bytes, t.place, t.done, t.deadlines_ns);
}
template <class A>
void fields(A& a, FrozenThreads& t) {
  a(t.version, t.last_id, t.threads);
}

Result<FrozenThread> freeze_one(const Task& task) {
  const faaslet::Faaslet& faaslet = *task.faaslet;
  instance::Instance& instance = faaslet.instance();
  const std::byte* base = cpu::base_of(instance.head());
  TRY(place, faaslet::place_of(faaslet));
  int64_t begin = snapshot::live_stack(instance, faaslet::stand_of(faaslet.position()));
  std::string bytes(reinterpret_cast<const char*>(base + begin), static_cast<size_t>(-begin));
  for (const snapshot::Run& run : snapshot::host_fields(instance.code().info())) {
    std::memset(bytes.data() + (run.begin - begin), 0, run.bytes());
  }
  return FrozenThread{.id = task.id,
                      .slot = instance.slot().index(),
                      .bytes = std::move(bytes),
                      .place = std::move(place),
                      .done = faaslet.progress().done,
                      .deadlines_ns = faaslet.progress().deadlines_ns};
}

}  // namespace

Result<snapshot::FreezeCost> Program::freeze(const std::string& path, const slot::DirtyPages& dirty,
                                             const snapshot::FreezeOptions& options) {
  scheduler_.pause();
  // A thread that has been woken is not queued for its wake-up any more: it gets its answer now.
  for (const auto& task : scheduler_.tasks()) {
    task->faaslet->settle();
  }
  if (has_ended()) {
    return error(Error::Kind::invalid, "a program that has ended cannot be frozen");
  }
  return faaslet::freeze(*first_->faaslet, path, dirty, options);
}

Result<std::string> Program::freeze_others() const {
  FrozenThreads frozen{.last_id = last_id_.load()};
  auto tasks = scheduler_.tasks();
  std::ranges::sort(tasks, {}, &Task::id);
  for (const auto& task : tasks) {
    if (task != first_) {
      TRY(thread, freeze_one(*task));
      frozen.threads.push_back(std::move(thread));
    }
  }
  return archive_write(frozen);
}

Result<std::unique_ptr<Program>> Program::thaw(const snapshot::Frozen& frozen,
                                               std::shared_ptr<const engine::CodeFile> code,
                                               slot::SlotPool& slots,
                                               const faaslet::ImportFactory& imports,
                                               const Options& options) {
  const snapshot::Description& d = frozen.description();
  Options limited = options;
  limited.limits = {.stack_bytes = d.extent.stack_bytes, .memory_pages = d.memory_limit_pages};
  std::unique_ptr<Program> program(new Program(std::move(code), slots, limited));
  TRY_VOID(program->make_event());
  TRY(first, faaslet::thaw(frozen, slots, program->first_imports(imports), program->code_,
                           program->memory_));
  program->first_ = std::make_shared<Task>(0, std::move(first));
  // All that wait are queued before anyone runs who might wake them.
  program->first_->faaslet->settle();
  for (const auto& task : program->thawed_) {
    task->faaslet->settle();
  }
  return program;
}

Result<void> Program::thaw_others(std::string_view bytes) {
  TRY(frozen, archive_read<FrozenThreads>(bytes));
  if (frozen.version != 1) {
    return error(Error::Kind::unsupported, "its threads are in format {}; this weft reads 1",
                 frozen.version);
  }
  uint64_t block = code_->info().layout.instance_bytes;
  uint64_t room = block + options_.limits.stack_bytes;
  for (const FrozenThread& t : frozen.threads) {
    if (t.bytes.size() < block || t.bytes.size() > room || t.slot >= slots_.capacity()) {
      return error(Error::Kind::corrupt, "thread {} of the frozen program has {} bytes in slot {}",
                   t.id, t.bytes.size(), t.slot);
    }
    TRY(slot, slots_.acquire_at(t.slot));
    TRY_VOID(slot.open(-static_cast<int64_t>(room), room));
    std::memcpy(slot.base() - t.bytes.size(), t.bytes.data(), t.bytes.size());
    auto factory = [this](host::Guest& guest) { return imports_of_thread(guest); };
    TRY(faaslet, faaslet::Faaslet::adopt(code_, std::move(slot), factory, options_.limits,
                                         {.memory = memory_}));
    TRY_VOID(faaslet::give_place(*faaslet, t.place));
    faaslet->progress() = {.done = t.done, .deadlines_ns = t.deadlines_ns};
    thawed_.push_back(std::make_shared<Task>(t.id, std::move(faaslet)));
  }
  last_id_ = frozen.last_id;
  live_ = 1 + static_cast<uint32_t>(frozen.threads.size());
  return {};
}

}  // namespace weft::threads
