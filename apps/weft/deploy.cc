// weft deploy: a project's functions, or one module, to a node.
#include <filesystem>
#include <optional>

#include "manifest/manifest.h"
#include "project.h"
#include "remote.h"

namespace weft::cli {

namespace {

namespace fs = std::filesystem;

constexpr std::string_view help = R"(Examples:
  weft deploy                    build the project in this folder, deploy its functions
  weft deploy shop               those of the project in shop
  weft deploy shop --name cart   only this one of them
  weft deploy wc.wasm            a module, as the function wc, with default settings
  weft deploy wc.wasm --name count --namespace text
  weft deploy --alias next       a new version beside the one that runs:
  weft invoke --alias next hello   try it, then `weft functions hello --rollback VERSION`

weft.toml says what the functions are and how they run (docs/manifest.md). A version never
changes; deploying the same module with the same settings again gives the same version. Calls that
run go on with the version that they began with.)";

struct Deployment {
  std::string name;
  fs::path module;
  manifest::FunctionSpec spec;
};

class Deploy final : public Command {
 public:
  void declare(CLI::App& app) override {
    app.add_option("--name", name_, "the function's name; of a project, the one to deploy")
        ->type_name("NAME");
    app.add_option("--alias", alias_, "the alias that becomes the new version (default: live)")
        ->type_name("NAME");
    app.add_flag("-v,--verbose", verbose_, "show each command of the build");
    declare_remote(app, remote_);
  }

  int execute(std::vector<std::string> rest) override {
    if (rest.size() > 1) {
      return fail_usage("deploy", "one project or module at a time");
    }
    auto remote = Remote::open(remote_);
    if (!remote) {
      return fail(remote.error());
    }
    fs::path path = rest.empty() ? "." : rest.front();
    std::error_code failed;
    auto deployments = fs::is_directory(path, failed) ? of_project(path) : of_module(path);
    if (!deployments) {
      return fail(deployments.error());
    }
    if (build_exit_code_ != 0) {
      return build_exit_code_;
    }
    Json results = Json::array();
    for (const Deployment& deployment : *deployments) {
      auto result = deploy(*remote, deployment);
      if (!result) {
        return fail(result.error().in(fmt::format("deploying {}", deployment.name)));
      }
      results.push_back(*std::move(result));
    }
    return print(remote_.json ? json_text(results) : lines_) ? exit_success : exit_failure;
  }

 private:
  Result<std::vector<Deployment>> of_module(const fs::path& path) const {
    std::error_code failed;
    if (!fs::is_regular_file(path, failed)) {
      return error(Error::Kind::not_found, "{}: no project and no module is there", path.string());
    }
    std::string name = name_.empty() ? path.stem().string() : name_;
    if (!manifest::is_name(name)) {
      return error(Error::Kind::invalid,
                   "\"{}\" cannot be a function's name; give another one with --name, of a to z, 0 "
                   "to 9, -, _ and .",
                   name);
    }
    return std::vector<Deployment>{{std::move(name), path, {}}};
  }

  Result<std::vector<Deployment>> of_project(const fs::path& path) {
    std::error_code failed;
    fs::path folder = fs::absolute(path, failed).lexically_normal();
    TRY(manifest, manifest::read_manifest(folder));
    std::vector<Deployment> deployments;
    for (const manifest::Function& function : manifest.functions) {
      if (name_.empty() || name_ == function.name) {
        deployments.push_back({function.name, folder / function.module, function.spec});
      }
    }
    if (manifest.functions.empty()) {
      return error(Error::Kind::invalid,
                   "{}: the package's name {} cannot be a function's; add [[function]] with name = "
                   "\"…\" and module = \"build/{}.wasm\"",
                   manifest.file.string(), manifest.package->name, manifest.package->name);
    }
    if (deployments.empty()) {
      return error(Error::Kind::not_found, "{} has no function {}", manifest.file.string(), name_);
    }
    if (manifest.package) {
      TRY(project, project_of(std::move(manifest), folder));
      TRY(exit_code, build_project(std::move(project), verbose_));
      build_exit_code_ = exit_code;
    }
    for (const Deployment& deployment : deployments) {
      if (build_exit_code_ == 0 && !fs::is_regular_file(deployment.module, failed)) {
        return error(Error::Kind::not_found,
                     "{} is not there; [[function]] {} names it as its module",
                     deployment.module.string(), deployment.name);
      }
    }
    return deployments;
  }

  Result<Json> deploy(Remote& remote, const Deployment& deployment) {
    TRY(function, remote.function(deployment.name));
    Target target(function.path());
    target.with_if("alias", alias_);
    TRY(answer, remote.send({.method = "PUT",
                             .target = target.text(),
                             .headers = {{"Content-Type", "application/wasm"},
                                         {"Weft-Function", canonical_text(deployment.spec)}},
                             .body_file = deployment.module.string()}));
    TRY(result, parse_answer(answer.body));
    constexpr unsigned created = 201;
    lines_ += fmt::format("{} {} {} ({})\n", function.text(), text_at(result, "version"),
                          answer.status == created ? "deployed" : "was there already",
                          alias_.empty() ? "live" : alias_);
    return std::move(result);
  }

  std::string name_;
  std::string alias_;
  bool verbose_ = false;
  RemoteOptions remote_;
  int build_exit_code_ = 0;
  std::string lines_;
};

}  // namespace

const CommandInfo deploy_info{
    "deploy",
    "build a project and deploy its functions to a node",
    "[OPTIONS] [FOLDER | MODULE.wasm]",
    help,
    Words::files,
    [](const Context&, std::span<const CommandInfo>) -> std::unique_ptr<Command> {
      return std::make_unique<Deploy>();
    }};

}  // namespace weft::cli
