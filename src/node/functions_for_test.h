// For tests: functions from programs in text form, and the directory that they lie in.
// Thread safety: none.
#pragma once

#include <fstream>
#include <memory>
#include <string>
#include <string_view>

#include "base/temporary_directory.h"
#include "node/function.h"
#include "wast/text_reader.h"

namespace weft::node {

class TestFunctions {
 public:
  std::string file(std::string_view name) const { return directory_.file(name); }

  static std::vector<uint8_t> module(std::string_view text) {
    auto source = wast::read_wat(text);
    CHECK(!source.refused, "{}", source.refused.value_or(""));
    return source.bytes;
  }

  std::shared_ptr<Function> make(const std::string& name, std::string_view text, Terms terms = {},
                                 const std::string& space = "default") {
    auto bytes = module(text);
    std::string path = file(name + ".wasm");
    std::ofstream(path, std::ios::binary)
        .write(reinterpret_cast<const char*>(bytes.data()), std::ssize(bytes));
    return std::make_shared<Function>(Function::Name{space, name, "1"}, std::move(terms), path);
  }

 private:
  TemporaryDirectory directory_;
};

// Copies its input to its output, and says so on standard error.
inline constexpr std::string_view echo_program = R"((module
  (import "wasi_snapshot_preview1" "fd_read" (func $read (param i32 i32 i32 i32) (result i32)))
  (import "wasi_snapshot_preview1" "fd_write" (func $write (param i32 i32 i32 i32) (result i32)))
  (memory (export "memory") 2)
  (data (i32.const 64) "echoed\n")
  (func (export "_start")
    (block $done
      (loop $more
        (i32.store (i32.const 0) (i32.const 1024))
        (i32.store (i32.const 4) (i32.const 65536))
        (drop (call $read (i32.const 0) (i32.const 0) (i32.const 1) (i32.const 8)))
        (br_if $done (i32.eqz (i32.load (i32.const 8))))
        (i32.store (i32.const 4) (i32.load (i32.const 8)))
        (drop (call $write (i32.const 1) (i32.const 0) (i32.const 1) (i32.const 8)))
        (br $more)))
    (i32.store (i32.const 0) (i32.const 64))
    (i32.store (i32.const 4) (i32.const 7))
    (drop (call $write (i32.const 2) (i32.const 0) (i32.const 1) (i32.const 8))))))";

inline constexpr std::string_view nothing_program = R"((module
  (memory (export "memory") 1)
  (func (export "_start"))))";

// Atomic on a shared memory: no optimiser keeps the count in a register.
inline constexpr std::string_view endless_program = R"((module
  (memory (export "memory") 1 1 shared)
  (func (export "_start")
    (loop $l (drop (i64.atomic.rmw.add (i32.const 8) (i64.const 1))) (br $l)))))";

}  // namespace weft::node
