// weft doctor: what this machine has for weft, what it lacks, and what to do about it.
#include <algorithm>
#include <iterator>

#include <nlohmann/json.hpp>

#include "command.h"
#include "machine.h"
#include "toolchain.h"

namespace weft::cli {

namespace {

using nlohmann::json;

constexpr std::string_view help = R"(Examples:
  weft doctor                                one line for each thing that weft needs or likes
  weft doctor --json | jq '.findings[] | select(.level != "ok")'

  ok       it is there
  slow     weft runs, but something takes longer or more memory; the next line says what to do
  missing  weft cannot run without it

The lines that begin with "guest" are about building programs: compiler and libraries. The
libraries are looked for in $WEFT_SYSROOT, else in the folder `sysroot` beside that of this command.

Exit code: 1 when something is missing, else 0.)";

class Doctor final : public Command {
 public:
  void declare(CLI::App& app) override {
    app.add_flag("--json", as_json_, "print one JSON object");
  }

  int execute(std::vector<std::string> rest) override {
    if (!rest.empty()) {
      return fail_usage("doctor", "it takes no files");
    }
    auto findings = examine_machine();
    std::ranges::move(examine_toolchain(), std::back_inserter(findings));
    bool runs = std::ranges::none_of(
        findings, [](const Finding& f) { return f.level == Finding::Level::missing; });
    bool printed = print(as_json_ ? json_of(findings, runs) : text_of(findings, runs));
    return printed && runs ? exit_success : exit_failure;
  }

 private:
  static std::string json_of(const std::vector<Finding>& findings, bool runs) {
    json list = json::array();
    for (const Finding& f : findings) {
      list.push_back(
          {{"level", name(f.level)}, {"what", f.what}, {"found", f.found}, {"advice", f.advice}});
    }
    json result{{"runs", runs}, {"findings", std::move(list)}};
    return result.dump(2, ' ', false, json::error_handler_t::replace) + "\n";
  }

  static std::string text_of(const std::vector<Finding>& findings, bool runs) {
    std::string out;
    for (const Finding& f : findings) {
      out += fmt::format("{:<8} {:<15} {}\n", name(f.level), f.what, printable(f.found));
      if (!f.advice.empty()) {
        out += fmt::format("{:<24} {}\n", "", f.advice);
      }
    }
    return out + (runs ? "weft can run here.\n" : "weft cannot run here.\n");
  }

  bool as_json_ = false;
};

}  // namespace

const CommandInfo doctor_info{
    "doctor",
    "what this machine lacks, or does slowly",
    "[OPTIONS]",
    help,
    Words::files,
    [](const Context&, std::span<const CommandInfo>) -> std::unique_ptr<Command> {
      return std::make_unique<Doctor>();
    }};

}  // namespace weft::cli
