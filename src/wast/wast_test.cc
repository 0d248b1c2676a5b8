#include "wast/wast.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cstdlib>
#include <filesystem>
#include <fstream>

#include "wast/forms.h"
#include "wast/json_reader.h"
#include "wast/text_reader.h"
#include "wast/values.h"

namespace weft::wast {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;

// What every test shares: a process has one pool, and a thread is attached once.
class Script : public testing::Test {
 protected:
  static void SetUpTestSuite() {
    slots_ = *slot::SlotPool::reserve(64);
    thread_ = *cpu::Thread::attach();
    engine_ = new engine::Engine(engine::CodeCache(""));
  }
  static void TearDownTestSuite() {
    delete engine_;
    thread_.reset();
    slots_.reset();
  }
  void SetUp() override {
    std::string name = (std::filesystem::temp_directory_path() / "weft-wast-test-XXXXXX").string();
    ASSERT_NE(mkdtemp(name.data()), nullptr);
    directory_ = name;
  }
  void TearDown() override { std::filesystem::remove_all(directory_); }

  std::string write(const std::string& name, const std::string& text) {
    std::ofstream(directory_ / name) << text;
    return (directory_ / name).string();
  }
  Result<Summary> run_file(const std::string& path, std::string wast2json = "/bin/false") {
    return run_script(path, {.slots = *slots_,
                             .engine = *engine_,
                             .thread = *thread_,
                             .action_limit = limit_,
                             .wast2json = std::move(wast2json)});
  }
  Summary run(const std::string& text) {
    auto summary = run_file(write("script.wast", text));
    EXPECT_TRUE(summary.has_value()) << summary.error().message();
    return summary.value_or(Summary{});
  }
  static std::vector<uint32_t> failed_lines(const Summary& summary) {
    std::vector<uint32_t> lines;
    for (const Verdict& verdict : summary.verdicts) {
      if (!verdict.passed) {
        lines.push_back(verdict.line);
      }
    }
    return lines;
  }

  std::chrono::milliseconds limit_{20'000};
  std::filesystem::path directory_;
  static inline std::unique_ptr<slot::SlotPool> slots_;
  static inline std::unique_ptr<cpu::Thread> thread_;
  static inline engine::Engine* engine_ = nullptr;
};

TEST_F(Script, counts_every_command) {
  Summary summary = run(R"wast(
    (module (func (export "add") (param i32 i32) (result i32)
      (i32.add (local.get 0) (local.get 1))))
    (assert_return (invoke "add" (i32.const 1) (i32.const 2)) (i32.const 3))
    (invoke "add" (i32.const 1) (i32.const 2))
    (assert_invalid (module (func (result i32))) "type mismatch"))wast");
  EXPECT_THAT(failed_lines(summary), IsEmpty());
  EXPECT_EQ(summary.total(), 4);
  EXPECT_EQ(summary.passed(), 4);
}

TEST_F(Script, a_wrong_result_fails_at_its_line) {
  Summary summary = run(R"wast((module
  (func (export "one") (result i32) (i32.const 1))
  (func (export "nan") (result f32) (f32.const nan:0x200000)))
(assert_return (invoke "one") (i32.const 2))
(assert_return (invoke "one"))
(assert_return (invoke "one") (i64.const 1))
(assert_return (invoke "nan") (f32.const nan:arithmetic))
(assert_return (invoke "one") (i32.const 1)))wast");
  EXPECT_THAT(failed_lines(summary), ElementsAre(4, 5, 6, 7));
  EXPECT_EQ(summary.verdicts[1].message, "assert_return: got i32:0x1, expected i32:0x2");
}

TEST_F(Script, a_trap_has_to_be_the_expected_one) {
  Summary summary = run(R"wast((module
  (func (export "div") (param i32) (result i32) (i32.div_u (i32.const 1) (local.get 0)))
  (func $deep (export "deep") (call $deep)))
(assert_trap (invoke "div" (i32.const 0)) "integer divide by zero")
(assert_exhaustion (invoke "deep") "call stack exhausted")
(assert_trap (invoke "div" (i32.const 0)) "unreachable")
(assert_trap (invoke "div" (i32.const 1)) "integer divide by zero")
(assert_exception (invoke "div" (i32.const 0)))
(assert_return (invoke "div" (i32.const 0)) (i32.const 0)))wast");
  EXPECT_THAT(failed_lines(summary), ElementsAre(6, 7, 8, 9));
}

