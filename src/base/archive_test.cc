#include "base/archive.h"

#include <gtest/gtest.h>

#include <algorithm>

namespace weft {
namespace {

struct Record {
  std::string name;
  ArchivedTable<uint64_t> numbers;
  uint8_t last;
};
template <class A>
void fields(A& a, Record& r) {
  a(r.name, r.numbers, r.last);
}

// Bytes at an address of this remainder by eight.
class Placed {
 public:
  Placed(const std::string& bytes, size_t remainder) : storage_(bytes.size() / 8 + 2) {
    auto* at = reinterpret_cast<char*>(storage_.data()) + remainder;
    std::copy(bytes.begin(), bytes.end(), at);
    view_ = {at, bytes.size()};
  }
  std::string_view view() const { return view_; }

 private:
  std::vector<uint64_t> storage_;
  std::string_view view_;
};

std::string written(const std::string& name, std::vector<uint64_t> numbers) {
  return archive_write(Record{name, ArchivedTable(std::move(numbers)), 7});
}

TEST(Archive, a_table_is_shown_where_it_stands) {
  for (const char* name : {"", "a", "abcdefgh"}) {
    Placed bytes(written(name, {1, UINT64_MAX, 3}), 0);
    auto record = archive_read<Record>(bytes.view());
    ASSERT_TRUE(record);
    EXPECT_EQ(record->name, name);
    EXPECT_EQ(std::vector(record->numbers.begin(), record->numbers.end()),
              (std::vector<uint64_t>{1, UINT64_MAX, 3}));
    EXPECT_EQ(record->last, 7);
    const auto* first = reinterpret_cast<const char*>(&record->numbers[0]);
    EXPECT_TRUE(first >= bytes.view().data() && first < bytes.view().data() + bytes.view().size());
  }
}

TEST(Archive, a_table_of_its_own_survives_a_move) {
  Record record{"x", ArchivedTable<uint64_t>({4, 5}), 1};
  Record moved = std::move(record);
  EXPECT_EQ(moved.numbers.size(), 2u);
  EXPECT_EQ(moved.numbers.back(), 5u);
}

TEST(Archive, an_empty_table_is_empty) {
  Placed bytes(written("abc", {}), 0);
  auto record = archive_read<Record>(bytes.view());
  ASSERT_TRUE(record);
  EXPECT_TRUE(record->numbers.empty());
}

TEST(Archive, a_table_at_an_odd_address_is_refused) {
  Placed bytes(written("abc", {1}), 1);
  EXPECT_FALSE(archive_read<Record>(bytes.view()));
}

TEST(Archive, a_table_longer_than_the_bytes_is_refused) {
  std::string whole = written("", {1, 2, 3});
  for (uint64_t length : {uint64_t{4}, uint64_t{1} << 61, UINT64_MAX}) {
    std::string bytes = whole;
    std::memcpy(bytes.data() + 8, &length, sizeof length);  // behind the name's length
    EXPECT_FALSE(archive_read<Record>(Placed(bytes, 0).view())) << length;
  }
  for (size_t size = 0; size < whole.size(); ++size) {
    EXPECT_FALSE(archive_read<Record>(Placed(whole.substr(0, size), 0).view())) << size;
  }
}

}  // namespace
}  // namespace weft
