// What of a program's imports weft does not provide, and how a type reads: what `run` says before
// it compiles, and `inspect` as reasons why a program cannot run here.
//
// `M` is a wasm::Module or an engine::CodeInfo, which name these things alike. Thread safety:
// functions.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "wasm/module.h"
#include "world.h"

namespace weft::cli {

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
std::string why_unmet(const M& module, const wasm::Import& import,
                      const ProvidedImports& provided) {
  std::string type = type_text(module, import.kind, import.index);
  std::string name = import.module + "." + import.name;
  if (import.kind == wasm::ExternKind::memory) {
    return "";
  }
  if (import.kind != wasm::ExternKind::func) {
    return fmt::format("it imports the {} {} ({}): only functions and a memory are provided",
                       wasm::name(import.kind), name, type);
  }
  auto offered = provided.find(import.module, import.name);
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
std::vector<std::string> unmet_imports(const M& module, const ProvidedImports& provided) {
  std::vector<std::string> reasons;
  for (const wasm::Import& import : module.imports) {
    if (std::string reason = why_unmet(module, import, provided); !reason.empty()) {
      reasons.push_back(std::move(reason));
    }
  }
  return reasons;
}

}  // namespace weft::cli
