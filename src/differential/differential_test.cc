#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <functional>

#include "differential/compare.h"
#include "differential/reference.h"
#include "differential/subject.h"
#include "wast/text_reader.h"

namespace weft::differential {
namespace {

using testing::HasSubstr;
using testing::IsEmpty;

// Every kind of thing that is compared, in one module.
constexpr const char* everything = R"((module
  (import "host" "f" (func $f (param i32 v128) (result i64 v128)))
  (tag $tag (param i32))
  (memory 1 2)
  (table 3 3 funcref)
  (table 2 2 externref)
  (elem (i32.const 1) func $sum)
  (data (i32.const 8) "weft")
  (func $sum (export "sum") (param i32 i64 f32 f64) (result i64)
    (i32.store (i32.const 16) (local.get 0))
    (i64.add (local.get 1) (i64.extend_i32_s (local.get 0))))
  (func (export "divide") (param i32 i32) (result i32) (i32.div_s (local.get 0) (local.get 1)))
  (func (export "lanes") (param v128 v128) (result v128 i32)
    (i16x8.add_sat_s (local.get 0) (local.get 1)) (i32.const 7))
  (func (export "set") (param i32 externref) (table.set 1 (local.get 0) (local.get 1)))
  (func (export "get") (param i32) (result funcref)
    (table.get 0 (i32.and (local.get 0) (i32.const 1))))
  (func (export "ask") (param v128) (result i64 v128) (call $f (i32.const 3) (local.get 0)))
  (func (export "throw") (param i32) (throw $tag (local.get 0)))
  (func (export "spin")
    (loop $again
      (br_if $again (global.get $fuel)
        (global.set $fuel (i32.sub (global.get $fuel) (i32.const 1))))))
  (func (export "f") (param i32 v128) (result i64 v128)
    (call $f (local.get 0) (local.get 1)))
  (global $fuel (export "fuel") (mut i32) (i32.const 0))))";

// What a machine says can be falsified in one place.
struct Lie {
  uint32_t from_call = 0;
  std::function<void(Ending&)> ending = [](Ending&) {};
  std::function<void(State&)> state = [](State&) {};
};

class Liar final : public Machine {
 public:
  Liar(std::unique_ptr<Machine> honest, Lie lie)
      : honest_(std::move(honest)), lie_(std::move(lie)) {}

  Ending instantiate(std::span<const uint8_t> module) override {
    return honest_->instantiate(module);
  }
  std::vector<wasm::FuncType> functions() const override { return honest_->functions(); }
  void refuel(uint32_t fuel) override { honest_->refuel(fuel); }
  Ending call(uint32_t function, const Values& args) override {
    Ending ending = honest_->call(function, args);
    if (++calls_ >= lie_.from_call) {
      lie_.ending(ending);
    }
    return ending;
  }
  State state() override {
    State state = honest_->state();
    memory_.assign(state.memory.begin(), state.memory.end());
    state.memory = memory_;
    if (calls_ >= lie_.from_call) {
      lie_.state(state);
    }
    return state;
  }

 private:
  std::unique_ptr<Machine> honest_;
  Lie lie_;
  uint32_t calls_ = 0;
  std::vector<std::byte> memory_;
};

class Differential : public testing::Test {
 protected:
  static void SetUpTestSuite() {
    slots_ = *slot::SlotPool::reserve(16);
    thread_ = *cpu::Thread::attach();
    engine_ = new engine::Engine(engine::CodeCache(""));
  }
  static void TearDownTestSuite() {
    delete engine_;
    thread_.reset();
    slots_.reset();
  }

  static std::vector<uint8_t> module(const char* text) {
    auto source = wast::read_wat(text);
    EXPECT_FALSE(source.refused) << *source.refused;
    return source.bytes;
  }
  static std::unique_ptr<Machine> subject(engine::Linking linking = engine::Linking::closed) {
    return make_subject({*slots_, *engine_, *thread_}, {.linking = linking, .threads = 1});
  }
  static std::string difference_with(Lie lie) {
    auto reference = make_reference();
    Liar liar(subject(), std::move(lie));
    return compare(module(everything), *reference, liar, {.rounds = 20}).difference;
  }

  static std::unique_ptr<slot::SlotPool> slots_;
  static std::unique_ptr<cpu::Thread> thread_;
  static engine::Engine* engine_;
};
std::unique_ptr<slot::SlotPool> Differential::slots_;
std::unique_ptr<cpu::Thread> Differential::thread_;
engine::Engine* Differential::engine_;

