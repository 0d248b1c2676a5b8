// weft.h for C++20: input, output, log and context of the call that a program serves. Manual:
// docs/sdk.md.
//
//     #include <weft.hpp>
//
//     int main() {
//       std::string text = weft::input();
//       weft::log(weft::Level::info, std::to_string(text.size()) + " bytes");
//       weft::output(text);
//     }
//
// Functions throw std::system_error when the system refuses; nothing else of weft's throws.
#pragma once

#include <weft.h>

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <system_error>
#include <utility>

namespace weft {

namespace detail {

[[noreturn]] inline void fail(const char* what) {
  throw std::system_error(errno, std::generic_category(), what);
}

}  // namespace detail

// All that is left of the input. Also throws std::bad_alloc.
inline std::string input() {
  size_t length = 0;
  std::unique_ptr<char, decltype(&free)> bytes(weft_input(&length), &free);
  if (bytes == nullptr) {
    detail::fail("reading the input");
  }
  return std::string(bytes.get(), length);
}

// Up to buffer.size() bytes of the input; the part that was filled, empty at the end.
inline std::span<std::byte> read(std::span<std::byte> buffer) {
  ssize_t n = weft_read(buffer.data(), buffer.size());
  if (n < 0) {
    detail::fail("reading the input");
  }
  return buffer.first(static_cast<size_t>(n));
}

// How many bytes of the input are left, when that is known before reading.
inline std::optional<uint64_t> input_left() {
  int64_t left = weft_input_left();
  return left < 0 ? std::nullopt : std::optional<uint64_t>(left);
}

// Writes all of it; may be called many times. What std::cout and printf hold back comes first, if
// std::ios::sync_with_stdio is as it was.
inline void output(std::span<const std::byte> bytes) {
  if (weft_output(bytes.data(), bytes.size()) != 0) {
    detail::fail("writing the output");
  }
}
inline void output(std::string_view text) { output(std::as_bytes(std::span(text))); }

enum class Level : uint8_t {
  debug = WEFT_DEBUG,
  info = WEFT_INFO,
  warning = WEFT_WARNING,
  error = WEFT_ERROR,
};

// Adds an entry to the log, without a newline at its end; one of more than WEFT_LOG_MAX bytes is
// cut off. A program does not fail for want of a log, so this neither throws nor says anything.
inline void log(Level level, std::string_view text) noexcept {
  (void)weft_import_log(static_cast<uint32_t>(level), text.data(),
                        static_cast<uint32_t>(text.substr(0, WEFT_LOG_MAX).size()));
}

// The function that is called, as it is deployed (weft run: the program's name); what names this
// call and no other; the trace it belongs to, 32 hexadecimal digits or empty.
inline std::string function() { return weft_function(); }
inline std::string call_id() { return weft_call_id(); }
inline std::string trace_id() { return weft_trace_id(); }

// Until the call has to be done; nothing without a deadline.
inline std::optional<std::chrono::nanoseconds> time_left() {
  int64_t left = weft_time_left();
  return left == WEFT_NO_DEADLINE ? std::nullopt : std::optional(std::chrono::nanoseconds(left));
}

// What all calls have in common is done: see weft_ready in weft.h.
inline void ready() noexcept { weft_ready(); }

// A call of another function, from its beginning; closed, and cancelled if it still runs, at the end
// of its life. See weft_call in weft.h.
class Call {
 public:
  // Begins it. Throws std::system_error (no such function, too many calls).
  explicit Call(std::string_view function, std::string_view input = {}) {
    if (weft_call(std::string(function).c_str(), input.data(), input.size(), &call_) != 0) {
      detail::fail("calling a function");
    }
  }
  Call(Call&& other) noexcept : call_(std::exchange(other.call_, 0)) {}
  Call& operator=(Call&& other) noexcept {
    std::swap(call_, other.call_);
    return *this;
  }
  ~Call() {
    if (call_ != 0) {
      (void)weft_call_close(call_);
    }
  }

  // Waits for it. Throws std::system_error when it did not return, or with another exit code than 0.
  std::string output() {
    size_t size = 0;
    std::unique_ptr<char, decltype(&free)> bytes(weft_call_take(std::exchange(call_, 0), &size),
                                                 &free);
    if (bytes == nullptr) {
      detail::fail("a called function");
    }
    return std::string(bytes.get(), size);
  }

 private:
  weft_call_t call_ = 0;
};

}  // namespace weft
