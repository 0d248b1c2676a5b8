// A code file with any bytes changed is refused or opened, and the process lives. Where the
// checksum is left as it was, a changed file is refused; where it is put right, what lies behind it
// is reached: the trailer's lengths, the ELF headers, the head of the code, the description.
//
// The input: a byte that says which file and whether the checksum is put right; then edits, each a
// place (a region and an offset in it) and the bytes to write there.
#include <sys/mman.h>
#include <xxhash.h>

#include <algorithm>
#include <cstring>

#include "base/unique_fd.h"
#include "engine/compiler.h"
#include "engine/engine.h"

namespace weft::engine {
namespace {

// Functions, a table with a segment, memory with data, a global, an import.
constexpr uint8_t module_bytes[] = {
    0,  'a', 's', 'm',  1,    0,    0,    0,                                // header
    1,  9,   2,   0x60, 1,    0x7f, 1,    0x7f, 0x60, 0,    0,              // two types
    2,  7,   1,   1,    'h',  1,    'f',  0,    1,                          // import h.f
    3,  2,   1,   0,                                                        // one function
    4,  4,   1,   0x70, 0,    2,                                            // table of two
    5,  3,   1,   0,    1,                                                  // memory of one page
    6,  6,   1,   0x7f, 1,    0x41, 5,    0x0b,                             // mutable global
    7,  7,   1,   3,    'r',  'u',  'n',  0,    1,                          // export run
    9,  7,   1,   0,    0x41, 1,    0x0b, 1,    1,                          // element segment
    10, 11,  1,   9,    0,    0x10, 0,    0x20, 0,    0x28, 2,   4,  0x0b,  // call, load
    11, 10,  1,   0,    0x41, 8,    0x0b, 4,    'w',  'e',  'f', 't'};      // data segment

std::string compiled(Linking linking) {
  auto module = wasm::decode({std::begin(module_bytes), std::end(module_bytes)});
  CHECK(module.has_value(), "{}", module ? "" : module.error().message());
  CompileOptions options;
  options.linking = linking;
  options.threads = 1;
  auto file = compile(*module, options, CodeKey{1, 2}, 7);
  CHECK(file.has_value(), "{}", file ? "" : file.error().message());
  return *file;
}

class Input {
 public:
  Input(const uint8_t* data, size_t size) : data_(data), left_(size) {}
  bool empty() const { return left_ == 0; }
  template <class T>
  T take() {
    T value = {};
    size_t n = std::min(sizeof value, left_);
    std::memcpy(&value, data_, n);
    data_ += n;
    left_ -= n;
    return value;
  }

 private:
  const uint8_t* data_;
  size_t left_;
};

// Where edits fall: most of a code file is code, of which any change is like another.
struct Region {
  size_t begin;
  size_t bytes;
};

std::array<Region, 4> regions_of(const std::string& file) {
  CodeTrailer trailer;
  std::memcpy(static_cast<void*>(&trailer), file.data() + file.size() - sizeof trailer,
              sizeof trailer);
  return {Region{0, 1024},                                       // ELF and program headers
          Region{trailer.elf_bytes, trailer.info_bytes},         // description
          Region{file.size() - sizeof trailer, sizeof trailer},  // trailer
          Region{0, file.size()}};
}

void edit(std::string& file, Input& input) {
  const std::array<Region, 4> regions = regions_of(file);
  while (!input.empty()) {
    auto how = input.take<uint8_t>();
    const Region& region = regions[how % regions.size()];
    size_t at = region.begin + input.take<uint16_t>() % std::max<size_t>(region.bytes, 1);
    auto value = input.take<uint64_t>();
    size_t width = size_t{1} << (how / 4 % 4);
    if (how / 16 % 16 == 0) {  // cut off, or made longer
      file.resize(std::min<size_t>(at + width, 1 << 20));
    } else if (at + width <= file.size()) {
      std::memcpy(file.data() + at, &value, width);
    }
    if (file.size() < sizeof(CodeTrailer)) {
      return;
    }
  }
}

void put_right(std::string& file) {
  if (file.size() < sizeof(CodeTrailer)) {
    return;
  }
  size_t covered = file.size() - 16;
  XXH128_hash_t hash = XXH3_128bits(file.data(), covered);
  std::memcpy(file.data() + covered, &hash.low64, 8);
  std::memcpy(file.data() + covered + 8, &hash.high64, 8);
}

// What is read of a code file before anything of it runs.
uint64_t look_at(const CodeFile& file) {
  uint64_t sum = file.finish_stub() + file.range().code_begin;
  for (size_t i = 0; i < file.info().function_types.size(); ++i) {
    sum += file.function(static_cast<uint32_t>(i));
  }
  for (size_t i = 0; i < file.info().types.size(); ++i) {
    sum += file.entry(static_cast<uint32_t>(i));
  }
  for (uint32_t function : file.info().referenced) {
    sum += file.descriptor(function);
  }
  for (uint8_t byte : file.data()) {
    sum += byte;
  }
  return sum;
}

}  // namespace
}  // namespace weft::engine

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  using namespace weft;
  using namespace weft::engine;
  static const std::string files[] = {compiled(Linking::closed), compiled(Linking::open)};
  Input input(data, size);
  auto how = input.take<uint8_t>();
  const std::string& whole = files[how % 2];
  std::string file = whole;
  edit(file, input);
  bool is_right = how / 2 % 2 != 0;
  if (is_right) {
    put_right(file);
  }
  UniqueFd fd(::memfd_create("weft-fuzz", MFD_CLOEXEC));
  CHECK(::write(fd.value(), file.data(), file.size()) == static_cast<ssize_t>(file.size()));
  auto opened = CodeFile::map(fd.value(), "fuzz", CodeFile::Verify::checksum);
  CHECK(is_right || file == whole || !opened, "a damaged file was opened");
  CHECK(file != whole || opened, "a whole file was refused");
  if (opened) {
    volatile uint64_t sum = look_at(**opened);
    (void)sum;
  } else {
    CHECK(!opened.error().message().empty());
  }
  return 0;
}
