#include "threads/program.h"

#include <fmt/format.h>
#include <gtest/gtest.h>
#include <poll.h>

#include "engine/engine.h"
#include "wasi/fake_guest.h"
#include "wasi/wasi.h"
#include "wast/text_reader.h"

namespace weft::threads {
namespace {

constexpr std::string_view head = R"((module
  (import "wasi" "thread-spawn" (func $spawn (param i32) (result i32)))
  (import "wasi_snapshot_preview1" "proc_exit" (func $exit (param i32)))
  (import "wasi_snapshot_preview1" "sched_yield" (func $yield (result i32)))
  (import "env" "memory" (memory 1 64 shared))
  ;; Waits until the i32 at $at is at least $least.
  (func $await (param $at i32) (param $least i32) (local $now i32)
    (loop $again
      (local.set $now (i32.atomic.load (local.get $at)))
      (if (i32.lt_s (local.get $now) (local.get $least))
        (then
          (drop (memory.atomic.wait32 (local.get $at) (local.get $now) (i64.const -1)))
          (br $again)))))
  (func $count (param $at i32)
    (drop (i32.atomic.rmw.add (local.get $at) (i32.const 1)))
    (drop (memory.atomic.notify (local.get $at) (i32.const -1))))
  ;; $n threads with the arguments 1 to $n; how many of them there are.
  (func $spawn_many (param $n i32) (result i32) (local $i i32) (local $made i32)
    (block $done (loop $more
      (br_if $done (i32.ge_u (local.get $i) (local.get $n)))
      (local.set $i (i32.add (local.get $i) (i32.const 1)))
      (if (i32.gt_s (call $spawn (local.get $i)) (i32.const 0))
        (then (local.set $made (i32.add (local.get $made) (i32.const 1)))))
      (br $more)))
    (local.get $made))
)";

class Started {
 public:
  explicit Started(std::string_view rest, Program::Options options = {.cores = 2, .limits = {}}) {
    auto source = wast::read_wat(std::string(head) + std::string(rest) + ")");
    CHECK(!source.refused, "{}", source.refused.value_or(""));
    engine::Engine engine{engine::CodeCache("")};
    auto loaded = engine.load(source.bytes, {}, "test");
    CHECK(loaded.has_value(), "{}", loaded.error().message());
    code_ = std::move(*loaded);
    CHECK(has_threads(code_->info()));
    auto reserved = slot::SlotPool::reserve(std::min(options.threads_max, slot::max_slots));
    CHECK(reserved.has_value(), "{}", reserved.error().message());
    slots_ = std::move(*reserved);
    options.limits.stack_bytes = 64 << 10;
    options_ = options;
    auto made = Program::create(code_, *slots_, wasi, options);
    CHECK(made.has_value(), "{}", made.error().message());
    program_ = std::move(*made);
  }

  // Freezes it where it stands, ends it, and goes on with what was frozen. False: it had ended.
  bool freeze_and_thaw() {
    wasi::TemporaryDirectory dir;
    auto pages = slot::DirtyPages::open();
    CHECK(pages.has_value());
    auto cost = program_->freeze(dir / "frozen", *pages);
    if (program_->has_ended()) {
      return false;
    }
    CHECK(cost.has_value(), "{}", cost.error().message());
    program_ = nullptr;
    auto frozen = snapshot::Frozen::open(dir / "frozen");
    CHECK(frozen.has_value(), "{}", frozen.error().message());
    auto made = Program::thaw(*frozen, code_, *slots_, wasi, options_);
    CHECK(made.has_value(), "{}", made.error().message());
    program_ = std::move(*made);
    CHECK(program_->start().has_value());
    return true;
  }

