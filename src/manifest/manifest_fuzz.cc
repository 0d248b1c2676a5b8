// Any text is either a project's weft.toml, or a node's configuration, or neither with an error
// that says why.
#include <cstddef>
#include <cstdint>

#include "manifest/manifest.h"
#include "manifest/node_config.h"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  using namespace weft::manifest;
  std::string_view text(reinterpret_cast<const char*>(data), size);
  auto manifest = parse_manifest(text, "fuzz");
  auto config = parse_node_config(text, "fuzz");
  if ((!manifest && manifest.error().message().empty()) ||
      (!config && config.error().message().empty())) {
    __builtin_trap();
  }
  if (manifest) {
    for (const Function& function : manifest->functions) {
      auto spec = parse_function_spec(canonical_text(function.spec), "canonical");
      if (!spec || *spec != function.spec) {
        __builtin_trap();
      }
    }
  }
  return 0;
}
