#include "node/call_imports.h"

#include <fcntl.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <utility>

#include "base/unique_fd.h"
#include "guest_api/guest_api.h"
#include "threads/one_thread.h"

namespace weft::node {

namespace {

using Modules = std::vector<std::unique_ptr<host::ImportModule>>;

// Entries become lines of standard error, where all that a program says stands in order.
class CallLog final : public guest_api::Log {
 public:
  explicit CallLog(wasi::Wasi& wasi) : wasi_(wasi) {}

  guest_api::Level lowest() const override { return guest_api::Level::info; }
  std::optional<host::Wait> add(guest_api::Level level, std::string_view text,
                                uint64_t& /*done*/) override {
    wasi_.add_output(2, guest_api::log_line(level, text));
    return std::nullopt;
  }

 private:
  wasi::Wasi& wasi_;
};

wasi::WasiConfig config_of(const Function& function) {
  const Terms& terms = function.terms();
  wasi::WasiConfig config;
  config.args.push_back(function.name());
  config.args.insert(config.args.end(), terms.args.begin(), terms.args.end());
  config.env = terms.env;
  config.directories = terms.directories;
  config.limits.open_files = terms.open_files;
  return config;
}

// An input that never comes: a guest that reads it stands at its ready point.
class WaitingInput {
 public:
  Result<int> open() {
    std::array<int, 2> ends{};
    if (pipe2(ends.data(), O_CLOEXEC | O_NONBLOCK) != 0) {
      return io_error(errno, "a pipe for the start-up's input");
    }
    read_ = UniqueFd(ends[0]);
    write_ = UniqueFd(ends[1]);
    return read_.value();
  }

 private:
  UniqueFd read_;
  UniqueFd write_;
};

}  // namespace

faaslet::ImportFactory CallImports::factory() {
  return [this](host::Guest& guest) { return make(guest); };
}

Result<Modules> CallImports::make(host::Guest& guest) {
  const Terms& terms = task_.function->terms();
  wasi::WasiConfig config = config_of(*task_.function);
  config.args.insert(config.args.end(), task_.args.begin(), task_.args.end());
  config.env.insert(config.env.end(), task_.env.begin(), task_.env.end());
  config.stdin_stream = wasi::InputBuffer{std::move(task_.input)};
  config.stdout_stream = wasi::OutputBuffer{terms.output_bytes, wasi::Beyond::ends_guest};
  config.stderr_stream = wasi::OutputBuffer{terms.log_bytes, wasi::Beyond::is_lost};
  if (stepped_ == Stepped::by_core) {
    config.clocks = &clocks_.emplace(guest);
  }
  TRY(wasi, wasi::Wasi::create(guest, std::move(config)));
  wasi_ = wasi.get();
  guest_api::Config call;
  call.call = {.function = task_.function->full_name(),
               .id = task_.id,
               .trace_id = task_.trace_id,
               .deadline = task_.deadline};
  call.log = std::make_shared<CallLog>(*wasi_);
  Modules modules;
  modules.push_back(std::move(wasi));
  modules.push_back(std::make_unique<threads::OneThread>(guest));
  modules.push_back(std::make_unique<guest_api::GuestApi>(guest, std::move(call)));
  modules.push_back(std::make_unique<guest_api::ChainApi>(guest, std::move(caller_)));
  return modules;
}

faaslet::ImportFactory start_up_imports(std::shared_ptr<const Function> function) {
  return [function = std::move(function),
          waiting = std::make_shared<WaitingInput>()](host::Guest& guest) -> Result<Modules> {
    wasi::WasiConfig config = config_of(*function);
    config.stdin_stream = wasi::InputBuffer{};
    if (function->terms().ready_point == faaslet::ReadyPoint::first_wait) {
      TRY(input, waiting->open());
      config.stdin_stream = wasi::HostFd{input};
    }
    config.stdout_stream = wasi::OutputBuffer{0, wasi::Beyond::is_lost};
    config.stderr_stream = wasi::OutputBuffer{0, wasi::Beyond::is_lost};
    TRY(wasi, wasi::Wasi::create(guest, std::move(config)));
    Modules modules;
    modules.push_back(std::move(wasi));
    modules.push_back(std::make_unique<threads::OneThread>(guest));
    modules.push_back(std::make_unique<guest_api::GuestApi>(
        guest, guest_api::Config{.call = {.function = function->full_name()},
                                 .log = {},
                                 .at_ready_point = guest_api::AtReadyPoint::wait}));
    modules.push_back(std::make_unique<guest_api::ChainApi>(guest, nullptr));
    return modules;
  };
}

faaslet::ImportFactory all_imports() {
  return start_up_imports(std::make_shared<Function>(Function::Name(), Terms(), ""));
}

}  // namespace weft::node
