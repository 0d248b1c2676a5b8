#include "guest_api/guest_api.h"

#include <gtest/gtest.h>

#include <limits>
#include <string>
#include <vector>

#include "guest_api/stream_log.h"
#include "wasi/fake_guest.h"

namespace weft::guest_api {
namespace {

// Takes `room` bytes of each entry at once, then makes its writer wait.
class FakeLog final : public Log {
 public:
  explicit FakeLog(Level lowest, uint64_t room = UINT64_MAX) : lowest_(lowest), room_(room) {}

  Level lowest() const override { return lowest_; }
  std::optional<host::Wait> add(Level level, std::string_view text, uint64_t& done) override {
    uint64_t n = std::min<uint64_t>(room_, text.size() - done);
    bytes += text.substr(done, n);
    done += n;
    if (done < text.size()) {
      return host::Wait{.fds = {{7, POLLOUT}}, .deadline = {}};
    }
    entries.emplace_back(name(level));
    return std::nullopt;
  }

  std::vector<std::string> entries;
  std::string bytes;

 private:
  Level lowest_;
  uint64_t room_;
};

class GuestApiTest : public testing::Test {
 protected:
  static constexpr uint32_t memory_bytes = 1 << 20;
  static constexpr GuestAddress outside{memory_bytes - 4};

  GuestApiTest() {
    config.call = {.function = "resize", .id = "c-17", .trace_id = std::string(32, 'a')};
    config.log = log;
  }
  GuestApi& api() {
    if (!api_) {
      api_.emplace(guest, config);
    }
    return *api_;
  }
  GuestAddress put(uint32_t at, std::string_view text) {
    std::ranges::copy(std::as_bytes(std::span(text)),
                      guest.memory().bytes(GuestAddress{at}, text.size())->begin());
    return GuestAddress{at};
  }
  std::string text(uint32_t at, uint64_t length) {
    return std::string(*guest.memory().text(GuestAddress{at}, length));
  }

  wasi::FakeGuest guest{memory_bytes};
  std::shared_ptr<FakeLog> log = std::make_shared<FakeLog>(Level::info);
  Config config;

