#include "command_line.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cstdio>
#include <fstream>

#include "options.h"

namespace weft::cc {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using Action = CommandLine::Action;

CommandLine read(std::vector<std::string> words) {
  auto line = read_command_line(Language::c, std::move(words));
  EXPECT_TRUE(line) << line.error().message();
  return line ? *line : CommandLine();
}

std::vector<std::string> texts(const CommandLine& line) {
  std::vector<std::string> all;
  for (const Word& word : line.words) {
    all.push_back(word.text);
  }
  return all;
}

std::string refusal(std::vector<std::string> words) {
  auto line = read_command_line(Language::c, std::move(words));
  return line ? "" : line.error().message();
}

TEST(CommandLine, without_an_option_that_says_otherwise_a_program_is_linked) {
  CommandLine line = read({"-O3", "a.c", "b.o", "-lz", "-o", "program"});
  EXPECT_EQ(line.action, Action::link);
  EXPECT_EQ(line.output, "program");
  EXPECT_THAT(texts(line), ElementsAre("-O3", "a.c", "b.o", "-lz"));
  ASSERT_EQ(line.sources().size(), 1U);
  EXPECT_EQ(line.sources()[0]->text, "a.c");
}

TEST(CommandLine, the_output_may_be_joined_to_its_option) {
  EXPECT_EQ(read({"a.c", "-oprogram"}).output, "program");
}

TEST(CommandLine, a_language_holds_for_the_files_behind_it) {
  CommandLine line = read({"-x", "c", "-", "-x", "none", "a.o", "-xc++", "b.o"});
  ASSERT_EQ(line.sources().size(), 2U);
  EXPECT_EQ(line.sources()[0]->language, "c");
  EXPECT_EQ(line.sources()[1]->language, "c++");
  EXPECT_EQ(line.words[1].kind, Word::Kind::linked);
}

TEST(CommandLine, options_about_the_machine_are_dropped_with_a_note) {
  CommandLine line = read({"-march=native", "-mbmi2", "-mno-sse4.1", "-m64", "-fPIC", "-c", "a.c"});
  EXPECT_THAT(texts(line), ElementsAre("-c", "a.c"));
  EXPECT_EQ(line.notes.size(), 5U);
  EXPECT_THAT(line.notes[0], HasSubstr("-march=native: "));
}

TEST(CommandLine, instruction_sets_with_intrinsics_define_gccs_macros) {
  EXPECT_THAT(texts(read({"-msse2", "a.c"})),
              ElementsAre("-D__MMX__=1", "-D__SSE__=1", "-D__SSE2__=1", "a.c"));
  EXPECT_THAT(texts(read({"-mno-sse2", "-march=native", "a.c"})), ElementsAre("a.c"));
}

TEST(CommandLine, every_rule_that_drops_an_option_says_why) {
  for (std::string option : {"-static", "-pie", "-rdynamic", "-fstack-protector-strong", "-mtune=x",
                             "-fcf-protection", "-fno-plt", "-mcmodel=medium"}) {
    CommandLine line = read({option, "a.c"});
    EXPECT_THAT(texts(line), ElementsAre("a.c")) << option;
    ASSERT_EQ(line.notes.size(), 1U) << option;
    EXPECT_GT(line.notes[0].size(), option.size() + 10);
  }
}

TEST(CommandLine, shared_libraries_are_refused_with_what_to_do) {
  EXPECT_THAT(refusal({"-shared", "a.o"}), HasSubstr("--disable-shared"));
  EXPECT_THAT(refusal({"-Wl,-shared", "a.o"}), HasSubstr("one module"));
  EXPECT_THAT(refusal({"-pg", "a.c"}), HasSubstr("-pg"));
}

TEST(CommandLine, threads_are_asked_for_in_several_ways) {
  EXPECT_TRUE(read({"a.c", "-pthread"}).threads);
  EXPECT_TRUE(read({"a.c", "-lpthread"}).threads);
  EXPECT_TRUE(read({"a.c", "-fopenmp"}).openmp);
  EXPECT_TRUE(read({"a.o", "-lgomp"}).threads);
  EXPECT_FALSE(read({"a.c"}).threads);
}

TEST(CommandLine, libraries_that_are_part_of_another_here_are_dropped_or_renamed) {
  CommandLine line = read({"a.o", "-lm", "-lrt", "-ldl", "-lstdc++", "-lgcc_s", "-lz"});
  EXPECT_THAT(texts(line), ElementsAre("a.o", "-lc++", "-lc++abi", "-lunwind", "-lz"));
}

TEST(CommandLine, options_of_the_elf_linker_are_dropped_and_those_of_wasm_ld_stay) {
  CommandLine line = read({"a.o", "-Wl,--as-needed,-rpath,/x/y,-z,relro", "-Wl,-soname", "-Wl,x.so",
                           "-Wl,--gc-sections", "-Wl,-z,stack-size=65536", "-Xlinker", "-Map",
                           "-Xlinker", "m,ap"});
  EXPECT_THAT(texts(line),
              ElementsAre("a.o", "-Xlinker", "--gc-sections", "-Xlinker", "-z", "-Xlinker",
                          "stack-size=65536", "-Xlinker", "-Map", "-Xlinker", "m,ap"));
  EXPECT_TRUE(line.stack_size_given);
}

TEST(CommandLine, the_last_word_about_contraction_counts) {
  EXPECT_FALSE(read({"a.c"}).fp_contract_fast);
  EXPECT_TRUE(read({"a.c", "-ffast-math"}).fp_contract_fast);
  EXPECT_TRUE(read({"a.c", "-ffp-contract=fast"}).fp_contract_fast);
  EXPECT_FALSE(read({"a.c", "-Ofast", "-ffp-contract=off"}).fp_contract_fast);
}

TEST(CommandLine, a_value_is_not_taken_for_a_file) {
  CommandLine line = read({"-include", "a.c", "-MF", "b.c", "-D", "c.c", "-c", "d.c"});
  ASSERT_EQ(line.sources().size(), 1U);
  EXPECT_EQ(line.sources()[0]->text, "d.c");
}

TEST(CommandLine, an_option_that_lacks_its_value_is_named) {
  EXPECT_THAT(refusal({"a.c", "-o"}), HasSubstr("-o stands last"));
  EXPECT_THAT(refusal({"a.c", "-include"}), HasSubstr("-include"));
}

class ResponseFile : public ::testing::Test {
 protected:
  std::string write(const std::string& text) {
    path_ = ::testing::TempDir() + "/weftcc-response";
    std::ofstream(path_) << text;
    return "@" + path_;
  }
  void TearDown() override { std::remove(path_.c_str()); }

  std::string path_;
};

TEST_F(ResponseFile, its_words_stand_in_its_place_with_quotes_and_backslashes_undone) {
  auto words = expand_response_files({"a", write("b 'c d'\n\"e \\\"f\"\tg\\ h\n'' "), "@", "i"});
  ASSERT_TRUE(words);
  EXPECT_THAT(*words, ElementsAre("a", "b", "c d", "e \"f", "g h", "", "@", "i"));
}

TEST_F(ResponseFile, one_that_names_itself_ends) {
  std::string argument = write("x");
  write(argument);
  EXPECT_FALSE(expand_response_files({argument}));
}

TEST(ResponseFiles, one_that_is_not_there_is_named) {
  auto words = expand_response_files({"@/nowhere/at/all"});
  ASSERT_FALSE(words);
  EXPECT_THAT(words.error().message(), HasSubstr("/nowhere/at/all"));
}

}  // namespace
}  // namespace weft::cc
