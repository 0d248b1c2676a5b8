#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "wasi/fake_guest.h"

namespace weft::wasi {
namespace {

using testing::HasSubstr;

constexpr uint32_t outside = 0xffff'fff0;

TEST(WasiFunctions, there_are_46_and_their_signatures_are_those_of_preview_1) {
  FakeProgram p({});
  auto type = [&](std::string_view name) {
    return wasm::to_string(p.wasi().find(module_name, name)->type);
  };
  EXPECT_EQ(type("fd_write"), "(i32, i32, i32, i32) -> (i32)");
  EXPECT_EQ(type("fd_seek"), "(i32, i64, i32, i32) -> (i32)");
  EXPECT_EQ(type("path_open"), "(i32, i32, i32, i32, i32, i64, i64, i32, i32) -> (i32)");
  EXPECT_EQ(type("path_filestat_set_times"), "(i32, i32, i32, i32, i64, i64, i32) -> (i32)");
  EXPECT_EQ(type("clock_time_get"), "(i32, i64, i32) -> (i32)");
  EXPECT_EQ(type("proc_exit"), "(i32) -> ()");
  EXPECT_EQ(type("sock_recv"), "(i32, i32, i32, i32, i32, i32) -> (i32)");
}

TEST(WasiFunctions, other_modules_and_names_are_not_offered) {
  FakeProgram p({});
  EXPECT_FALSE(p.wasi().find("wasi_unstable", "fd_write").has_value());
  EXPECT_FALSE(p.wasi().find(module_name, "fd_writ").has_value());
  EXPECT_FALSE(p.wasi().find(module_name, "zzz").has_value());
}

TEST(WasiArguments, are_copied_with_their_ends) {
  WasiConfig config;
  config.args = {"prog", "", "two words"};
  FakeProgram p(std::move(config));
  uint32_t count = p.room(4), bytes = p.room(4);
  ASSERT_EQ(p.call("args_sizes_get", {count, bytes}), Errno::success);
  EXPECT_EQ(p.load<uint32_t>(count), 3u);
  EXPECT_EQ(p.load<uint32_t>(bytes), 5u + 1 + 10);
  uint32_t argv = p.room(12), buf = p.room(16);
  ASSERT_EQ(p.call("args_get", {argv, buf}), Errno::success);
  EXPECT_EQ(p.text(buf, 16), std::string("prog\0\0two words\0", 16));
  EXPECT_EQ(p.load<uint32_t>(argv + 8), buf + 6);
}

TEST(WasiArguments, outside_memory_are_a_fault_and_write_nothing) {
  WasiConfig config;
  config.env = {"A=1"};
  FakeProgram p(std::move(config));
  uint32_t count = p.room(4), pointers = p.room(4), buf = p.room(4);
  EXPECT_EQ(p.call("environ_sizes_get", {count, outside}), Errno::fault);
  EXPECT_TRUE(p.untouched(count, 4));
  EXPECT_EQ(p.call("environ_get", {pointers, outside}), Errno::fault);
  EXPECT_TRUE(p.untouched(pointers, 4));
  EXPECT_EQ(p.call("environ_get", {outside, buf}), Errno::fault);
  EXPECT_TRUE(p.untouched(buf, 4));
  EXPECT_EQ(p.call("environ_get", {pointers, buf}), Errno::success);
  EXPECT_EQ(p.text(buf, 4), std::string("A=1\0", 4));
}

TEST(WasiArguments, of_a_program_without_any_are_empty_even_at_the_end_of_memory) {
  FakeProgram p({}, 65536);
  EXPECT_EQ(p.call("args_get", {65536, 65536}), Errno::success);
  EXPECT_EQ(p.call("args_get", {65537, 65536}), Errno::fault);
}

TEST(WasiArguments, with_a_nul_byte_are_refused_by_name) {
  FakeGuest guest;
  WasiConfig config;
  config.env = {std::string("A=\0B", 4)};
  auto made = Wasi::create(guest, std::move(config));
  ASSERT_FALSE(made.has_value());
  EXPECT_THAT(made.error().message(), HasSubstr("environment variable"));
}

TEST(WasiClocks, all_four_are_read_and_others_are_invalid) {
  FakeClocks clocks;
  clocks.set(ClockId::process_cputime, 100);
  WasiConfig config;
  config.clocks = &clocks;
  FakeProgram p(std::move(config));
  clocks.set(ClockId::process_cputime, 130);
  clocks.advance(7);
  uint32_t at = p.room(8);
  ASSERT_EQ(p.call("clock_time_get", {0, 0, at}), Errno::success);
  EXPECT_EQ(p.load<uint64_t>(at), clocks.now_ns(ClockId::realtime));
  ASSERT_EQ(p.call("clock_time_get", {1, 1'000'000, at}), Errno::success);
  EXPECT_EQ(p.load<uint64_t>(at), clocks.now_ns(ClockId::monotonic));
  ASSERT_EQ(p.call("clock_time_get", {2, 0, at}), Errno::success);
  EXPECT_EQ(p.load<uint64_t>(at), 30u) << "processor time begins with the guest";
  ASSERT_EQ(p.call("clock_time_get", {3, 0, at}), Errno::success);
  EXPECT_EQ(p.load<uint64_t>(at), 0u);
  ASSERT_EQ(p.call("clock_res_get", {1, at}), Errno::success);
  EXPECT_EQ(p.load<uint64_t>(at), 1000u);
  EXPECT_EQ(p.call("clock_time_get", {4, 0, at}), Errno::inval);
  EXPECT_EQ(p.call("clock_res_get", {~0u, at}), Errno::inval);
  EXPECT_EQ(p.call("clock_time_get", {0, 0, outside + 9}), Errno::fault);
  EXPECT_EQ(p.call("clock_res_get", {0, outside + 9}), Errno::fault);
}

TEST(WasiClocks, the_machines_own_have_a_resolution_and_go_forward) {
  FakeProgram p({});
  uint32_t before = p.room(8), after = p.room(8);
  for (uint32_t id = 0; id < clock_ids; ++id) {
    ASSERT_EQ(p.call("clock_res_get", {id, before}), Errno::success);
    EXPECT_GT(p.load<uint64_t>(before), 0u);
  }
  ASSERT_EQ(p.call("clock_time_get", {1, 0, before}), Errno::success);
  ASSERT_EQ(p.call("clock_time_get", {1, 0, after}), Errno::success);
  EXPECT_GE(p.load<uint64_t>(after), p.load<uint64_t>(before));
  auto steady = std::chrono::steady_clock::now().time_since_epoch();
  EXPECT_GE(static_cast<uint64_t>(std::chrono::nanoseconds(steady).count()),
            p.load<uint64_t>(after));
}

TEST(WasiRandom, fills_exactly_the_buffer) {
  FakeRandom random(1);
  WasiConfig config;
  config.random = &random;
  FakeProgram p(std::move(config));
  uint32_t at = p.room(48);
  ASSERT_EQ(p.call("random_get", {at + 16, 16}), Errno::success);
  EXPECT_TRUE(p.untouched(at, 16));
  EXPECT_FALSE(p.untouched(at + 16, 16));
  EXPECT_TRUE(p.untouched(at + 32, 16));
  EXPECT_EQ(p.call("random_get", {at, 0}), Errno::success);
  EXPECT_EQ(p.call("random_get", {outside, 32}), Errno::fault);
  EXPECT_EQ(p.call("random_get", {at, ~0u}), Errno::fault);
}

TEST(WasiRandom, a_large_buffer_gives_way_to_other_guests_in_between) {
  FakeRandom random(1);
  WasiConfig config;
  config.random = &random;
  FakeProgram p(std::move(config), 8 << 20);
  uint32_t at = p.room(3 << 20);
  auto r = p.start("random_get", {at, 3 << 20});
  int waits = 0;
  while (r.action == cpu::Action::suspend) {
    EXPECT_TRUE(p.guest().previous_wait().deadline.has_value());
    ++waits;
    r = p.resume();
  }
  EXPECT_EQ(r.value, 0u);
  EXPECT_EQ(waits, 2);
  EXPECT_FALSE(p.untouched(at + (3 << 20) - 16, 16));
}

TEST(WasiRandom, the_machines_own_differs_from_call_to_call) {
  FakeProgram p({});
  uint32_t a = p.room(16), b = p.room(16);
  ASSERT_EQ(p.call("random_get", {a, 16}), Errno::success);
  ASSERT_EQ(p.call("random_get", {b, 16}), Errno::success);
  EXPECT_NE(p.text(a, 16), p.text(b, 16));
}

TEST(WasiProcess, exit_ends_the_guest_with_its_code) {
  FakeProgram p({});
  EXPECT_EQ(p.start("proc_exit", {7}).action, cpu::Action::stop);
  EXPECT_EQ(std::get<host::Exited>(*p.guest().outcome()).code, 7u);
}

TEST(WasiProcess, a_raised_signal_has_its_default_action) {
  FakeProgram p({});
  EXPECT_EQ(p.call("proc_raise", {0}), Errno::success) << "none";
  EXPECT_EQ(p.call("proc_raise", {13}), Errno::success) << "pipe is ignored in preview 1";
  EXPECT_EQ(p.call("proc_raise", {16}), Errno::success) << "chld";
  EXPECT_EQ(p.call("proc_raise", {18}), Errno::notsup) << "stop";
  EXPECT_EQ(p.call("proc_raise", {31}), Errno::inval);
  EXPECT_EQ(p.start("proc_raise", {6}).action, cpu::Action::stop);
  EXPECT_EQ(std::get<host::Exited>(*p.guest().outcome()).code, 134u) << "abrt";
}

TEST(WasiProcess, yield_gives_the_core_away_once) {
  FakeClocks clocks;
  WasiConfig config;
  config.clocks = &clocks;
  FakeProgram p(std::move(config));
  EXPECT_EQ(p.start("sched_yield", {}).action, cpu::Action::suspend);
  auto deadline = p.guest().previous_wait().deadline;
  ASSERT_TRUE(deadline.has_value());
  EXPECT_EQ(static_cast<uint64_t>(deadline->time_since_epoch().count()),
            clocks.now_ns(ClockId::monotonic));
  auto r = p.resume();
  EXPECT_EQ(r.action, cpu::Action::go_on);
  EXPECT_EQ(r.value, 0u);
}

TEST(WasiConfigured, a_missing_directory_is_named) {
  FakeGuest guest;
  WasiConfig config;
  config.directories.push_back({.host_path = "/nowhere/at/all", .guest_path = "/data"});
  auto made = Wasi::create(guest, std::move(config));
  ASSERT_FALSE(made.has_value());
  EXPECT_THAT(made.error().message(), HasSubstr("/nowhere/at/all"));
}

TEST(WasiConfigured, wrong_streams_and_sockets_are_refused) {
  TemporaryDirectory dir;
  auto refused = [](WasiConfig config) {
    FakeGuest guest;
    return !Wasi::create(guest, std::move(config)).has_value();
  };
  WasiConfig config;
  config.stdout_stream = InputBuffer{"x"};
  EXPECT_TRUE(refused(std::move(config)));
  config = {};
  config.stdin_stream = OutputBuffer{};
  EXPECT_TRUE(refused(std::move(config)));
  config = {};
  config.stdin_stream = HostFd{-1};
  EXPECT_TRUE(refused(std::move(config)));
  config = {};
  config.stdin_stream = HostFile{dir / "missing"};
  EXPECT_TRUE(refused(std::move(config)));
  config = {};
  config.listeners.emplace_back(::open(dir.path().c_str(), O_RDONLY));
  EXPECT_TRUE(refused(std::move(config)));
  config = granting(dir);
  config.limits.open_files = 3;
  EXPECT_TRUE(refused(std::move(config)));
}

}  // namespace
}  // namespace weft::wasi