TEST_F(Script, a_good_module_that_should_be_refused_fails) {
  Summary summary = run(R"wast((assert_invalid (module) "type mismatch")
(assert_malformed (module quote "(func)") "unexpected token")
(assert_malformed (module binary "\00asm\01\00\00\00") "magic")
(assert_unlinkable (module) "unknown import")
(assert_trap (module (func $f) (start $f)) "unreachable")
(assert_malformed (module quote "(func") "unexpected end")
(assert_malformed (module binary "\00asn\01\00\00\00") "magic"))wast");
  EXPECT_THAT(failed_lines(summary), ElementsAre(1, 2, 3, 4, 5));
}

TEST_F(Script, linking_failures_and_traps_of_instantiation_are_told_apart) {
  Summary summary = run(R"wast(
(assert_unlinkable (module (import "spectest" "nothing" (func))) "unknown import")
(assert_unlinkable (module (import "spectest" "print_i32" (func (param i64)))) "incompatible")
(assert_trap (module (memory 1) (data (i32.const 65536) "a")) "out of bounds memory access")
(assert_trap (module (func $f unreachable) (start $f)) "unreachable")
(assert_unlinkable (module (memory 1) (data (i32.const 65536) "a")) "unknown import")
(assert_trap (module (import "spectest" "nothing" (func))) "unreachable"))wast");
  EXPECT_THAT(failed_lines(summary), ElementsAre(6, 7));
}

TEST_F(Script, instances_share_what_they_import) {
  Summary summary = run(R"wast(
(module $A
  (memory (export "memory") 1)
  (table (export "table") 2 funcref)
  (global (export "global") (mut i32) (i32.const 5))
  (func (export "peek") (result i32) (i32.load (i32.const 8)))
  (func (export "call") (param i32) (result i32) (call_indirect (result i32) (local.get 0))))
(register "a" $A)
(module $B
  (import "a" "memory" (memory 1))
  (import "a" "table" (table 2 funcref))
  (import "a" "global" (global (mut i32)))
  (import "a" "peek" (func $peek (result i32)))
  (export "peek_again" (func $peek))
  (func $seven (result i32) (i32.const 7))
  (elem (i32.const 1) $seven)
  (func (export "poke") (i32.store (i32.const 8) (i32.const 9)) (global.set 0 (i32.const 6))))
(invoke $B "poke")
(assert_return (invoke $A "peek") (i32.const 9))
(assert_return (invoke $B "peek_again") (i32.const 9))
(assert_return (invoke $A "call" (i32.const 1)) (i32.const 7))
(assert_return (get $A "global") (i32.const 6))
(assert_trap (invoke $A "call" (i32.const 0)) "uninitialized element"))wast");
  EXPECT_THAT(failed_lines(summary), IsEmpty());
}

TEST_F(Script, spectest_offers_its_state_and_functions) {
  Summary summary = run(R"wast(
(module
  (import "spectest" "global_i32" (global $g i32))
  (import "spectest" "global_f64" (global $d f64))
  (import "spectest" "table" (table 10 20 funcref))
  (import "spectest" "memory" (memory 1 2))
  (import "spectest" "print_f64_f64" (func $print (param f64 f64)))
  (func (export "g") (result i32) (call $print (global.get $d) (global.get $d)) (global.get $g))
  (func (export "grow") (result i32 i32) (memory.grow (i32.const 1)) (memory.grow (i32.const 1))))
(assert_return (invoke "g") (i32.const 666))
(assert_return (invoke "grow") (i32.const 1) (i32.const -1))
(module (import "spectest" "shared_memory" (memory 1 2 shared)))
(assert_unlinkable (module (import "spectest" "shared_memory" (memory 1 2))) "incompatible"))wast");
  EXPECT_THAT(failed_lines(summary), IsEmpty());
}

