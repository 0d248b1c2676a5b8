#include "threads/program.h"
#include <fmt/format.h>

#include <sys/eventfd.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <utility>

#include "threads/imports.h"

namespace weft::threads {

namespace {

// Source: wasi-threads: numbers of threads are positive and leave the upper bits to the C library.
constexpr uint32_t max_thread_id = 0x1fff'ffff;
constexpr size_t max_spare = 64;

}  // namespace

bool has_threads(const engine::CodeInfo& info) {
  return info.linking == engine::Linking::closed && info.imports_memory && info.memory &&
         info.memory->shared && std::ranges::any_of(info.imports, [](const wasm::Import& i) {
           return i.module == spawn_module && i.name == spawn_function;
         });
}

Program::Program(std::shared_ptr<const engine::CodeFile> code, slot::SlotPool& slots,
                 const Options& options)
    : code_(std::move(code)),
      slots_(slots),
      options_(options),
      memory_(std::make_shared<instance::LinearMemory>(*code_->info().memory,
                                                       options.limits.memory_pages,
                                                       instance::LinearMemory::Backing::file)),
      scheduler_([this](const std::shared_ptr<Task>& task) { on_end(task); }) {}

Program::~Program() { scheduler_.stop(); }

Result<std::unique_ptr<Program>> Program::create(std::shared_ptr<const engine::CodeFile> code,
                                                 slot::SlotPool& slots,
                                                 const faaslet::ImportFactory& imports,
                                                 const Options& options) {
  std::unique_ptr<Program> program(new Program(std::move(code), slots, options));
  TRY_VOID(program->make_event());
  TRY(slot, slots.acquire());
  TRY(first,
      faaslet::Faaslet::create(program->code_, std::move(slot), program->first_imports(imports),
                               options.limits, {.memory = program->memory_}));
  program->first_ = std::make_shared<Task>(0, std::move(first));
  return program;
}

Result<void> Program::make_event() {
  event_ = UniqueFd(eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK));
  if (!event_) {
    return io_error(errno, "making an event descriptor");
  }
  return {};
}

faaslet::ImportFactory Program::first_imports(const faaslet::ImportFactory& imports) {
  return [this, &imports](
             host::Guest& guest) -> Result<std::vector<std::unique_ptr<host::ImportModule>>> {
    TRY(modules, imports(guest));
    modules_ = std::move(modules);
    return imports_of_thread(guest);
  };
}

Result<std::vector<std::unique_ptr<host::ImportModule>>> Program::imports_of_thread(
    host::Guest& guest) {
  std::vector<std::unique_ptr<host::ImportModule>> modules;
  modules.push_back(std::make_unique<ThreadImports>(guest, *this));
  for (const auto& module : modules_) {
    modules.push_back(std::make_unique<InTurn>(guest, *module, turn_));
  }
  return modules;
}

Result<void> Program::call(std::string_view export_name, std::span<const wasm::Value> args) {
  return first_->faaslet->call(export_name, args);
}

Result<void> Program::start() {
  TRY_VOID(scheduler_.start(options_.cores));
  scheduler_.add(first_);
  for (const auto& task : std::exchange(thawed_, {})) {
    scheduler_.add(task);
  }
  return {};
}

int32_t Program::spawn(uint32_t argument) {
  if (live_.fetch_add(1) >= options_.threads_max) {
    --live_;
    return -1;
  }
  uint32_t id = last_id_.fetch_add(1) % max_thread_id + 1;
  auto task = make_thread(id);
  wasm::Value args[] = {wasm::value_i32(id), wasm::value_i32(argument)};
  if (!task || !(*task)->faaslet->call(thread_entry, args)) {
    --live_;
    return -1;
  }
  scheduler_.add(*task);
  return static_cast<int32_t>(id);
}

Result<std::shared_ptr<Task>> Program::make_thread(uint32_t id) {
  slot::Slot slot = take_spare();
  bool is_mapped = static_cast<bool>(slot);
  if (!is_mapped) {
    TRY(closed, slots_.acquire());
    slot = std::move(closed);
  }
  auto factory = [this](host::Guest& guest) { return imports_of_thread(guest); };
  TRY(faaslet, faaslet::Faaslet::create(code_, std::move(slot), factory, options_.limits,
                                        {.memory = memory_, .is_mapped = is_mapped}));
  return std::make_shared<Task>(id, std::move(faaslet));
}

slot::Slot Program::take_spare() {
  std::lock_guard lock(mutex_);
  if (spare_.empty()) {
    return {};
  }
  slot::Slot slot = std::move(spare_.back());
  spare_.pop_back();
  return slot;
}

void Program::on_end(const std::shared_ptr<Task>& task) {
  bool returned = std::holds_alternative<host::Returned>(task->faaslet->result());
  if (returned && task != first_) {
    slot::Slot slot = std::move(task->faaslet->instance()).take_slot();
    std::lock_guard lock(mutex_);
    if (spare_.size() < max_spare) {
      spare_.push_back(std::move(slot));
    }
    --live_;
    return;
  }
  {
    std::lock_guard lock(mutex_);
    if (speaker_ != nullptr) {
      return;
    }
    speaker_ = task;
  }
  scheduler_.request_stop();
  uint64_t one = 1;
  (void)!write(event_.value(), &one, sizeof one);
}

bool Program::has_ended() const {
  std::lock_guard lock(mutex_);
  return speaker_ != nullptr;
}

void Program::stop() { scheduler_.stop(); }

const faaslet::Faaslet& Program::speaker() const {
  std::lock_guard lock(mutex_);
  return *(speaker_ != nullptr ? speaker_ : first_)->faaslet;
}

uint32_t Program::speaker_id() const {
  std::lock_guard lock(mutex_);
  return speaker_ != nullptr ? speaker_->id : 0;
}

size_t Program::threads() const { return live_.load(); }

}  // namespace weft::threads