TEST_F(Differential, weft_and_the_interpreter_agree_under_both_kinds_of_linking) {
  for (auto linking : {engine::Linking::closed, engine::Linking::open}) {
    auto reference = make_reference();
    auto subject = Differential::subject(linking);
    auto result = compare(module(everything), *reference, *subject, {.rounds = 50});
    EXPECT_THAT(result.difference, IsEmpty());
    EXPECT_THAT(result.unknown, IsEmpty());
    EXPECT_EQ(result.calls, 500U);
    EXPECT_GT(result.returned, 300U);
    EXPECT_LT(result.returned, 500U);
  }
}

TEST_F(Differential, a_wrong_bit_of_a_result_is_found) {
  EXPECT_THAT(difference_with({.from_call = 5,
                               .ending =
                                   [](Ending& ending) {
                                     if (!ending.results.empty()) {
                                       ending.results[0].low ^= 1;
                                     }
                                   }}),
              HasSubstr("expected returned"));
  EXPECT_THAT(difference_with({.ending =
                                   [](Ending& ending) {
                                     if (!ending.results.empty()) {
                                       ending.results.back().high ^= uint64_t{1} << 63;
                                     }
                                   }}),
              HasSubstr("expected returned"));
}

TEST_F(Differential, a_trap_of_another_kind_is_found) {
  EXPECT_THAT(difference_with({.ending =
                                   [](Ending& ending) {
                                     if (ending.kind == Ending::Kind::trapped) {
                                       ending.traps = {wasm::TrapKind::unreachable};
                                       ending.note = "unreachable";
                                     }
                                   }}),
              HasSubstr("trapped: unreachable, expected trapped"));
}

TEST_F(Differential, a_trap_that_does_not_happen_is_found) {
  EXPECT_THAT(
      difference_with({.ending = [](Ending& ending) { ending.kind = Ending::Kind::returned; }}),
      HasSubstr("expected trapped"));
}

TEST_F(Differential, a_wrong_byte_of_memory_is_found) {
  auto flip = [](State& state) { const_cast<std::byte&>(state.memory.back()) ^= std::byte{0x80}; };
  EXPECT_THAT(difference_with({.from_call = 3, .state = flip}),
              HasSubstr("memory at 0xffff is 0x80, expected 0x00"));
  EXPECT_THAT(difference_with({.state = [](State& state) { state.memory = {}; }}),
              HasSubstr("memory has 0 bytes, expected 65536"));
}

TEST_F(Differential, a_wrong_global_or_element_or_host_call_is_found) {
  EXPECT_THAT(difference_with({.state = [](State& state) { state.globals[0].low ^= 1; }}),
              HasSubstr("global 0 is"));
  EXPECT_THAT(difference_with({.state = [](State& state) { state.tables[0][1].low = 0; }}),
              HasSubstr("table 0 element 1 is funcref:null, expected funcref:1"));
  EXPECT_THAT(difference_with({.state = [](State& state) { state.tables[1].pop_back(); }}),
              HasSubstr("table 1 element: 1, expected 2"));
  EXPECT_THAT(difference_with({.state = [](State& state) { state.host_calls ^= 1; }}),
              HasSubstr("the host was called in another way"));
}

TEST_F(Differential, both_refuse_what_is_no_module) {
  std::vector<uint8_t> bytes = module(everything);
  bytes.resize(bytes.size() / 2);
  auto reference = make_reference();
  auto subject = Differential::subject();
  EXPECT_THAT(compare(bytes, *reference, *subject, {}).difference, IsEmpty());
}

TEST_F(Differential, segments_and_start_functions_that_trap_are_compared) {
  for (const char* text : {"(module (memory 1 1) (data (i32.const 65533) \"weft\"))",
                           "(module (table 1 1 funcref) (elem (i32.const 1) func $f) (func $f))",
                           "(module (func $f unreachable) (start $f))"}) {
    auto reference = make_reference();
    auto subject = Differential::subject();
    auto result = compare(module(text), *reference, *subject, {});
    EXPECT_THAT(result.difference, IsEmpty()) << text;
    EXPECT_EQ(result.calls, 0U);
  }
}

}  // namespace
}  // namespace weft::differential
