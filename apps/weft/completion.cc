// weft completion: scripts that let a shell complete weft's commands and options, made from the
// declarations of the options.
#include <CLI/CLI.hpp>

#include "command.h"

namespace weft::cli {

namespace {

constexpr std::string_view help = R"(Examples:
  source <(weft completion bash)             for this shell; put it into ~/.bashrc for all
  weft completion zsh > "${fpath[1]}/_weft"
  weft completion fish > ~/.config/fish/completions/weft.fish)";

struct OptionText {
  std::vector<std::string> names;  // with their dashes
  std::string value;               // name of its value; empty for a flag
  std::string description;
};

struct CommandText {
  const CommandInfo* info;
  std::vector<OptionText> options;
};

std::vector<CommandText> describe(const Context& context, std::span<const CommandInfo> all) {
  std::vector<CommandText> commands;
  for (const CommandInfo& info : all) {
    CLI::App app;
    app.set_help_flag("-h,--help", "explain this command");
    auto command = info.make(context, all);
    command->declare(app);
    CommandText text{&info, {}};
    for (const CLI::Option* option : app.get_options()) {
      OptionText o;
      for (const std::string& name : option->get_snames()) {
        o.names.push_back("-" + name);
      }
      for (const std::string& name : option->get_lnames()) {
        o.names.push_back("--" + name);
      }
      o.value = option->get_items_expected_max() != 0 ? option->get_type_name() : "";
      std::string_view description = option->get_description();
      o.description = description.substr(0, description.find_first_of(";.("));
      text.options.push_back(std::move(o));
    }
    commands.push_back(std::move(text));
  }
  return commands;
}

std::string option_names(const CommandText& command) {
  std::string names;
  for (const OptionText& option : command.options) {
    for (const std::string& name : option.names) {
      names += (names.empty() ? "" : " ") + name;
    }
  }
  return names;
}

std::string command_names(const std::vector<CommandText>& commands) {
  std::string names = "help";
  for (const CommandText& command : commands) {
    names += fmt::format(" {}", command.info->name);
  }
  return names;
}

// What may follow the command's name, when that is one of a few words.
std::string_view first_words(std::string_view command) {
  return command == "completion" ? "bash zsh fish"
         : command == "call"     ? "status wait output cancel"
         : command == "token"    ? "create list revoke"
                                 : "";
}

std::string bash(const std::vector<CommandText>& commands) {
  std::string out = fmt::format(R"(# bash completion for weft
_weft() {{
  local word=${{COMP_WORDS[COMP_CWORD]}} previous=${{COMP_WORDS[COMP_CWORD-1]}} options=
  COMPREPLY=()
  if [ "$COMP_CWORD" -eq 1 ] || [ "$previous" = help ]; then
    mapfile -t COMPREPLY < <(compgen -W "{} --help --version" -- "$word")
    return
  fi
  case $previous in
    --cpu) mapfile -t COMPREPLY < <(compgen -W "native x86-64-v3 x86-64-v2" -- "$word"); return ;;
    --dir) mapfile -t COMPREPLY < <(compgen -d -- "$word"); return ;;
    completion) mapfile -t COMPREPLY < <(compgen -W "bash zsh fish" -- "$word"); return ;;
    call) mapfile -t COMPREPLY < <(compgen -W "status wait output cancel" -- "$word"); return ;;
    token) mapfile -t COMPREPLY < <(compgen -W "create list revoke" -- "$word"); return ;;
  esac
  case ${{COMP_WORDS[1]}} in
)",
                                command_names(commands));
  for (const CommandText& command : commands) {
    out += fmt::format("    {}) options=\"{}\" ;;\n", command.info->name, option_names(command));
  }
  return out + R"(  esac
  case $word in
    -*) mapfile -t COMPREPLY < <(compgen -W "$options" -- "$word") ;;
  esac
}
complete -o default -F _weft weft
)";
}

// Inside single quotes, and for zsh's _arguments without what it gives a meaning to.
std::string in_quotes(std::string_view text) {
  std::string out;
  for (char c : text) {
    if (c == '\'') {
      out += "'\\''";
    } else if (c == '[' || c == ']' || c == ':') {
      out += std::string("\\") + c;
    } else {
      out += c;
    }
  }
  return out;
}

