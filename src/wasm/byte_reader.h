// Reads the binary format's primitives (core specification 5.2) from a byte range. Never reads
// beyond it: after the first failure ok() is false and every read gives zero. Thread safety: none;
// make one per use.
#pragma once

#include <cstdint>
#include <cstring>
#include <span>
#include <string_view>

namespace weft::wasm {

class ByteReader {
 public:
  explicit ByteReader(std::span<const uint8_t> bytes) : bytes_(bytes) {}

  bool ok() const { return ok_; }
  bool at_end() const { return position_ >= bytes_.size(); }
  size_t position() const { return position_; }
  size_t remaining() const { return bytes_.size() - position_; }
  void fail() {
    ok_ = false;
    position_ = bytes_.size();
  }

  uint8_t u8() {
    if (remaining() < 1) {
      fail();
      return 0;
    }
    return bytes_[position_++];
  }
  uint8_t peek() const { return remaining() < 1 ? 0 : bytes_[position_]; }

  uint32_t u32() { return static_cast<uint32_t>(unsigned_leb(5, 32)); }
  uint64_t u64() { return unsigned_leb(10, 64); }
  int32_t s32() { return static_cast<int32_t>(signed_leb(5)); }
  int64_t s33() { return signed_leb(5); }
  int64_t s64() { return signed_leb(10); }

  template <class T>
  T fixed() {
    T value{};
    if (remaining() < sizeof(T)) {
      fail();
      return value;
    }
    std::memcpy(&value, bytes_.data() + position_, sizeof(T));
    position_ += sizeof(T);
    return value;
  }

  std::span<const uint8_t> bytes(uint64_t count) {
    if (remaining() < count) {
      fail();
      return {};
    }
    auto result = bytes_.subspan(position_, count);
    position_ += count;
    return result;
  }
  std::string_view name() {
    auto b = bytes(u32());
    return {reinterpret_cast<const char*>(b.data()), b.size()};
  }

 private:
  // Bits of the last byte beyond the type's have to be zero.
  uint64_t unsigned_leb(int max_bytes, int bits) {
    uint64_t value = 0;
    for (int i = 0; i < max_bytes; ++i) {
      uint8_t byte = u8();
      if (bits - 7 * i < 7 && (byte & 0x7f) >> (bits - 7 * i) != 0) {
        break;
      }
      value |= static_cast<uint64_t>(byte & 0x7f) << (7 * i);
      if ((byte & 0x80) == 0) {
        return value;
      }
    }
    fail();
    return 0;
  }
  int64_t signed_leb(int max_bytes) {
    uint64_t value = 0;
    int shift = 0;
    for (int i = 0; i < max_bytes; ++i) {
      uint8_t byte = u8();
      value |= static_cast<uint64_t>(byte & 0x7f) << shift;
      shift += 7;
      if ((byte & 0x80) == 0) {
        if (shift < 64 && (byte & 0x40) != 0) {
          value |= ~uint64_t{0} << shift;
        }
        return static_cast<int64_t>(value);
      }
    }
    fail();
    return 0;
  }

  std::span<const uint8_t> bytes_;
  size_t position_ = 0;
  bool ok_ = true;
};

}  // namespace weft::wasm
