// The guests of the tests: a program that keeps everything a freeze has to keep in use at once, and
// programs that wait.
#pragma once

#include <poll.h>
#include <unistd.h>

#include <chrono>
#include <string>
#include <string_view>

#include "engine/engine.h"
#include "faaslet/faaslet.h"
#include "wasi/wasi.h"
#include "wast/text_reader.h"

namespace weft::faaslet {

// 3000 frames deep with doubles in each; at the bottom loops that the compiler vectorises, integer
// hashing, calls through a table that changes, a global, and memory that grows. Prints 16 bytes.
inline constexpr std::string_view busy_program = R"((module
  (import "wasi_snapshot_preview1" "fd_write" (func $fd_write (param i32 i32 i32 i32) (result i32)))
  (type $binary (func (param i64 i64) (result i64)))
  (memory (export "memory") 3 40)
  (table $t 4 8 funcref)
  (elem (i32.const 0) $add $mix $add $mix)
  (global $sum (mut i64) (i64.const 7))
  (func $add (type $binary) (i64.add (local.get 0) (local.get 1)))
  (func $mix (type $binary)
    (i64.xor (i64.rotl (local.get 0) (i64.const 13))
             (i64.mul (local.get 1) (i64.const 0x9E3779B97F4A7C15))))
  (func $axpy (param $a f64)
    (local $i i32)
    (loop $next
      (f64.store offset=65536 (local.get $i)
        (f64.add (f64.load offset=65536 (local.get $i))
                 (f64.mul (local.get $a) (f64.load offset=98304 (local.get $i)))))
      (local.set $i (i32.add (local.get $i) (i32.const 8)))
      (br_if $next (i32.lt_u (local.get $i) (i32.const 32768)))))
  (func $fill
    (local $i i32)
    (loop $next
      (f64.store offset=98304 (local.get $i)
        (f64.div (f64.const 1) (f64.convert_i32_u (i32.add (local.get $i) (i32.const 1)))))
      (local.set $i (i32.add (local.get $i) (i32.const 8)))
      (br_if $next (i32.lt_u (local.get $i) (i32.const 32768)))))
  (func $fold (result i64)
    (local $i i32) (local $h i64)
    (loop $next
      (local.set $h (i64.add (i64.rotl (local.get $h) (i64.const 7))
                             (i64.load offset=65536 (local.get $i))))
      (local.set $i (i32.add (local.get $i) (i32.const 8)))
      (br_if $next (i32.lt_u (local.get $i) (i32.const 32768))))
    (local.get $h))
  (func $swap (param $k i32)
    (local $f funcref)
    (local.set $f (table.get $t (local.get $k)))
    (table.set $t (local.get $k) (table.get $t (i32.add (local.get $k) (i32.const 1))))
    (table.set $t (i32.add (local.get $k) (i32.const 1)) (local.get $f)))
  (func $bottom
    (local $round i32)
    (call $fill)
    (loop $next
      (call $axpy (f64.convert_i32_u (local.get $round)))
      (call $swap (i32.rem_u (local.get $round) (i32.const 3)))
      (global.set $sum (call_indirect $t (type $binary) (global.get $sum) (call $fold)
                         (i32.and (local.get $round) (i32.const 3))))
      (if (i32.eqz (i32.rem_u (local.get $round) (i32.const 1000)))
        (then (global.set $sum
          (i64.add (global.get $sum) (i64.extend_i32_u (memory.grow (i32.const 1)))))))
      (local.set $round (i32.add (local.get $round) (i32.const 1)))
      (br_if $next (i32.lt_u (local.get $round) (i32.const 6000)))))
  (func $deep (param $n i32) (param $x f64) (result f64)
    (local $y f64)
    (local.set $y (f64.add (f64.mul (local.get $x) (f64.const 1.0000001))
                           (f64.convert_i32_u (local.get $n))))
    (if (i32.eqz (local.get $n)) (then (call $bottom) (return (local.get $y))))
    (f64.add (f64.mul (local.get $y) (f64.const 0.5))
             (call $deep (i32.sub (local.get $n) (i32.const 1)) (local.get $y))))
  (func (export "_start")
    (f64.store (i32.const 16) (call $deep (i32.const 3000) (f64.const 0.125)))
    (i64.store (i32.const 24) (global.get $sum))
    (i32.store (i32.const 0) (i32.const 16))
    (i32.store (i32.const 4) (i32.const 16))
    (drop (call $fd_write (i32.const 1) (i32.const 0) (i32.const 1) (i32.const 8)))))
)";