std::string zsh_action(const OptionText& option) {
  if (option.value == "LEVEL") {
    return ":level:(native x86-64-v3 x86-64-v2)";
  }
  if (option.value == "FILE") {
    return ":file:_files";
  }
  if (option.value.starts_with("HOST")) {
    return ":directory:_files -/";
  }
  return option.value.empty() ? "" : ":" + in_quotes(option.value) + ": ";
}

std::string zsh(const std::vector<CommandText>& commands) {
  std::string out = "#compdef weft\n# zsh completion for weft\n_weft() {\n  local -a commands=(\n";
  for (const CommandText& command : commands) {
    out += fmt::format("    '{}:{}'\n", command.info->name, in_quotes(command.info->summary));
  }
  out +=
      "    'help:explain a command'\n  )\n"
      "  if (( CURRENT == 2 )); then\n    _describe command commands\n    return\n  fi\n"
      "  local command=$words[2]\n  shift words\n  (( CURRENT-- ))\n  case $command in\n";
  for (const CommandText& command : commands) {
    out += fmt::format("    {})\n      _arguments \\\n", command.info->name);
    for (const OptionText& option : command.options) {
      for (const std::string& name : option.names) {
        out += fmt::format("        '*{}[{}]{}' \\\n", name, in_quotes(option.description),
                           zsh_action(option));
      }
    }
    std::string_view words = first_words(command.info->name);
    out += words.empty() ? "        '*:file:_files' ;;\n"
                         : fmt::format("        '1:word:({})' ;;\n", words);
  }
  return out +
         "    help) _describe command commands ;;\n  esac\n}\n"
         "if [ \"$funcstack[1]\" = _weft ]; then _weft \"$@\"; else compdef _weft weft; fi\n";
}

std::string fish(const std::vector<CommandText>& commands) {
  auto text = [](std::string_view words) {
    std::string out;
    for (char c : words) {
      out += c == '\'' || c == '\\' ? std::string("\\") + c : std::string(1, c);
    }
    return out;
  };
  std::string out = "# fish completion for weft\n";
  for (const CommandText& command : commands) {
    out += fmt::format("complete -c weft -n __fish_use_subcommand -f -a {} -d '{}'\n",
                       command.info->name, text(command.info->summary));
    for (const OptionText& option : command.options) {
      out +=
          fmt::format("complete -c weft -n '__fish_seen_subcommand_from {}'", command.info->name);
      for (const std::string& name : option.names) {
        out += name.starts_with("--") ? " -l " + name.substr(2) : " -s " + name.substr(1);
      }
      out += option.value.empty()      ? ""
             : option.value == "LEVEL" ? " -x -a 'native x86-64-v3 x86-64-v2'"
                                       : " -r";
      out += fmt::format(" -d '{}'\n", text(option.description));
    }
  }
  for (std::string_view name : {"completion", "call", "token"}) {
    out += fmt::format("complete -c weft -n '__fish_seen_subcommand_from {}' -f -a '{}'\n", name,
                       first_words(name));
  }
  return out + fmt::format("complete -c weft -n '__fish_seen_subcommand_from help' -f -a '{}'\n",
                           command_names(commands));
}

class Completion final : public Command {
 public:
  Completion(const Context& context, std::span<const CommandInfo> all)
      : context_(context), all_(all) {}

  void declare(CLI::App&) override {}

  int execute(std::vector<std::string> rest) override {
    if (rest.size() != 1) {
      return fail_usage("completion", "for which shell? bash, zsh or fish");
    }
    using Script = std::string (*)(const std::vector<CommandText>&);
    constexpr struct {
      std::string_view shell;
      Script script;
    } scripts[] = {{"bash", bash}, {"zsh", zsh}, {"fish", fish}};
    for (const auto& s : scripts) {
      if (s.shell == rest.front()) {
        return print(s.script(describe(context_, all_))) ? exit_success : exit_failure;
      }
    }
    return fail_usage("completion", fmt::format("no completion for {}; there is bash, zsh and fish",
                                                rest.front()));
  }

 private:
  const Context& context_;
  std::span<const CommandInfo> all_;
};

}  // namespace

const CommandInfo completion_info{
    "completion",
    "completion for a shell",
    "bash|zsh|fish",
    help,
    Words::files,
    [](const Context& context, std::span<const CommandInfo> all) -> std::unique_ptr<Command> {
      return std::make_unique<Completion>(context, all);
    }};

}  // namespace weft::cli
