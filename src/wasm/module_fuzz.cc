// Any bytes at all are either a module or an error that says what is wrong.
#include <cstddef>
#include <cstdint>
#include <vector>

#include "wasm/module.h"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  // The header alone would keep nearly all inputs out.
  std::vector<uint8_t> bytes{0, 'a', 's', 'm', 1, 0, 0, 0};
  bytes.insert(bytes.end(), data, data + size);
  auto module = weft::wasm::decode(std::move(bytes));
  if (!module && module.error().message().empty()) {
    __builtin_trap();
  }
  return 0;
}
