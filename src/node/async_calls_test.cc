#include "node/async_calls.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <future>

#include "base/temporary_directory.h"
#include "node/functions_for_test.h"

namespace weft::node {
namespace {

using namespace std::chrono_literals;
using testing::HasSubstr;

constexpr std::string_view trapping_program = R"((module
  (memory (export "memory") 1)
  (func (export "_start") (unreachable))))";

class AsyncCallsTest : public testing::Test {
 protected:
  void SetUp() override { open(); }
  void TearDown() override { close(); }

  void open(const call::Ledger::Options& options = {}) {
    manifest::NodeConfig config;
    config.data = directory_.path();
    config.cores = std::min(2, static_cast<int>(slot::max_slots));
    auto node = Node::open(config);
    ASSERT_TRUE(node) << node.error().message();
    node_ = std::move(*node);
    auto ledger = call::Ledger::open(node_->store(), node_->clock(), options);
    ASSERT_TRUE(ledger) << ledger.error().message();
    ledger_ = std::move(*ledger);
    calls_ = std::make_unique<AsyncCalls>(*node_, *ledger_, AsyncCalls::Options());
    node_->serve();
  }
  void close() {
    calls_->stop();
    node_->close();
    ledger_ = nullptr;
    calls_ = nullptr;
    node_ = nullptr;
  }

  std::string deploy(const std::string& name, std::string_view text,
                     const manifest::FunctionSpec& spec = {}) {
    auto told = std::make_shared<std::promise<std::string>>();
    node_->deploy({"default", name}, TestFunctions::module(text), spec, "live",
                  [told](std::expected<catalog::Deployed, Node::Refused> deployed) {
                    CHECK(deployed.has_value(), "{}", deployed.error().error.message());
                    told->set_value(deployed->version->version);
                  });
    return told->get_future().get();
  }
  static call::Submission submission(const std::string& name, const std::string& version,
                                     const std::string& input = "") {
    call::Submission submission;
    submission.function = {"default", name};
    submission.version = version;
    submission.input = input;
    return submission;
  }
  call::CallId accept(call::Submission submission) {
    auto told = std::make_shared<std::promise<call::CallId>>();
    calls_->accept(std::move(submission), [told](Result<call::Accepted> accepted) {
      CHECK(accepted.has_value(), "{}", accepted.error().message());
      told->set_value(accepted->first);
    });
    return told->get_future().get();
  }
  call::Call wait(call::CallId id) {
    auto told = std::make_shared<std::promise<void>>();
    calls_->when_ended(id, [told] { told->set_value(); });
    told->get_future().get();
    auto call = ledger_->find(id);
    CHECK(call.has_value(), "{}", call.error().message());
    return *call;
  }
  Result<void> cancel(call::CallId id) {
    auto told = std::make_shared<std::promise<Result<void>>>();
    calls_->cancel(id, [told](Result<void> done) { told->set_value(std::move(done)); });
    return told->get_future().get();
  }

  TemporaryDirectory directory_;
  std::unique_ptr<Node> node_;
  std::unique_ptr<call::Ledger> ledger_;
  std::unique_ptr<AsyncCalls> calls_;
};

TEST_F(AsyncCallsTest, an_accepted_call_runs_and_its_output_and_log_are_kept) {
  calls_->resume();
  std::string version = deploy("echo", echo_program);
  call::CallId id = accept(submission("echo", version, "hello"));
  call::Call call = wait(id);
  EXPECT_EQ(call.state, call::State::ended);
  EXPECT_EQ(call.reason, call::Reason::returned);
  EXPECT_EQ(call.attempt, 1);
  EXPECT_EQ(*ledger_->output(id), "hello");
  EXPECT_EQ(*ledger_->log(id), "echoed\n");
  wait(id);  // who comes late is told at once
}

