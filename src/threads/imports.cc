#include "threads/imports.h"

namespace weft::threads {

std::optional<host::HostFunction> InTurn::find(std::string_view module, std::string_view name) {
  auto found = module_->find(module, name);
  if (!found) {
    return std::nullopt;
  }
  bound_.push_back({this, *found});
  return host::HostFunction{&call, &bound_.back(), found->type};
}

cpu::HostReturn InTurn::call(void* object, uint64_t a0, uint64_t a1, uint64_t a2, uint64_t a3,
                             uint64_t a4) {
  auto& bound = *static_cast<Bound*>(object);
  std::lock_guard lock(*bound.self->turn_);
  bound.self->module_->serve(bound.self->guest());
  return bound.function.fn(bound.function.object, a0, a1, a2, a3, a4);
}

Result<std::string> InTurn::freeze() const {
  module_->serve(guest());
  return module_->freeze();
}

Result<void> InTurn::thaw(std::string_view frozen) {
  module_->serve(guest());
  return module_->thaw(frozen);
}

std::optional<host::HostFunction> ThreadImports::find(std::string_view module,
                                                      std::string_view name) {
  if (module == spawn_module && name == spawn_function) {
    return host::bind<&ThreadImports::spawn>(this);
  }
  if (module == "wasi_snapshot_preview1" && name == "sched_yield") {
    return host::bind<&ThreadImports::sched_yield>(this);
  }
  return std::nullopt;
}

host::Answer<uint32_t> ThreadImports::sched_yield() {
  if (guest().resumed() || !program_->is_crowded()) {
    return 0u;
  }
  return guest().wait({.fds = {}, .deadline = host::Clock::time_point()});
}

}  // namespace weft::threads
