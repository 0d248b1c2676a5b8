#include "wasm_file.h"

#include <gtest/gtest.h>

namespace weft::cc {
namespace {

const Bytes empty_module = {0, 'a', 's', 'm', 1, 0, 0, 0};

TEST(WasmFile, what_was_appended_is_taken_out_again_and_the_rest_stays) {
  Bytes module = empty_module;
  append_custom_section(module, "kept", "k");
  Bytes before = module;
  append_custom_section(module, "mark", "one\n");
  append_custom_section(module, "mark", std::string(300, 'x'));
  auto taken = take_custom_sections(module, "mark");
  ASSERT_TRUE(taken);
  EXPECT_EQ(*taken, "one\n" + std::string(300, 'x'));
  EXPECT_EQ(module, before);
}

TEST(WasmFile, other_names_that_begin_alike_are_left_alone) {
  Bytes module = empty_module;
  append_custom_section(module, "mark.more", "");
  Bytes before = module;
  EXPECT_EQ(*take_custom_sections(module, "mark"), "");
  EXPECT_EQ(module, before);
}

TEST(WasmFile, a_section_longer_than_the_file_is_an_error) {
  Bytes module = empty_module;
  append_custom_section(module, "mark", "content");
  for (size_t size = empty_module.size() + 1; size < module.size(); ++size) {
    Bytes cut(module.begin(), module.begin() + static_cast<ptrdiff_t>(size));
    EXPECT_FALSE(take_custom_sections(cut, "mark")) << size;
  }
}

TEST(WasmFile, a_size_that_never_ends_is_an_error) {
  Bytes module = empty_module;
  module.insert(module.end(), {0, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80});
  EXPECT_FALSE(take_custom_sections(module, "mark"));
}

TEST(WasmFile, only_the_header_makes_a_module) {
  EXPECT_TRUE(is_wasm(empty_module));
  EXPECT_FALSE(is_wasm(Bytes{0, 'a', 's', 'm'}));
  EXPECT_FALSE(is_wasm(Bytes{'B', 'C', 0xc0, 0xde, 1, 0, 0, 0}));
}

}  // namespace
}  // namespace weft::cc