  Program& program() { return *program_; }
  Started& start(std::string_view name = "run") {
    CHECK(program_->call(name).has_value());
    CHECK(program_->start().has_value());
    return *this;
  }
  const faaslet::Faaslet& end() {
    pollfd ended = {program_->ended_event(), POLLIN, 0};
    CHECK(poll(&ended, 1, 60'000) == 1, "the program does not end");
    program_->stop();
    return program_->speaker();
  }
  uint32_t result() {
    const auto& speaker = end();
    CHECK(std::holds_alternative<host::Returned>(speaker.result()));
    return speaker.results().at(0).i32;
  }

 private:
  static Result<std::vector<std::unique_ptr<host::ImportModule>>> wasi(host::Guest& guest) {
    TRY(wasi, wasi::Wasi::create(guest, {}));
    std::vector<std::unique_ptr<host::ImportModule>> modules;
    modules.push_back(std::move(wasi));
    return modules;
  }

  std::shared_ptr<const engine::CodeFile> code_;
  Program::Options options_;
  std::unique_ptr<slot::SlotPool> slots_;
  std::unique_ptr<Program> program_;
};

constexpr std::string_view sum = R"(
  (func (export "wasi_thread_start") (param $tid i32) (param $argument i32)
    (drop (i32.atomic.rmw.add (i32.const 8) (local.get $argument)))
    (call $count (i32.const 0)))
  (func (export "run") (result i32) (local $made i32)
    (local.set $made (call $spawn_many (i32.const 100)))
    (call $await (i32.const 0) (local.get $made))
    (i32.add (i32.mul (i32.const 10000) (local.get $made)) (i32.load (i32.const 8)))))";

TEST(Program, threads_get_their_arguments_and_share_the_memory) {
  EXPECT_EQ(Started(sum).start().result(), 100u * 10000 + 5050);
}

TEST(Program, one_core_is_enough) {
  EXPECT_EQ(Started(sum, {.cores = 1, .limits = {}}).start().result(), 100u * 10000 + 5050);
}

TEST(Program, a_thousand_threads_wait_at_the_same_time) {
  Started run(R"(
    (func (export "wasi_thread_start") (param i32 i32)
      (call $count (i32.const 0))
      (call $await (i32.const 4) (i32.const 1))
      (call $count (i32.const 8)))
    (func (export "run") (result i32) (local $made i32)
      (local.set $made (call $spawn_many (i32.const 1000)))
      (call $await (i32.const 0) (local.get $made))
      (call $count (i32.const 4))
      (call $await (i32.const 8) (local.get $made))
      (local.get $made)))");
  EXPECT_EQ(run.start().result(), std::min(1000u, slot::max_slots - 1));
}

TEST(Program, beyond_the_limit_no_thread_is_made_and_an_ended_one_leaves_its_place) {
  Started run(R"(
    (func (export "wasi_thread_start") (param i32 i32)
      (call $await (i32.const 4) (i32.const 1))
      (call $count (i32.const 0)))
    (func (export "run") (result i32) (local $made i32) (local $more i32)
      (local.set $made (call $spawn_many (i32.const 10)))
      (call $count (i32.const 4))
      (call $await (i32.const 0) (local.get $made))
      ;; They have counted, and end in a moment.
      (loop $again
        (drop (call $yield))
        (local.set $more (i32.add (local.get $more) (call $spawn_many (i32.const 1))))
        (br_if $again (i32.lt_u (local.get $more) (i32.const 5))))
      (call $await (i32.const 0) (i32.add (local.get $made) (local.get $more)))
      (i32.add (i32.mul (i32.const 100) (local.get $made)) (local.get $more))))",
              {.cores = 2, .threads_max = 6, .limits = {}});
  EXPECT_EQ(run.start().result(), 505u) << "six with the first one, then five anew";
}

TEST(Program, a_trap_in_a_thread_ends_the_program_and_names_the_thread) {
  Started run(R"(
    (func (export "wasi_thread_start") (param i32 i32)
      (drop (i32.div_u (i32.const 1) (i32.const 0))))
    (func (export "run") (result i32)
      (drop (call $spawn_many (i32.const 1)))
      (loop $forever (br $forever)) (i32.const 0)))");
  const auto& speaker = run.start().end();
  EXPECT_EQ(std::get<host::Trapped>(speaker.result()).kind, wasm::TrapKind::integer_divide_by_zero);
  EXPECT_EQ(run.program().speaker_id(), 1u);
  EXPECT_FALSE(speaker.backtrace().empty());
}

// Eight threads, of which the odd ones spin and the even ones wait, for ever both; `eighth` is what
// the eighth does instead.
std::string spinning_and_waiting(std::string_view eighth) {
  return fmt::format(R"(
    (func (export "wasi_thread_start") (param $tid i32) (param $argument i32)
      (if (i32.eq (local.get $argument) (i32.const 8)) (then {}))
      (if (i32.and (local.get $argument) (i32.const 1))
        (then (loop $forever (br $forever)))
        (else (call $await (i32.const 4) (i32.const 1)))))
    (func (export "run") (result i32)
      (drop (call $spawn_many (i32.const 8)))
      (call $await (i32.const 4) (i32.const 1)) (i32.const 0)))",
                     eighth);
}

TEST(Program, an_exit_in_a_thread_ends_those_that_spin_and_those_that_wait) {
  Started run(spinning_and_waiting("(call $exit (i32.const 9))"));
  EXPECT_EQ(std::get<host::Exited>(run.start().end().result()).code, 9u);
}

TEST(Program, threads_that_spin_give_way_to_the_one_they_wait_for) {
  Started run(R"(
    (func (export "wasi_thread_start") (param $tid i32) (param $argument i32)
      ;; each spins until it is its turn
      (loop $again
        (br_if $again (i32.ne (i32.atomic.load (i32.const 0))
                              (i32.sub (local.get $argument) (i32.const 1)))))
      (call $count (i32.const 0)))
    (func (export "run") (result i32)
      (drop (call $spawn_many (i32.const 12)))
      (call $await (i32.const 0) (i32.const 12)) (i32.const 1)))");
  EXPECT_EQ(run.start().result(), 1u);
}

