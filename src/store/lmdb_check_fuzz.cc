// Any bytes are a store's file: it is refused, or LMDB can read all of it and write to it.
#include <unistd.h>

#include <fstream>

#include "base/temporary_directory.h"
#include "store/lmdb_check.h"
#include "store/lmdb_store.h"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  using namespace weft::store;
  static const weft::TemporaryDirectory directory;
  // The first bytes say which of the others to change in a whole file.
  static const std::string whole = [] {
    {
      auto store = open_lmdb({.directory = directory.path()}).value();
      for (int round = 0; round < 8; ++round) {
        Batch batch;
        for (int i = 0; i < 80; ++i) {
          batch.put(fmt::format("a{:04}", i * 7 % 80 + round * 40),
                    std::string(i == round ? 9000 : 60, 'v'));
        }
        CHECK(commit_and_wait(*store, std::move(batch)));
      }
    }
    std::ifstream in(directory.file("data.mdb"), std::ios::binary);
    return std::string(std::istreambuf_iterator<char>(in), {});
  }();
  std::string bytes = whole;
  for (size_t i = 0; i + 4 <= size; i += 4) {
    size_t at = (data[i] | size_t{data[i + 1]} << 8 | size_t{data[i + 2]} << 16) % bytes.size();
    bytes[at] = static_cast<char>(data[i + 3]);
  }
  std::ofstream(directory.file("data.mdb"), std::ios::binary | std::ios::trunc) << bytes;
  if (!check_lmdb_file(directory.file("data.mdb"))) {
    return 0;
  }
  auto store = open_lmdb({.directory = directory.path()});
  if (store) {
    (void)!(*store)->scan({.prefix = "a", .limit = 100'000});
    Batch batch;
    for (int i = 0; i < 80; ++i) {
      batch.put(fmt::format("a{:04}", i), std::string(i == 5 ? 20'000 : 90, 'w'));
      batch.erase(fmt::format("a{:04}", 500 - i));
    }
    (void)!commit_and_wait(**store, std::move(batch));
  }
  return 0;
}
