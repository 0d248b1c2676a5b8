#include "manifest/function_spec.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <nlohmann/json.hpp>

#include "manifest/table_reader.h"

namespace weft::manifest {
namespace {

using namespace std::chrono_literals;
using testing::AllOf;
using testing::HasSubstr;
using testing::StartsWith;

std::string refusal(std::string_view json) {
  auto spec = parse_function_spec(json, "Weft-Function");
  return spec ? "it was accepted" : spec.error().message();
}

constexpr std::string_view everything = R"({
  "entry": "handle", "args": ["-v", "ü\n"], "env": {"B": "2", "A": "1"},
  "secrets": {"KEY": "api-key"},
  "directories": ["data:/in:ro", "scratch:/tmp/"], "warm": 4,
  "limits": {"memory": "1G", "time": 10, "cpu_time": "1.5s", "stack": "1M", "output": 100,
             "log": "64K", "files": 16, "concurrency": 5, "threads": 8, "cores": 2},
  "retry": {"policy": "at-least-once", "attempts": 7, "backoff": "250ms"},
  "schedule": "*/5 * * * *", "routes": ["GET /hello/*", "* /x/{id}"],
  "ready": "announced", "cancel_when_gone": true})";

TEST(FunctionSpec, every_key_is_read) {
  FunctionSpec spec = parse_function_spec(everything, "s").value();
  EXPECT_EQ(spec.entry, "handle");
  EXPECT_EQ(spec.args, (std::vector<std::string>{"-v", "ü\n"}));
  EXPECT_EQ(spec.env.at("B"), "2");
  EXPECT_EQ(spec.secrets.at("KEY"), "api-key");
  EXPECT_EQ(spec.directories[0], (Directory{"data", "/in", true}));
  EXPECT_EQ(spec.directories[1], (Directory{"scratch", "/tmp", false}));
  EXPECT_EQ(spec.warm, 4U);
  EXPECT_EQ(spec.limits, (Limits{.memory_bytes = 1 << 30,
                                 .time = 10s,
                                 .cpu_time = 1500ms,
                                 .stack_bytes = 1 << 20,
                                 .output_bytes = 100,
                                 .log_bytes = 64 << 10,
                                 .files = 16,
                                 .concurrency = 5,
                                 .threads = 8,
                                 .cores = 2}));
  EXPECT_EQ(spec.retry, (Retry{Retry::Policy::at_least_once, 7, 250ms}));
  EXPECT_EQ(spec.schedule->text(), "*/5 * * * *");
  EXPECT_EQ(spec.routes[1], (Route{"*", "/x/{id}"}));
  EXPECT_EQ(spec.ready, Ready::announced);
  EXPECT_TRUE(spec.cancel_when_gone);
}

TEST(FunctionSpec, the_canonical_text_gives_the_same_settings_again) {
  FunctionSpec spec = parse_function_spec(everything, "s").value();
  std::string text = canonical_text(spec);
  EXPECT_EQ(parse_function_spec(text, "s").value(), spec);
  EXPECT_EQ(canonical_text(parse_function_spec(text, "s").value()), text);
  EXPECT_THAT(text, HasSubstr(R"("env":{"A":"1","B":"2"})"));
  EXPECT_TRUE(std::ranges::all_of(text, [](char c) { return c >= ' ' && c < 0x7f; })) << text;
  // No setting is lost on the way: every key that there is stands in it.
  auto json = nlohmann::json::parse(text);
  EXPECT_EQ(json.size(), function_keys().size());
  EXPECT_EQ(json["limits"].size(), limit_keys().size());
  EXPECT_EQ(json["retry"].size(), retry_keys().size());
}

