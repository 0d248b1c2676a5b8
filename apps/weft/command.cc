#include "command.h"

#include <CLI/CLI.hpp>

#include <algorithm>

namespace weft::cli {

namespace {

constexpr size_t text_columns = 96;

// Breaks a text at spaces; further lines begin in column `indent`.
std::string wrapped(std::string_view text, size_t indent) {
  std::string out;
  size_t column = indent;
  while (!text.empty()) {
    size_t space = std::min(text.find(' '), text.size());
    std::string_view word = text.substr(0, space);
    if (column > indent && column + 1 + word.size() > text_columns) {
      out += "\n" + std::string(indent, ' ');
      column = indent;
    } else if (column > indent) {
      out += ' ';
      ++column;
    }
    out += word;
    column += word.size();
    text.remove_prefix(std::min(space + 1, text.size()));
  }
  return out;
}

std::string unknown_option(const CLI::App& app, std::string_view given) {
  std::string_view name = given.substr(0, given.find('='));
  std::vector<std::string> names;
  for (const CLI::Option* option : app.get_options()) {
    for (const std::string& l : option->get_lnames()) {
      names.push_back("--" + l);
    }
  }
  std::vector<std::string_view> views(names.begin(), names.end());
  return fmt::format("unknown option {}{}", name, suggestion(name, views));
}

// What CLI11 says begins with the option's name; only its own words for a missing value are not for
// people.
std::string said(const CLI::ParseError& e) {
  std::string text = e.what();
  if (dynamic_cast<const CLI::ArgumentMismatch*>(&e) != nullptr) {
    std::string name = text.substr(0, text.find(':'));
    return name + " needs a value";
  }
  if (dynamic_cast<const CLI::ConversionError*>(&e) != nullptr) {
    return "a number is wrong: " + text;
  }
  return text;
}

Result<void> parse(CLI::App& app, std::vector<std::string> args) {
  std::ranges::reverse(args);  // as CLI11 takes them
  try {
    app.parse(std::move(args));
  } catch (const CLI::ParseError& e) {
    return error(Error::Kind::invalid, "{}", said(e));
  }
  return {};
}

// The words without the "--" that ends options; an option among those before it is unknown.
Result<std::vector<std::string>> words_of(const CLI::App& app, Words kind) {
  std::vector<std::string> rest = app.remaining();
  size_t end = kind == Words::program ? std::min<size_t>(rest.size(), 1) : rest.size();
  for (size_t i = 0; i < end; ++i) {
    if (rest[i] == "--") {
      rest.erase(rest.begin() + static_cast<std::ptrdiff_t>(i));
      break;
    }
    if (rest[i].size() > 1 && rest[i][0] == '-') {
      return error(Error::Kind::invalid, "{}", unknown_option(app, rest[i]));
    }
  }
  return rest;
}

}  // namespace

CLI::Option* add_parsed(CLI::App& app, const std::string& name, const std::string& value_name,
                        std::function<Result<void>(const std::string&)> parse_one,
                        const std::string& help) {
  auto check = [parse_one = std::move(parse_one)](const std::string& text) {
    auto parsed = parse_one(text);
    return parsed ? std::string() : parsed.error().message();
  };
  CLI::callback_t ignore = [](const CLI::results_t&) { return true; };
  CLI::Option* option = app.add_option(name, ignore, help);
  option->type_name(value_name)->type_size(1)->expected(1);
  option->multi_option_policy(CLI::MultiOptionPolicy::TakeAll)->allow_extra_args(false);
  return option->check(check);
}

std::string command_help(const CommandInfo& info, const CLI::App& app) {
  std::string out = fmt::format("weft {}: {}\n\n{}\n\nUsage: weft {} {}\n\nOptions:\n", info.name,
                                info.summary, info.help, info.name, info.usage);
  constexpr size_t indent = 30;
  for (const CLI::Option* option : app.get_options()) {
    std::string left = "  " + option->get_name(false, true);
    std::replace(left.begin(), left.end(), ',', ' ');
    if (option->get_items_expected_max() != 0) {
      left += " " + option->get_type_name();
    }
    out += fmt::format("{:<{}}", left, indent);
    if (left.size() >= indent) {
      out += "\n" + std::string(indent, ' ');
    }
    out += wrapped(option->get_description(), indent) + "\n";
  }
  return out;
}

std::string main_help(std::span<const CommandInfo> all) {
  std::string out =
      "weft runs WebAssembly programs at native speed, each isolated in one range of memory.\n"
      "\n"
      "Examples:\n"
      "  weft run hello.wasm                     run a program; its exit code is weft's\n"
      "  weft run --dir .::/ tool.wasm a.txt     let it see this directory, as /\n"
      "  weft compile app.wasm -o app.weft       compile once, `weft run app.weft` starts at once\n"
      "  weft inspect app.wasm                   what a module needs, and why it can't run here\n"
      "  weft doctor                             what this machine lacks, or does slowly\n"
      "  weft new --lang c hello                 a project; `weft build` builds it\n"
      "  weft deploy hello                       its functions to a node, then\n"
      "  weft invoke hello weaver                call one there\n"
      "\n"
      "A program sees no file, no variable and no socket but what --dir and --env grant.\n"
      "\n"
      "Usage: weft COMMAND [OPTIONS] ...\n"
      "\n"
      "Commands:\n";
  for (const CommandInfo& info : all) {
    out += fmt::format("  {:<14}{}\n", info.name, info.summary);
  }
  out += fmt::format("  {:<14}{}\n", "help", "explain a command: `weft help run`");
  out +=
      "\n"
      "Options:\n"
      "  -h, --help    this text\n"
      "  -V, --version what this weft is built from\n"
      "\n"
      "Exit codes: the program's own; 134 for a trap, 124 for a timeout; of weft itself 1 for a "
      "file that\n"
      "cannot be used and 2 for a wrong command line.\n";
  return out;
}

int run_command(const CommandInfo& info, const Context& context, std::span<const CommandInfo> all,
                std::vector<std::string> args) {
  std::unique_ptr<Command> command = info.make(context, all);
  CLI::App app;
  app.set_help_flag();
  bool help = false;
  app.allow_extras();
  app.prefix_command(info.words == Words::program);
  command->declare(app);
  app.add_flag("-h,--help", help, "this text");
  auto parsed = parse(app, std::move(args));
  if (help) {
    return print(command_help(info, app)) ? exit_success : exit_failure;
  }
  if (!parsed) {
    return fail_usage(info.name, parsed.error().message());
  }
  auto rest = words_of(app, info.words);
  if (!rest) {
    return fail_usage(info.name, rest.error().message());
  }
  return command->execute(*std::move(rest));
}

}  // namespace weft::cli
