// Any text is either settings of a function, whose canonical text gives the same again, or an error
// that says what is wrong.
#include <cstddef>
#include <cstdint>

#include "manifest/function_spec.h"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  using namespace weft::manifest;
  std::string_view text(reinterpret_cast<const char*>(data), size);
  auto spec = parse_function_spec(text, "fuzz");
  if (!spec) {
    return spec.error().message().empty() ? (__builtin_trap(), 0) : 0;
  }
  auto again = parse_function_spec(canonical_text(*spec), "canonical");
  if (!again || *again != *spec) {
    __builtin_trap();
  }
  return 0;
}