TEST_F(Script, vectors_references_and_alternatives_are_compared) {
  Summary summary = run(R"wast((module
  (func (export "v") (result v128) (v128.const f32x4 1 nan 3 4))
  (func (export "e") (param externref) (result externref) (local.get 0))
  (func $f (export "f") (result funcref) (ref.func $f)))
(assert_return (invoke "v") (v128.const f32x4 1 nan:canonical 3 4))
(assert_return (invoke "v") (either (v128.const i32x4 1 2 3 4) (v128.const f32x4 1 nan 3 4)))
(assert_return (invoke "e" (ref.extern 0)) (ref.extern 0))
(assert_return (invoke "e" (ref.null extern)) (ref.null extern))
(assert_return (invoke "f") (ref.func))
(assert_return (invoke "v") (v128.const f32x4 1 2 nan:canonical 4))
(assert_return (invoke "e" (ref.extern 0)) (ref.extern 1))
(assert_return (invoke "e" (ref.extern 0)) (ref.null extern))
(assert_return (invoke "f") (ref.null func)))wast");
  EXPECT_THAT(failed_lines(summary), ElementsAre(10, 11, 12, 13));
}

TEST_F(Script, an_exception_that_nobody_catches_ends_the_action) {
  Summary summary = run(R"wast((module
  (tag $t (param i32))
  (func $throw (throw $t (i32.const 3)))
  (func (export "throw") (call $throw))
  (func (export "catch") (result i32) try (result i32) (call $throw) (i32.const 0) catch $t end))
(assert_exception (invoke "throw"))
(assert_return (invoke "catch") (i32.const 3))
(assert_return (invoke "throw")))wast");
  EXPECT_THAT(failed_lines(summary), ElementsAre(8));
}

TEST_F(Script, an_action_that_does_not_end_is_stopped) {
  limit_ = std::chrono::milliseconds(100);
  Summary summary = run(R"wast((module
  (memory 1 1 shared)
  (func (export "loop") (loop (br 0)))
  (func (export "wait") (drop (memory.atomic.wait32 (i32.const 0) (i32.const 0) (i64.const -1))))
  (func (export "short") (result i32)
    (memory.atomic.wait32 (i32.const 0) (i32.const 0) (i64.const 1000)))
  (func (export "one") (result i32) (i32.const 1)))
(invoke "loop")
(invoke "wait")
(assert_return (invoke "short") (i32.const 2))
(assert_return (invoke "one") (i32.const 1)))wast");
  EXPECT_THAT(failed_lines(summary), ElementsAre(8, 9));
  EXPECT_THAT(summary.verdicts[1].message, HasSubstr("timed out"));
}

TEST_F(Script, actions_for_a_module_that_failed_reach_no_other) {
  Summary summary = run(R"wast((module (func (export "one") (result i32) (i32.const 1)))
(module (import "no" "where" (func)))
(assert_return (invoke "one") (i32.const 1))
(assert_return (invoke $M "one") (i32.const 1)))wast");
  EXPECT_THAT(failed_lines(summary), ElementsAre(2, 3, 4));
}

TEST_F(Script, the_functions_of_a_module_that_failed_stay_callable) {
  Summary summary = run(R"wast(
(module $T (table (export "table") 4 funcref)
  (func (export "call") (result i32) (call_indirect (result i32) (i32.const 0))))
(register "t" $T)
(assert_trap (module (import "t" "table" (table 4 funcref))
  (func $f (result i32) (i32.const 11)) (elem (i32.const 0) $f) (elem (i32.const 4) $f))
  "out of bounds table access")
(assert_return (invoke $T "call") (i32.const 11)))wast");
  EXPECT_THAT(failed_lines(summary), IsEmpty());
}

