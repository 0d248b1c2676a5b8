// weft up: a node, until it is told to stop.
#include <pthread.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include <algorithm>
#include <chrono>
#include <csignal>
#include <cstdlib>
#include <filesystem>
#include <future>

#include "api/api.h"
#include "base/new_file.h"
#include "base/quantity.h"
#include "call/ledger.h"
#include "command.h"
#include "manifest/node_config.h"
#include "node/async_calls.h"
#include "node/node.h"
#include "node_log.h"

namespace weft::cli {

namespace {

constexpr std::string_view help = R"(Examples:
  weft up --dev                           a node for trying things out: no tokens on this machine
  weft up --data /var/lib/weft            a node whose functions and calls survive restarts
  weft up --config /etc/weft/weft.toml    with volumes, secrets, quotas, TLS: see docs/manifest.md
  weft up --listen :8080                  reachable from elsewhere

It runs in the foreground until SIGTERM or Ctrl-C; then it takes no new calls, finishes those that
run and ends. A second signal ends it at once. No other service is needed, and no root.

Without --dev every request needs a token. The first start makes one that may do everything and
writes it to DATA/admin.token; `weft token create` makes others.)";

// Tells systemd, if it is there (sd_notify(3)): a datagram to a socket that it names.
void notify_supervisor(std::string_view state) {
  const char* path = std::getenv("NOTIFY_SOCKET");
  sockaddr_un address = {};
  if (path == nullptr || std::string_view(path).size() >= sizeof address.sun_path) {
    return;
  }
  address.sun_family = AF_UNIX;
  std::string_view name(path);
  std::ranges::copy(name, address.sun_path);
  if (address.sun_path[0] == '@') {
    address.sun_path[0] = '\0';
  }
  UniqueFd fd(socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0));
  auto length = static_cast<socklen_t>(offsetof(sockaddr_un, sun_path) + name.size());
  (void)sendto(fd.value(), state.data(), state.size(), MSG_NOSIGNAL,
               reinterpret_cast<sockaddr*>(&address), length);
}

std::string default_data_directory() {
  if (const char* data = std::getenv("XDG_DATA_HOME"); data != nullptr && *data != '\0') {
    return std::string(data) + "/weft";
  }
  const char* home = std::getenv("HOME");
  return std::string(home != nullptr ? home : "/tmp") + "/.local/share/weft";
}

sigset_t ending_signals() {
  sigset_t set;
  sigemptyset(&set);
  for (int signal : {SIGINT, SIGTERM, SIGHUP}) {
    sigaddset(&set, signal);
  }
  return set;
}

std::string address_text(const manifest::Endpoint& endpoint) {
  std::string host = endpoint.host.empty() ? "[::]" : endpoint.host;
  if (host.find(':') != host.npos && !host.starts_with('[')) {
    host = "[" + host + "]";
  }
  return fmt::format("{}:{}", host, endpoint.port);
}

// The parts of a running node, in the order in which they are made.
class Service {
 public:
  Service(manifest::NodeConfig config, NodeLog& log) : config_(std::move(config)), log_(log) {}

  Result<void> start() {
    TRY(node, node::Node::open(config_));
    node_ = std::move(node);
    call::Ledger::Options kept{
        .keep_results = std::chrono::ceil<std::chrono::seconds>(config_.retention_time),
        .keep_bytes = config_.retention_bytes};
    TRY(ledger, call::Ledger::open(node_->store(), node_->clock(), kept));
    ledger_ = std::move(ledger);
    calls_ = std::make_unique<node::AsyncCalls>(*node_, *ledger_, node::AsyncCalls::Options());
    TRY(tokens, api::Tokens::open(node_->store(), node_->clock()));
    tokens_ = std::move(tokens);
    if (!config_.dev && tokens_->empty()) {
      TRY_VOID(make_first_token());
    }
    api_ = std::make_unique<api::Api>(*node_, *calls_, *tokens_,
                                      api::Options{.open = config_.dev, .version = WEFT_VERSION});
    TRY_VOID(api_->listen(server_options()));
    node_->serve();
    calls_->resume();
    return {};
  }

  const std::string& address() const { return api_->address(); }
  size_t functions() const { return node_->catalog().size(); }
  size_t cores() const { return node_->cores(); }

  // Finishes what runs, for as long as the configuration allows. `done` on any thread.
  void drain(const std::function<void()>& done) {
    calls_->stop();
    api_->drain(std::chrono::ceil<std::chrono::milliseconds>(config_.drain_time), done);
  }

  // The ledger waits for the answers that it owes before those go to whom they are owed.
  ~Service() {
    if (api_ != nullptr) {
      api_->close();
    }
    if (node_ != nullptr) {
      node_->close();
    }
    ledger_ = nullptr;
    calls_ = nullptr;
    api_ = nullptr;
  }
  Service(const Service&) = delete;
  Service& operator=(const Service&) = delete;

 private:
  Result<void> make_first_token() {
    TRY(created,
        tokens_->create({.name = "admin", .scopes = {api::Scope::admin}, .spaces = {"*"}}));
    std::string path = config_.data / "admin.token";
    TRY(file, NewFile::create(path));
    TRY_VOID(write_all(file.fd(), created.secret + "\n"));
    TRY_VOID(file.publish());
    log_.info("made a token that may do everything", {{"file", path}});
    return {};
  }

