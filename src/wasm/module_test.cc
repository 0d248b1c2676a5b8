#include "wasm/module.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "wasm/byte_reader.h"

namespace weft::wasm {
namespace {

using testing::HasSubstr;

std::vector<uint8_t> bytes(std::initializer_list<std::string_view> parts) {
  std::vector<uint8_t> all;
  for (std::string_view part : parts) {
    all.insert(all.end(), part.begin(), part.end());
  }
  return all;
}

constexpr std::string_view header("\0asm\1\0\0\0", 8);
constexpr std::string_view one_type("\1\4\1\x60\0\0", 6);
constexpr std::string_view one_function("\3\2\1\0", 4);
constexpr std::string_view exported("\7\7\1\3run\0\0", 9);
constexpr std::string_view empty_body("\x0a\4\1\2\0\x0b", 6);

void expect_error(std::vector<uint8_t> module, Error::Kind kind, std::string_view message) {
  auto decoded = decode(std::move(module));
  ASSERT_FALSE(decoded);
  EXPECT_EQ(decoded.error().kind(), kind) << decoded.error().message();
  EXPECT_THAT(decoded.error().message(), HasSubstr(std::string(message)));
}

TEST(Module, a_function_goes_by_its_export_when_it_has_no_name) {
  auto module = decode(bytes({header, one_type, one_function, exported, empty_body}));
  ASSERT_TRUE(module) << module.error().message();
  EXPECT_EQ((*module)->functions.at(0).name, "run");
  EXPECT_EQ((*module)->functions.at(0).body.size, 2u);
  ASSERT_NE((*module)->find_export("run"), nullptr);
  EXPECT_EQ((*module)->find_export("other"), nullptr);
}

TEST(Module, what_is_no_module_is_told_apart) {
  expect_error({}, Error::Kind::invalid, "magic header");
  expect_error(bytes({"(module)"}), Error::Kind::invalid, "text format");
  expect_error(bytes({std::string_view("\0asm", 4)}), Error::Kind::invalid, "cut off");
  expect_error(bytes({std::string_view("\0asm\2\0\0\0", 8)}), Error::Kind::invalid, "version");
  expect_error(bytes({std::string_view("\0asm\x0d\0\1\0", 8)}), Error::Kind::unsupported,
               "component");
}

TEST(Module, every_truncation_of_a_module_is_refused) {
  auto whole = bytes({header, one_type, one_function, exported, empty_body});
  // Cut between two sections, what is left may be a module of its own.
  std::vector<size_t> section_ends{header.size(), header.size() + one_type.size()};
  for (size_t length = 1; length < whole.size(); ++length) {
    if (std::find(section_ends.begin(), section_ends.end(), length) == section_ends.end()) {
      EXPECT_FALSE(decode({whole.begin(), whole.begin() + static_cast<ptrdiff_t>(length)}))
          << length;
    }
  }
}

TEST(Module, a_hostile_data_count_is_refused_also_behind_a_section_that_is_malformed) {
  constexpr std::string_view count("\x0c\5\xff\xff\xff\xff\x0f", 7);
  constexpr std::string_view malformed("\0\2\x7f\0", 4);  // a custom section whose name is too long
  expect_error(bytes({header, count}), Error::Kind::exhausted, "4294967295 data segments");
  expect_error(bytes({header, malformed, count}), Error::Kind::exhausted, "4294967295 data");
}

TEST(Module, features_that_are_not_offered_are_named) {
  expect_error(bytes({header, std::string_view("\5\3\1\4\1", 5)}), Error::Kind::unsupported,
               "memory64");
  expect_error(bytes({header, std::string_view("\5\5\2\0\1\0\1", 7)}), Error::Kind::invalid,
               "memor");
}

TEST(Module, locals_beyond_the_limit_are_refused_however_they_are_grouped) {
  // One function with two groups of i32: 25,000 and then `more`, in three bytes of LEB128.
  auto with_locals = [](std::string_view more) {
    std::string body = "\2\xa8\xc3\1\x7f" + std::string(more) + "\x7f\x0b";
    return bytes({header, one_type, one_function, std::string_view("\x0a\x0c\1\x0a", 4), body});
  };
  EXPECT_TRUE(decode(with_locals("\xa8\xc3\1")).has_value()) << "50,000 in all";
  expect_error(with_locals("\xa9\xc3\1"), Error::Kind::exhausted, "50001 locals");
  expect_error(with_locals("\xff\xff\x7f"), Error::Kind::exhausted, "the limit is 50000");
}

TEST(Module, a_count_without_content_allocates_nothing_and_is_refused) {
  // A type section that claims 2^32 - 1 parameters.
  expect_error(bytes({header, std::string_view("\1\x09\1\x60\xff\xff\xff\xff\x0f\0\0", 11)}),
               Error::Kind::invalid, "");
}

TEST(ByteReader, never_reads_beyond_its_bytes) {
  const uint8_t few[] = {0x80, 0x80};
  ByteReader in(few);
  EXPECT_EQ(in.u32(), 0u);
  EXPECT_FALSE(in.ok());
  EXPECT_EQ(in.u8(), 0);
  EXPECT_TRUE(in.bytes(1).empty());
}

TEST(ByteReader, signed_numbers_keep_their_sign) {
  const uint8_t minus_one[] = {0x7f};
  EXPECT_EQ(ByteReader(minus_one).s32(), -1);
  const uint8_t minus_128[] = {0x80, 0x7f};
  EXPECT_EQ(ByteReader(minus_128).s64(), -128);
}

}  // namespace
}  // namespace weft::wasm
