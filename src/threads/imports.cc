#include "threads/imports.h"

namespace weft::threads {

// Calls are that thread's while this lives.
class InTurn::Serving {
 public:
  explicit Serving(const InTurn& thread) { host::serving = &thread.guest(); }
  ~Serving() { host::serving = nullptr; }
  Serving(const Serving&) = delete;
  Serving& operator=(const Serving&) = delete;
};

std::optional<host::HostFunction> InTurn::find(std::string_view module, std::string_view name) {
  auto found = module_->find(module, name);
  if (!found) {
    return std::nullopt;
  }
  bound_.push_back({this, *found});
  return host::HostFunction{found->concurrent ? &call : &call_in_turn, &bound_.back(), found->type};
}

cpu::HostReturn InTurn::call(void* object, uint64_t a0, uint64_t a1, uint64_t a2, uint64_t a3,
                             uint64_t a4) {
  auto& bound = *static_cast<Bound*>(object);
  Serving serving(*bound.self);
  return bound.function.fn(bound.function.object, a0, a1, a2, a3, a4);
}

cpu::HostReturn InTurn::call_in_turn(void* object, uint64_t a0, uint64_t a1, uint64_t a2,
                                     uint64_t a3, uint64_t a4) {
  std::lock_guard lock(*static_cast<Bound*>(object)->self->turn_);
  return call(object, a0, a1, a2, a3, a4);
}

Result<std::string> InTurn::freeze() const {
  Serving serving(*this);
  return module_->freeze();
}

Result<void> InTurn::thaw(std::string_view frozen) {
  Serving serving(*this);
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
