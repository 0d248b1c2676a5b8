// What the subcommands of weft have in common: declared options, help that begins with examples,
// and one line for each mistake.
//
// A subcommand is a Command behind a CommandInfo; main.cc has the table of all. Its options are
// declared on a CLI::App only when it is the one that was asked for, or when the completion scripts
// are written. CLI11 throws; parse() in command.cc is where that ends. Thread safety: main thread
// only.
#pragma once

#include <CLI/App.hpp>

#include <functional>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "base/suggestion.h"
#include "messages.h"
#include "signals.h"

namespace weft::cli {

// What main() found and made when weft started.
struct Context {
  Signals& signals;
  std::array<bool, 3> stream_open;  // was the standard stream of that number open?
  bool pipe_signal_ignored;         // was SIGPIPE?
};

class Command {
 public:
  virtual ~Command() = default;
  virtual void declare(CLI::App& app) = 0;
  // `rest` are the words that are no options: files, or the program and all that follows it. The
  // exit code of weft.
  virtual int execute(std::vector<std::string> rest) = 0;
};

enum class Words : uint8_t {
  files,    // options may stand anywhere; "--" ends them
  program,  // the first word that is no option ends weft's own options
};

struct CommandInfo {
  std::string_view name;
  std::string_view summary;  // one line
  std::string_view usage;    // what follows the name
  std::string_view help;     // examples, and what else is worth knowing
  Words words;
  std::unique_ptr<Command> (*make)(const Context& context, std::span<const CommandInfo> all);
};

// Parses `args` (what follows the command's name) and executes it.
int run_command(const CommandInfo& info, const Context& context, std::span<const CommandInfo> all,
                std::vector<std::string> args);
std::string command_help(const CommandInfo& info, const CLI::App& app);
std::string main_help(std::span<const CommandInfo> all);

// Options whose values have a syntax of their own. What does not parse is a usage error.
CLI::Option* add_parsed(CLI::App& app, const std::string& name, const std::string& value_name,
                        std::function<Result<void>(const std::string&)> parse,
                        const std::string& help);

// The commands.
extern const CommandInfo run_info;
extern const CommandInfo exec_info;
extern const CommandInfo new_info;
extern const CommandInfo build_info;
extern const CommandInfo compile_info;
extern const CommandInfo wast_info;
extern const CommandInfo thaw_info;
extern const CommandInfo up_info;
extern const CommandInfo inspect_info;
extern const CommandInfo deploy_info;
extern const CommandInfo invoke_info;
extern const CommandInfo call_info;
extern const CommandInfo logs_info;
extern const CommandInfo ps_info;
extern const CommandInfo functions_info;
extern const CommandInfo top_info;
extern const CommandInfo token_info;
extern const CommandInfo doctor_info;
extern const CommandInfo completion_info;

}  // namespace weft::cli
