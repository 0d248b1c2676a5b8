// weft token: who may use a node, and for what.
#include <algorithm>

#include "base/quantity.h"
#include "remote.h"

namespace weft::cli {

namespace {

constexpr std::string_view help = R"(Examples:
  weft token create ci --scope deploy,read --namespace shop --expires 30d
  weft token create app          for calls in the namespace `default`
  weft token create boss --scope admin --all-namespaces
  weft token list
  weft token revoke ID

Scopes: invoke (call functions), deploy, read (calls, logs, functions), admin (tokens, all others).
The token is printed once, on standard output; the node keeps only its hash. To use one:

  export WEFT_TOKEN=...          for the server in WEFT_SERVER, or --server

or ~/.config/weft/profiles.toml (chmod 600), then `--profile work`:

  [profile.work]
  url = "https://weft.example:8443"
  token = "..."
  namespace = "shop")";

class Token final : public Command {
 public:
  void declare(CLI::App& app) override {
    add_parsed(
        app, "--scope", "SCOPE,...", [this](const std::string& text) { return add_scopes(text); },
        "create: invoke (default), deploy, read, admin");
    app.add_flag("--all-namespaces", everywhere_, "create: for all namespaces, not only one");
    add_parsed(
        app, "--expires", "TIME",
        [this](const std::string& text) -> Result<void> {
          TRY(time, parse_duration(text));
          expires_ = duration_text(time);
          return {};
        },
        "create: not valid any more after this time, as 30d (default: it stays valid)");
    declare_remote(app, remote_);
  }

  int execute(std::vector<std::string> rest) override {
    constexpr std::string_view actions[] = {"create", "list", "revoke"};
    std::string action = rest.empty() ? "" : rest.front();
    if (std::ranges::find(actions, action) == std::end(actions)) {
      return fail_usage("token", action.empty() ? "create, list or revoke?"
                                                : fmt::format("there is create, list and revoke, "
                                                              "but no {}{}",
                                                              action, suggestion(action, actions)));
    }
    size_t words = action == "list" ? 1 : 2;
    if (rest.size() != words) {
      return fail_usage("token", action == "list"     ? "list takes no further word"
                                 : action == "create" ? "create takes one name for the token"
                                                      : "revoke takes one id of `weft token list`");
    }
    auto remote = Remote::open(remote_);
    if (!remote) {
      return fail(remote.error());
    }
    auto text = action == "create" ? create(*remote, rest[1])
                : action == "list" ? list(*remote)
                                   : revoke(*remote, rest[1]);
    if (!text) {
      return fail(text.error());
    }
    return text->empty() || print(*text) ? exit_success : exit_failure;
  }

 private:
  Result<void> add_scopes(std::string_view text) {
    constexpr std::string_view known[] = {"invoke", "deploy", "read", "admin"};
    while (!text.empty()) {
      size_t comma = std::min(text.find(','), text.size());
      std::string_view scope = text.substr(0, comma);
      text.remove_prefix(std::min(comma + 1, text.size()));
      if (std::ranges::find(known, scope) == std::end(known)) {
        return error(Error::Kind::invalid, "no scope {}; there is {}{}", scope,
                     fmt::join(known, ", "), suggestion(scope, known));
      }
      scopes_.emplace_back(scope);
    }
    return {};
  }

  Result<std::string> create(Remote& remote, const std::string& name) const {
    Json wanted{{"name", name},
                {"scopes", scopes_.empty() ? std::vector<std::string>{"invoke"} : scopes_},
                {"namespaces", {everywhere_ ? "*" : remote.ns()}}};
    if (!expires_.empty()) {
      wanted["expires"] = expires_;
    }
    TRY(answer, remote.send({.method = "POST",
                             .target = "/v1/tokens",
                             .headers = {{"Content-Type", "application/json"}},
                             .body = json_line(wanted)}));
    TRY(created, parse_answer(answer.body));
    return remote_.json ? json_text(created) : text_at(created, "token") + "\n";
  }

  Result<std::string> list(Remote& remote) const {
    TRY(answer, remote.get("/v1/tokens"));
    if (remote_.json) {
      return json_text(answer);
    }
    auto joined = [](const Json& words) {
      std::string text;
      for (const Json& word : words) {
        text += fmt::format("{}{}", text.empty() ? "" : ",",
                            word.is_string() ? word.get<std::string>() : "?");
      }
      return text;
    };
    std::vector<std::vector<std::string>> rows = {
        {"ID", "NAME", "SCOPES", "NAMESPACES", "CREATED", "EXPIRES"}};
    for (const Json& token : list_at(answer, "tokens")) {
      rows.push_back({cell_at(token, "id"), cell_at(token, "name"),
                      joined(list_at(token, "scopes")), joined(list_at(token, "namespaces")),
                      moment_text(text_at(token, "created")),
                      moment_text(text_at(token, "expires"))});
    }
    return table_text(rows);
  }

  static Result<std::string> revoke(Remote& remote, const std::string& id) {
    TRY(answer, remote.send({.method = "DELETE",
                             .target = fmt::format("/v1/tokens/{}", net::percent_encode(id))}));
    (void)answer;
    return std::string();
  }

  std::vector<std::string> scopes_;
  bool everywhere_ = false;
  std::string expires_;
  RemoteOptions remote_;
};

}  // namespace

const CommandInfo token_info{
    "token",
    "who may use a node: create, list, revoke",
    "create|list|revoke [OPTIONS] [NAME|ID]",
    help,
    Words::files,
    [](const Context&, std::span<const CommandInfo>) -> std::unique_ptr<Command> {
      return std::make_unique<Token>();
    }};

}  // namespace weft::cli
