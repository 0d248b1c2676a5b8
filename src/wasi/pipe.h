// Pipes that a guest makes for itself: made, looked into when it freezes, filled when it thaws.
//
// Thread safety: functions. All descriptors are non-blocking and closed on exec.
#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <string_view>

#include "base/result.h"
#include "base/unique_fd.h"

namespace weft::wasi {

struct Pipe {
  UniqueFd reading;
  UniqueFd writing;
};

using Pipes = std::map<uint32_t, Pipe>;  // by Descriptor::pipe

Result<Pipe> make_pipe();

// The bytes that wait in a pipe, which stay there. `reading` is its end to read from.
Result<std::string> waiting_in(int reading);

// Puts bytes into a new pipe; an Error when it does not hold them all.
Result<void> fill(const Pipe& pipe, std::string_view bytes);

}  // namespace weft::wasi
