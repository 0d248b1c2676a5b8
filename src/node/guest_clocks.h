// The clocks of a call's guest: the machine's, but that processor time is what this guest has run
// for. The thread's own would count everybody whom it runs, and tell each of the others.
//
// Thread safety: as its guest.
#pragma once

#include "host/guest.h"
#include "wasi/sources.h"

namespace weft::node {

class GuestClocks final : public wasi::Clocks {
 public:
  explicit GuestClocks(const host::Guest& guest) : guest_(guest) {}

  uint64_t now_ns(wasi::ClockId id) const override {
    bool is_processor = id == wasi::ClockId::process_cputime || id == wasi::ClockId::thread_cputime;
    return is_processor ? static_cast<uint64_t>(guest_.processor_time().count())
                        : wasi::system_clocks().now_ns(id);
  }
  uint64_t resolution_ns(wasi::ClockId id) const override {
    return wasi::system_clocks().resolution_ns(id);
  }

 private:
  const host::Guest& guest_;
};

}  // namespace weft::node
