#include <fcntl.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <poll.h>
#include <unistd.h>

#include "wasi/fake_guest.h"

namespace weft::wasi {
namespace {

Subscription clock(uint64_t userdata, ClockId id, uint64_t timeout, uint16_t flags = 0) {
  Subscription s = {};
  s.userdata = userdata;
  s.tag = 0;
  s.clock.id = static_cast<uint32_t>(id);
  s.clock.timeout = timeout;
  s.clock.flags = flags;
  return s;
}

Subscription readable(uint64_t userdata, uint32_t fd, uint8_t tag = 1) {
  Subscription s = {};
  s.userdata = userdata;
  s.tag = tag;
  s.fd_readwrite.fd = fd;
  return s;
}
Subscription writable(uint64_t userdata, uint32_t fd) { return readable(userdata, fd, 2); }

class WasiPoll : public testing::Test {
 protected:
  WasiPoll() {
    int fds[2];
    CHECK(pipe2(fds, O_CLOEXEC) == 0);
    in_read = UniqueFd(fds[0]);
    in_write = UniqueFd(fds[1]);
    WasiConfig config = granting(dir);
    config.clocks = &clocks;
    config.stdin_stream = HostFd{in_read.value()};
    config.stdout_stream = OutputBuffer{};
    program = std::make_unique<FakeProgram>(std::move(config));
    out = program->room(32 * 16);
    count = program->room(4);
  }

  cpu::HostReturn poll(const std::vector<Subscription>& subscriptions) {
    uint32_t in = program->room(static_cast<uint32_t>(48 * subscriptions.size()));
    for (size_t i = 0; i < subscriptions.size(); ++i) {
      CHECK(program->memory().store(host::GuestAddress{in} + static_cast<uint32_t>(48 * i),
                                    subscriptions[i]));
    }
    return program->start("poll_oneoff", {in, out, subscriptions.size(), count});
  }
  uint32_t fired() { return program->load<uint32_t>(count); }
  Event event(uint32_t i) { return program->load<Event>(out + 32 * i); }
  // When the wait ends, from now.
  std::optional<int64_t> remaining() {
    auto d = program->guest().previous_wait().deadline;
    if (!d) {
      return std::nullopt;
    }
    return d->time_since_epoch().count() - static_cast<int64_t>(clocks.now_ns(ClockId::monotonic));
  }

