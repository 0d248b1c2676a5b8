#include <gtest/gtest.h>

#include <future>

#include "base/temporary_directory.h"
#include "node/functions_for_test.h"
#include "node/node.h"

namespace weft::node {
namespace {

using namespace std::chrono_literals;

// Calls the function "echo" or "self" with "ping", waits, and writes its output.
std::string calling(std::string_view function) {
  return fmt::format(R"((module
    (import "weft" "call" (func $call (param i32 i32 i32 i32 i32) (result i32)))
    (import "weft" "call_wait" (func $wait (param i32 i32 i32) (result i32)))
    (import "weft" "call_output" (func $output (param i32 i64 i32 i32 i32) (result i32)))
    (import "wasi_snapshot_preview1" "fd_write" (func $write (param i32 i32 i32 i32) (result i32)))
    (import "wasi_snapshot_preview1" "proc_exit" (func $exit (param i32)))
    (memory (export "memory") 1)
    (data (i32.const 64) "{}")
    (data (i32.const 96) "ping")
    (func (export "_start")
      (if (call $call (i32.const 64) (i32.const {}) (i32.const 96) (i32.const 4) (i32.const 8))
        (then (call $exit (i32.const 40))))
      (drop (call $wait (i32.const 8) (i32.const 1) (i32.const 12)))
      (drop (call $output (i32.load (i32.const 8)) (i64.const 0) (i32.const 1024) (i32.const 100)
              (i32.const 4)))
      (i32.store (i32.const 0) (i32.const 1024))
      (drop (call $write (i32.const 1) (i32.const 0) (i32.const 1) (i32.const 8))))))",
                     function, function.size());
}

class ChainOfNode : public testing::Test {
 protected:
  void SetUp() override {
    manifest::NodeConfig config;
    config.data = directory_.path();
    config.cores = 1;
    auto node = Node::open(config);
    ASSERT_TRUE(node) << node.error().message();
    node_ = std::move(*node);
    node_->serve();
  }

  void deploy(const std::string& space, const std::string& name, std::string_view text) {
    auto told = std::make_shared<std::promise<void>>();
    node_->deploy({space, name}, TestFunctions::module(text), {}, "live",
                  [told](std::expected<catalog::Deployed, Node::Refused> deployed) {
                    CHECK(deployed.has_value(), "{}", deployed.error().error.message());
                    told->set_value();
                  });
    told->get_future().get();
  }
  std::future<Reply> begin(const std::string& name, const std::string& id = "parent") {
    auto told = std::make_shared<std::promise<Reply>>();
    auto future = told->get_future();
    Worker& worker = node_->worker(0);
    worker.post([this, &worker, name, id, told] {
      auto task = std::make_unique<Task>();
      task->function = *node_->function(node_->catalog().find({"default", name}));
      task->id = id;
      task->done = [told](Result<Reply> reply) {
        CHECK(reply.has_value(), "{}", reply.error().message());
        told->set_value(std::move(*reply));
      };
      node_->call(worker, std::move(task));
    });
    return future;
  }
  template <class F>
  auto ask(F question) {
    auto answer = std::make_shared<std::promise<decltype(question())>>();
    node_->worker(0).post([=] { answer->set_value(question()); });
    return answer->get_future().get();
  }

  TemporaryDirectory directory_;
  std::unique_ptr<Node> node_;
};

TEST_F(ChainOfNode, a_function_calls_another_one_and_gets_its_output) {
  deploy("default", "echo", echo_program);
  deploy("default", "calls", calling("echo"));
  Reply reply = begin("calls").get();
  EXPECT_EQ(reply.ending, Ending::returned) << reply.message;
  EXPECT_EQ(reply.output, "ping");
}

TEST_F(ChainOfNode, functions_of_other_namespaces_are_not_there) {
  deploy("other", "echo", echo_program);
  deploy("default", "calls", calling("echo"));
  EXPECT_EQ(begin("calls").get().exit_code, 40u);
}

TEST_F(ChainOfNode, calls_of_calls_end_at_a_depth) {
  deploy("default", "self", calling("self"));
  Reply reply = begin("self").get();
  EXPECT_EQ(reply.exit_code, 0u) << "the deepest one exits with 40, which its callers see";
  EXPECT_EQ(ask([&] { return node_->worker(0).counts().started; }), 33u);
}

TEST_F(ChainOfNode, what_a_call_has_called_ends_with_it) {
  deploy("default", "endless", endless_program);
  deploy("default", "calls", calling("endless"));
  auto reply = begin("calls");
  while (ask([&] { return node_->worker(0).running(); }) < 2) {
  }
  EXPECT_TRUE(ask([&] { return node_->worker(0).cancel("parent"); }));
  EXPECT_EQ(reply.get().ending, Ending::cancelled);
  while (ask([&] { return node_->worker(0).running(); }) > 0) {
  }
}

}  // namespace
}  // namespace weft::node
