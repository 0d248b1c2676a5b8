// weft thaw: goes on with a program that `weft run --freeze-to` froze.
#include "command.h"
#include "faaslet/freeze.h"
#include "guest_run.h"
#include "world.h"

namespace weft::cli {

namespace {

constexpr std::string_view help = R"(Examples:
  weft run --freeze-after 1s --freeze-to job.frozen job.wasm
  weft thaw job.frozen   goes on where it stood, here or on a machine of this kind
  weft thaw --dir data::/data job.frozen     what it had open there is opened again
  weft thaw --freeze-after 1s --freeze-to job.frozen job.frozen

Arguments, environment and open files come from the frozen file. The directories that the
program was granted have to be granted again, under the same GUEST names. The file is not
changed: it can be thawed many times. It holds the program's code, so it is as trusted as an
executable, and all that the program had in memory.)";

class Thaw final : public Command {
 public:
  explicit Thaw(const Context& context) : context_(context) {}

  void declare(CLI::App& app) override {
    declare_directories(app, grants_);
    declare_limits(app, limits_);
    declare_threads(app, threads_);
    declare_log_level(app, log_level_);
    declare_freezing(app, freezing_);
  }

  int execute(std::vector<std::string> rest) override {
    if (rest.size() != 1) {
      return fail_usage("thaw", rest.empty()
                                    ? "which file?"
                                    : "one file at a time; a frozen program has its arguments");
    }
    if (auto wrong = check(freezing_)) {
      return fail_usage("thaw", *wrong);
    }
    auto code = thaw(rest.front());
    return code ? *code : fail(code.error());
  }

 private:
  CallSettings settings() const {
    return {.function = {}, .timeout = limits_.timeout, .log_level = log_level_};
  }

  Result<int> thaw(const std::string& path) const {
    TRY_VOID(check_directories(grants_));
    TRY(frozen, snapshot::Frozen::open(path));
    const snapshot::Description& description = frozen.description();
    if (description.slot >= slot::max_slots) {
      return error(Error::Kind::unsupported, "{} needs slot {}, this machine has {}", path,
                   description.slot, slot::max_slots);
    }
    auto code = frozen.code();
    if (!code) {
      return std::unexpected(code.error().in(path));
    }
    GuestRun run{
        .context = context_, .limits = limits_, .freezing = freezing_, .name = description.program};
    auto imports = import_factory(context_, grants_, {}, settings());
    if (threads::has_threads((*code)->info())) {
      TRY(slots, slot::SlotPool::reserve());
      return go_on(run, path, threads::Program::thaw(frozen, *code, *slots, imports, threads_));
    }
    TRY(slots, slot::SlotPool::reserve(description.slot + 1));
    return go_on(run, path, faaslet::thaw(frozen, *slots, imports, *code));
  }

  template <class Running>
  static Result<int> go_on(const GuestRun& run, const std::string& path,
                           Result<std::unique_ptr<Running>> made) {
    if (!made) {
      return std::unexpected(made.error().in(path));
    }
    return run.to_the_end(**made);
  }

  const Context& context_;
  threads::Program::Options threads_{.cores = usable_processors(), .limits = {}};
  Grants grants_;
  RunLimits limits_;
  Freezing freezing_;
  guest_api::Level log_level_ = guest_api::Level::info;
};

}  // namespace

const CommandInfo thaw_info{
    "thaw",
    "go on with a frozen program",
    "[OPTIONS] FILE",
    help,
    Words::files,
    [](const Context& context, std::span<const CommandInfo>) -> std::unique_ptr<Command> {
      return std::make_unique<Thaw>(context);
    }};

}  // namespace weft::cli