  net::Options server_options() const {
    net::Options options;
    options.address = address_text(config_.listen);
    options.limits.max_header_bytes = config_.max_header_bytes;
    options.limits.max_body_bytes = [most = config_.max_body_bytes](const net::Request&) {
      return static_cast<size_t>(most);
    };
    options.limits.max_connections = config_.max_connections;
    if (config_.tls) {
      options.tls = net::TlsFiles{.certificate = config_.tls->certificate, .key = config_.tls->key};
    }
    return options;
  }

  const manifest::NodeConfig config_;
  NodeLog& log_;
  std::unique_ptr<node::Node> node_;
  std::unique_ptr<call::Ledger> ledger_;
  std::unique_ptr<node::AsyncCalls> calls_;
  std::unique_ptr<api::Tokens> tokens_;
  std::unique_ptr<api::Api> api_;
};

class Up : public Command {
 public:
  void declare(CLI::App& app) override {
    app.add_option("--data", data_, "the directory of functions and calls")->type_name("DIR");
    add_parsed(
        app, "--listen", "HOST:PORT",
        [this](const std::string& text) -> Result<void> {
          TRY(endpoint, manifest::parse_endpoint(text));
          listen_ = endpoint;
          return {};
        },
        "where to listen (default 127.0.0.1:8080); port 0 takes any that is free");
    app.add_option("--config", config_file_, "settings of the node, see docs/manifest.md")
        ->type_name("FILE");
    app.add_option("--cores", cores_, "threads that run calls (default: one for each processor)")
        ->type_name("N")
        ->check(CLI::Range(1, 1024));
    app.add_flag("--dev", dev_, "no tokens are needed from this machine");
  }

  int execute(std::vector<std::string> rest) override {
    if (!rest.empty()) {
      return fail_usage("up", fmt::format("what is {}? A node takes no words", rest.front()));
    }
    auto config = read_config();
    if (!config) {
      return fail(config.error());
    }
    // Taken by this thread alone; all others are made after this and inherit it.
    sigset_t ending = ending_signals();
    pthread_sigmask(SIG_BLOCK, &ending, nullptr);
    std::signal(SIGPIPE, SIG_IGN);
    NodeLog log(config->log_format, config->log_level);
    return serve(*config, log, ending);
  }

 private:
  Result<manifest::NodeConfig> read_config() const {
    manifest::NodeConfig config;
    if (!config_file_.empty()) {
      TRY(read, manifest::read_node_config(config_file_));
      config = std::move(read);
    }
    if (!data_.empty()) {
      config.data = data_;
    }
    if (config.data.empty()) {
      config.data = default_data_directory();
    }
    if (listen_) {
      config.listen = *listen_;
    }
    if (cores_ > 0) {
      config.cores = cores_;
    }
    config.dev = config.dev || dev_;
    return config;
  }

  // Settings that are read and that nothing in this version goes by.
  static void warn_of_unused(const manifest::NodeConfig& config, const NodeLog& log) {
    bool quota = std::ranges::any_of(
        config.quotas, [](const auto& entry) { return entry.second.memory_bytes.has_value(); });
    for (auto [is_set, key] : {std::pair(config.memory_bytes.has_value(), "[limits] memory"),
                               {quota, "[quotas.NAMESPACE] memory"},
                               {!config.otlp_endpoint.empty(), "[telemetry] otlp"},
                               {config.slow_call.has_value(), "[telemetry] slow_call"}}) {
      if (is_set) {
        log.warning("a setting has no effect in this version", {{"setting", key}});
      }
    }
  }

  static int serve(const manifest::NodeConfig& config, NodeLog& log, const sigset_t& ending) {
    auto began = std::chrono::steady_clock::now();
    Service service(config, log);
    if (auto started = service.start(); !started) {
      return fail(started.error());
    }
    auto took = std::chrono::steady_clock::now() - began;
    log.info(fmt::format("weft {} is up", WEFT_VERSION),
             {{"url", fmt::format("{}://{}", config.tls ? "https" : "http", service.address())},
              {"data", config.data.string()},
              {"functions", service.functions()},
              {"cores", service.cores()},
              {"start_ms", std::chrono::duration_cast<std::chrono::milliseconds>(took).count()}});
    if (!config.tls && !config.listen.is_loopback()) {
      log.warning("tokens and data cross the network in clear: there is no [tls]", {});
    }
    warn_of_unused(config, log);
    notify_supervisor("READY=1");
    int signal = 0;
    sigwait(&ending, &signal);
    notify_supervisor("STOPPING=1");
    log.info("draining", {{"signal", signal == SIGINT ? "SIGINT" : "SIGTERM"}});
    auto drained = std::make_shared<std::promise<void>>();
    pthread_t main_thread = pthread_self();
    service.drain([drained, main_thread] {
      drained->set_value();
      pthread_kill(main_thread, SIGHUP);  // out of the wait below
    });
    sigwait(&ending, &signal);
    bool whole =
        drained->get_future().wait_for(std::chrono::seconds(0)) == std::future_status::ready;
    log.info(whole ? "stopped" : "stopped before all calls had ended", {});
    return exit_success;
  }

  std::string data_;
  std::string config_file_;
  std::optional<manifest::Endpoint> listen_;
  uint32_t cores_ = 0;
  bool dev_ = false;
};

}  // namespace

const CommandInfo up_info = {
    .name = "up",
    .summary = "run a node: deploy functions to it and call them over HTTP",
    .usage = "[OPTIONS]",
    .help = help,
    .words = Words::files,
    .make = [](const Context&, std::span<const CommandInfo>) -> std::unique_ptr<Command> {
      return std::make_unique<Up>();
    },
};

}  // namespace weft::cli
