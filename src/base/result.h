// How a failure of the outside world travels: a value, never an exception.
//
//   Result<File> open(...);                 the world may refuse: the caller has to look
//   TRY(file, open(path));                  passes the error on, or gives the value a name
//   CHECK(size <= limit, "…");              our own bug, always on; a guest can never trip one
//
// Thread safety: values; no shared state.
#pragma once

#include <fmt/format.h>

#include <expected>
#include <string>
#include <utility>

namespace weft {

// One sentence for a person: what was wrong, where, and what to do about it.
class Error {
 public:
  enum class Kind {
    invalid,      // the input breaks its own format or rules
    unsupported,  // well formed, but this build or machine cannot do it
    not_found,
    denied,     // a policy or permission forbids it
    exhausted,  // a limit, a quota, memory, disk
    conflict,   // somebody else has it: addresses, names, versions
    corrupt,    // stored data fails its checksum or is of another version
    io,         // the operating system said no
  };

  Error(Kind kind, std::string message) : kind_(kind), message_(std::move(message)) {}

  Kind kind() const { return kind_; }
  const std::string& message() const { return message_; }

  // The same error with what the caller was doing in front: "reading a.wasm: …".
  [[nodiscard]] Error in(std::string_view context) const {
    return Error(kind_, fmt::format("{}: {}", context, message_));
  }

 private:
  Kind kind_;
  std::string message_;
};

template <class T>
using Result = std::expected<T, Error>;

template <class... Args>
[[nodiscard]] std::unexpected<Error> error(Error::Kind kind, fmt::format_string<Args...> format,
                                           Args&&... args) {
  return std::unexpected(Error(kind, fmt::format(format, std::forward<Args>(args)...)));
}

// An error of kind io that ends in the operating system's words for `errno_value`.
[[nodiscard]] std::unexpected<Error> io_error(int errno_value, std::string_view what);

[[noreturn]] void check_failed(const char* condition, const char* file, int line,
                               std::string_view message);

}  // namespace weft

// CHECK(condition) or CHECK(condition, "format", args...): ends the process when our own code is
// wrong.
#define CHECK(condition, ...)                                                            \
  do {                                                                                   \
    if (!(condition)) [[unlikely]] {                                                     \
      ::weft::check_failed(#condition, __FILE__, __LINE__, fmt::format("" __VA_ARGS__)); \
    }                                                                                    \
  } while (false)

#define WEFT_TRY_CONCAT_(a, b) a##b
#define WEFT_TRY_NAME_(a, b) WEFT_TRY_CONCAT_(a, b)

// TRY(name, expression): `auto&& name` is the value, or the function returns the error. TRY_VOID
// for Result<void>.
#define TRY(name, ...)                                                         \
  auto WEFT_TRY_NAME_(try_, __LINE__) = (__VA_ARGS__);                         \
  if (!WEFT_TRY_NAME_(try_, __LINE__)) [[unlikely]] {                          \
    return std::unexpected(std::move(WEFT_TRY_NAME_(try_, __LINE__)).error()); \
  }                                                                            \
  auto&& name = *std::move(WEFT_TRY_NAME_(try_, __LINE__))

#define TRY_VOID(...)                                            \
  if (auto try_void_ = (__VA_ARGS__); !try_void_) [[unlikely]] { \
    return std::unexpected(std::move(try_void_).error());        \
  }
