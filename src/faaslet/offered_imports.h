// What of a program's imports an import factory does not offer, and how a type reads: why a program
// cannot run here, said before it is compiled.
//
// `M` is a wasm::Module or an engine::CodeInfo, which name these things alike. Thread safety: an
// OfferedImports belongs to one thread at a time.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "faaslet/faaslet.h"
#include "wasm/module.h"

namespace weft::faaslet {

// The import modules of a factory, for nobody to run.
class OfferedImports {
 public:
  static Result<OfferedImports> create(const ImportFactory& factory) {
    OfferedImports offered;
    offered.guest_ = std::make_unique<host::Guest>(nullptr);
    TRY(modules, factory(*offered.guest_));
    offered.modules_ = std::move(modules);
    return offered;
  }
  // The signature of what is offered under that name, or nothing.
  std::optional<wasm::FuncType> find(std::string_view module, std::string_view name) const {
    for (const auto& offering : modules_) {
      if (auto function = offering->find(module, name)) {
        return function->type;
      }
    }
    return std::nullopt;
  }

 private:
  std::unique_ptr<host::Guest> guest_;
  std::vector<std::unique_ptr<host::ImportModule>> modules_;
};

inline std::string limits_text(const wasm::Limits& limits, std::string_view unit) {
  std::string text = fmt::format("{} to {} {}", limits.min,
                                 limits.max ? fmt::format("{}", *limits.max) : "any", unit);
  return limits.shared ? text + ", shared" : text;
}

// The type of an import or export.
template <class M>
std::string type_text(const M& module, wasm::ExternKind kind, uint32_t index) {
  switch (kind) {
    case wasm::ExternKind::func:
      return wasm::to_string(module.type_of(index));
    case wasm::ExternKind::table:
      return fmt::format("{}, {}", wasm::name(module.tables[index].element),
                         limits_text(module.tables[index].limits, "elements"));
    case wasm::ExternKind::memory:
      return limits_text(*module.memory, "pages");
    case wasm::ExternKind::global:
      return fmt::format("{}{}", module.globals[index].is_mutable ? "mutable " : "",
                         wasm::name(module.globals[index].type));
    case wasm::ExternKind::tag:
      return wasm::to_string(module.types[module.tags[index]]);
  }
  return "?";
}

// Why this import keeps the program from running, or "". A memory that is imported is given: one of
// its own, of the type wanted.
template <class M>
std::string why_unmet(const M& module, const wasm::Import& import, const OfferedImports& offers) {
  std::string type = type_text(module, import.kind, import.index);
  std::string name = import.module + "." + import.name;
  if (import.kind == wasm::ExternKind::memory) {
    return "";
  }
  if (import.kind != wasm::ExternKind::func) {
    return fmt::format("it imports the {} {} ({}): only functions and a memory are provided",
                       wasm::name(import.kind), name, type);
  }
  auto offered = offers.find(import.module, import.name);
  if (!offered) {
    return fmt::format("it imports {} {}, which weft does not provide", name, type);
  }
  if (*offered != module.type_of(import.index)) {
    return fmt::format("it imports {} as {}; weft provides {}", name, type,
                       wasm::to_string(*offered));
  }
  return "";
}

template <class M>
std::vector<std::string> unmet_imports(const M& module, const OfferedImports& offers) {
  std::vector<std::string> reasons;
  for (const wasm::Import& import : module.imports) {
    if (std::string reason = why_unmet(module, import, offers); !reason.empty()) {
      reasons.push_back(std::move(reason));
    }
  }
  return reasons;
}

}  // namespace weft::faaslet
