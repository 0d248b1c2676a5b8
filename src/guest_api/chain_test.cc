#include "guest_api/chain.h"

#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "wasi/fake_guest.h"

namespace weft::guest_api {
namespace {

using host::GuestAddress;
using wasi::Errno;

// Remembers what is asked of it.
struct Asked {
  std::vector<std::pair<std::string, std::string>> calls;
  std::vector<Caller::Done> done;
  std::vector<uint64_t> cancelled;
};
class FakeCaller final : public Caller {
 public:
  explicit FakeCaller(Asked& asked) : asked_(asked) {}
  Result<Number> call(std::string_view function, std::string input, Done done) override {
    if (function == "missing") {
      return error(Error::Kind::not_found, "there is none");
    }
    asked_.calls.emplace_back(function, input);
    asked_.done.push_back(std::move(done));
    return Number{asked_.calls.size()};
  }
  void cancel(Number number) override { asked_.cancelled.push_back(static_cast<uint64_t>(number)); }

 private:
  Asked& asked_;
};

class WakingGuest final : public wasi::FakeGuest {
 public:
  struct Count final : host::Waker {
    int wakes = 0;
    void wake() override { ++wakes; }
  };
  std::shared_ptr<host::Waker> waker() override { return count; }
  std::shared_ptr<Count> count = std::make_shared<Count>();
};

class ChainTest : public testing::Test {
 protected:
  static constexpr GuestAddress handle_at{64};
  static constexpr GuestAddress index_at{128};
  static constexpr GuestAddress far{(4 << 20) - 2};

  GuestAddress put(uint32_t at, std::string_view text) {
    std::ranges::copy(std::as_bytes(std::span(text)),
                      guest_.memory().bytes(GuestAddress{at}, text.size())->begin());
    return GuestAddress{at};
  }
  uint32_t load(GuestAddress at) { return *guest_.memory().load<uint32_t>(at); }
  uint32_t begin(std::string_view name, std::string_view input = "") {
    auto answer = api_->call(put(1024, name), static_cast<uint32_t>(name.size()), put(2048, input),
                             static_cast<uint32_t>(input.size()), handle_at);
    EXPECT_EQ(answer.value(), Errno::success);
    return load(handle_at);
  }

