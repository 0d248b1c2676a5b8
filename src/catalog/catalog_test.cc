#include "catalog/catalog.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>
#include <future>

#include "base/temporary_directory.h"
#include "store/memory_store.h"

namespace weft::catalog {
namespace {

using testing::HasSubstr;

const FunctionName name{"default", "hello"};

class CatalogTest : public testing::Test {
 protected:
  void SetUp() override { reopen(); }

  void reopen() {
    catalog_ = nullptr;
    auto opened = Catalog::open(store_, directory_.path(), clock_);
    ASSERT_TRUE(opened) << opened.error().message();
    catalog_ = std::move(*opened);
  }
  Result<Deployed> deploy(const FunctionName& function, std::string_view module,
                          const std::string& alias = std::string(live),
                          const manifest::FunctionSpec& spec = {}) {
    auto told = std::make_shared<std::promise<Result<Deployed>>>();
    catalog_->deploy(function, {reinterpret_cast<const uint8_t*>(module.data()), module.size()},
                     spec, alias,
                     [told](Result<Deployed> deployed) { told->set_value(std::move(deployed)); });
    return told->get_future().get();
  }
  template <class Ask>
  Result<void> wait(Ask ask) {
    auto told = std::make_shared<std::promise<Result<void>>>();
    ask([told](Result<void> done) { told->set_value(std::move(done)); });
    return told->get_future().get();
  }
  Result<void> remove(std::optional<std::string> version) {
    return wait([&](Catalog::Done done) { catalog_->remove(name, version, std::move(done)); });
  }
  size_t modules() const {
    auto files = std::filesystem::directory_iterator(directory_.path() + "/modules");
    return static_cast<size_t>(std::distance(begin(files), end(files)));
  }

  TemporaryDirectory directory_;
  store::MemoryStore store_;
  FakeClock clock_;
  std::unique_ptr<Catalog> catalog_;
};

TEST_F(CatalogTest, what_is_deployed_is_found_also_after_a_restart) {
  auto deployed = deploy(name, "module one");
  ASSERT_TRUE(deployed) << deployed.error().message();
  EXPECT_TRUE(deployed->is_new);
  for (int i = 0; i < 2; ++i) {
    auto found = catalog_->find(name);
    ASSERT_NE(found, nullptr);
    EXPECT_EQ(found->version, deployed->version->version);
    EXPECT_EQ(found->module_bytes, 10u);
    EXPECT_EQ(found->created, clock_.now());
    std::ifstream file(catalog_->module_path(*found));
    EXPECT_EQ(std::string(std::istreambuf_iterator<char>(file), {}), "module one");
    reopen();
  }
  EXPECT_EQ(catalog_->find({"default", "other"}), nullptr);
  EXPECT_EQ(catalog_->find({"other", "hello"}), nullptr);
}

TEST_F(CatalogTest, the_same_again_is_the_same_version_and_other_settings_are_another) {
  auto first = deploy(name, "module");
  auto again = deploy(name, "module");
  ASSERT_TRUE(again);
  EXPECT_FALSE(again->is_new);
  EXPECT_EQ(again->version->version, first->version->version);
  manifest::FunctionSpec spec;
  spec.args = {"--fast"};
  auto other = deploy(name, "module", "live", spec);
  ASSERT_TRUE(other);
  EXPECT_NE(other->version->version, first->version->version);
  EXPECT_EQ(modules(), 1u);
  reopen();
  EXPECT_EQ(catalog_->find(name)->spec.args, spec.args);
}

TEST_F(CatalogTest, an_alias_is_switched_forward_by_a_deployment_and_back_by_hand) {
  std::string first = deploy(name, "one")->version->version;
  std::string second = deploy(name, "two", "")->version->version;
  EXPECT_EQ(catalog_->find(name)->version, first) << "deployed without an alias";
  ASSERT_TRUE(deploy(name, "two"));
  EXPECT_EQ(catalog_->find(name)->version, second);
  auto point = [&](std::string version) {
    return wait([&](Catalog::Done done) {
      catalog_->point(name, std::string(live), version, std::move(done));
    });
  };
  ASSERT_TRUE(point(first));
  EXPECT_EQ(catalog_->find(name)->version, first);
  reopen();
  EXPECT_EQ(catalog_->find(name)->version, first);
  EXPECT_EQ(point("0123456789abcdef").error().kind(), Error::Kind::not_found);
}

TEST_F(CatalogTest, a_module_goes_with_the_last_version_that_has_it) {
  std::string first = deploy(name, "one")->version->version;
  ASSERT_TRUE(deploy(name, "two"));
  ASSERT_TRUE(deploy({"default", "twin"}, "one"));
  EXPECT_EQ(modules(), 2u);
  ASSERT_TRUE(remove(first));
  EXPECT_EQ(modules(), 2u) << "its twin has the same module";
  ASSERT_TRUE(remove(std::nullopt));
  EXPECT_EQ(modules(), 1u);
  EXPECT_EQ(catalog_->find(name), nullptr);
  EXPECT_EQ(remove(std::nullopt).error().kind(), Error::Kind::not_found);
  reopen();
  EXPECT_EQ(catalog_->size(), 1u);
}

TEST_F(CatalogTest, lists_come_in_order_a_page_at_a_time) {
  for (const char* function : {"b", "a", "c"}) {
    ASSERT_TRUE(deploy({"one", function}, function));
    ASSERT_TRUE(deploy({"two", function}, function));
  }
  auto names = [](const std::vector<Entry>& entries) {
    std::string text;
    for (const Entry& entry : entries) {
      text += entry.name.space + "/" + entry.name.name + " ";
    }
    return text;
  };
  auto page = catalog_->list(std::nullopt, std::nullopt, 4);
  EXPECT_EQ(names(page), "one/a one/b one/c two/a ");
  EXPECT_EQ(names(catalog_->list(std::nullopt, page.back().name, 4)), "two/b two/c ");
  EXPECT_EQ(names(catalog_->list("two", std::nullopt, 10)), "two/a two/b two/c ");
  EXPECT_EQ(names(catalog_->list("none", std::nullopt, 10)), "");
}

TEST_F(CatalogTest, a_damaged_record_is_an_error_that_names_it) {
  ASSERT_TRUE(deploy(name, "one"));
  auto entries = store_.scan({.prefix = "F"});
  store::Batch batch;
  for (const auto& entry : *entries) {
    if (entry.value.size() > 20) {
      batch.put(entry.key, entry.value.substr(0, entry.value.size() / 2));
    }
  }
  ASSERT_TRUE(store::commit_and_wait(store_, std::move(batch)));
  auto opened = Catalog::open(store_, directory_.path(), clock_);
  ASSERT_FALSE(opened);
  EXPECT_EQ(opened.error().kind(), Error::Kind::corrupt);
  EXPECT_THAT(opened.error().message(), HasSubstr("default/hello"));
}

}  // namespace
}  // namespace weft::catalog
