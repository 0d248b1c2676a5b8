#include "explain.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>

namespace weft::cc {
namespace {

using ::testing::HasSubstr;

TEST(Explain, assembly_is_named_with_its_file_and_line) {
  std::string text = explain("x/fast.c:12:7: error: invalid output constraint '=a' in asm\n", "");
  EXPECT_THAT(text, HasSubstr("x/fast.c:12: assembly"));
}

TEST(Explain, colours_do_not_hide_the_message) {
  std::string text = explain(
      "\x1b[1mx/fast.c:12:7: \x1b[0m\x1b[0;1;31merror: \x1b[0munrecognized instruction mnemonic\n",
      "");
  EXPECT_THAT(text, HasSubstr("x/fast.c:12: assembly"));
}

TEST(Explain, a_function_that_guests_lack_leads_to_the_manual) {
  std::string list = ::testing::TempDir() + "/weftcc-unsupported.txt";
  std::ofstream(list) << "# a comment\nforkpty processes\n";
  std::string text = explain(
      "wasm-ld: error: a.o: undefined symbol: forkpty\n"
      "wasm-ld: error: a.o: undefined symbol: mine\n",
      list);
  EXPECT_EQ(text, "weftcc: forkpty does not exist for guests: see docs/posix.md#processes\n");
  std::filesystem::remove(list);
}

TEST(Explain, mathematical_libraries_that_are_not_built_lead_to_the_step_that_builds_them) {
  for (const char* errors : {"wasm-ld: error: unable to find library -llapack\n",
                             "a.c:1:10: fatal error: 'fftw3.h' file not found\n"}) {
    EXPECT_THAT(explain(errors, ""), HasSubstr("scripts/setup math")) << errors;
  }
  EXPECT_EQ(explain("wasm-ld: error: unable to find library -llapackx\n", ""), "");
}

TEST(Explain, fortrans_names_of_lapack_are_translated_back) {
  EXPECT_EQ(explain("wasm-ld: error: a.o: undefined symbol: dsyev_.lengths\n", ""),
            "weftcc: dsyev is a procedure of BLAS or LAPACK: link with -llapack -lblas\n");
}

TEST(Explain, calls_with_another_type_than_the_functions_lead_to_the_manual) {
  std::string text = explain(
      "wasm-ld-22: warning: function signature mismatch: mine\n"
      ">>> defined as (i32, i32) -> i32 in a.o\n"
      ">>> defined as (i32) -> i32 in b.o\n",
      "");
  EXPECT_THAT(text, HasSubstr("weftcc: mine is called with another type than it is defined with"));
  EXPECT_THAT(text, HasSubstr("docs/toolchain.md#function-types"));
}

TEST(Explain, ordinary_errors_need_no_explanation) {
  EXPECT_EQ(explain("a.c:1:1: error: unknown type name 'x'\n1 error generated.\n", ""), "");
}

}  // namespace
}  // namespace weft::cc
