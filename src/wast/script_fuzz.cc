// Any bytes are a specification script, as text or as the JSON of wast2json, or an error that says
// what is wrong. Nothing of it runs.
#include <sys/mman.h>
#include <unistd.h>

#include <string>

#include "base/unique_fd.h"
#include "wast/json_reader.h"
#include "wast/text_reader.h"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  using namespace weft;
  if (size == 0) {
    return 0;
  }
  std::string text(reinterpret_cast<const char*>(data) + 1, size - 1);
  auto check = [](const auto& script) {
    if (!script && script.error().message().empty()) {
      __builtin_trap();
    }
  };
  switch (data[0] % 3) {
    case 0: {
      UniqueFd fd(::memfd_create("weft-fuzz", MFD_CLOEXEC));
      if (::write(fd.value(), text.data(), text.size()) == static_cast<ssize_t>(text.size())) {
        check(wast::read_json("/proc/self/fd/" + std::to_string(fd.value())));
      }
      return 0;
    }
    case 1:
      check(wast::read_wast(text));
      return 0;
    default:
      (void)wast::read_wat(text);
      return 0;
  }
}