 private:
  std::optional<GuestApi> api_;
};

TEST_F(GuestApiTest, an_entry_reaches_the_log_with_its_level) {
  EXPECT_EQ(api().log(2, put(64, "disk is full"), 12).value(), Errno::success);
  EXPECT_EQ(log->bytes, "disk is full");
  EXPECT_EQ(log->entries, std::vector<std::string>{"warning"});
}

TEST_F(GuestApiTest, entries_below_the_lowest_level_are_dropped) {
  EXPECT_EQ(api().log(0, put(64, "x"), 1).value(), Errno::success);
  EXPECT_TRUE(log->entries.empty());
}

TEST_F(GuestApiTest, without_a_log_entries_are_lost_and_the_program_goes_on) {
  config.log = nullptr;
  EXPECT_EQ(api().log(3, put(64, "x"), 1).value(), Errno::success);
}

TEST_F(GuestApiTest, bad_entries_are_refused_by_their_errno) {
  EXPECT_EQ(api().log(levels, put(64, "x"), 1).value(), Errno::inval);
  EXPECT_EQ(api().log(1, GuestAddress{64}, max_log_bytes + 1).value(), Errno::msgsize);
  EXPECT_EQ(api().log(1, outside, 5).value(), Errno::fault);
  EXPECT_EQ(api().log(1, GuestAddress{UINT32_MAX}, 1).value(), Errno::fault);
  EXPECT_TRUE(log->entries.empty());
}

TEST_F(GuestApiTest, an_entry_that_waits_goes_on_where_it_was) {
  config.log = log = std::make_shared<FakeLog>(Level::debug, 4);
  GuestAddress at = put(64, "0123456789");
  EXPECT_EQ(api().log(1, at, 10).action(), cpu::Action::suspend);
  ASSERT_EQ(guest.previous_wait().fds.size(), 1U);
  guest.set_resumed(true);
  EXPECT_EQ(api().log(1, at, 10).action(), cpu::Action::suspend);
  EXPECT_EQ(api().log(1, at, 10).value(), Errno::success);
  EXPECT_EQ(log->bytes, "0123456789");
}

TEST_F(GuestApiTest, a_frozen_call_goes_on_with_its_entry_under_its_own_name) {
  config.log = log = std::make_shared<FakeLog>(Level::debug, 4);
  GuestAddress at = put(64, "01234567");
  EXPECT_EQ(api().log(1, at, 8).action(), cpu::Action::suspend);
  std::string frozen = *api().freeze();
  GuestApi thawed(guest, {.call = {.function = "other", .id = "2", .trace_id = ""}, .log = log});
  guest.progress() = {};
  ASSERT_TRUE(thawed.thaw(frozen));
  guest.set_resumed(true);
  EXPECT_EQ(thawed.log(1, at, 8).value(), Errno::success);
  EXPECT_EQ(log->bytes, "01234567");
  EXPECT_EQ(thawed.call().function, "resize");
  EXPECT_EQ(thawed.call().id, "c-17");
}

TEST_F(GuestApiTest, damaged_frozen_bytes_are_refused_and_change_nothing) {
  std::string frozen = *api().freeze();
  GuestApi other(guest, {.call = {.function = "other", .id = "2", .trace_id = ""}, .log = {}});
  for (size_t length = 0; length < frozen.size(); ++length) {
    EXPECT_FALSE(other.thaw(frozen.substr(0, length))) << length;
  }
  EXPECT_FALSE(other.thaw(frozen + "x"));
  frozen[0] = 99;
  EXPECT_FALSE(other.thaw(frozen));
  EXPECT_EQ(other.call().function, "other");
}

TEST_F(GuestApiTest, the_context_is_given_as_far_as_there_is_room_with_its_whole_length) {
  EXPECT_EQ(api().context(0, GuestAddress{64}, 3, GuestAddress{128}).value(), Errno::success);
  EXPECT_EQ(text(64, 3), "res");
  EXPECT_EQ(guest.memory().load<std::byte>(GuestAddress{67}), wasi::FakeMemory::pattern);
  EXPECT_EQ(guest.memory().load<uint32_t>(GuestAddress{128}), 6U);
  EXPECT_EQ(api().context(1, GuestAddress{64}, 64, GuestAddress{128}).value(), Errno::success);
  EXPECT_EQ(text(64, 4), "c-17");
  EXPECT_EQ(api().context(2, GuestAddress{64}, 0, GuestAddress{128}).value(), Errno::success);
  EXPECT_EQ(guest.memory().load<uint32_t>(GuestAddress{128}), 32U);
}

TEST_F(GuestApiTest, a_context_that_cannot_be_stored_is_refused_and_nothing_written) {
  EXPECT_EQ(api().context(3, GuestAddress{64}, 9, GuestAddress{128}).value(), Errno::inval);
  EXPECT_EQ(api().context(0, outside, 64, GuestAddress{128}).value(), Errno::fault);
  EXPECT_EQ(api().context(0, GuestAddress{64}, 64, GuestAddress{memory_bytes - 3}).value(),
            Errno::fault);
  EXPECT_EQ(guest.memory().load<std::byte>(GuestAddress{64}), wasi::FakeMemory::pattern);
}

TEST_F(GuestApiTest, the_time_left_ends_at_nothing) {
  EXPECT_EQ(api().time_left().value(), std::numeric_limits<int64_t>::max());
  config.call.deadline = host::Clock::now() + std::chrono::hours(1);
  GuestApi early(guest, config);
  EXPECT_GT(early.time_left().value(), 0);
  EXPECT_LE(early.time_left().value(), 3600'000'000'000);
  config.call.deadline = host::Clock::now() - std::chrono::hours(1);
  EXPECT_EQ(GuestApi(guest, config).time_left().value(), 0);
}

TEST_F(GuestApiTest, the_ready_point_waits_for_nothing_where_an_image_is_made) {
  EXPECT_EQ(api().ready().action(), cpu::Action::go_on);
  config.at_ready_point = AtReadyPoint::wait;
  EXPECT_EQ(GuestApi(guest, config).ready().action(), cpu::Action::suspend);
  EXPECT_TRUE(guest.previous_wait().fds.empty());
  EXPECT_FALSE(guest.previous_wait().deadline);
}

TEST_F(GuestApiTest, what_is_not_of_this_module_is_not_offered) {
  EXPECT_TRUE(api().find("weft", "log"));
  EXPECT_FALSE(api().find("weft", "shutdown"));
  EXPECT_FALSE(api().find("wasi", "log"));
}

TEST(StreamLog, entries_are_lines_with_their_level_and_further_lines_are_indented) {
  wasi::TemporaryDirectory directory;
  UniqueFd file(open((directory / "log").c_str(), O_WRONLY | O_CREAT | O_CLOEXEC, 0600));
  StreamLog log(file.value(), Level::debug);
  uint64_t done = 0;
  EXPECT_FALSE(log.add(Level::warning, "first\nerror: forged", done));
  done = 0;
  EXPECT_FALSE(log.add(Level::debug, "", done));
  EXPECT_EQ(directory.content("log"), "warning: first\n  error: forged\ndebug: \n");
}

TEST(StreamLog, a_full_pipe_makes_the_entry_wait_and_loses_none_of_it) {
  int fds[2];
  ASSERT_EQ(pipe2(fds, O_CLOEXEC), 0);
  UniqueFd in(fds[0]), out(fds[1]);
  StreamLog log(out.value(), Level::debug);
  std::string text(150'000, 'x');
  uint64_t done = 0;
  std::string read_back;
  while (auto wait = log.add(Level::info, text, done)) {
    ASSERT_EQ(wait->fds.at(0).fd, out.value());
    char buffer[65536];
    ssize_t n = read(in.value(), buffer, sizeof buffer);
    ASSERT_GT(n, 0);
    read_back.append(buffer, static_cast<size_t>(n));
  }
  out.reset();
  char buffer[65536];
  for (ssize_t n = 0; (n = read(in.value(), buffer, sizeof buffer)) > 0;) {
    read_back.append(buffer, static_cast<size_t>(n));
  }
  EXPECT_EQ(read_back, "info: " + text + "\n");
}

TEST(StreamLog, a_closed_stream_loses_entries_and_nothing_else) {
  StreamLog log(-1, Level::debug);
  uint64_t done = 0;
  EXPECT_FALSE(log.add(Level::error, "x", done));
}

TEST(Level, names_and_numbers_belong_together) {
  for (uint32_t i = 0; i < levels; ++i) {
    EXPECT_EQ(level_named(name(static_cast<Level>(i))), static_cast<Level>(i));
  }
  EXPECT_FALSE(level_named("fatal"));
}

}  // namespace
}  // namespace weft::guest_api
