#include "manifest/node_config.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace weft::manifest {
namespace {

using namespace std::chrono_literals;
using testing::HasSubstr;
using testing::Not;
using testing::StartsWith;

std::string refusal(std::string_view text) {
  auto config = parse_node_config(text, "node.toml");
  return config ? "it was accepted" : config.error().message();
}

TEST(NodeConfig, every_table_is_read) {
  NodeConfig config = parse_node_config(R"(
[node]
data = "/srv/weft"
listen = "[::1]:9000"
cores = 4
dev = true
[tls]
certificate = "cert.pem"
key = "key.pem"
[volumes]
data = "/srv/data"
[secrets.shop]
api-key = "env:API_KEY"
other = "file:/run/secret"
[limits]
max_body = "1G"
max_header = "8K"
max_connections = 5
max_queued = 6
memory = "2G"
drain = "5s"
[retention]
time = "1h"
size = "10M"
[quotas.shop]
calls_per_second = 100
running = 10
memory = "512M"
cpu_share = 50
[log]
level = "debug"
format = "json"
[telemetry]
otlp = "http://127.0.0.1:4318"
slow_call = "100ms"
)",
                                        "node.toml")
                          .value();
  EXPECT_EQ(config.data, "/srv/weft");
  EXPECT_EQ(config.listen, (Endpoint{"::1", 9000}));
  EXPECT_EQ(config.cores, 4U);
  EXPECT_TRUE(config.dev);
  EXPECT_EQ(config.tls->key, "key.pem");
  EXPECT_EQ(config.volumes.at("data"), "/srv/data");
  EXPECT_EQ(config.secrets.at("shop").at("api-key"),
            (SecretSource{SecretSource::Kind::variable, "API_KEY"}));
  EXPECT_EQ(config.secrets.at("shop").at("other"),
            (SecretSource{SecretSource::Kind::file, "/run/secret"}));
  EXPECT_EQ(config.max_body_bytes, 1U << 30);
  EXPECT_EQ(config.max_header_bytes, 8U << 10);
  EXPECT_EQ(config.max_connections, 5U);
  EXPECT_EQ(config.max_queued, 6U);
  EXPECT_EQ(config.memory_bytes, 2U << 30);
  EXPECT_EQ(config.drain_time, 5s);
  EXPECT_EQ(config.retention_time, 1h);
  EXPECT_EQ(config.retention_bytes, 10U << 20);
  EXPECT_EQ(config.quota("shop"), (Quota{100, 10, 512U << 20, 50}));
  EXPECT_EQ(config.quota("other"), Quota());
  EXPECT_EQ(config.log_level, NodeConfig::LogLevel::debug);
  EXPECT_EQ(config.log_format, NodeConfig::LogFormat::json);
  EXPECT_EQ(config.otlp_endpoint, "http://127.0.0.1:4318");
  EXPECT_EQ(config.slow_call, 100ms);
}

TEST(NodeConfig, an_empty_file_is_the_defaults) {
  NodeConfig config = parse_node_config("", "node.toml").value();
  EXPECT_TRUE(config.listen.is_loopback());
  EXPECT_FALSE(config.dev);
  EXPECT_EQ(config.retention_time, 24h);
}

TEST(NodeConfig, mistakes_are_named_with_their_place) {
  EXPECT_EQ(refusal("[node]\nlisten = \"8080\"\n"),
            "node.toml:2:10: \"8080\" is no address to listen at; write HOST:PORT, as "
            "127.0.0.1:8080, or :8080");
  EXPECT_THAT(refusal("[node]\nlisten = \"::1:80\"\n"), HasSubstr("no address"));
  EXPECT_THAT(refusal("[node]\nlisten = \"a:99999\"\n"), HasSubstr("no address"));
  EXPECT_THAT(refusal("[nod]\n"), HasSubstr("did you mean `node`?"));
  EXPECT_THAT(
      refusal("[limits]\nmax_bdy = 1\n"),
      StartsWith("node.toml:2:1: unknown key max_bdy in [limits], did you mean `max_body`?"));
  EXPECT_THAT(refusal("[tls]\nkey = \"k\"\n"), HasSubstr("needs both"));
  EXPECT_THAT(refusal("[volumes]\nx = \"relative\"\n"), StartsWith("node.toml:2:5: "));
  EXPECT_THAT(refusal("[volumes]\nX = \"/x\"\n"),
              StartsWith("node.toml:2:1: \"X\" is not a volume"));
  EXPECT_THAT(refusal("[quotas]\ncpu_share = 5\n"), HasSubstr("a table"));
  EXPECT_THAT(refusal("[quotas.a]\ncpu_share = 0\n"), HasSubstr("1 to 10000"));
  EXPECT_THAT(refusal("[quotas.A]\n"), HasSubstr("a namespace's name"));
  EXPECT_THAT(refusal("[log]\nlevel = \"loud\"\n"), HasSubstr("\"debug\", \"info\""));
  EXPECT_THAT(refusal("[telemetry]\notlp = \"localhost\"\n"), HasSubstr("no URL"));
  EXPECT_THAT(refusal("node = 5\n"), HasSubstr("a table"));
}

TEST(NodeConfig, a_secret_that_was_written_into_it_is_not_repeated_in_the_message) {
  std::string message = refusal("[secrets.a]\nkey = \"hunter2\"\n");
  EXPECT_THAT(message, StartsWith("node.toml:2:7: "));
  EXPECT_THAT(message, HasSubstr("env:VARIABLE"));
  EXPECT_THAT(message, Not(HasSubstr("hunter2")));
}

TEST(NodeConfig, access_for_everybody_is_for_loopback_only) {
  EXPECT_THAT(refusal("[node]\ndev = true\nlisten = \":8080\"\n"),
              StartsWith("node.toml:2:7: dev = true lets everybody in"));
  EXPECT_TRUE(parse_node_config("[node]\ndev = true\nlisten = \"127.0.0.2:0\"\n", "f"));
}

TEST(NodeConfig, a_projects_file_is_recognised) {
  EXPECT_THAT(refusal("[package]\nname = \"a\"\n"), HasSubstr("for a project"));
}

}  // namespace
}  // namespace weft::manifest