TEST(Program, what_one_thread_grows_all_have_and_beyond_it_is_a_trap) {
  constexpr std::string_view text = R"(
    (func (export "wasi_thread_start") (param i32 i32)
      (call $await (i32.const 0) (i32.const 1))
      (i32.store (i32.const 0x20000) (memory.size))
      (call $count (i32.const 4)))
    (func (export "run") (result i32)
      (drop (call $spawn_many (i32.const 1)))
      (drop (memory.grow (i32.const 2)))
      (call $count (i32.const 0))
      (call $await (i32.const 4) (i32.const 1))
      (i32.load (i32.const 0x20000)))
    (func (export "beyond") (result i32)
      (drop (call $spawn_many (i32.const 1)))
      (drop (memory.grow (i32.const 2)))
      (i32.load (i32.const 0x2ffff))))";
  EXPECT_EQ(Started(text).start().result(), 3u);
  Started beyond(text);
  const auto& speaker = beyond.start("beyond").end();
  EXPECT_EQ(std::get<host::Trapped>(speaker.result()).kind, wasm::TrapKind::out_of_bounds_memory);
}

TEST(Program, a_wait_with_a_timeout_ends_although_all_cores_are_busy) {
  Started run(R"(
    (func (export "wasi_thread_start") (param i32 i32)
      (loop $forever (br_if $forever (i32.eqz (i32.atomic.load (i32.const 0))))))
    (func (export "run") (result i32) (local $ended i32)
      (drop (call $spawn_many (i32.const 3)))
      (local.set $ended (memory.atomic.wait32 (i32.const 16) (i32.const 0) (i64.const 3000000)))
      (call $count (i32.const 0))
      (local.get $ended)))");
  EXPECT_EQ(run.start().result(), 2u) << "timed out";
}

TEST(Program, it_can_be_stopped_from_outside_wherever_its_threads_are) {
  Started run(spinning_and_waiting(""));
  run.start();
  while (run.program().threads() < 9) {
    std::this_thread::yield();
  }
  run.program().stop();
  EXPECT_FALSE(run.program().has_ended());
}

TEST(Program, a_module_without_an_entry_for_threads_makes_none) {
  EXPECT_EQ(
      Started(R"((func (export "run") (result i32) (call $spawn (i32.const 1))))").start().result(),
      0xffff'ffff);
}

// A ring of five threads: every hand-over needs a wake-up, and one that got lost would stop it.
constexpr std::string_view ring = R"(
    (func $pass (param $from i32) (param $to i32) (param $turns i32) (local $turn i32)
      (loop $again
        (local.set $turn (i32.add (local.get $turn) (i32.const 1)))
        (call $await (local.get $from) (local.get $turn))
        (call $count (local.get $to))
        (br_if $again (i32.lt_u (local.get $turn) (local.get $turns)))))
    (func (export "wasi_thread_start") (param $tid i32) (param $argument i32)
      (call $pass (i32.mul (local.get $argument) (i32.const 8))
                  (i32.mul (i32.add (local.get $argument) (i32.const 1)) (i32.const 8))
                  (i32.const 5000)))
    (func (export "run") (result i32) (local $turn i32)
      ;; a ring of five: 8 -> 16 -> 24 -> 32 -> 40
      (drop (call $spawn_many (i32.const 4)))
      (loop $again
        (local.set $turn (i32.add (local.get $turn) (i32.const 1)))
        (call $count (i32.const 8))
        (call $await (i32.const 40) (local.get $turn))
        (br_if $again (i32.lt_u (local.get $turn) (i32.const 5000))))
      (i32.load (i32.const 40))))";

TEST(Program, no_wake_up_is_lost) { EXPECT_EQ(Started(ring).start().result(), 5000u); }

TEST(Program, frozen_in_its_waits_and_thawed_it_goes_on) {
  Started run(ring);
  run.start();
  int times = 0;
  while (times < 20 && run.freeze_and_thaw()) {
    ++times;
  }
  EXPECT_GT(times, 1);
  EXPECT_EQ(run.result(), 5000u);
}

TEST(Program, frozen_at_any_instruction_and_thawed_it_goes_on) {
  // Each thread adds its argument a hundred thousand times, some of them without a pause.
  Started run(R"(
    (func (export "wasi_thread_start") (param $tid i32) (param $argument i32) (local $i i32)
      (loop $again
        (drop (i32.atomic.rmw.add (i32.const 8) (local.get $argument)))
        (local.set $i (i32.add (local.get $i) (i32.const 1)))
        (br_if $again (i32.lt_u (local.get $i) (i32.const 100000))))
      (call $count (i32.const 0)))
    (func (export "run") (result i32) (local $made i32)
      (local.set $made (call $spawn_many (i32.const 10)))
      (call $await (i32.const 0) (local.get $made))
      (i32.load (i32.const 8))))");
  run.start();
  for (int times = 0; times < 10 && run.freeze_and_thaw(); ++times) {
  }
  EXPECT_EQ(run.result(), 55u * 100'000);
}

}  // namespace
}  // namespace weft::threads
