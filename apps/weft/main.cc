// The command `weft`: finds the subcommand and hands over.
#include <fcntl.h>
#include <unistd.h>

#include <array>
#include <csignal>
#include <filesystem>

#include "command.h"
#include "engine/compiler.h"
#include "signals.h"

namespace weft::cli {

namespace {

// A standard stream that is closed stays closed for the guest, but its number must not be given to
// the next file that is opened.
std::array<bool, 3> occupy_standard_streams() {
  std::array<bool, 3> was_open{};
  for (int fd = 0; fd < 3; ++fd) {
    was_open[static_cast<size_t>(fd)] = fcntl(fd, F_GETFD) >= 0;
    if (!was_open[static_cast<size_t>(fd)]) {
      int opened = open("/dev/null", O_RDWR | O_CLOEXEC);
      if (opened != fd && opened >= 0) {
        close(opened);
      }
    }
  }
  return was_open;
}

bool is_ignored(int signal) {
  struct sigaction action = {};
  return sigaction(signal, nullptr, &action) == 0 && action.sa_handler == SIG_IGN;
}

int print_version() {
  return print(fmt::format("weft {} ({} build, LLVM {}, wabt {})\ncode generator: {}\n",
                           WEFT_VERSION, WEFT_BUILD_TYPE, WEFT_LLVM_VERSION, WEFT_WABT_VERSION,
                           engine::compiler_version()))
             ? exit_success
             : exit_failure;
}

const CommandInfo* find_command(std::span<const CommandInfo> all, std::string_view name) {
  for (const CommandInfo& info : all) {
    if (info.name == name) {
      return &info;
    }
  }
  return nullptr;
}

int unknown_command(std::span<const CommandInfo> all, const std::string& word) {
  if (word.starts_with('-')) {
    constexpr std::string_view options[] = {"--help", "--version"};
    return fail_usage("", fmt::format("unknown option {}{}", word, suggestion(word, options)));
  }
  std::error_code failed;
  if (std::filesystem::is_regular_file(word, failed)) {
    return fail_usage(
        "", fmt::format("{} is a file, not a command, did you mean `weft run {}`?", word, word));
  }
  std::vector<std::string_view> names{"help"};
  for (const CommandInfo& info : all) {
    names.push_back(info.name);
  }
  return fail_usage("", fmt::format("unknown command {}{}", word, suggestion(word, names)));
}

int dispatch(const Context& context, std::span<const CommandInfo> all,
             std::vector<std::string> words) {
  if (words.empty()) {
    add_line("weft: no command given");
    (void)print(main_help(all));
    return exit_usage;
  }
  std::string word = words.front();
  words.erase(words.begin());
  bool help = word == "help" || word == "--help" || word == "-h";
  if (help && words.empty()) {
    return print(main_help(all)) ? exit_success : exit_failure;
  }
  if (help) {
    word = words.front();
    words = {"--help"};
  }
  if (word == "--version" || word == "-V") {
    return print_version();
  }
  const CommandInfo* info = find_command(all, word);
  return info != nullptr ? run_command(*info, context, all, std::move(words))
                         : unknown_command(all, word);
}

}  // namespace

}  // namespace weft::cli

int main(int argc, char** argv) {
  using namespace weft::cli;
  const CommandInfo commands[] = {
      run_info,       exec_info, new_info,    build_info,  compile_info,   thaw_info, inspect_info,
      doctor_info,    up_info,   deploy_info, invoke_info, call_info,      logs_info, ps_info,
      functions_info, top_info,  token_info,  wast_info,   completion_info};
  auto stream_open = occupy_standard_streams();
  Signals signals;
  Context context{
      .signals = signals, .stream_open = stream_open, .pipe_signal_ignored = is_ignored(SIGPIPE)};
  return dispatch(context, commands,
                  std::vector<std::string>(argv + std::min(argc, 1), argv + argc));
}
