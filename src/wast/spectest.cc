#include "wast/spectest.h"

namespace weft::wast {

std::optional<host::HostFunction> Spectest::find(std::string_view module, std::string_view name) {
  if (module != "spectest") {
    return std::nullopt;
  }
  if (name == "print") {
    return host::bind<&Spectest::print>(this);
  }
  if (name == "print_i32") {
    return host::bind<&Spectest::print_i32>(this);
  }
  if (name == "print_i64") {
    return host::bind<&Spectest::print_i64>(this);
  }
  if (name == "print_f32") {
    return host::bind<&Spectest::print_f32>(this);
  }
  if (name == "print_f64") {
    return host::bind<&Spectest::print_f64>(this);
  }
  if (name == "print_i32_f32") {
    return host::bind<&Spectest::print_i32_f32>(this);
  }
  if (name == "print_f64_f64") {
    return host::bind<&Spectest::print_f64_f64>(this);
  }
  return std::nullopt;
}

}  // namespace weft::wast
