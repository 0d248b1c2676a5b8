// What the worker that is killed and the test that checks on it agree upon.
#pragma once

#include <string>

#include "call/call.h"

namespace weft::call {

// The output of a call: from a few bytes to more than the store keeps among its keys.
inline std::string expected_output(CallId id) {
  size_t choice = id.low >> 40 & 0x3f;
  size_t size = choice == 0 ? 400'000 : choice < 8 ? 3000 : 30;
  std::string output = "output of " + id.text() + " ";
  output.resize(output.size() + size, static_cast<char>('a' + id.low % 26));
  return output;
}

}  // namespace weft::call