TEST(FunctionSpec, what_is_written_differently_but_means_the_same_has_one_canonical_text) {
  auto text = [](std::string_view json) {
    return canonical_text(parse_function_spec(json, "s").value());
  };
  EXPECT_EQ(
      text(R"({"limits": {"time": "1.5m", "memory": 1048576}})"),
      text(R"({"limits": {"memory": "1024K", "time": "90s"}, "warm": 0, "entry": "_start"})"));
  EXPECT_EQ(text("{}"), "{}");
}

TEST(FunctionSpec, the_defaults_that_the_manual_names_are_those_of_the_code) {
  for (const Key& key : limit_keys()) {
    if (key.standard != "none") {
      std::string json =
          key.form == "number"
              ? fmt::format(R"({{"limits": {{"{}": {}}}}})", key.name, key.standard)
              : fmt::format(R"({{"limits": {{"{}": "{}"}}}})", key.name, key.standard);
      EXPECT_EQ(parse_function_spec(json, "s").value(), FunctionSpec()) << key.name;
    }
  }
  EXPECT_EQ(parse_function_spec(
                R"({"entry": "_start", "warm": 0, "ready": "start", "cancel_when_gone": false,
                    "retry": {"policy": "at-most-once", "attempts": 3, "backoff": "1s"}})",
                "s")
                .value(),
            FunctionSpec());
}

TEST(FunctionSpec, an_unknown_key_is_refused_with_the_one_that_was_meant) {
  EXPECT_EQ(refusal(R"({"limits": {"memroy": "1G"}})"),
            "Weft-Function#/limits/memroy: unknown key memroy in limits, did you mean `memory`?");
  EXPECT_THAT(refusal(R"({"name": "x"})"), HasSubstr("unknown key name"));
  EXPECT_THAT(refusal(R"({"quux": 1})"), HasSubstr("known are entry, args"));
}

TEST(FunctionSpec, values_of_the_wrong_type_are_refused_with_the_right_one) {
  EXPECT_THAT(refusal(R"({"entry": 5})"), HasSubstr("#/entry: entry is a text in quotes"));
  EXPECT_THAT(refusal(R"({"args": "x"})"), HasSubstr("a list of texts"));
  EXPECT_THAT(refusal(R"({"args": ["x", 1]})"), HasSubstr("#/args/1: "));
  EXPECT_THAT(refusal(R"({"env": {"A": 1}})"), HasSubstr("#/env/A: A is a text in quotes"));
  EXPECT_THAT(refusal(R"({"env": []})"), HasSubstr("a table"));
  EXPECT_THAT(refusal(R"({"warm": "1"})"), HasSubstr("a number, 0 to 10000"));
  EXPECT_THAT(refusal(R"({"warm": 1.5})"), HasSubstr("a number"));
  EXPECT_THAT(refusal(R"({"cancel_when_gone": "yes"})"), HasSubstr("true or false"));
  EXPECT_THAT(refusal(R"({"limits": {"memory": true}})"), HasSubstr("a size, \"64K\""));
  EXPECT_THAT(refusal(R"({"limits": {"time": []}})"), HasSubstr("a time, \"200ms\""));
  EXPECT_THAT(refusal(R"({"schedule": null})"), HasSubstr("a text in quotes"));
  EXPECT_THAT(refusal("[]"), HasSubstr("a table of names and values"));
  EXPECT_THAT(refusal("{"), StartsWith("Weft-Function:1:"));
}

