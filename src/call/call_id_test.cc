#include "call/call_id.h"

#include <gtest/gtest.h>
#include <rapidcheck.h>

#include <set>

namespace weft::call {
namespace {

using std::chrono::hours;
using std::chrono::milliseconds;

constexpr WallTime noon{std::chrono::seconds(1'800'000'000)};

TEST(CallId, ids_increase_whatever_the_clock_does) {
  setenv("RC_PARAMS", "seed=20261124 max_success=200", 0);
  EXPECT_TRUE(rc::check([] {
    CallIdSource source;
    WallTime now = noon;
    CallId last;
    int steps = *rc::gen::inRange(1, 100);
    for (int i = 0; i < steps; ++i) {
      now += milliseconds(*rc::gen::element<int64_t>(0, 0, 1, 5, -1, -3'600'000, 86'400'000));
      auto count = *rc::gen::element<uint32_t>(1, 1, 2, 1000, sequences_per_millisecond - 1);
      CallId first = source.take(now, count);
      RC_ASSERT(first > last);
      RC_ASSERT(first.text() > last.text());
      last = first.plus(count - 1);
      RC_ASSERT(last >= first);
      RC_ASSERT(source.last() == last);
      RC_ASSERT(last.minus(count - 1) == first);
    }
  }));
}

TEST(CallId, an_id_tells_when_it_was_given) {
  CallIdSource source;
  EXPECT_EQ(source.take(noon).time(), noon);
  EXPECT_EQ(source.take(noon - hours(1)).time(), noon);
  EXPECT_EQ(source.take(noon + hours(1)).time(), noon + hours(1));
}

TEST(CallId, a_clock_before_1970_is_taken_for_1970) {
  CallIdSource source;
  EXPECT_EQ(source.take(WallTime(hours(-5))).time(), WallTime());
}

TEST(CallId, a_source_goes_on_behind_the_last_id_of_another) {
  CallId last = CallIdSource().take(noon, 1000).plus(999);
  EXPECT_GT(CallIdSource(last).take(noon - hours(10)), last);
}

TEST(CallId, ids_differ_in_what_nobody_can_guess) {
  CallIdSource source;
  std::set<uint64_t> random;
  for (int i = 0; i < 1000; ++i) {
    random.insert(source.take(noon).low << 8);
  }
  EXPECT_EQ(random.size(), 1000);
}

TEST(CallId, text_and_bytes_lead_back_to_the_id) {
  EXPECT_TRUE(rc::check([] {
    CallId id{*rc::gen::arbitrary<uint64_t>(), *rc::gen::arbitrary<uint64_t>()};
    CallId other{*rc::gen::arbitrary<uint64_t>(), *rc::gen::arbitrary<uint64_t>()};
    RC_ASSERT(CallId::parse(id.text()).value() == id);
    RC_ASSERT((id < other) == (id.text() < other.text()));
    auto bytes = id.bytes();
    RC_ASSERT(CallId::from_bytes({bytes.data(), bytes.size()}) == id);
  }));
}

TEST(CallId, the_text_is_that_of_a_ulid) {
  EXPECT_EQ((CallId{0, 31}).text(), "0000000000000000000000000Z");
  EXPECT_EQ((CallId{UINT64_MAX, UINT64_MAX}).text(), "7ZZZZZZZZZZZZZZZZZZZZZZZZZ");
  EXPECT_EQ(CallId::parse("0000000000000000000000000z").value(), (CallId{0, 31}));
}

TEST(CallId, other_texts_are_refused) {
  for (const char* text : {"", "1", "8ZZZZZZZZZZZZZZZZZZZZZZZZZ", "0000000000000000000000000U",
                           "000000000000000000000000000", "00000000000000000000000-00"}) {
    auto parsed = CallId::parse(text);
    ASSERT_FALSE(parsed) << text;
    EXPECT_EQ(parsed.error().kind(), Error::Kind::invalid);
  }
}

}  // namespace
}  // namespace weft::call
