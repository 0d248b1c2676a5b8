#include "node/quotas.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace weft::node {
namespace {

using namespace std::chrono_literals;
using testing::HasSubstr;
using Kind = Quotas::Kind;

class QuotasTest : public testing::Test {
 protected:
  QuotasTest() {
    manifest::Quota quota;
    quota.calls_per_second = 10;
    quota.running = 3;
    config_.quotas["team"] = quota;
    quotas_.emplace(config_, [this] { return now_; });
  }

  manifest::NodeConfig config_;
  host::Clock::time_point now_ = host::Clock::time_point(1000s);
  std::optional<Quotas> quotas_;
};

TEST_F(QuotasTest, a_namespace_without_a_quota_is_not_limited) {
  for (int i = 0; i < 1000; ++i) {
    EXPECT_FALSE(quotas_->enter("other", 1000, Kind::runs_now));
  }
  quotas_->leave("other");
}

TEST_F(QuotasTest, calls_at_a_time_are_limited_and_given_back) {
  for (int i = 0; i < 3; ++i) {
    EXPECT_FALSE(quotas_->enter("team", 1, Kind::runs_now));
  }
  auto refused = quotas_->enter("team", 1, Kind::runs_now);
  ASSERT_TRUE(refused);
  EXPECT_THAT(refused->what, HasSubstr("3 at a time"));
  EXPECT_FALSE(quotas_->enter("team", 1, Kind::runs_later)) << "it waits for its turn elsewhere";
  quotas_->leave("team");
  EXPECT_FALSE(quotas_->enter("team", 1, Kind::runs_now));
}

TEST_F(QuotasTest, calls_a_second_come_back_evenly) {
  EXPECT_FALSE(quotas_->enter("team", 10, Kind::runs_later));
  auto refused = quotas_->enter("team", 1, Kind::runs_later);
  ASSERT_TRUE(refused);
  EXPECT_EQ(refused->retry_after, 1s);
  now_ += 200ms;
  EXPECT_FALSE(quotas_->enter("team", 2, Kind::runs_later));
  EXPECT_TRUE(quotas_->enter("team", 1, Kind::runs_later));
  now_ += 1h;
  EXPECT_FALSE(quotas_->enter("team", 10, Kind::runs_later));
  EXPECT_TRUE(quotas_->enter("team", 1, Kind::runs_later)) << "nothing is saved up beyond a second";
}

TEST_F(QuotasTest, more_at_once_than_a_second_gives_are_refused_and_take_nothing) {
  auto refused = quotas_->enter("team", 11, Kind::runs_later);
  ASSERT_TRUE(refused);
  EXPECT_THAT(refused->what, HasSubstr("never"));
  EXPECT_FALSE(quotas_->enter("team", 10, Kind::runs_later));
}

}  // namespace
}  // namespace weft::node