TEST(FunctionSpec, values_out_of_range_are_refused_with_the_range) {
  EXPECT_THAT(refusal(R"({"limits": {"memory": "5G"}})"),
              HasSubstr("#/limits/memory: memory is 5G; it has to be 64K to 4G"));
  EXPECT_THAT(refusal(R"({"limits": {"memory": -1}})"), HasSubstr("64K to 4G"));
  EXPECT_THAT(refusal(R"({"limits": {"stack": "17M"}})"), HasSubstr("64K to 16M"));
  EXPECT_THAT(refusal(R"({"limits": {"time": "25h"}})"), HasSubstr("1ms to 86400s"));
  EXPECT_THAT(refusal(R"({"limits": {"time": "soon"}})"), HasSubstr("write 200ms, 5s"));
  EXPECT_THAT(refusal(R"({"limits": {"time": 1e300}})"), HasSubstr("#/limits/time"));
  EXPECT_THAT(refusal(R"({"limits": {"files": 2}})"), HasSubstr("3 to 65536"));
  EXPECT_THAT(refusal(R"({"limits": {"threads": 99999999999}})"), HasSubstr("1 to 1024"));
  EXPECT_THAT(refusal(R"({"retry": {"attempts": 0}})"), HasSubstr("1 to 100"));
  EXPECT_THAT(refusal(R"({"retry": {"policy": "never"}})"),
              HasSubstr("is not one of \"at-most-once\", \"at-least-once\""));
  EXPECT_THAT(refusal(R"({"ready": "soon"})"), HasSubstr("\"announced\""));
}

TEST(FunctionSpec, variables_and_secrets_have_names) {
  EXPECT_THAT(refusal(R"({"env": {"1A": "x"}})"), HasSubstr("#/env/1A: "));
  EXPECT_THAT(refusal(R"({"env": {"A=B": "x"}})"), HasSubstr("no name of a variable"));
  EXPECT_THAT(refusal("{\"env\": {\"A\": \"x\\u0000y\"}}"), HasSubstr("without NUL"));
  EXPECT_THAT(refusal("{\"args\": [\"\\u0000\"]}"), HasSubstr("#/args/0: args is a text without"));
  EXPECT_THAT(refusal(R"({"env": {"A": "x"}, "secrets": {"A": "k"}})"),
              HasSubstr("in env already"));
  EXPECT_THAT(refusal(R"({"secrets": {"A": "no secret!"}})"), HasSubstr("no name of a secret"));
}

TEST(FunctionSpec, directories_are_volumes_and_paths) {
  for (const char* bad : {"data", "data:in", "data:/a/../b", "data://x", "Data:/in", ":/in",
                          "data:/in:rx", "data:/in:ro:ro", ""}) {
    EXPECT_THAT(refusal(fmt::format(R"({{"directories": ["{}"]}})", bad)),
                AllOf(StartsWith("Weft-Function#/directories/0: "), HasSubstr("VOLUME:/path")))
        << bad;
  }
  EXPECT_THAT(refusal(R"({"directories": ["a:/in", "b:/in/"]})"), HasSubstr("granted twice"));
  EXPECT_TRUE(parse_function_spec(R"({"directories": ["a:/", "b:/x:rw"]})", "s"));
}

TEST(FunctionSpec, routes_are_methods_and_paths) {
  for (const char* bad : {"/hello", "GET hello", "get /hello", "GET /a b", "GET /*/a",
                          "GET /a/../b", "GET /{1}", "FETCH /x", "GET  /x", "GET /a//b", ""}) {
    EXPECT_THAT(refusal(fmt::format(R"({{"routes": ["{}"]}})", bad)), HasSubstr("is no route"))
        << bad;
  }
  EXPECT_THAT(refusal(R"({"routes": ["GET /v1/x"]})"), HasSubstr("weft's own"));
  EXPECT_TRUE(
      parse_function_spec(R"({"routes": ["GET /", "* /*", "PUT /a/{b}/", "POST /a%20b"]})", "s"));
}

TEST(FunctionSpec, amounts_are_bounded) {
  std::string large(70000, 'x');
  EXPECT_THAT(refusal(fmt::format(R"({{"args": ["{}"]}})", large)), HasSubstr("64 KiB"));
  nlohmann::json routes = nlohmann::json::array();
  for (int i = 0; i < 101; ++i) {
    routes.push_back(fmt::format("GET /{}", i));
  }
  EXPECT_THAT(refusal(nlohmann::json{{"routes", routes}}.dump()), HasSubstr("at most 100 routes"));
}

}  // namespace
}  // namespace weft::manifest
