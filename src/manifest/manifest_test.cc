#include "manifest/manifest.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cstdlib>
#include <fstream>
#include <iterator>

#include "manifest/key.h"
#include "manifest/node_config.h"

namespace weft::manifest {
namespace {

using namespace std::chrono_literals;
using testing::HasSubstr;
using testing::StartsWith;

std::string refusal(std::string_view text) {
  auto manifest = parse_manifest(text, "weft.toml");
  return manifest ? "it was accepted" : manifest.error().message();
}

TEST(Manifest, a_project_with_functions_is_read) {
  Manifest manifest = parse_manifest(R"(
[package]
name = "shop"
lang = "c++"

[build]
flags = ["-O3"]

[[function]]
name = "cart"
routes = ["POST /cart"]
[function.limits]
memory = "64M"
time = "2s"

[[function]]
name = "report"
module = "reports/month.wasm"
schedule = "@monthly"
env = { ZONE = "UTC" }
)",
                                     "weft.toml")
                          .value();
  EXPECT_EQ(manifest.package->language, Language::cxx);
  EXPECT_EQ(manifest.build.flags, std::vector<std::string>{"-O3"});
  ASSERT_EQ(manifest.functions.size(), 2U);
  EXPECT_EQ(manifest.functions[0].module, "build/cart.wasm");
  EXPECT_EQ(manifest.functions[0].spec.limits.memory_bytes, 64U << 20);
  EXPECT_EQ(manifest.functions[0].spec.limits.time, 2s);
  EXPECT_EQ(manifest.functions[1].module, "reports/month.wasm");
  EXPECT_EQ(manifest.functions[1].spec.env.at("ZONE"), "UTC");
}

TEST(Manifest, a_package_without_functions_is_one_of_its_name) {
  Manifest manifest =
      parse_manifest("[package]\nname = \"hello\"\nlang = \"c\"\n", "weft.toml").value();
  ASSERT_EQ(manifest.functions.size(), 1U);
  EXPECT_EQ(manifest.functions[0].name, "hello");
  EXPECT_EQ(manifest.functions[0].module, "build/hello.wasm");
  // A package may have a name that no function can have; it can be built all the same.
  manifest = parse_manifest("[package]\nname = \"Hello\"\nlang = \"c\"\n", "weft.toml").value();
  EXPECT_TRUE(manifest.functions.empty());
}

TEST(Manifest, functions_need_no_package) {
  Manifest manifest = parse_manifest("[[function]]\nname = \"a\"\n", "weft.toml").value();
  EXPECT_FALSE(manifest.package);
  EXPECT_EQ(manifest.functions.size(), 1U);
}

TEST(Manifest, mistakes_are_named_with_their_line_and_column) {
  EXPECT_EQ(refusal("[[function]]\nname = \"a\"\nmodul = \"x\"\n"),
            "weft.toml:3:1: unknown key modul in [[function]], did you mean `module`?");
  EXPECT_EQ(refusal("[[function]]\nname = \"a\"\n[function.limits]\nmemory = \"9G\"\n"),
            "weft.toml:4:10: memory is 9G; it has to be 64K to 4G");
  EXPECT_THAT(refusal("[[function]]\nname = \"A\"\n"),
              StartsWith("weft.toml:2:8: \"A\" is not a function's name"));
  EXPECT_THAT(refusal("[[function]]\n"), HasSubstr("has no name"));
  EXPECT_THAT(refusal("[function]\nname = \"a\"\n"), HasSubstr("in two brackets"));
  EXPECT_THAT(refusal("[[function]]\nname = \"a\"\n[[function]]\nname = \"a\"\n"),
              StartsWith("weft.toml:3:1: there are two functions a"));
  EXPECT_THAT(refusal("[pakage]\n"), HasSubstr("did you mean `package`?"));
  EXPECT_THAT(refusal("[package]\nname = \"a\"\n"),
              HasSubstr("weft.toml:1:1: [package] has no lang"));
  EXPECT_THAT(refusal("[package]\nname = \"a\"\nlang = \"d\"\n"),
              StartsWith("weft.toml:3:8: the language is \"d\""));
  EXPECT_THAT(refusal("[package]\nname = \"a\"\nlang = \"c\"\n[build]\ncommand = \"make\"\n"),
              StartsWith("weft.toml:4:1: [build] command and output"));
  EXPECT_THAT(refusal(""), HasSubstr("neither [package]"));
}

TEST(Manifest, the_configuration_of_a_node_is_recognised) {
  EXPECT_THAT(refusal("[node]\ncores = 1\n"), HasSubstr("weft up --config"));
}

TEST(Manifest, a_folder_without_one_is_told_how_to_get_one) {
  EXPECT_THAT(read_manifest("/nowhere").error().message(), HasSubstr("weft new"));
}

// docs/manifest.md holds, between marks, the tables that the code gives. Run this test with
// WEFT_WRITE_DOCS=1 after a change of keys.
TEST(Manifest, the_manual_lists_the_keys_that_there_are) {
  std::vector<NodeTable> tables = {
      {"package", package_keys()},         {"build", build_keys()},
      {"function", function_table_keys()}, {"function settings", function_keys()},
      {"function.limits", limit_keys()},   {"function.retry", retry_keys()},
      {"node file", node_root_keys()}};
  tables.insert(tables.end(), node_tables().begin(), node_tables().end());
  std::string path = std::string(WEFT_DOCS) + "/manifest.md";
  std::ifstream in(path);
  std::string manual{std::istreambuf_iterator<char>(in), {}};
  for (const NodeTable& table : tables) {
    std::string begin = fmt::format("<!-- keys: {} -->\n", table.name);
    size_t at = manual.find(begin);
    ASSERT_NE(at, std::string::npos) << path << " has no " << begin;
    at += begin.size();
    size_t end = manual.find("<!-- end -->", at);
    ASSERT_NE(end, std::string::npos);
    if (std::getenv("WEFT_WRITE_DOCS") != nullptr) {
      manual.replace(at, end - at, key_table(table.keys));
    } else {
      EXPECT_EQ(manual.substr(at, end - at), key_table(table.keys)) << table.name;
    }
  }
  if (std::getenv("WEFT_WRITE_DOCS") != nullptr) {
    std::ofstream(path) << manual;
  }
}

}  // namespace
}  // namespace weft::manifest
