#include "faaslet/core.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <unistd.h>
#include <algorithm>
#include <boost/asio/steady_timer.hpp>

#include <future>
#include <numeric>
#include <thread>

#include "faaslet/test_program.h"

namespace weft::faaslet {
namespace {

using namespace std::chrono_literals;
using testing::HasSubstr;

// "test": waits for descriptors and wakers as the program asks.
class Waits final : public host::ImportModule {
 public:
  Waits(host::Guest& guest, int fd) : ImportModule(guest), fd_(fd) {}
  std::optional<host::HostFunction> find(std::string_view, std::string_view name) override {
    if (name == "wait_fd") {
      return host::bind<&Waits::wait_fd>(this);
    }
    if (name == "wait_wake") {
      return host::bind<&Waits::wait_wake>(this);
    }
    return std::nullopt;
  }
  host::Answer<uint32_t> wait_fd() {
    if (!guest().resumed()) {
      return guest().wait({.fds = {{fd_, POLLIN}}, .deadline = std::nullopt});
    }
    char byte = 0;
    return read(fd_, &byte, 1) == 1 ? static_cast<uint32_t>(byte) : 0;
  }
  host::Answer<uint32_t> wait_wake() {
    if (!guest().resumed()) {
      return guest().wait({});
    }
    return 7U;
  }

 private:
  int fd_;
};

constexpr const char* program = R"(
  (module
    (import "test" "wait_fd" (func $wait_fd (result i32)))
    (import "test" "wait_wake" (func $wait_wake (result i32)))
    (global $count (export "count") (mut i64) (i64.const 0))
    (memory 1 1 shared)
    (func (export "fd") (result i32) (i32.add (i32.const 1) (call $wait_fd)))
    (func (export "wake") (result i32) (i32.add (i32.const 1) (call $wait_wake)))
    (func (export "quick") (result i32) (i32.const 42))
    ;; atomic on a shared memory: no optimiser keeps the count in a register
    (func (export "endless")
      (loop $l (drop (i64.atomic.rmw.add (i32.const 8) (i64.const 1))) (br $l))))
)";

class CoreTest : public testing::Test {
 protected:
  void SetUp() override {
    auto core = Core::attach([this](FaasletId id, std::unique_ptr<Faaslet> faaslet) {
      ended_.emplace(static_cast<uint64_t>(id), std::move(faaslet));
    });
    ASSERT_TRUE(core) << core.error().message();
    core_ = std::move(*core);
  }

  std::unique_ptr<Faaslet> start(std::string_view name, int fd = -1) {
    return code_.start(
        name, [fd](host::Guest& guest) -> Result<std::vector<std::unique_ptr<host::ImportModule>>> {
          std::vector<std::unique_ptr<host::ImportModule>> modules;
          modules.push_back(std::make_unique<Waits>(guest, fd));
          return modules;
        });
  }

  // Does something when there have been so many: by count and not by the clock, so that a slow
  // machine gives the same answer.
  void after_preemptions(uint64_t count, const std::function<void()>& then) {
    if (core_->preemptions() >= count) {
      then();
      return;
    }
    auto look = std::make_shared<boost::asio::steady_timer>(core_->events(), 1ms);
    look->async_wait([this, look, count, then](const boost::system::error_code&) {
      after_preemptions(count, then);
    });
  }

