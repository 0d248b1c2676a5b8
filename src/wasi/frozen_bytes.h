// Writing and reading the bytes of a freeze: little-endian integers, and texts with their length in
// front.
//
// Thread safety: values. Invariant: a reader never looks beyond the bytes it was given; what it
// reads is not trusted.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <type_traits>

#include "base/result.h"

namespace weft::wasi {

class FrozenWriter {
 public:
  template <class T>
  void number(T value) {
    static_assert(std::is_integral_v<T>);
    bytes_.append(reinterpret_cast<const char*>(&value), sizeof value);
  }
  void text(std::string_view text) {
    number<uint64_t>(text.size());
    bytes_.append(text);
  }
  std::string take() { return std::move(bytes_); }

 private:
  std::string bytes_;
};

class FrozenReader {
 public:
  explicit FrozenReader(std::string_view bytes) : bytes_(bytes) {}

  template <class T>
  Result<T> number() {
    static_assert(std::is_integral_v<T>);
    if (bytes_.size() < sizeof(T)) {
      return ends_early();
    }
    T value;
    bytes_.copy(reinterpret_cast<char*>(&value), sizeof value);
    bytes_.remove_prefix(sizeof value);
    return value;
  }
  Result<std::string> text() {
    TRY(size, number<uint64_t>());
    if (size > bytes_.size()) {
      return ends_early();
    }
    std::string text(bytes_.substr(0, size));
    bytes_.remove_prefix(size);
    return text;
  }
  bool at_end() const { return bytes_.empty(); }
  size_t left() const { return bytes_.size(); }

 private:
  static std::unexpected<Error> ends_early() {
    return error(Error::Kind::corrupt, "frozen WASI state ends too early");
  }
  std::string_view bytes_;
};

}  // namespace weft::wasi
