#include "node/worker.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <future>

#include "node/functions_for_test.h"

namespace weft::node {
namespace {

using namespace std::chrono_literals;
using testing::HasSubstr;

class WorkerTest : public testing::Test {
 protected:
  void SetUp() override { start({}); }
  void TearDown() override {
    workshop_->close();
    worker_ = nullptr;
  }

  void start(const Worker::Options& options) {
    worker_ = nullptr;
    auto worker = Worker::start(0, site_, options);
    ASSERT_TRUE(worker) << worker.error().message();
    worker_ = std::move(*worker);
    worker_->serve();
  }

  std::future<Result<Reply>> begin(const std::shared_ptr<Function>& function,
                                   const std::string& input = "", const std::string& id = "",
                                   std::optional<Clock::time_point> deadline = {}) {
    auto done = std::make_shared<std::promise<Result<Reply>>>();
    auto future = done->get_future();
    worker_->post([this, function, input, id, deadline, done] {
      auto task = std::make_unique<Task>();
      task->function = function;
      task->input = input;
      task->id = id;
      task->deadline = deadline;
      task->done = [done](Result<Reply> reply) { done->set_value(std::move(reply)); };
      worker_->call(std::move(task));
    });
    return future;
  }
  Reply call(const std::shared_ptr<Function>& function, const std::string& input = "") {
    auto reply = begin(function, input).get();
    CHECK(reply.has_value(), "{}", reply.error().message());
    return std::move(*reply);
  }
  // Something that the worker's thread knows.
  template <class F>
  auto ask(F question) {
    auto answer = std::make_shared<std::promise<decltype(question())>>();
    worker_->post([=] { answer->set_value(question()); });
    return answer->get_future().get();
  }