TEST_F(Script, json_of_wast2json_is_run_with_the_files_beside_it) {
  ModuleSource module =
      read_wat(R"wast((module (func (export "id") (param i64) (result i64) (local.get 0))))wast");
  ASSERT_FALSE(module.refused);
  write("m.0.wasm", std::string(module.bytes.begin(), module.bytes.end()));
  write("m.1.wat", "(module (func");
  std::string path = write("m.json", R"wast({"source_filename": "m.wast", "commands": [
    {"type": "module", "line": 1, "filename": "m.0.wasm", "name": "$M"},
    {"type": "assert_return", "line": 2, "action": {"type": "invoke", "module": "$M", "field": "id",
     "args": [{"type": "i64", "value": "18446744073709551615"}]},
     "expected": [{"type": "i64", "value": "18446744073709551615"}]},
    {"type": "assert_return", "line": 3, "action": {"type": "invoke", "field": "id",
     "args": [{"type": "i64", "value": "1"}]}, "expected": [{"type": "i64", "value": "2"}]},
    {"type": "assert_malformed", "line": 4, "filename": "m.1.wat", "text": "x",
     "module_type": "text"}]})wast");
  auto summary = run_file(path);
  ASSERT_TRUE(summary) << summary.error().message();
  EXPECT_THAT(failed_lines(*summary), ElementsAre(3));
  EXPECT_EQ(summary->total(), 4);
}

TEST_F(Script, damaged_json_is_an_error) {
  for (const char* text :
       {"", "[]", "{}", R"wast({"commands": 1})wast", R"wast({"commands": [1]})wast",
        R"wast({"commands": [{"type": "module", "line": 1, "filename": "gone.wasm"}]})wast",
        R"wast({"commands": [{"type": "dance", "line": 1}]})wast",
        R"wast({"commands": [{"type": "action", "line": 1}]})wast"}) {
    EXPECT_FALSE(run_file(write("bad.json", text))) << text;
  }
}

TEST_F(Script, a_script_that_cannot_be_read_is_an_error) {
  EXPECT_FALSE(run_file((directory_ / "none.wast").string()));
  EXPECT_FALSE(run_file(write("open.wast", "(module")));
  auto unparsed = run_file(write("new.wast", "(module (func (new.instruction)))"));
  ASSERT_FALSE(unparsed);
  EXPECT_EQ(unparsed.error().kind(), Error::Kind::unsupported);
}

TEST(Forms, are_cut_at_parentheses_outside_of_strings_and_comments) {
  auto forms = split_forms("(a \")\\\"\" ;; )\n) (; (; ) ;) ;)\n\n(b (c (; ) ;)))");
  ASSERT_TRUE(forms);
  ASSERT_EQ(forms->size(), 2);
  EXPECT_EQ((*forms)[0].keyword, "a");
  EXPECT_EQ((*forms)[1].text, "(b (c (; ) ;)))");
  EXPECT_EQ((*forms)[1].line, 4);
  for (const char* bad : {"(", "(a", "(\"", "(; (; ;)", ")", "x", "(a))"}) {
    EXPECT_FALSE(split_forms(bad)) << bad;
  }
}

TEST(Forms, a_comment_may_be_the_end_of_the_text) {
  EXPECT_EQ(split_forms("(a) ;; b")->size(), 1U);
  EXPECT_EQ(split_forms("(a) ;;")->size(), 1U);
  EXPECT_FALSE(split_forms("(a ;; b").has_value());
}

TEST(Literals, tell_the_kinds_of_nan_apart) {
  Literal canonical{.type = wasm::ValType::f32, .nan = {Nan::canonical}};
  Literal arithmetic{.type = wasm::ValType::f32, .nan = {Nan::arithmetic}};
  auto f32 = [](uint32_t bits) { return wasm::value_i32(bits); };
  EXPECT_TRUE(matches(canonical, wasm::ValType::f32, f32(0xffc00000)));
  EXPECT_FALSE(matches(canonical, wasm::ValType::f32, f32(0x7fc00001)));
  EXPECT_TRUE(matches(arithmetic, wasm::ValType::f32, f32(0x7fc00001)));
  EXPECT_FALSE(matches(arithmetic, wasm::ValType::f32, f32(0x7fa00000)));
  EXPECT_FALSE(matches(arithmetic, wasm::ValType::f32, f32(0x3f800000)));
}

}  // namespace
}  // namespace weft::wast
