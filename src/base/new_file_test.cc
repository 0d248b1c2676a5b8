#include "base/new_file.h"

#include <fcntl.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>

namespace weft {
namespace {

namespace fs = std::filesystem;

class NewFileTest : public testing::Test {
 protected:
  void SetUp() override {
    std::string name = testing::TempDir() + "weft-new-file-XXXXXX";
    ASSERT_NE(mkdtemp(name.data()), nullptr);
    directory_ = name;
    path_ = name + "/file";
    std::ofstream(path_) << "old";
  }
  void TearDown() override { fs::remove_all(directory_); }

  std::string content() const {
    std::ifstream in(path_);
    return {std::istreambuf_iterator<char>(in), {}};
  }
  ptrdiff_t files() const { return std::distance(fs::directory_iterator(directory_), {}); }

  fs::path directory_;
  std::string path_;
};

TEST_F(NewFileTest, a_file_has_its_name_when_it_is_published) {
  auto file = NewFile::create(path_);
  ASSERT_TRUE(file) << file.error().message();
  ASSERT_TRUE(write_all(file->fd(), "new"));
  EXPECT_EQ(content(), "old");
  ASSERT_TRUE(file->publish());
  EXPECT_EQ(content(), "new");
  EXPECT_EQ(files(), 1);
}

TEST_F(NewFileTest, what_is_not_published_leaves_nothing) {
  {
    auto file = NewFile::create(path_);
    ASSERT_TRUE(file);
    NewFile moved = *std::move(file);
    ASSERT_TRUE(write_all(moved.fd(), "new"));
    EXPECT_EQ(files(), 2);
  }
  EXPECT_EQ(content(), "old");
  EXPECT_EQ(files(), 1);
}

TEST_F(NewFileTest, a_name_that_cannot_be_given_is_an_error_and_leaves_nothing) {
  ASSERT_TRUE(fs::create_directory(directory_ / "folder"));
  {
    auto file = NewFile::create(directory_ / "folder");
    ASSERT_TRUE(file);
    auto published = file->publish();
    ASSERT_FALSE(published);
    EXPECT_THAT(published.error().message(), testing::HasSubstr("directory"));
  }
  EXPECT_EQ(files(), 2);
  EXPECT_FALSE(NewFile::create(directory_ / "none/file"));
}

TEST_F(NewFileTest, a_device_that_is_full_is_an_error) {
  UniqueFd full(::open("/dev/full", O_WRONLY | O_CLOEXEC));
  ASSERT_TRUE(full);
  auto written = write_all(full.value(), "x");
  ASSERT_FALSE(written);
  EXPECT_THAT(written.error().message(), testing::HasSubstr("No space left"));
  EXPECT_TRUE(write_all(full.value(), ""));
}

}  // namespace
}  // namespace weft