// Copies its input to its output until there is no more.
inline constexpr std::string_view echo_program = R"((module
  (import "wasi_snapshot_preview1" "fd_read" (func $fd_read (param i32 i32 i32 i32) (result i32)))
  (import "wasi_snapshot_preview1" "fd_write" (func $fd_write (param i32 i32 i32 i32) (result i32)))
  (memory (export "memory") 2)
  (func (export "_start")
    (block $end
      (loop $next
        (i32.store (i32.const 0) (i32.const 64))
        (i32.store (i32.const 4) (i32.const 512))
        (br_if $end (call $fd_read (i32.const 0) (i32.const 0) (i32.const 1) (i32.const 4)))
        (br_if $end (i32.eqz (i32.load (i32.const 4))))
        (drop (call $fd_write (i32.const 1) (i32.const 0) (i32.const 1) (i32.const 8)))
        (br $next)))))
)";

// Throws through hundreds of frames, some of which catch, change and throw again, so that an
// exception is in flight most of the time. Prints 16 bytes.
inline constexpr std::string_view throwing_program = R"((module
  (import "wasi_snapshot_preview1" "fd_write" (func $fd_write (param i32 i32 i32 i32) (result i32)))
  (memory (export "memory") 1)
  (tag $e (param i64 f64))
  (global $n (mut i32) (i32.const 0))
  (func $deep (param $n i32) (param $x i64) (result i64)
    (local.set $x (i64.add (i64.rotl (local.get $x) (i64.const 7))
                           (i64.extend_i32_u (local.get $n))))
    (if (i32.eqz (local.get $n))
      (then
        (if (i64.eqz (i64.and (local.get $x) (i64.const 7))) (then (return (local.get $x))))
        (throw $e (local.get $x) (f64.convert_i64_s (local.get $x)))))
    (i64.add (call $deep (i32.sub (local.get $n) (i32.const 1)) (local.get $x)) (i64.const 1)))
  (func $again (param $n i32) (param $x i64) (result i64)
    (local $f f64) (local $i i64)
    (if (i32.eqz (local.get $n)) (then (return (call $deep (i32.const 100) (local.get $x)))))
    (try (result i64)
      (do (i64.mul (call $again (i32.sub (local.get $n) (i32.const 1)) (local.get $x))
                   (i64.const 3)))
      (catch $e
        (local.set $f) (local.set $i)
        (throw $e (i64.xor (i64.rotl (local.get $i) (i64.const 9)) (local.get $x))
                  (f64.mul (local.get $f) (f64.const 1.0001))))))
  (func (export "_start")
    (local $sum i64) (local $all f64) (local $f f64) (local $i i64) (local $round i32)
    (loop $next
      (local.set $i
        (try (result i64)
          (do (call $again (i32.const 200) (i64.add (local.get $sum)
                                                    (i64.extend_i32_u (local.get $round)))))
          (catch $e (local.set $f) (local.set $all (f64.add (local.get $all) (local.get $f))))))
      (local.set $sum (i64.add (i64.mul (local.get $sum) (i64.const 31)) (local.get $i)))
      (local.set $round (i32.add (local.get $round) (i32.const 1)))
      (br_if $next (i32.lt_u (local.get $round) (i32.const 10000))))
    (i64.store (i32.const 16) (local.get $sum))
    (f64.store (i32.const 24) (local.get $all))
    (i32.store (i32.const 0) (i32.const 16))
    (i32.store (i32.const 4) (i32.const 16))
    (drop (call $fd_write (i32.const 1) (i32.const 0) (i32.const 1) (i32.const 8)))))
)";