  Asked asked_;
  WakingGuest guest_;
  std::optional<ChainApi> api_{std::in_place, guest_, std::make_unique<FakeCaller>(asked_)};
};

TEST_F(ChainTest, a_call_is_waited_for_and_its_result_and_output_are_read) {
  uint32_t handle = begin("resize", "picture");
  EXPECT_EQ(asked_.calls.at(0), std::pair(std::string("resize"), std::string("picture")));
  EXPECT_EQ(api_->call_wait(handle_at, 1, index_at).action(), cpu::Action::suspend);
  EXPECT_EQ(api_->call_result(handle, index_at).value(), Errno::again);
  asked_.done[0]({.ending = Ending::exited, .exit_code = 3, .output = "small picture"});
  EXPECT_EQ(guest_.count->wakes, 1);
  EXPECT_EQ(api_->call_wait(handle_at, 1, index_at).value(), Errno::success);
  EXPECT_EQ(load(index_at), 0u);
  EXPECT_EQ(api_->call_result(handle, index_at).value(), Errno::success);
  EXPECT_EQ(load(index_at), 1u);
  EXPECT_EQ(load(index_at + 4), 3u);
  EXPECT_EQ(*guest_.memory().load<uint64_t>(index_at + 8), 13u);
  EXPECT_EQ(api_->call_output(handle, 6, GuestAddress{4096}, 4, index_at).value(), Errno::success);
  EXPECT_EQ(load(index_at), 4u);
  EXPECT_EQ(*guest_.memory().text(GuestAddress{4096}, 4), "pict");
  EXPECT_EQ(api_->call_output(handle, 1ULL << 60, GuestAddress{4096}, 4, index_at).value(),
            Errno::success);
  EXPECT_EQ(load(index_at), 0u);
  EXPECT_EQ(api_->call_close(handle).value(), Errno::success);
  EXPECT_EQ(api_->call_close(handle).value(), Errno::badf);
  EXPECT_TRUE(asked_.cancelled.empty());
}

TEST_F(ChainTest, the_first_of_several_that_has_ended_is_named) {
  begin("a");
  uint32_t handles[3] = {load(handle_at), begin("b"), begin("c")};
  ASSERT_TRUE(guest_.memory().store(GuestAddress{256}, handles));
  EXPECT_EQ(api_->call_wait(GuestAddress{256}, 3, index_at).action(), cpu::Action::suspend);
  asked_.done[2]({});
  EXPECT_EQ(api_->call_wait(GuestAddress{256}, 3, index_at).value(), Errno::success);
  EXPECT_EQ(load(index_at), 2u);
}

TEST_F(ChainTest, what_has_not_ended_is_cancelled_when_it_is_closed_or_the_program_ends) {
  uint32_t first = begin("a");
  begin("b");
  EXPECT_EQ(api_->call_close(first).value(), Errno::success);
  EXPECT_EQ(asked_.cancelled, std::vector<uint64_t>{1});
  api_.reset();
  EXPECT_EQ(asked_.cancelled, (std::vector<uint64_t>{1, 2}));
  asked_.done[1]({});  // told too late, harmlessly
}

TEST_F(ChainTest, hostile_arguments_are_refused_and_call_nobody) {
  auto name = put(1024, "f");
  EXPECT_EQ(api_->call(far, 10, name, 0, handle_at).value(), Errno::fault);
  EXPECT_EQ(api_->call(name, 1, far, 10, handle_at).value(), Errno::fault);
  EXPECT_EQ(api_->call(name, 1, name, 0, far).value(), Errno::fault);
  EXPECT_EQ(api_->call(name, UINT32_MAX, name, 0, handle_at).value(), Errno::nametoolong);
  EXPECT_TRUE(asked_.calls.empty());
  auto missing = put(1024, "missing");
  EXPECT_EQ(api_->call(missing, 7, missing, 0, handle_at).value(), Errno::noent);
  EXPECT_EQ(api_->call_wait(handle_at, 0, index_at).value(), Errno::inval);
  EXPECT_EQ(api_->call_wait(handle_at, UINT32_MAX, index_at).value(), Errno::fault);
  EXPECT_EQ(api_->call_wait(handle_at, 1, index_at).value(), Errno::badf);
  uint32_t handle = begin("f");
  asked_.done[0]({.output = "text"});
  EXPECT_EQ(api_->call_wait(handle_at, 1, far).value(), Errno::fault);
  EXPECT_EQ(api_->call_result(handle, far).value(), Errno::fault);
  EXPECT_EQ(api_->call_output(handle, 0, far, 4, index_at).value(), Errno::fault);
  EXPECT_EQ(api_->call_result(handle + 1, index_at).value(), Errno::badf);
}

TEST_F(ChainTest, there_are_only_so_many_open_calls) {
  for (size_t i = 0; i < ChainApi::max_open; ++i) {
    begin("f");
  }
  auto name = put(1024, "f");
  EXPECT_EQ(api_->call(name, 1, name, 0, handle_at).value(), Errno::again);
}

TEST_F(ChainTest, a_program_with_open_calls_is_not_frozen) {
  EXPECT_TRUE(api_->freeze());
  begin("f");
  EXPECT_EQ(api_->freeze().error().kind(), Error::Kind::unsupported);
}

TEST_F(ChainTest, where_there_are_no_functions_a_call_fails) {
  ChainApi alone(guest_, nullptr);
  auto name = put(1024, "f");
  EXPECT_EQ(alone.call(name, 1, name, 0, handle_at).value(), Errno::nosys);
}

}  // namespace
}  // namespace weft::guest_api
