#include "api/tokens.h"

#include <gtest/gtest.h>

#include "store/memory_store.h"

namespace weft::api {
namespace {

class TokensTest : public testing::Test {
 protected:
  void SetUp() override { reopen(); }
  void reopen() {
    auto opened = Tokens::open(store_, clock_);
    ASSERT_TRUE(opened) << opened.error().message();
    tokens_ = std::move(*opened);
  }

  store::MemoryStore store_;
  FakeClock clock_;
  std::unique_ptr<Tokens> tokens_;
};

TEST_F(TokensTest, a_token_is_known_by_its_secret_alone_also_after_a_restart) {
  auto created = tokens_->create({.name = "ci", .scopes = {Scope::invoke}, .spaces = {"team"}});
  ASSERT_TRUE(created) << created.error().message();
  for (int i = 0; i < 2; ++i) {
    auto found = tokens_->find(created->secret);
    ASSERT_TRUE(found);
    EXPECT_EQ(found->name, "ci");
    EXPECT_TRUE(found->allows(Scope::invoke, "team"));
    EXPECT_FALSE(found->allows(Scope::invoke, "other"));
    EXPECT_FALSE(found->allows(Scope::deploy, "team"));
    reopen();
  }
  EXPECT_FALSE(tokens_->find(created->secret + "x"));
  EXPECT_FALSE(tokens_->find(created->token.id));
  EXPECT_FALSE(tokens_->find(""));
}

TEST_F(TokensTest, the_store_does_not_hold_the_secret) {
  auto created = tokens_->create({.name = "ci", .scopes = {Scope::admin}, .spaces = {"*"}});
  ASSERT_TRUE(created);
  for (const auto& [key, value] : store_.contents()) {
    EXPECT_EQ(value.find(created->secret.substr(5)), std::string::npos);
  }
}

TEST_F(TokensTest, admin_includes_all_and_a_star_is_every_namespace) {
  auto created = tokens_->create({.name = "root", .scopes = {Scope::admin}, .spaces = {"*"}});
  ASSERT_TRUE(created);
  EXPECT_TRUE(tokens_->find(created->secret)->allows(Scope::deploy, "anything"));
}

TEST_F(TokensTest, tokens_end_when_they_are_revoked_or_expire) {
  auto one = tokens_->create({.name = "one", .scopes = {Scope::read}, .spaces = {"*"}});
  auto two = tokens_->create({.name = "two",
                              .scopes = {Scope::read},
                              .spaces = {"*"},
                              .expires = clock_.now() + std::chrono::hours(1)});
  ASSERT_TRUE(one && two);
  ASSERT_TRUE(tokens_->revoke(one->token.id));
  EXPECT_FALSE(tokens_->find(one->secret));
  EXPECT_EQ(tokens_->revoke(one->token.id).error().kind(), Error::Kind::not_found);
  EXPECT_TRUE(tokens_->find(two->secret));
  clock_.advance(std::chrono::hours(1));
  EXPECT_FALSE(tokens_->find(two->secret));
  reopen();
  EXPECT_EQ(tokens_->list().size(), 1u);
}

TEST_F(TokensTest, a_token_without_scopes_or_namespaces_is_refused) {
  EXPECT_FALSE(tokens_->create({.name = "x", .scopes = {}, .spaces = {"*"}}));
  EXPECT_FALSE(tokens_->create({.name = "x", .scopes = {Scope::read}, .spaces = {}}));
  EXPECT_TRUE(tokens_->empty());
}

}  // namespace
}  // namespace weft::api