  TestFunctions functions_;
  std::unique_ptr<slot::SlotPool> slots_ = std::move(*slot::SlotPool::reserve());
  slot::DirtyPages dirty_ = std::move(*slot::DirtyPages::open());
  Engines engines_{""};
  std::unique_ptr<Workshop> workshop_ = std::move(*Workshop::open(1));
  Site site_{.slots = *slots_,
             .dirty = dirty_,
             .engines = engines_,
             .compile = {},
             .workshop = *workshop_,
             .cores = 1,
             .start_up_limit = 5s};
  std::unique_ptr<Worker> worker_;
};

TEST_F(WorkerTest, a_call_reads_its_input_and_answers_with_its_output_and_log) {
  auto echo = functions_.make("echo", echo_program);
  Reply first = call(echo, "hello");
  EXPECT_EQ(first.ending, Ending::returned);
  EXPECT_EQ(first.output, "hello");
  EXPECT_EQ(first.log, "echoed\n");
  EXPECT_TRUE(first.cold);
  EXPECT_GT(first.cpu, 0ns);
  Reply second = call(echo, std::string(200'000, 'x'));
  EXPECT_EQ(second.output, std::string(200'000, 'x'));
  EXPECT_FALSE(second.cold);
}

TEST_F(WorkerTest, each_call_finds_the_memory_as_the_image_has_it) {
  auto counts = functions_.make("counts", R"((module
    (memory (export "memory") 1)
    (func (export "_start") (result i32)
      (i32.store (i32.const 0) (i32.add (i32.load (i32.const 0)) (i32.const 1)))
      (i32.load (i32.const 0)))))");
  for (int i = 0; i < 5; ++i) {
    EXPECT_EQ(call(counts).exit_code, 1u);
  }
}

TEST_F(WorkerTest, a_trap_comes_with_the_stack_and_an_exit_with_its_code) {
  auto traps = functions_.make("traps", R"((module
    (memory (export "memory") 1)
    (func $deep (unreachable))
    (func (export "_start") (call $deep))))");
  Reply reply = call(traps);
  EXPECT_EQ(reply.ending, Ending::trapped);
  EXPECT_EQ(reply.message, "unreachable");
  ASSERT_FALSE(reply.backtrace.empty());
  auto exits = functions_.make("exits", R"((module
    (import "wasi_snapshot_preview1" "proc_exit" (func $exit (param i32)))
    (memory (export "memory") 1)
    (func (export "_start") (call $exit (i32.const 7)))))");
  reply = call(exits);
  EXPECT_EQ(reply.ending, Ending::exited);
  EXPECT_EQ(reply.exit_code, 7u);
}

TEST_F(WorkerTest, a_guests_processor_time_is_its_own) {
  // Spins until its processor clock, 2, has moved by 5 ms, and exits with what it showed at first,
  // in milliseconds.
  auto clock = functions_.make("clock", R"((module
    (import "wasi_snapshot_preview1" "clock_time_get"
      (func $time (param i32 i64 i32) (result i32)))
    (memory (export "memory") 1)
    (func $now (result i64)
      (drop (call $time (i32.const 2) (i64.const 1) (i32.const 8)))
      (i64.load (i32.const 8)))
    (func (export "_start") (result i32)
      (local $first i64)
      (local.set $first (call $now))
      (loop $more
        (br_if $more (i64.lt_u (i64.sub (call $now) (local.get $first)) (i64.const 5000000))))
      (i32.wrap_i64 (i64.div_u (local.get $first) (i64.const 1000000))))))");
  for (int i = 0; i < 3; ++i) {
    Reply reply = call(clock);
    EXPECT_EQ(reply.exit_code, 0u) << "the thread has run for longer, this guest has not";
    EXPECT_GE(reply.cpu, 5ms);
  }
}

TEST_F(WorkerTest, limits_of_time_cpu_and_output_end_a_call_by_name) {
  Terms terms;
  terms.time_limit = 30ms;
  Reply reply = call(functions_.make("slow", endless_program, terms));
  EXPECT_EQ(reply.ending, Ending::timed_out);
  EXPECT_THAT(reply.message, HasSubstr("30 ms"));
  terms = {};
  terms.cpu_limit = 10ms;
  reply = call(functions_.make("busy", endless_program, terms));
  EXPECT_EQ(reply.ending, Ending::out_of_limits);
  EXPECT_THAT(reply.message, HasSubstr("CPU time"));
  terms = {};
  terms.output_bytes = 1000;
  reply = call(functions_.make("chatty", echo_program, terms), std::string(2000, 'x'));
  EXPECT_EQ(reply.ending, Ending::out_of_limits);
  EXPECT_THAT(reply.message, HasSubstr("output limit of 1000 bytes"));
}

TEST_F(WorkerTest, calls_beyond_the_functions_concurrency_wait_and_may_run_out_of_time) {
  Terms terms;
  terms.concurrency = 1;
  auto endless = functions_.make("endless", endless_program, terms);
  auto first = begin(endless, "", "first");
  auto late = begin(endless, "", "late", Clock::now() + 20ms);
  auto reply = late.get();
  ASSERT_TRUE(reply);
  EXPECT_EQ(reply->ending, Ending::timed_out);
  auto second = begin(endless, "", "second");
  while (ask([&] { return worker_->running(); }) == 0) {
  }
  EXPECT_EQ(ask([&] { return worker_->waiting(); }), 1u);
  EXPECT_TRUE(ask([&] { return worker_->cancel("second"); }));
  EXPECT_EQ(second.get()->ending, Ending::cancelled);
  EXPECT_TRUE(ask([&] { return worker_->cancel("first"); }));
  EXPECT_EQ(first.get()->ending, Ending::cancelled);
  EXPECT_FALSE(ask([&] { return worker_->cancel("first"); }));
}

TEST_F(WorkerTest, calls_beyond_the_workers_room_wait_for_others_to_end) {
  start({.most_running = 2, .most_waiting = 3});
  auto endless = functions_.make("endless", endless_program);
  auto echo = functions_.make("echo", echo_program);
  call(echo);
  auto one = begin(endless, "", "one");
  auto two = begin(endless, "", "two");
  while (ask([&] { return worker_->running(); }) < 2) {  // the program is being prepared
  }
  std::vector<std::future<Result<Reply>>> waiting;
  waiting.reserve(3);
  for (int i = 0; i < 3; ++i) {
    waiting.push_back(begin(echo, "x"));
  }
  auto refused = begin(echo).get();
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().kind(), Error::Kind::exhausted);
  EXPECT_TRUE(ask([&] { return worker_->cancel("one"); }));
  EXPECT_EQ(one.get()->ending, Ending::cancelled);
  for (auto& reply : waiting) {
    EXPECT_EQ(reply.get()->output, "x");
  }
  EXPECT_TRUE(ask([&] { return worker_->cancel("two"); }));
  EXPECT_EQ(two.get()->ending, Ending::cancelled);
}

TEST_F(WorkerTest, calls_beyond_the_slots_of_the_process_wait_for_others_to_end) {
  auto endless = functions_.make("endless", endless_program);
  auto echo = functions_.make("echo", echo_program);
  call(echo);
  auto one = begin(endless, "", "one");
  while (ask([&] { return worker_->running(); }) == 0) {
  }
  std::vector<slot::Slot> taken;
  for (auto slot = slots_->acquire(); slot; slot = slots_->acquire()) {
    taken.push_back(std::move(*slot));
  }
  // The warm slot of the first call serves one at a time.
  ask([&] { return worker_->drop_warm(); });
  for (auto slot = slots_->acquire(); slot; slot = slots_->acquire()) {
    taken.push_back(std::move(*slot));
  }
  auto waits = begin(echo, "x");
  EXPECT_EQ(ask([&] { return worker_->waiting(); }), 1u);
  taken.clear();
  EXPECT_EQ(waits.get()->output, "x");
  EXPECT_TRUE(ask([&] { return worker_->cancel("one"); }));
  EXPECT_EQ(one.get()->ending, Ending::cancelled);
}

TEST_F(WorkerTest, a_function_that_cannot_be_prepared_refuses_its_calls_with_the_reason) {
  Terms terms;
  auto gone = std::make_shared<Function>(Function::Name{"default", "gone", "1"}, terms,
                                         functions_.file("gone.wasm"));
  auto reply = begin(gone).get();
  ASSERT_FALSE(reply);
  EXPECT_THAT(reply.error().message(), HasSubstr("gone.wasm"));
  site_.start_up_limit = 20ms;
  auto stuck = functions_.make("stuck", R"((module
    (memory (export "memory") 1)
    (func (export "_initialize") (loop $l (br $l)))
    (func (export "_start"))))");
  reply = begin(stuck).get();
  ASSERT_FALSE(reply);
  EXPECT_THAT(reply.error().message(), HasSubstr("not ready"));
  EXPECT_EQ(call(functions_.make("fine", echo_program), "x").output, "x");
}

