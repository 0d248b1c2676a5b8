// The one seam through which a guest reaches the world: a set of named host functions. What is not
// offered here cannot be called; deny is the default. A test or a policy replaces the whole set or
// wraps it.
//
// bind<&Module::method>(module) turns a member function into a HostFunction: its parameters and
// result give the WebAssembly signature (uint32_t and GuestAddress are i32, uint64_t i64, float
// f32, double f64), its answer is encoded for the trampoline, and the arguments are kept when it
// waits.
//
// Thread safety: as the objects bound.
#pragma once

#include <bit>
#include <concepts>
#include <optional>
#include <string_view>
#include <type_traits>

#include "base/result.h"
#include "cpu/instance_head.h"
#include "host/guest.h"
#include "wasm/types.h"

namespace weft::host {

struct HostFunction {
  cpu::HostFn fn;
  void* object;
  wasm::FuncType type;
  // May be called by several threads of a program at once; others take turns.
  bool concurrent = false;
};

// The threads of a program share its import modules: on this thread of the host, calls are this
// guest's; null: the one that the module was made for.
inline thread_local constinit Guest* serving = nullptr;

// A family of imports for one guest: "wasi_snapshot_preview1", "weft", "mpi", …
class ImportModule {
 public:
  explicit ImportModule(Guest& guest) : guest_(&guest) {}
  virtual ~ImportModule() = default;
  ImportModule(const ImportModule&) = delete;
  ImportModule& operator=(const ImportModule&) = delete;

  Guest& guest() const { return serving != nullptr ? *serving : *guest_; }

  // The function of that name, or nothing. Called once for each import when a guest is
  // instantiated.
  virtual std::optional<HostFunction> find(std::string_view module, std::string_view name) = 0;

  // What a frozen guest takes along of this family (open files, offsets, arguments). The bytes are
  // this module's own format, versioned by itself. An error says which resource cannot be frozen,
  // or what is missing where it is thawed.
  virtual Result<std::string> freeze() const { return std::string(); }
  virtual Result<void> thaw(std::string_view) { return {}; }

 private:
  Guest* guest_;
};

namespace detail {

template <class T>
constexpr wasm::ValType val_type() {
  if constexpr (std::is_same_v<T, float>) {
    return wasm::ValType::f32;
  } else if constexpr (std::is_same_v<T, double>) {
    return wasm::ValType::f64;
  } else if constexpr (sizeof(T) == 8) {
    static_assert(std::is_integral_v<T> || std::is_enum_v<T>);
    return wasm::ValType::i64;
  } else {
    static_assert(std::is_integral_v<T> || std::is_enum_v<T>);
    return wasm::ValType::i32;
  }
}

template <class T>
T decode(uint64_t bits) {
  if constexpr (std::is_same_v<T, float>) {
    return std::bit_cast<float>(static_cast<uint32_t>(bits));
  } else if constexpr (std::is_same_v<T, double>) {
    return std::bit_cast<double>(bits);
  } else {
    return static_cast<T>(bits);
  }
}

template <class T>
uint64_t encode(T value) {
  if constexpr (std::is_same_v<T, float>) {
    return std::bit_cast<uint32_t>(value);
  } else if constexpr (std::is_same_v<T, double>) {
    return std::bit_cast<uint64_t>(value);
  } else if constexpr (sizeof(T) == 8) {
    return static_cast<uint64_t>(value);
  } else {
    return static_cast<uint32_t>(value);
  }
}

template <auto Method, class Module, class R, class... Args>
struct Binding {
  static HostFunction make(Module* module) {
    HostFunction f{&call, module, {}};
    (f.type.params.push_back(val_type<Args>()), ...);
    if constexpr (!std::is_void_v<R>) {
      f.type.results.push_back(val_type<R>());
    }
    return f;
  }

  static cpu::HostReturn call(void* object, uint64_t a0, uint64_t a1, uint64_t a2, uint64_t a3,
                              uint64_t a4) {
    auto* module = static_cast<Module*>(object);
    uint64_t registers[5] = {a0, a1, a2, a3, a4};
    Answer<R> answer = invoke(module, registers, std::index_sequence_for<Args...>());
    if (answer.action() == cpu::Action::suspend) [[unlikely]] {
      std::memcpy(module->guest().head()->pending_args, registers, sizeof registers);
    }
    if constexpr (std::is_void_v<R>) {
      return {0, answer.action()};
    } else {
      return {encode<R>(answer.value()), answer.action()};
    }
  }

  template <size_t... I>
  static Answer<R> invoke(Module* module, const uint64_t* registers, std::index_sequence<I...>) {
    const auto* area = sizeof...(Args) > 5
                           ? reinterpret_cast<const wasm::Value*>(module->guest().head()->args)
                           : nullptr;
    return (module->*Method)(decode<Args>(I < 5 ? registers[I] : area[I].i64)...);
  }
};

template <auto Method, class Module, class R, class... Args>
HostFunction bind_as(Module* module, Answer<R> (Module::*)(Args...)) {
  return Binding<Method, Module, R, Args...>::make(module);
}

}  // namespace detail

template <auto Method, class Module>
HostFunction bind(Module* module) {
  return detail::bind_as<Method>(module, Method);
}

}  // namespace weft::host
