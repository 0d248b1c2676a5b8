// What is to be written together: conditions and writes, in one buffer.
//
//   Batch batch;
//   batch.require_absent("k" + name);
//   batch.put("k" + name, id);
//
// Conditions are checked before any of the batch's writes. Writes happen in the order given, so the
// last one to a key stays. Bytes are copied in; a value above inline_max_bytes is moved in where
// the caller gives it up, and kept apart.
//
// REQUIRES of all keys: 1 <= size <= max_key_bytes. Of values: size <= max_value_bytes, and
// <= inline_max_bytes for one that is compared. Whoever takes sizes from outside checks them first.
//
// Thread safety: a value.
#pragma once

#include <cstdint>
#include <cstring>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"

namespace weft::store {

inline constexpr size_t max_key_bytes = 255;
inline constexpr size_t max_value_bytes = size_t{1} << 30;
// The longest value that is kept among the keys; longer ones are objects of their own (blobs.h).
inline constexpr size_t inline_max_bytes = size_t{256} << 10;

class Batch {
 public:
  enum class Kind : uint8_t { absent, equals, put, erase, put_large };
  struct Step {
    Kind kind;
    std::string_view key;
    std::string_view value;  // of put, equals, put_large
    size_t large = 0;        // of put_large: which one
  };

  void require_absent(std::string_view key) { add(Kind::absent, key, {}); }
  void require_value(std::string_view key, std::string_view value) {
    CHECK(value.size() <= inline_max_bytes);
    add(Kind::equals, key, value);
  }
  void put(std::string_view key, std::string_view value) {
    if (value.size() > inline_max_bytes) {
      put_large(key, std::string(value));
    } else {
      add(Kind::put, key, value);
    }
  }
  void put(std::string_view key, std::string&& value) {
    if (value.size() > inline_max_bytes) {
      put_large(key, std::move(value));
    } else {
      add(Kind::put, key, value);
    }
  }
  void put(std::string_view key, const char* value) { put(key, std::string_view(value)); }
  // Of a key that is absent: nothing.
  void erase(std::string_view key) { add(Kind::erase, key, {}); }
  // All of the other's steps behind these.
  void append(const Batch& other);

  bool empty() const { return steps_ == 0; }
  size_t steps() const { return steps_; }
  size_t bytes() const { return buffer_.size() + large_bytes_; }
  const std::vector<std::string>& large() const { return large_; }

  // Calls `visit` with each Step of the wanted half, until it gives false.
  template <class Visit>
  bool conditions(Visit visit) const {
    return !has_conditions_ || each([&](const Step& s) { return !is_condition(s) || visit(s); });
  }
  template <class Visit>
  bool writes(Visit visit) const {
    return each([&](const Step& s) { return is_condition(s) || visit(s); });
  }

 private:
  struct Head {
    Kind kind;
    uint8_t key_bytes;
    uint16_t unused = 0;
    uint32_t value_bytes;
  };

  static bool is_condition(const Step& s) {
    return s.kind == Kind::absent || s.kind == Kind::equals;
  }
  void put_large(std::string_view key, std::string&& value);
  void add(Kind kind, std::string_view key, std::string_view value) {
    CHECK(!key.empty() && key.size() <= max_key_bytes, "a key of {} bytes", key.size());
    Head head{kind, static_cast<uint8_t>(key.size()), 0, static_cast<uint32_t>(value.size())};
    // (libstdc++ 12 tells the function its capacity instead of the size.)
    size_t begin = buffer_.size();
    size_t end = begin + sizeof head + key.size() + value.size();
    buffer_.resize_and_overwrite(end, [&](char* bytes, size_t) {
      std::memcpy(bytes + begin, &head, sizeof head);
      std::memcpy(bytes + begin + sizeof head, key.data(), key.size());
      if (!value.empty()) {
        std::memcpy(bytes + end - value.size(), value.data(), value.size());
      }
      return end;
    });
    has_conditions_ |= kind <= Kind::equals;
    ++steps_;
  }

  template <class Visit>
  bool each(Visit visit) const {
    for (size_t at = 0; at < buffer_.size();) {
      Head head;
      std::memcpy(&head, buffer_.data() + at, sizeof head);
      std::string_view rest = std::string_view(buffer_).substr(at + sizeof head);
      Step step{head.kind, rest.substr(0, head.key_bytes),
                rest.substr(head.key_bytes, head.value_bytes)};
      if (head.kind == Kind::put_large) {
        std::memcpy(&step.large, step.value.data(), sizeof step.large);
        step.value = large_[step.large];
      }
      if (!visit(step)) {
        return false;
      }
      at += sizeof head + head.key_bytes + head.value_bytes;
    }
    return true;
  }

  std::string buffer_;
  std::vector<std::string> large_;
  size_t large_bytes_ = 0;
  size_t steps_ = 0;
  bool has_conditions_ = false;
};

}  // namespace weft::store