TEST_F(WorkerTest, a_program_that_announces_its_ready_point_begins_there_each_time) {
  Terms terms;
  terms.ready_point = faaslet::ReadyPoint::announced;
  auto ready = functions_.make("ready", R"((module
    (import "weft" "ready" (func $ready))
    (import "wasi_snapshot_preview1" "proc_exit" (func $exit (param i32)))
    (memory (export "memory") 1)
    (func (export "_start")
      (i32.store (i32.const 0) (i32.add (i32.load (i32.const 0)) (i32.const 40)))
      (call $ready)
      (i32.store (i32.const 0) (i32.add (i32.load (i32.const 0)) (i32.const 2)))
      (call $exit (i32.load (i32.const 0))))))",
                               terms);
  for (int i = 0; i < 3; ++i) {
    EXPECT_EQ(call(ready).exit_code, 42u);
  }
}

TEST_F(WorkerTest, a_program_that_is_ready_when_it_first_waits_gets_its_input_there) {
  Terms terms;
  terms.ready_point = faaslet::ReadyPoint::first_wait;
  auto echo = functions_.make("echo", echo_program, terms);
  EXPECT_EQ(call(echo, "one").output, "one");
  EXPECT_EQ(call(echo, "two").output, "two");
}

TEST_F(WorkerTest, one_namespaces_endless_guests_do_not_starve_anothers_calls) {
  auto endless = functions_.make("endless", endless_program, {}, "noisy");
  auto echo = functions_.make("echo", echo_program, {}, "quiet");
  call(echo);
  std::vector<std::future<Result<Reply>>> noise;
  noise.reserve(50);
  for (int i = 0; i < 50; ++i) {
    noise.push_back(begin(endless, "", fmt::format("noise-{}", i)));
  }
  for (int i = 0; i < 20; ++i) {
    EXPECT_EQ(call(echo, "x").output, "x");
  }
  workshop_->close();
  worker_ = nullptr;
  for (auto& reply : noise) {
    auto got = reply.get();
    EXPECT_TRUE(!got || got->ending == Ending::cancelled);
  }
}

}  // namespace
}  // namespace weft::node