TEST_F(AsyncCallsTest, a_map_of_many_calls_gives_each_its_own_output) {
  calls_->resume();
  std::string version = deploy("echo", echo_program);
  std::vector<std::string> inputs;
  inputs.reserve(3000);
  for (int i = 0; i < 3000; ++i) {
    inputs.push_back(fmt::format("input {}", i));
  }
  auto told = std::make_shared<std::promise<call::Accepted>>();
  calls_->accept_map(submission("echo", version), inputs, [told](Result<call::Accepted> accepted) {
    CHECK(accepted.has_value(), "{}", accepted.error().message());
    told->set_value(*accepted);
  });
  call::Accepted accepted = told->get_future().get();
  ASSERT_EQ(accepted.count, inputs.size());
  for (uint32_t i = 0; i < accepted.count; ++i) {
    wait(accepted.first.plus(i));
    ASSERT_EQ(*ledger_->output(accepted.first.plus(i)), inputs[i]);
  }
}

TEST_F(AsyncCallsTest, a_failed_call_is_tried_again_as_often_as_its_policy_says) {
  calls_->resume();
  std::string version = deploy("traps", trapping_program);
  call::Submission once = submission("traps", version);
  call::Call call = wait(accept(once));
  EXPECT_EQ(call.reason, call::Reason::trapped);
  EXPECT_EQ(call.attempt, 1);
  EXPECT_THAT(call.message, HasSubstr("unreachable"));
  call::Submission often = once;
  often.policy = {.kind = call::Policy::Kind::at_least_once, .attempts = 3, .back_off = 1ms};
  call::CallId id = accept(often);
  call = wait(id);
  EXPECT_EQ(call.reason, call::Reason::trapped);
  EXPECT_EQ(call.attempt, 3);
}

TEST_F(AsyncCallsTest, calls_are_cancelled_before_and_while_they_run) {
  std::string version = deploy("endless", endless_program);
  call::CallId first = accept(submission("endless", version));
  ASSERT_TRUE(cancel(first));
  EXPECT_EQ(wait(first).reason, call::Reason::cancelled);
  calls_->resume();
  call::CallId second = accept(submission("endless", version));
  while (ledger_->find(second)->state != call::State::running) {
  }
  while (!cancel(second)) {  // it may still be on its way to its core
  }
  EXPECT_EQ(wait(second).reason, call::Reason::cancelled);
  EXPECT_EQ(cancel(second).error().kind(), Error::Kind::conflict);
}

TEST_F(AsyncCallsTest, results_beyond_their_time_are_forgotten_while_the_node_runs) {
  close();
  open({.keep_results = 0s});
  calls_->resume();
  call::CallId id = accept(submission("echo", deploy("echo", echo_program)));
  while (ledger_->find(id)) {
  }
}

TEST_F(AsyncCallsTest, a_call_of_a_function_that_is_gone_ends_and_says_so) {
  std::string version = deploy("echo", echo_program);
  call::CallId id = accept(submission("echo", version));
  auto removed = std::make_shared<std::promise<void>>();
  node_->catalog().remove({"default", "echo"}, std::nullopt,
                          [removed](Result<void>) { removed->set_value(); });
  removed->get_future().get();
  calls_->resume();
  call::Call call = wait(id);
  EXPECT_EQ(call.reason, call::Reason::trapped);
  EXPECT_THAT(call.message, HasSubstr("deleted"));
}

TEST_F(AsyncCallsTest, what_was_accepted_before_a_restart_runs_after_it) {
  std::string echo = deploy("echo", echo_program);
  call::CallId waits = accept(submission("echo", echo, "later"));
  close();
  open();
  calls_->resume();
  EXPECT_EQ(wait(waits).reason, call::Reason::returned);
  EXPECT_EQ(*ledger_->output(waits), "later");
}

TEST_F(AsyncCallsTest, the_calls_in_progress_when_a_node_closes_end_as_cancelled) {
  calls_->resume();
  std::string version = deploy("endless", endless_program);
  call::CallId id = accept(submission("endless", version));
  while (ledger_->find(id)->state != call::State::running) {
  }
  close();
  open();
  call::Call call = *ledger_->find(id);
  EXPECT_EQ(call.state, call::State::ended);
  EXPECT_TRUE(call.reason == call::Reason::cancelled || call.reason == call::Reason::lost)
      << name(call.reason);
}

}  // namespace
}  // namespace weft::node
