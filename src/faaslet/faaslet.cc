#include "faaslet/faaslet.h"

#include <algorithm>
#include <array>
#include <bit>

#include "engine/backtrace.h"

namespace weft::faaslet {

using cpu::Leave;
using host::Outcome;

// What wakers hold: it outlives the faaslet, and then wakes nobody.
class Faaslet::WakeFlag final : public host::Waker {
 public:
  void wake() override {
    std::lock_guard lock(mutex_);
    woken_ = true;
    if (callback_) {
      callback_();
    }
  }
  void on_wake(std::function<void()> callback) {
    std::lock_guard lock(mutex_);
    callback_ = std::move(callback);
    if (woken_ && callback_) {
      callback_();
    }
  }
  bool take() {
    std::lock_guard lock(mutex_);
    return std::exchange(woken_, false);
  }

 private:
  std::mutex mutex_;
  bool woken_ = false;
  std::function<void()> callback_;
};

Faaslet::Faaslet(cpu::InstanceHead* head) : Guest(head), wake_(std::make_shared<WakeFlag>()) {}

Faaslet::~Faaslet() { wake_->on_wake(nullptr); }

Result<std::unique_ptr<Faaslet>> Faaslet::create(std::shared_ptr<const engine::CodeFile> code,
                                                 slot::Slot slot, const ImportFactory& imports,
                                                 const instance::Limits& limits,
                                                 instance::ProgramMemory memory) {
  return make(false, std::move(code), std::move(slot), imports, limits, std::move(memory));
}

Result<std::unique_ptr<Faaslet>> Faaslet::adopt(std::shared_ptr<const engine::CodeFile> code,
                                                slot::Slot slot, const ImportFactory& imports,
                                                const instance::Limits& limits,
                                                instance::ProgramMemory memory) {
  return make(true, std::move(code), std::move(slot), imports, limits, std::move(memory));
}

Result<std::unique_ptr<Faaslet>> Faaslet::make(bool adopted,
                                               std::shared_ptr<const engine::CodeFile> code,
                                               slot::Slot slot, const ImportFactory& imports,
                                               const instance::Limits& limits,
                                               instance::ProgramMemory memory) {
  std::unique_ptr<Faaslet> faaslet(new Faaslet(cpu::head_of(slot.base())));
  faaslet->memory_ = std::move(memory);
  if (imports) {
    TRY(modules, imports(*faaslet));
    faaslet->imports_ = std::move(modules);
  }
  const auto start = code->info().start;
  auto made = adopted ? instance::Instance::adopt(std::move(code), std::move(slot), *faaslet,
                                                  *faaslet, limits)
                      : instance::Instance::create(std::move(code), std::move(slot), *faaslet,
                                                   *faaslet, limits);
  if (!made) {
    return std::unexpected(std::move(made).error());
  }
  faaslet->instance_ = std::move(*made);
  faaslet->activation_ = faaslet->instance_->activation();
  if (start && !adopted) {
    faaslet->queue_.push_back({*start, {}});
  }
  return faaslet;
}

std::optional<host::HostFunction> Faaslet::function(const wasm::Import& import) {
  for (const auto& module : imports_) {
    if (auto found = module->find(import.module, import.name)) {
      return found;
    }
  }
  return std::nullopt;
}

Result<void> Faaslet::call(std::string_view export_name, std::span<const wasm::Value> args) {
  const engine::CodeInfo& info = instance_->code().info();
  const wasm::Export* found = info.find_export(export_name);
  if (found == nullptr || found->kind != wasm::ExternKind::func) {
    return error(Error::Kind::not_found, "{} exports no function '{}'", instance_->code().name(),
                 export_name);
  }
  const wasm::FuncType& type = info.type_of(found->index);
  if (type.params.size() != args.size()) {
    return error(Error::Kind::invalid,
                 "'{}' has the type {} and cannot be called with {} arguments", export_name,
                 wasm::to_string(type), args.size());
  }
  queue_.push_back({found->index, {args.begin(), args.end()}});
  return {};
}

bool Faaslet::begin_next_call() {
  if (queue_.empty()) {
    return false;
  }
  Call call = std::move(queue_.front());
  queue_.erase(queue_.begin());
  call_type_ = instance_->code().info().function_types[call.function];
  instance_->prepare_call(activation_, call.function, call.args);
  in_call_ = true;
  return true;
}

State Faaslet::step(cpu::Thread& thread) {
  CHECK(state_ == State::ready);
  while (state_ == State::ready) {
    if (kill_requested()) {
      std::lock_guard lock(kill_mutex_);
      end(*kill_outcome_);
      break;
    }
    if (!in_call_ && !begin_next_call()) {
      end(host::Returned{});
      break;
    }
    if (call_again_ && !repeat_host_call()) {
      break;
    }
    cpu::Exit exit = thread.enter(activation_);
    on_leave(exit);
    if (exit.reason == Leave::preempted || exit.reason == Leave::interrupted) {
      break;
    }
  }
  return state_;
}

// The guest waits in a host call: the call is made anew. False when the guest does not run on.
bool Faaslet::repeat_host_call() {
  const auto& layout = instance_->code().info().layout;
  const auto* entries =
      reinterpret_cast<const cpu::ImportEntry*>(cpu::base_of(head_) + layout.imports);
  const cpu::ImportEntry& entry = entries[head_->call_index];
  const uint64_t* a = head_->pending_args;
  wake_->take();
  set_resumed(true);
  cpu::HostReturn answer = entry.fn(entry.object, a[0], a[1], a[2], a[3], a[4]);
  set_resumed(false);
  switch (answer.action) {
    case cpu::Action::go_on:
      call_again_ = false;
      head_->result = answer.value;
      return true;
    case cpu::Action::suspend:
      state_ = State::waiting;
      return false;
    case cpu::Action::stop:
      end(take_outcome().value_or(host::Killed{"stopped"}));
      return false;
  }
  return false;
}

void Faaslet::on_leave(const cpu::Exit& exit) {
  switch (exit.reason) {
    case Leave::returned:
      in_call_ = false;
      if (head_->exception != 0) {
        end(host::Trapped{wasm::TrapKind::uncaught_exception, {}});
        return;
      }
      results_ = instance_->results(instance_->code().info().types[call_type_]);
      return;
    case Leave::suspended:
      call_again_ = true;
      state_ = State::waiting;
      return;
    case Leave::stopped:
      end(take_outcome().value_or(host::Killed{"stopped"}));
      return;
    case Leave::preempted:
    case Leave::interrupted:
      return;
    case Leave::trapped:
      end(host::Trapped{exit.trap, {}});
      return;
  }
}

void Faaslet::end(Outcome outcome) {
  ended_ = std::move(outcome);
  state_ = State::ended;
}

void Faaslet::make_ready() {
  if (state_ == State::waiting) {
    state_ = State::ready;
  }
}

void Faaslet::settle() {
  if (state_ == State::ready && call_again_) {
    repeat_host_call();
  }
}

void Faaslet::kill(Outcome outcome) {
  {
    std::lock_guard lock(kill_mutex_);
    if (!kill_outcome_) {
      kill_outcome_ = std::move(outcome);
    }
    kill_requested_.store(true, std::memory_order_release);
  }
  wake_->wake();
}

std::shared_ptr<host::Waker> Faaslet::waker() { return wake_; }

void Faaslet::on_wake(std::function<void()> callback) { wake_->on_wake(std::move(callback)); }

bool Faaslet::take_wake() { return wake_->take(); }

std::vector<TraceFrame> Faaslet::backtrace() const {
  std::vector<TraceFrame> frames;
  for (const engine::CodeFrame& frame :
       engine::backtrace(instance_->code(), activation_.registers, activation_.stack_high)) {
    frames.push_back({frame.function, frame.offset});
  }
  return frames;
}

Faaslet::Position Faaslet::position() const {
  Position position{.state = state_,
                    .in_call = in_call_,
                    .preempted = activation_.preempted,
                    .call_again = call_again_,
                    .call_type = call_type_};
  for (const Call& call : queue_) {
    auto& queued = position.queued.emplace_back(Position::Queued{.function = call.function});
    for (const wasm::Value& value : call.args) {
      auto words = std::bit_cast<std::array<uint64_t, 2>>(value);
      queued.args.insert(queued.args.end(), words.begin(), words.end());
    }
  }
  return position;
}

void Faaslet::set_position(const Position& position) {
  state_ = position.state;
  in_call_ = position.in_call;
  activation_.preempted = position.preempted;
  call_again_ = position.call_again;
  call_type_ = position.call_type;
  queue_.clear();
  for (const Position::Queued& queued : position.queued) {
    std::vector<wasm::Value> args;
    for (size_t i = 0; i + 1 < queued.args.size(); i += 2) {
      args.push_back(std::bit_cast<wasm::Value>(std::array{queued.args[i], queued.args[i + 1]}));
    }
    queue_.push_back({queued.function, std::move(args)});
  }
}

}  // namespace weft::faaslet
