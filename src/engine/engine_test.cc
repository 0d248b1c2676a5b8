#include "engine/engine.h"

#include <elf.h>
#include <fcntl.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <unistd.h>
#include <xxhash.h>

#include <filesystem>
#include <fstream>

namespace weft::engine {
namespace {

namespace fs = std::filesystem;
using testing::HasSubstr;

// (module (func (export "run") (result i32) i32.const N))
std::vector<uint8_t> returning(uint8_t n) {
  return {0, 'a', 's', 'm', 1, 0,   0,   0,   1, 5, 1,  0x60, 0, 1, 0x7f, 3,    2, 1,
          0, 7,   7,   1,   3, 'r', 'u', 'n', 0, 0, 10, 6,    1, 4, 0,    0x41, n, 0x0b};
}

class EngineTest : public testing::Test {
 protected:
  void SetUp() override {
    char name[] = "/tmp/weft-engine-test-XXXXXX";
    directory_ = mkdtemp(name);
  }
  void TearDown() override { fs::remove_all(directory_); }

  std::vector<fs::path> files() const {
    std::vector<fs::path> all;
    for (const auto& entry : fs::directory_iterator(directory_)) {
      all.push_back(entry.path());
    }
    return all;
  }

  fs::path directory_;
};

TEST_F(EngineTest, a_module_is_compiled_once_and_then_found) {
  {
    Engine engine{CodeCache(directory_)};
    auto code = engine.load(returning(7), {}, "a");
    ASSERT_TRUE(code) << code.error().message();
    ASSERT_EQ(files().size(), 1u);
    EXPECT_EQ((*code)->info().exports.at(0).name, "run");
  }
  Engine again{CodeCache(directory_)};
  ASSERT_TRUE(again.load(returning(7), {}, "a"));
  EXPECT_EQ(files().size(), 1u);
}

TEST_F(EngineTest, damaged_and_truncated_files_are_made_again) {
  for (uint64_t keep : {uint64_t{0}, uint64_t{100}, uint64_t{4000}, UINT64_MAX}) {
    {
      ASSERT_TRUE(Engine(CodeCache(directory_)).load(returning(7), {}, "a"));
    }
    ASSERT_EQ(files().size(), 1u);
    fs::path file = files()[0];
    auto size = fs::file_size(file);
    if (keep == UINT64_MAX) {  // one flipped bit in the middle
      std::fstream f(file, std::ios::in | std::ios::out | std::ios::binary);
      f.seekg(static_cast<std::streamoff>(size / 2));
      char byte = static_cast<char>(f.get() ^ 1);
      f.seekp(static_cast<std::streamoff>(size / 2));
      f.put(byte);
    } else {
      fs::resize_file(file, keep);
    }
    auto code = Engine(CodeCache(directory_)).load(returning(7), {}, "a");
    ASSERT_TRUE(code) << code.error().message();
    EXPECT_EQ(fs::file_size(files().at(0)), size);
  }
}

TEST_F(EngineTest, the_same_module_gives_the_same_bytes_whatever_the_threads) {
  auto module = wasm::decode(returning(9));
  ASSERT_TRUE(module);
  CompileOptions one;
  one.threads = 1;
  CompileOptions three;
  three.threads = 3;
  auto key = code_key(returning(9), one);
  ASSERT_TRUE(key);
  EXPECT_EQ(*key, *code_key(returning(9), three));
  auto a = compile(*module, one, *key, 5);
  auto b = compile(*module, three, *key, 5);
  ASSERT_TRUE(a && b);
  EXPECT_EQ(*a, *b);
}

// One field of the description or of a program header changed, with the checksum put right.
TEST_F(EngineTest, a_code_file_whose_parts_disagree_is_refused) {
  auto module = wasm::decode(returning(9));
  ASSERT_TRUE(module);
  auto whole = compile(*module, {.threads = 1}, CodeKey{1, 2}, 5);
  ASSERT_TRUE(whole);
  auto opened = [&](size_t at, uint64_t value, size_t bytes) {
    std::string file = *whole;
    std::memcpy(file.data() + at, &value, bytes);
    size_t covered = file.size() - 16;
    XXH128_hash_t hash = XXH3_128bits(file.data(), covered);
    std::memcpy(file.data() + covered, &hash.low64, 8);
    std::memcpy(file.data() + covered + 8, &hash.high64, 8);
    std::string path = directory_ / "code.weft";
    std::ofstream(path, std::ios::binary) << file;
    return Engine::open(path);
  };
  size_t trailer = whole->size() - sizeof(CodeTrailer);
  size_t memory_size = sizeof(Elf64_Ehdr) + offsetof(Elf64_Phdr, p_memsz);
  EXPECT_TRUE(opened(0, 0x7f, 1));
  for (auto [at, value] : {std::pair{trailer + offsetof(CodeTrailer, elf_bytes), uint64_t{40}},
                           {trailer + offsetof(CodeTrailer, info_bytes), UINT64_MAX},
                           {memory_size + sizeof(Elf64_Phdr), uint64_t{1}},
                           {memory_size + sizeof(Elf64_Phdr), uint64_t{1} << 63},
                           {offsetof(Elf64_Ehdr, e_entry), slot::code_address}}) {
    auto file = opened(at, value, 8);
    ASSERT_FALSE(file) << at;
    EXPECT_EQ(file.error().kind(), Error::Kind::corrupt) << file.error().message();
  }
}

TEST_F(EngineTest, a_cache_that_cannot_be_written_costs_only_a_warning) {
  Engine engine{CodeCache("/proc/no-such-place")};
  auto code = engine.load(returning(3), {}, "a");
  ASSERT_TRUE(code) << code.error().message();
  auto warnings = engine.take_warnings();
  ASSERT_EQ(warnings.size(), 1u);
  EXPECT_THAT(warnings[0], HasSubstr("/proc/no-such-place"));
  EXPECT_TRUE(engine.take_warnings().empty());
}

TEST_F(EngineTest, a_cache_stays_within_its_limit) {
  Engine engine{CodeCache(directory_, 60'000)};
  for (uint8_t n = 0; n < 8; ++n) {
    ASSERT_TRUE(engine.load(returning(n), {}, "a"));
  }
  uint64_t total = 0;
  for (const auto& file : files()) {
    total += fs::file_size(file);
  }
  EXPECT_LE(total, 60'000u);
  EXPECT_GE(files().size(), 1u);
}

TEST_F(EngineTest, two_modules_for_one_window_both_load) {
  Engine engine{CodeCache(directory_)};
  auto first = engine.load(returning(1), {}, "a");
  ASSERT_TRUE(first);
  auto module = wasm::decode(returning(2));
  auto key = code_key(returning(2), {});
  uint64_t taken = ((*first)->address() - slot::code_address) / code_window_bytes;
  auto bytes = compile(*module, {}, *key, taken);
  ASSERT_TRUE(bytes);
  auto refused = CodeCache("").store(*key, taken, *bytes, nullptr);
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().kind(), Error::Kind::conflict);
  EXPECT_TRUE(engine.load(returning(2), {}, "b"));
}

TEST_F(EngineTest, what_is_no_module_is_an_error_that_names_the_file) {
  auto code = Engine(CodeCache("")).load({1, 2, 3, 4, 5, 6, 7, 8}, {}, "prog.wasm");
  ASSERT_FALSE(code);
  EXPECT_THAT(code.error().message(), HasSubstr("prog.wasm"));
}

}  // namespace
}  // namespace weft::engine