  TestProgram code_{program};
  std::map<uint64_t, std::unique_ptr<Faaslet>> ended_;
  std::unique_ptr<Core> core_;
};

TEST_F(CoreTest, a_call_returns_its_results) {
  ASSERT_TRUE(core_->add(start("quick")));
  core_->run();
  ASSERT_EQ(ended_.size(), 1u);
  EXPECT_TRUE(std::holds_alternative<host::Returned>(ended_.begin()->second->result()));
  EXPECT_EQ(ended_.begin()->second->results().at(0).i32, 42u);
}

TEST_F(CoreTest, thousands_of_guests_wait_on_one_thread_and_all_go_on) {
  constexpr int count = std::min(3000, static_cast<int>(slot::max_slots) - 2);
  int ends[2];
  ASSERT_EQ(pipe(ends), 0);
  for (int i = 0; i < count; ++i) {
    ASSERT_TRUE(core_->add(start("wake")));
  }
  // All are waiting when the task runs: it was posted after them and the run queue is served first.
  core_->post([&] { core_->stop(); });
  core_->run();
  EXPECT_EQ(core_->size(), static_cast<size_t>(count));
  ASSERT_TRUE(core_->add(start("fd", ends[0])));
  core_->post([&] { ASSERT_EQ(write(ends[1], "A", 1), 1); });
  for (int i = 1; i <= count; ++i) {
    core_->kill(FaasletId(i), host::Killed{"test"});
  }
  core_->run();
  EXPECT_EQ(ended_.size(), static_cast<size_t>(count) + 1);
  EXPECT_EQ(ended_.at(count + 1)->results().at(0).i32, 1u + 'A');
  close(ends[0]);
  close(ends[1]);
}

TEST_F(CoreTest, a_wake_from_another_thread_resumes_the_call) {
  auto faaslet = start("wake");
  auto waker = faaslet->waker();
  ASSERT_TRUE(core_->add(std::move(faaslet)));
  std::jthread other([waker] { waker->wake(); });
  core_->run();
  EXPECT_EQ(ended_.begin()->second->results().at(0).i32, 8u);
}

TEST_F(CoreTest, endless_guests_share_the_core_and_end_at_their_time_limit) {
  for (int i = 0; i < 4; ++i) {
    ASSERT_TRUE(core_->add(start("endless"), {.time_limit = 150ms}));
  }
  core_->run();
  ASSERT_EQ(ended_.size(), 4u);
  uint64_t least = UINT64_MAX;
  for (auto& [id, faaslet] : ended_) {
    EXPECT_TRUE(std::holds_alternative<host::TimedOut>(faaslet->result()));
    uint64_t rounds = faaslet->memory().load<uint64_t>(host::GuestAddress{8}).value_or(0);
    least = std::min(least, rounds);
  }
  EXPECT_GT(least, 0u);
  EXPECT_GE(core_->preemptions(), 3u);  // all four had their turn, and none gives way by itself
}

TEST_F(CoreTest, a_kill_reaches_a_guest_in_an_endless_loop) {
  auto id = core_->add(start("endless"));
  ASSERT_TRUE(id);
  std::jthread killer([&] { core_->kill(*id, host::Killed{"enough"}); });
  core_->run();
  const auto* killed = std::get_if<host::Killed>(&ended_.begin()->second->result());
  ASSERT_NE(killed, nullptr);
  EXPECT_EQ(killed->reason, "enough");
}

// Ticks come once an hour here: only what is posted takes the core from the guest.
TEST_F(CoreTest, a_guest_in_an_endless_loop_gives_way_to_each_thing_that_is_posted) {
  core_ = nullptr;
  core_ = std::move(*Core::attach({.quantum = 1h}, [](FaasletId, std::unique_ptr<Faaslet>) {}));
  auto id = *core_->add(start("endless"));
  std::vector<int> seen;
  std::thread other([&] {
    constexpr int posts = 100;
    for (int i = 0; i < posts; ++i) {
      std::promise<void> one;
      core_->post([&, i] {
        seen.push_back(i);
        one.set_value();
      });
      one.get_future().wait();
    }
    core_->kill(id, host::Killed{"enough"});
  });
  core_->run();
  other.join();
  std::vector<int> all(100);
  std::iota(all.begin(), all.end(), 0);
  EXPECT_EQ(seen, all);
}

TEST_F(CoreTest, what_many_threads_post_is_all_done_in_the_order_of_each) {
  constexpr int threads = 4;
  constexpr int posts = 10'000;
  std::vector<int> next(threads, 0);
  int in_order = 0;
  std::vector<std::thread> posters;
  posters.reserve(threads);
  for (int thread = 0; thread < threads; ++thread) {
    posters.emplace_back([&, thread] {
      for (int i = 0; i < posts; ++i) {
        core_->post([&, thread, i] {
          in_order += std::exchange(next[static_cast<size_t>(thread)], i + 1) == i ? 1 : 0;
          if (in_order == threads * posts) {
            core_->stop();
          }
        });
      }
    });
  }
  core_->serve();
  for (std::thread& poster : posters) {
    poster.join();
  }
  EXPECT_EQ(in_order, threads * posts);
}

TEST_F(CoreTest, limits_pass_in_the_order_of_their_times_whoever_came_first) {
  std::vector<uint64_t> order;
  core_ = nullptr;
  core_ = std::move(*Core::attach([&](FaasletId id, std::unique_ptr<Faaslet> faaslet) {
    EXPECT_TRUE(std::holds_alternative<host::TimedOut>(faaslet->result()));
    order.push_back(static_cast<uint64_t>(id));
  }));
  auto late = *core_->add(start("wake"), {.time_limit = 30ms});
  auto early = *core_->add(start("wake"), {.time_limit = 1ms});
  auto between = *core_->add(start("wake"), {.time_limit = 15ms});
  core_->run();
  EXPECT_THAT(order,
              testing::ElementsAre(static_cast<uint64_t>(early), static_cast<uint64_t>(between),
                                   static_cast<uint64_t>(late)));
}

TEST_F(CoreTest, a_full_core_refuses_with_its_limit) {
  std::jthread other([this] {
    auto small = Core::attach({.quantum = 1ms, .max_faaslets = 1},
                              [](FaasletId, std::unique_ptr<Faaslet>) {});
    ASSERT_TRUE(small);
    ASSERT_TRUE((*small)->add(start("quick")));
    auto refused = (*small)->add(start("quick"));
    ASSERT_FALSE(refused);
    EXPECT_THAT(refused.error().message(), HasSubstr("its limit"));
  });
}

TEST_F(CoreTest, shares_get_time_by_their_weights_however_many_guests_they_have) {
  Share one = core_->add_share(1);
  Share three = core_->add_share(3);
  for (int i = 0; i < 6; ++i) {
    ASSERT_TRUE(core_->add(start("endless"), {.share = i < 5 ? one : three}));
  }
  after_preemptions(400, [&] { core_->stop(); });
  core_->run();
  double ratio = static_cast<double>(core_->used(three).count()) /
                 static_cast<double>(core_->used(one).count());
  EXPECT_NEAR(ratio, 3.0, 0.5);
}

TEST_F(CoreTest, a_share_that_was_idle_is_served_next_and_has_saved_nothing_up) {
  Share busy = core_->add_share(1);
  Share other = core_->add_share(1);
  ASSERT_TRUE(core_->add(start("endless"), {.share = busy}));
  std::chrono::nanoseconds before{};
  after_preemptions(100, [&] {
    before = core_->used(busy);
    ASSERT_TRUE(core_->add(start("endless"), {.share = other}));
    after_preemptions(200, [&] { core_->stop(); });
  });
  core_->run();
  auto busy_since = static_cast<double>((core_->used(busy) - before).count());
  EXPECT_NEAR(static_cast<double>(core_->used(other).count()) / busy_since, 1.0, 0.3);
}

TEST_F(CoreTest, a_guest_that_uses_up_its_cpu_time_ends_with_that_limit_named) {
  ASSERT_TRUE(core_->add(start("endless"), {.cpu_limit = 20ms}));
  core_->run();
  const Faaslet& faaslet = *ended_.begin()->second;
  EXPECT_THAT(std::get<host::OutOfLimits>(faaslet.result()).limit,
              HasSubstr("CPU time limit of 20 ms"));
  EXPECT_GE(faaslet.ran_for(), 20ms);
}

TEST_F(CoreTest, it_serves_until_it_is_stopped_though_nothing_runs) {
  std::thread elsewhere([&] {
    core_->post([&] {
      ASSERT_TRUE(core_->add(start("quick")));
      core_->post([&] { core_->post([&] { core_->stop(); }); });
    });
  });
  core_->serve();
  elsewhere.join();
  EXPECT_EQ(ended_.size(), 1u);
}

}  // namespace
}  // namespace weft::faaslet
