// weft functions: what is deployed on a node.
#include "base/quantity.h"
#include "remote.h"

namespace weft::cli {

namespace {

constexpr std::string_view help = R"(Examples:
  weft functions                 those of the namespace
  weft functions hello           one: its settings, versions and aliases
  weft functions hello --rollback 3f2a91   the alias `live` becomes this version, at once
  weft functions hello --rollback 3f2a91 --alias next
  weft functions hello --delete  the function with all its versions
  weft functions hello --delete --version 3f2a91)";

class Functions final : public Command {
 public:
  void declare(CLI::App& app) override {
    app.add_flag("--delete", delete_, "take the function away, or with --version one version");
    app.add_option("--rollback", rollback_, "let the alias name this version")
        ->type_name("VERSION");
    app.add_option("--alias", alias_, "with --rollback: which alias (default: live)")
        ->type_name("NAME");
    app.add_option("--version", version_, "with --delete: only this version")->type_name("VERSION");
    declare_remote(app, remote_);
  }

  int execute(std::vector<std::string> rest) override {
    if (rest.size() > 1) {
      return fail_usage("functions", "one function at a time");
    }
    if (rest.empty() && (delete_ || !rollback_.empty())) {
      return fail_usage("functions", "which function?");
    }
    if (delete_ && !rollback_.empty()) {
      return fail_usage("functions", "--delete or --rollback, not both");
    }
    if (!delete_ && !version_.empty()) {
      return fail_usage("functions", "--version says what --delete takes away");
    }
    auto remote = Remote::open(remote_);
    if (!remote) {
      return fail(remote.error());
    }
    auto text = rest.empty() ? list(*remote) : one(*remote, rest.front());
    if (!text) {
      return fail(text.error());
    }
    return text->empty() || print(*text) ? exit_success : exit_failure;
  }

 private:
  Result<std::string> list(Remote& remote) const {
    std::string path = fmt::format("/v1/functions/{}", net::percent_encode(remote.ns()));
    TRY(functions, remote.list(path, "functions", 1'000'000));
    if (remote_.json) {
      return json_text(functions);
    }
    std::vector<std::vector<std::string>> rows = {
        {"FUNCTION", "VERSION", "DEPLOYED", "SIZE", "CALLS", "RUNNING", "FAILED"}};
    for (const Json& function : functions) {
      const Json& stats = object_at(function, "stats");
      rows.push_back(
          {fmt::format("{}/{}", cell_at(function, "namespace"), cell_at(function, "name")),
           cell_at(function, "version"), moment_text(text_at(function, "created")),
           size_text(static_cast<uint64_t>(number_at(function, "size_bytes"))),
           cell_at(stats, "calls"), cell_at(stats, "running"), cell_at(stats, "failed")});
    }
    return table_text(rows);
  }

  Result<std::string> one(Remote& remote, const std::string& name) const {
    TRY(function, remote.function(name));
    if (delete_) {
      TRY(answer,
          remote.send({.method = "DELETE",
                       .target = Target(function.path()).with_if("version", version_).text()}));
      (void)answer;
      return std::string();
    }
    if (!rollback_.empty()) {
      TRY(answer, remote.send({.method = "POST",
                               .target = fmt::format("{}/alias/{}", function.path(),
                                                     net::percent_encode(alias_)),
                               .headers = {{"Content-Type", "application/json"}},
                               .body = json_line({{"version", rollback_}})}));
      return remote_.json
                 ? answer.body + "\n"
                 : fmt::format("{} {} is now {}\n", function.text(), alias_, printable(rollback_));
    }
    TRY(described, remote.get(function.path()));
    return remote_.json ? json_text(described) : text_of(described);
  }

  static std::string text_of(const Json& function) {
    auto field = [](std::string_view name, const std::string& value) {
      return fmt::format("{:<11}{}\n", name, printable(value));
    };
    const Json& stats = object_at(function, "stats");
    std::string out = field("function", fmt::format("{}/{}", cell_at(function, "namespace"),
                                                    cell_at(function, "name")));
    out += field("version", cell_at(function, "version"));
    out += field("deployed", moment_text(text_at(function, "created")));
    out += field("calls", fmt::format("{}, {} running, {} failed", cell_at(stats, "calls"),
                                      cell_at(stats, "running"), cell_at(stats, "failed")));
    for (const auto& [key, value] : object_at(function, "spec").items()) {
      out += field(key, value.is_string() ? value.get<std::string>() : json_line(value));
    }
    out += "\n";
    std::vector<std::vector<std::string>> rows = {{"VERSION", "DEPLOYED", "SIZE", "ALIASES"}};
    for (const Json& version : list_at(function, "versions")) {
      std::string aliases;
      for (const auto& [alias, named] : object_at(function, "aliases").items()) {
        if (named.is_string() && named == text_at(version, "version")) {
          aliases += (aliases.empty() ? "" : ", ") + alias;
        }
      }
      rows.push_back({cell_at(version, "version"), moment_text(text_at(version, "created")),
                      size_text(static_cast<uint64_t>(number_at(version, "size_bytes"))), aliases});
    }
    return out + table_text(rows);
  }

  bool delete_ = false;
  std::string rollback_;
  std::string alias_ = "live";
  std::string version_;
  RemoteOptions remote_;
};

}  // namespace

const CommandInfo functions_info{
    "functions",
    "the functions of a node: list, describe, roll back, delete",
    "[OPTIONS] [NAME]",
    help,
    Words::files,
    [](const Context&, std::span<const CommandInfo>) -> std::unique_ptr<Command> {
      return std::make_unique<Functions>();
    }};

}  // namespace weft::cli
