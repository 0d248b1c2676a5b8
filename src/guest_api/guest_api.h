// The import module "weft": what a program learns of the call that it serves, and what it says
// about it. sdk/c/weft.h is the guest's side.
//
//     guest ──► trampoline ──► host::bind ──► GuestApi::log(…) ──► Log
//
// A call's input and output are standard input and output, which WASI has. So a program that only
// reads and writes runs on every WebAssembly runtime.
//
// Functions answer with WASI's error numbers, which are the guest's errno; they check arguments
// before guest memory, and a failed one writes nothing.
//
// Thread safety: belongs to the thread that runs the guest.
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "guest_api/log.h"
#include "host/guest.h"
#include "host/imports.h"
#include "wasi/abi.h"

namespace weft::guest_api {

using host::Answer;
using host::GuestAddress;
using wasi::Errno;

inline constexpr std::string_view module_name = "weft";

// The longest entry of the log; longer ones are refused.
inline constexpr uint32_t max_log_bytes = 64 << 10;

// The call that a program serves.
struct Call {
  std::string function;  // as it is deployed
  std::string id;
  std::string trace_id;  // 32 hexadecimal digits (W3C Trace Context), or empty
  std::optional<host::Clock::time_point> deadline = {};
};

enum class AtReadyPoint : uint8_t {
  go_on,
  wait,  // for ever: whoever makes an image takes it now, and guests that start from it go on
};

struct Config {
  Call call;
  std::shared_ptr<Log> log;  // null: entries are lost
  AtReadyPoint at_ready_point = AtReadyPoint::go_on;
};

class GuestApi final : public host::ImportModule {
 public:
  GuestApi(host::Guest& guest, Config config) : ImportModule(guest), config_(std::move(config)) {}

  std::optional<host::HostFunction> find(std::string_view module, std::string_view name) override;

  // Which call it is goes along, and how much of an entry was written; log and deadline are those
  // of the process that thaws. After an Error nothing has changed.
  Result<std::string> freeze() const override;
  Result<void> thaw(std::string_view frozen) override;

  const Call& call() const { return config_.call; }

  // The functions, by their names in the module.
  Answer<Errno> log(uint32_t level, GuestAddress text, uint32_t length);
  // The text number `what` (0 function, 1 call id, 2 trace id): as much of it as there is room for,
  // and its whole length.
  Answer<Errno> context(uint32_t what, GuestAddress buffer, uint32_t room, GuestAddress length);
  // Nanoseconds until the call has to be done, 0 when it is late; INT64_MAX without a deadline.
  Answer<int64_t> time_left();
  Answer<void> ready();

 private:
  Config config_;
};

}  // namespace weft::guest_api
