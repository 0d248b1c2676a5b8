// Calls that a program makes of other functions: the chain. The part of the import module "weft"
// behind weft_call in weft.h.
//
//     guest ──► ChainApi::call(name, input) ──► Caller (the node) ──► another guest
//       │                                          │
//       └── call_wait, call_result, call_output ◄──┘ done(Ended)
//
// A handle names a call from its start until it is closed; closing one that has not ended cancels
// it, and so does the end of the program.
//
// Thread safety: belongs to the thread that runs the guest; that is where `done` is told.
#pragma once

#include <functional>
#include <map>
#include <memory>
#include <string>
#include <string_view>

#include "host/guest.h"
#include "host/imports.h"
#include "wasi/abi.h"

namespace weft::guest_api {

// How a call ended, by these numbers in weft.h too.
enum class Ending : uint32_t { returned, exited, trapped, timed_out, cancelled, out_of_limits };

struct Ended {
  Ending ending = Ending::returned;
  uint32_t exit_code = 0;
  std::string output;
};

// Whoever can call functions.
class Caller {
 public:
  virtual ~Caller() = default;

  enum class Number : uint64_t {};
  using Done = std::function<void(Ended)>;
  // `function` is NAME in the caller's namespace. `done` is told once, later or from inside this.
  // Errors: not_found, exhausted (too many, too deep).
  virtual Result<Number> call(std::string_view function, std::string input, Done done) = 0;
  virtual void cancel(Number number) = 0;
};

class ChainApi final : public host::ImportModule {
 public:
  // The most handles of one program.
  static constexpr size_t max_open = 4096;

  // Without a caller every call fails with ENOSYS.
  ChainApi(host::Guest& guest, std::unique_ptr<Caller> caller)
      : ImportModule(guest), caller_(std::move(caller)), calls_(std::make_shared<Calls>()) {}
  ~ChainApi() override;
  ChainApi(const ChainApi&) = delete;
  ChainApi& operator=(const ChainApi&) = delete;

  std::optional<host::HostFunction> find(std::string_view module, std::string_view name) override;
  // Refused while a handle is open.
  Result<std::string> freeze() const override;
  Result<void> thaw(std::string_view frozen) override;

  using Errno = wasi::Errno;
  // The functions, by their names in the module.
  // ENOSYS, EFAULT, ENOENT (no such function), EAGAIN (too many calls), ENAMETOOLONG.
  host::Answer<Errno> call(host::GuestAddress name, uint32_t name_length, host::GuestAddress input,
                           uint32_t input_length, host::GuestAddress handle);
  // Waits until one of them has ended and stores its index. EBADF, EFAULT, EINVAL (none given).
  host::Answer<Errno> call_wait(host::GuestAddress handles, uint32_t count,
                                host::GuestAddress index);
  // Stores { u32 ending, u32 exit code, u64 bytes of output }. EBADF, EFAULT, EAGAIN (not ended).
  host::Answer<Errno> call_result(uint32_t handle, host::GuestAddress result);
  // Copies the output from `offset` on, as much as there is room for. The same errors.
  host::Answer<Errno> call_output(uint32_t handle, uint64_t offset, host::GuestAddress buffer,
                                  uint32_t room, host::GuestAddress copied);
  host::Answer<Errno> call_close(uint32_t handle);

 private:
  struct Call {
    Caller::Number number{};
    std::optional<Ended> ended;
  };
  // Shared with those who tell the ends, who may outlive this.
  struct Calls {
    std::map<uint32_t, Call> open;
    std::shared_ptr<host::Waker> waker;
  };

  std::unique_ptr<Caller> caller_;
  std::shared_ptr<Calls> calls_;
  uint32_t next_ = 1;
};

}  // namespace weft::guest_api