// Waits in memory.atomic.wait32 at address 64, for so long (-1: without end), and prints the result
// as a digit.
inline std::string atomic_wait_program(std::chrono::nanoseconds timeout) {
  return fmt::format(R"((module
  (import "wasi_snapshot_preview1" "fd_write" (func $fd_write (param i32 i32 i32 i32) (result i32)))
  (memory (export "memory") 1 1 shared)
  (func (export "_start")
    (i32.store8 (i32.const 16) (i32.add (i32.const 48)
      (memory.atomic.wait32 (i32.const 64) (i32.const 0) (i64.const {}))))
    (i32.store (i32.const 0) (i32.const 16))
    (i32.store (i32.const 4) (i32.const 1))
    (drop (call $fd_write (i32.const 1) (i32.const 0) (i32.const 1) (i32.const 8)))))
)",
                     timeout.count());
}

// Sleeps in poll_oneoff for so long, then prints "slept".
inline std::string sleep_program(std::chrono::nanoseconds timeout) {
  return fmt::format(R"((module
  (import "wasi_snapshot_preview1" "poll_oneoff"
    (func $poll_oneoff (param i32 i32 i32 i32) (result i32)))
  (import "wasi_snapshot_preview1" "fd_write" (func $fd_write (param i32 i32 i32 i32) (result i32)))
  (memory (export "memory") 1)
  (data (i32.const 200) "slept")
  (data (i32.const 240) "\c8\00\00\00\05\00\00\00")
  (func (export "_start")
    (i32.store (i32.const 80) (i32.const 1))
    (i64.store (i32.const 88) (i64.const {}))
    (drop (call $poll_oneoff (i32.const 64) (i32.const 128) (i32.const 1) (i32.const 192)))
    (drop (call $fd_write (i32.const 1) (i32.const 240) (i32.const 1) (i32.const 248)))))
)",
                     timeout.count());
}

// Touches four pages – two of memory, one of its stack, one of its block – and ends.
inline constexpr std::string_view small_program = R"((module
  (memory (export "memory") 2)
  (global $calls (mut i32) (i32.const 0))
  (func (export "_start")
    (global.set $calls (i32.add (global.get $calls) (i32.const 1)))
    (i32.store (i32.const 8) (global.get $calls))
    (i32.store (i32.const 70000) (i32.const 1)))
  (func (export "touch") (param $pages i32)
    (loop $next
      (i32.store (i32.mul (local.get $pages) (i32.const 4096)) (i32.const 1))
      (br_if $next (local.tee $pages (i32.sub (local.get $pages) (i32.const 1)))))))
)";

inline std::shared_ptr<const engine::CodeFile> compile(std::string_view text) {
  static engine::Engine engine{engine::CodeCache(std::string())};
  wast::ModuleSource source = wast::read_wat(text);
  CHECK(!source.refused, "{}", *source.refused);
  auto code = engine.load(source.bytes, {}, "guest");
  CHECK(code.has_value(), "{}", code.error().message());
  return *code;
}

inline ImportFactory wasi_with(wasi::Stream in, wasi::Stream out,
                               std::vector<std::string> args = {"guest"}) {
  return [in = std::move(in), out = std::move(out), args = std::move(args)](
             host::Guest& guest) -> Result<std::vector<std::unique_ptr<host::ImportModule>>> {
    wasi::WasiConfig config;
    config.args = args;
    config.stdin_stream = in;
    config.stdout_stream = out;
    config.stderr_stream = wasi::OutputBuffer{};
    TRY(made, wasi::Wasi::create(guest, std::move(config)));
    std::vector<std::unique_ptr<host::ImportModule>> modules;
    modules.push_back(std::move(made));
    return modules;
  };
}

// Runs it to its end on this thread, blocking while it waits.
inline void run_to_end(Faaslet& faaslet, cpu::Thread& thread) {
  while (faaslet.state() != State::ended) {
    if (faaslet.state() == State::waiting) {
      const host::Wait& wait = faaslet.waiting_for();
      std::vector<pollfd> fds;
      fds.reserve(wait.fds.size());
      for (const host::FdWait& fd : wait.fds) {
        fds.push_back({fd.fd, fd.events, 0});
      }
      int left_ms = -1;
      if (wait.deadline) {
        auto left = *wait.deadline - host::Clock::now();
        left_ms = static_cast<int>(
            std::max<int64_t>(0, std::chrono::ceil<std::chrono::milliseconds>(left).count()));
      }
      ::poll(fds.data(), fds.size(), left_ms);
      faaslet.make_ready();
    }
    faaslet.step(thread);
  }
}

}  // namespace weft::faaslet
