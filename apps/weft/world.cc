#include "world.h"

#include <fcntl.h>
#include <unistd.h>

#include <array>
#include <cerrno>

#include "base/unique_fd.h"
#include "guest_api/chain.h"
#include "guest_api/guest_api.h"
#include "guest_api/stream_log.h"
#include "threads/one_thread.h"
#include "values.h"
#include "wasi/wasi.h"

namespace weft::cli {

namespace {

constexpr std::string_view broken_pipe = "SIGPIPE";

// WASI as it is, but that a write answered by EPIPE ends the guest.
class NativePipes final : public host::ImportModule {
 public:
  explicit NativePipes(std::unique_ptr<wasi::Wasi> wasi)
      : ImportModule(wasi->guest()), wasi_(std::move(wasi)) {}

  std::optional<host::HostFunction> find(std::string_view module, std::string_view name) override {
    auto found = wasi_->find(module, name);
    if (found && name == "fd_write") {
      write_ = *found;
      return host::HostFunction{&call_write, this, found->type, found->concurrent};
    }
    return found;
  }
  Result<std::string> freeze() const override { return wasi_->freeze(); }
  Result<void> thaw(std::string_view frozen) override { return wasi_->thaw(frozen); }

 private:
  static cpu::HostReturn call_write(void* object, uint64_t a0, uint64_t a1, uint64_t a2,
                                    uint64_t a3, uint64_t a4) {
    auto* self = static_cast<NativePipes*>(object);
    cpu::HostReturn result = self->write_.fn(self->write_.object, a0, a1, a2, a3, a4);
    if (result.action == cpu::Action::go_on &&
        result.value == static_cast<uint64_t>(wasi::Errno::pipe)) [[unlikely]] {
      (void)self->guest().stop(host::Killed{std::string(broken_pipe)});
      return {0, cpu::Action::stop};
    }
    return result;
  }

  std::unique_ptr<wasi::Wasi> wasi_;
  host::HostFunction write_{};
};

// 32 hexadecimal digits that no other run has.
std::string random_id() {
  std::array<std::byte, 16> bytes{};
  std::string text;
  CHECK(wasi::system_random().fill(bytes) == wasi::Errno::success);
  for (std::byte b : bytes) {
    text += fmt::format("{:02x}", static_cast<unsigned>(b));
  }
  return text;
}

guest_api::Config call_of_a_run(const Context& context, const CallSettings& settings) {
  guest_api::Config config;
  config.call.function = settings.function;
  config.call.id = random_id();
  config.call.trace_id = config.call.id;
  if (settings.timeout) {
    config.call.deadline = host::Clock::now() + *settings.timeout;
  }
  config.log = std::make_shared<guest_api::StreamLog>(
      context.stream_open[STDERR_FILENO] ? STDERR_FILENO : -1, settings.log_level);
  return config;
}

wasi::Stream standard_stream(const Context& context, int number) {
  if (context.stream_open[static_cast<size_t>(number)]) {
    return wasi::HostFd{number};
  }
  return wasi::Closed{};
}

}  // namespace

void declare_directories(CLI::App& app, Grants& grants) {
  add_parsed(
      app, "--dir", "HOST::GUEST[::ro]",
      [&grants](const std::string& text) -> Result<void> {
        TRY(directory, parse_directory(text));
        grants.directories.push_back(directory);
        return {};
      },
      "let the program see the directory HOST as GUEST; with ::ro it cannot change anything there. "
      "HOST alone is seen "
      "under its own name. May be repeated");
}

void declare_variables(CLI::App& app, Grants& grants) {
  add_parsed(
      app, "--env", "NAME=VALUE",
      [&grants](const std::string& text) -> Result<void> {
        TRY(variable, parse_variable(text));
        if (!variable.empty()) {
          grants.variables.push_back(variable);
        }
        return {};
      },
      "set an environment variable; NAME alone passes on the value that weft has. May be repeated");
}

void declare_log_level(CLI::App& app, guest_api::Level& level) {
  add_parsed(
      app, "--log-level", "LEVEL",
      [&level](const std::string& text) -> Result<void> {
        auto named = guest_api::level_named(text);
        if (!named) {
          return error(Error::Kind::invalid, "{} is no level: debug, info, warning or error", text);
        }
        level = *named;
        return {};
      },
      "show what the program logs from this level on: debug, info (default), warning, error");
}

Result<void> check_directories(const Grants& grants) {
  for (const wasi::GrantedDirectory& granted : grants.directories) {
    UniqueFd fd(open(granted.host_path.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC | O_NONBLOCK));
    if (!fd) {
      return io_error(errno, fmt::format("cannot grant the directory {}", granted.host_path));
    }
  }
  return {};
}

faaslet::ImportFactory import_factory(const Context& context, Grants grants,
                                      std::vector<std::string> args, CallSettings settings) {
  return
      [context, grants = std::move(grants), args = std::move(args), settings = std::move(settings)](
          host::Guest& guest) -> Result<std::vector<std::unique_ptr<host::ImportModule>>> {
        wasi::WasiConfig config;
        config.args = args;
        config.env = grants.variables;
        config.directories = grants.directories;
        config.stdin_stream = standard_stream(context, 0);
        config.stdout_stream = standard_stream(context, 1);
        config.stderr_stream = standard_stream(context, 2);
        TRY(wasi, wasi::Wasi::create(guest, std::move(config)));
        std::vector<std::unique_ptr<host::ImportModule>> modules;
        if (context.pipe_signal_ignored) {
          modules.push_back(std::move(wasi));
        } else {
          modules.push_back(std::make_unique<NativePipes>(std::move(wasi)));
        }
        modules.push_back(std::make_unique<threads::OneThread>(guest));
        modules.push_back(
            std::make_unique<guest_api::GuestApi>(guest, call_of_a_run(context, settings)));
        modules.push_back(std::make_unique<guest_api::ChainApi>(guest, nullptr));
        return modules;
      };
}

bool is_broken_pipe(const host::Outcome& outcome) {
  const auto* killed = std::get_if<host::Killed>(&outcome);
  return killed != nullptr && killed->reason == broken_pipe;
}

Result<faaslet::OfferedImports> offered_imports(const Context& context) {
  return faaslet::OfferedImports::create(import_factory(context, {}, {}, {}));
}

}  // namespace weft::cli
