#include "manifest/document.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace weft::manifest {
namespace {

using testing::HasSubstr;
using testing::StartsWith;

std::string json_error(std::string_view text) {
  auto parsed = parse_json(text, "call");
  return parsed ? "it was accepted" : parsed.error().message();
}

std::string repeated(std::string_view text, size_t times) {
  std::string out;
  for (size_t i = 0; i < times; ++i) {
    out += text;
  }
  return out;
}

TEST(Document, values_of_json_know_their_pointer) {
  auto root = parse_json(R"({"a": {"b/c": [1, -2.5, true, null, "x"]}})", "call").value();
  const Member& a = root.table()->at(0);
  EXPECT_EQ(a.where, "call#/a");
  const Member& b = a.value.table()->at(0);
  EXPECT_EQ(b.value.where, "call#/a/b~1c");
  const Value::List& items = *b.value.list();
  EXPECT_EQ(std::get<int64_t>(items[0].data), 1);
  EXPECT_EQ(std::get<double>(items[1].data), -2.5);
  EXPECT_TRUE(std::get<bool>(items[2].data));
  EXPECT_TRUE(std::holds_alternative<Value::Other>(items[3].data));
  EXPECT_EQ(*items[4].text(), "x");
  EXPECT_EQ(items[4].where, "call#/a/b~1c/4");
}

TEST(Document, values_of_toml_know_their_line_and_column) {
  auto root = parse_toml("[a]\nb = 5\nc = [\"x\",\n  1979-05-27]\n", "f.toml").value();
  const Value::Table& a = *root.table()->at(0).value.table();
  EXPECT_EQ(a[0].where, "f.toml:2:1");
  EXPECT_EQ(a[0].value.where, "f.toml:2:5");
  EXPECT_EQ(a[1].value.list()->at(1).where, "f.toml:4:3");
  EXPECT_TRUE(std::holds_alternative<Value::Other>(a[1].value.list()->at(1).data));
}

TEST(Document, what_is_no_json_is_refused_at_its_line_and_column) {
  EXPECT_THAT(json_error("{\n  \"a\": ?}"), StartsWith("call:2:8: "));
  EXPECT_THAT(json_error("{\"a\": 1"), HasSubstr("ends too early"));
  EXPECT_THAT(json_error(""), HasSubstr("ends too early"));
  EXPECT_THAT(json_error("{} {}"), StartsWith("call:1:4"));
  EXPECT_THAT(json_error("\"\xff\""), StartsWith("call:1:2"));
  EXPECT_THAT(json_error("1e999"), StartsWith("call:1:"));
}

TEST(Document, a_key_given_twice_is_refused) {
  EXPECT_EQ(json_error(R"({"a": {"b": 1, "b": 2}})"), "call#/a/b: given twice");
  EXPECT_THAT(parse_toml("a = 1\na = 2\n", "f").error().message(), StartsWith("f:2:"));
}

TEST(Document, what_is_no_toml_is_refused_at_its_line_and_column) {
  EXPECT_THAT(parse_toml("a = 1\nb = \n", "f").error().message(), StartsWith("f:2:"));
  EXPECT_THAT(parse_toml("[%]\n", "f").error().message(), StartsWith("f:1:2: "));
  EXPECT_THAT(parse_toml("a = ü\n", "f").error().message(), StartsWith("f:1:5: "));
  EXPECT_THAT(parse_toml("ü = 1\n", "f").error().message(), StartsWith("f:1:1: "));
  EXPECT_THAT(parse_toml("[[ =]]\n", "f").error().message(), StartsWith("f:1:4: "));
  EXPECT_THAT(parse_toml("a = \"\xff\"\n", "f").error().message(), StartsWith("f:1:"));
}

TEST(Document, hostile_documents_are_bounded) {
  EXPECT_THAT(json_error(repeated("[", 100000)), HasSubstr("nested more than 8 deep"));
  EXPECT_THAT(json_error("[" + repeated("1,", 20000) + "1]"), HasSubstr("more than 10000 values"));
  EXPECT_THAT(json_error("{\"" + std::string(300, 'k') + "\": 1}"),
              HasSubstr("longer than 256 bytes"));
  EXPECT_THAT(json_error(std::string(2 << 20, ' ')), HasSubstr("longer than 1048576 bytes"));
  std::string many = "{\"k\": 0";
  for (int i = 0; i < 2000; ++i) {
    many += fmt::format(",\"{}\": 1", i);
  }
  EXPECT_THAT(json_error(many + "}"), HasSubstr("more than 1000 names"));
  EXPECT_FALSE(parse_toml("a = " + repeated("[", 5000), "f"));
  EXPECT_THAT(parse_toml("a = " + repeated("[", 12) + repeated("]", 12), "f").error().message(),
              HasSubstr("nested more than 8 deep"));
}

}  // namespace
}  // namespace weft::manifest