  TemporaryDirectory dir;
  FakeClocks clocks;
  UniqueFd in_read, in_write;
  std::unique_ptr<FakeProgram> program;
  uint32_t out, count;
};

TEST_F(WasiPoll, needs_a_subscription_and_not_too_many) {
  EXPECT_EQ(program->call("poll_oneoff", {0, out, 0, count}), Errno::inval);
  EXPECT_EQ(program->call("poll_oneoff", {0, out, 16'385, count}), Errno::inval);
  EXPECT_EQ(program->call("poll_oneoff", {0, out, ~0u, count}), Errno::inval);
  EXPECT_EQ(program->call("poll_oneoff", {0xffff'fff0, out, 1, count}), Errno::fault);
  EXPECT_EQ(program->call("poll_oneoff", {0, 0xffff'fff0, 1, count}), Errno::fault);
  EXPECT_EQ(program->call("poll_oneoff", {0, out, 1, 0xffff'fffd}), Errno::fault);
  EXPECT_EQ(poll({readable(1, 1, 3)}).value, static_cast<uint64_t>(Errno::inval))
      << "an unknown kind";
  EXPECT_TRUE(program->untouched(out, 32));
  EXPECT_TRUE(program->untouched(count, 4));
}

TEST_F(WasiPoll, a_relative_time_is_measured_from_the_first_call) {
  auto r = poll({clock(7, ClockId::monotonic, 1000)});
  ASSERT_EQ(r.action, cpu::Action::suspend);
  EXPECT_EQ(remaining(), 1000);
  clocks.advance(400);
  r = program->resume();
  ASSERT_EQ(r.action, cpu::Action::suspend) << "woken too early";
  EXPECT_EQ(remaining(), 600);
  clocks.advance(600);
  r = program->resume();
  ASSERT_EQ(r.action, cpu::Action::go_on);
  EXPECT_EQ(fired(), 1u);
  EXPECT_EQ(event(0).userdata, 7u);
  EXPECT_EQ(event(0).error, Errno::success);
  EXPECT_EQ(event(0).type, EventType::clock);
}

TEST_F(WasiPoll, an_absolute_time_is_of_its_own_clock) {
  uint64_t mono = clocks.now_ns(ClockId::monotonic), real = clocks.now_ns(ClockId::realtime);
  ASSERT_EQ(poll({clock(1, ClockId::monotonic, mono + 50, subclock_abstime)}).action,
            cpu::Action::suspend);
  EXPECT_EQ(remaining(), 50);
  ASSERT_EQ(poll({clock(1, ClockId::realtime, real + 70, subclock_abstime)}).action,
            cpu::Action::suspend);
  EXPECT_EQ(remaining(), 70);
  EXPECT_EQ(poll({clock(1, ClockId::realtime, real, subclock_abstime)}).value, 0u);
  EXPECT_EQ(poll({clock(1, ClockId::monotonic, 0, subclock_abstime)}).value, 0u) << "long past";
  EXPECT_EQ(poll({clock(1, ClockId::monotonic, 0)}).value, 0u);
  clocks.set(ClockId::process_cputime, 30);
  ASSERT_EQ(poll({clock(1, ClockId::process_cputime, 100, subclock_abstime)}).action,
            cpu::Action::suspend);
  EXPECT_EQ(remaining(), 70);
  ASSERT_EQ(poll({clock(1, ClockId::thread_cputime, 20)}).action, cpu::Action::suspend);
  EXPECT_EQ(remaining(), 20);
}

TEST_F(WasiPoll, a_clock_that_is_set_moves_an_absolute_time_of_that_clock) {
  uint64_t real = clocks.now_ns(ClockId::realtime);
  ASSERT_EQ(poll({clock(1, ClockId::realtime, real + 1000, subclock_abstime)}).action,
            cpu::Action::suspend);
  clocks.set(ClockId::realtime, real + 5000);
  EXPECT_EQ(program->resume().action, cpu::Action::go_on);
}

TEST_F(WasiPoll, the_earliest_time_wakes_and_only_what_is_due_is_told) {
  ASSERT_EQ(poll({clock(1, ClockId::monotonic, 500), clock(2, ClockId::monotonic, 100),
                  clock(3, ClockId::realtime, 100)})
                .action,
            cpu::Action::suspend);
  EXPECT_EQ(remaining(), 100);
  clocks.advance(200);
  ASSERT_EQ(program->resume().action, cpu::Action::go_on);
  ASSERT_EQ(fired(), 2u);
  EXPECT_EQ(event(0).userdata, 2u);
  EXPECT_EQ(event(1).userdata, 3u);
  EXPECT_TRUE(program->untouched(out + 64, 32));
}

TEST_F(WasiPoll, times_beyond_all_time_wait_for_ever) {
  ASSERT_EQ(poll({clock(1, ClockId::monotonic, ~uint64_t{0})}).action, cpu::Action::suspend);
  EXPECT_FALSE(remaining().has_value());
  ASSERT_EQ(poll({clock(1, ClockId::monotonic, ~uint64_t{0} - 1, subclock_abstime)}).action,
            cpu::Action::suspend);
  EXPECT_FALSE(remaining().has_value());
}

TEST_F(WasiPoll, faulty_subscriptions_are_events_with_an_error) {
  ASSERT_EQ(poll({clock(1, ClockId{4}, 1), clock(2, ClockId::monotonic, 1, 2), readable(3, 99),
                  readable(4, 3), readable(5, 1), writable(6, 0)})
                .value,
            0u);
  ASSERT_EQ(fired(), 6u);
  EXPECT_EQ(event(0).error, Errno::inval);
  EXPECT_EQ(event(1).error, Errno::inval);
  EXPECT_EQ(event(2).error, Errno::badf);
  EXPECT_EQ(event(2).type, EventType::fd_read);
  EXPECT_EQ(event(3).error, Errno::notcapable) << "a directory";
  EXPECT_EQ(event(4).error, Errno::notcapable) << "stdout cannot be read";
  EXPECT_EQ(event(5).error, Errno::notcapable);
  EXPECT_EQ(event(5).type, EventType::fd_write);
}

TEST_F(WasiPoll, regular_files_and_buffers_are_always_ready) {
  dir.write("f", "12345");
  auto [e, fd] = program->open(3, "f");
  ASSERT_EQ(program->read(fd, 2).second, "12");
  ASSERT_EQ(poll({readable(1, fd), writable(2, fd), writable(3, 1)}).value, 0u);
  ASSERT_EQ(fired(), 3u);
  EXPECT_EQ(event(0).nbytes, 3u);
  EXPECT_EQ(event(1).nbytes, 0u);
  EXPECT_EQ(event(2).error, Errno::success);
}

TEST_F(WasiPoll, an_empty_pipe_suspends_until_there_are_bytes) {
  ASSERT_EQ(poll({readable(1, 0), readable(2, 0), clock(3, ClockId::monotonic, 1000)}).action,
            cpu::Action::suspend);
  ASSERT_EQ(program->guest().previous_wait().fds.size(), 1u)
      << "one entry, though it was subscribed to twice";
  EXPECT_EQ(program->guest().previous_wait().fds[0].fd, in_read.value());
  EXPECT_EQ(program->guest().previous_wait().fds[0].events, POLLIN);
  EXPECT_EQ(remaining(), 1000);
  ASSERT_EQ(::write(in_write.value(), "abc", 3), 3);
  ASSERT_EQ(program->resume().value, 0u);
  ASSERT_EQ(fired(), 2u);
  EXPECT_EQ(event(0).userdata, 1u);
  EXPECT_EQ(event(1).userdata, 2u);
  EXPECT_EQ(event(1).nbytes, 3u);
  EXPECT_EQ(event(1).flags, 0);
}

TEST_F(WasiPoll, a_hangup_is_told) {
  in_write.reset();
  ASSERT_EQ(poll({readable(1, 0)}).value, 0u);
  EXPECT_EQ(event(0).flags, event_hangup);
  EXPECT_EQ(event(0).nbytes, 0u);
}

TEST_F(WasiPoll, events_may_lie_over_the_subscriptions) {
  uint32_t in = program->put_value(
      std::array{clock(1, ClockId::monotonic, 0), clock(2, ClockId::monotonic, 0)});
  ASSERT_EQ(program->call("poll_oneoff", {in, in, 2, in + 64}), Errno::success);
  EXPECT_EQ(program->load<Event>(in).userdata, 1u);
  EXPECT_EQ(program->load<Event>(in + 32).userdata, 2u);
  EXPECT_EQ(program->load<uint32_t>(in + 64), 2u);
}

TEST_F(WasiPoll, the_right_to_poll_can_be_given_up) {
  dir.write("f", "x");
  auto [e, fd] = program->open(3, "f", 0, rights::fd_read);
  ASSERT_EQ(poll({readable(1, fd)}).value, 0u);
  EXPECT_EQ(event(0).error, Errno::notcapable);
}

}  // namespace
}  // namespace weft::wasi
