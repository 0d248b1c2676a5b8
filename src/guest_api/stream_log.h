// A log as lines "warning: TEXT" on a descriptor of the host, which is borrowed.
//
// Thread safety: belongs to the thread that runs the guest. Nothing blocks it.
#pragma once

#include <string>

#include "guest_api/log.h"
#include "wasi/fd_table.h"

namespace weft::guest_api {

class StreamLog final : public Log {
 public:
  // Where `fd` is not open, all entries are lost.
  StreamLog(int fd, Level lowest);

  Level lowest() const override { return lowest_; }
  std::optional<host::Wait> add(Level level, std::string_view text, uint64_t& done) override;

 private:
  std::optional<wasi::Descriptor> stream_;
  Level lowest_;
};

}  // namespace weft::guest_api
