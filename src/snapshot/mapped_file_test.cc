#include "snapshot/mapped_file.h"

#include <fcntl.h>
#include <gtest/gtest.h>
#include <sys/mman.h>

#include <algorithm>
#include <random>

#include "base/unique_fd.h"
#include "slot/slot_pool.h"
#include "snapshot/page_file.h"

namespace weft::snapshot {
namespace {

constexpr uint64_t page = slot::page_bytes;

UniqueFd file_in_memory() { return UniqueFd(::memfd_create("file", MFD_CLOEXEC)); }
UniqueFd file_on_disk() { return UniqueFd(::open("/var/tmp", O_TMPFILE | O_RDWR, 0600)); }

std::vector<std::byte> random_bytes(uint64_t count, uint32_t seed) {
  std::mt19937 random(seed);
  std::vector<std::byte> bytes(count);
  for (std::byte& b : bytes) {
    b = static_cast<std::byte>(random());
  }
  return bytes;
}

// Writes pages at random places of a file that has `there` of them already, some of them holes, and
// compares the whole file with a buffer.
void writes_arrive(const UniqueFd& file, uint64_t there) {
  ASSERT_TRUE(file);
  std::vector<std::byte> expected(there * page);
  ASSERT_EQ(::ftruncate(file.value(), static_cast<off_t>(there * page)), 0);
  for (uint64_t i = 0; i < there; i += i % 3 == 0 ? 1 : 2) {  // holes in between
    auto old = random_bytes(page, static_cast<uint32_t>(i));
    ASSERT_TRUE(write_at(file.value(), old.data(), page, i * page));
    std::ranges::copy(old, expected.begin() + static_cast<ptrdiff_t>(i * page));
  }
  TargetFile target(file.value());
  std::mt19937 random(1);
  for (uint32_t i = 0; i < 300; ++i) {
    uint64_t at = random() % (there + 8);
    auto bytes = random_bytes((1 + random() % 4) * page, i);
    ASSERT_TRUE(target.write(bytes.data(), bytes.size(), at * page));
    expected.resize(std::max<size_t>(expected.size(), at * page + bytes.size()));
    std::ranges::copy(bytes, expected.begin() + static_cast<ptrdiff_t>(at * page));
  }
  SourceFile source(file.value(), expected.size());
  std::vector<std::byte> scratch;
  auto got = source.read(0, expected.size(), scratch);
  ASSERT_TRUE(got) << got.error().message();
  EXPECT_TRUE(std::equal(expected.begin(), expected.end(), *got));
  std::vector<std::byte> plain(expected.size());
  ASSERT_TRUE(read_at(file.value(), plain.data(), plain.size(), 0));
  EXPECT_TRUE(plain == expected);
}

TEST(MappedFile, what_is_written_is_there_in_a_new_file) { writes_arrive(file_in_memory(), 0); }

TEST(MappedFile, what_is_written_is_there_in_a_file_with_pages_and_holes) {
  writes_arrive(file_in_memory(), 64);
}

TEST(MappedFile, what_is_written_is_there_on_a_disk) { writes_arrive(file_on_disk(), 64); }

TEST(MappedFile, a_file_that_can_only_be_written_is_written) {
  auto file = file_in_memory();
  ASSERT_EQ(::ftruncate(file.value(), 2 * page), 0);
  UniqueFd only(::open(fmt::format("/proc/self/fd/{}", file.value()).c_str(), O_WRONLY));
  ASSERT_TRUE(only);
  auto bytes = random_bytes(2 * page, 1);
  ASSERT_TRUE(TargetFile(only.value()).write(bytes.data(), bytes.size(), 0));
  std::vector<std::byte> back(2 * page);
  ASSERT_TRUE(read_at(file.value(), back.data(), back.size(), 0));
  EXPECT_TRUE(back == bytes);
}

TEST(MappedFile, a_file_that_is_shorter_than_it_was_is_an_error_and_no_signal) {
  for (auto make : {file_in_memory, file_on_disk}) {
    UniqueFd file = make();
    auto bytes = random_bytes(8 * page, 1);
    ASSERT_TRUE(write_at(file.value(), bytes.data(), bytes.size(), 0));
    SourceFile source(file.value(), 8 * page);
    ASSERT_EQ(::ftruncate(file.value(), 2 * page), 0);
    std::vector<std::byte> scratch;
    EXPECT_TRUE(source.read(page, page, scratch));
    auto got = source.read(4 * page, page, scratch);
    ASSERT_FALSE(got);
    EXPECT_EQ(got.error().kind(), Error::Kind::corrupt);
  }
}

}  // namespace
}  // namespace weft::snapshot
