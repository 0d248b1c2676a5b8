// The name of a call: 128 bits, sortable by acceptance, not to be guessed.
//
//     | milliseconds since 1970 | sequence number | random |
//       48                        24                56 bits
//
// Ids of one node strictly increase, whatever its clock does: when the clock stands or jumps back,
// the milliseconds stay what they were and the sequence counts on (and carries into the
// milliseconds, after 16 million). The random part is the kernel's. The calls of one map have
// consecutive sequence numbers and share it, so one id names them all.
//
// The text form is a ULID: 26 characters of Crockford's base 32, whose order is that of the ids.
//
// Thread safety: CallId is a value; a source belongs to its owner.
#pragma once

#include <array>
#include <compare>
#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <string_view>

#include "base/clock.h"
#include "base/result.h"

namespace weft::call {

struct CallId {
  uint64_t high = 0;
  uint64_t low = 0;
  auto operator<=>(const CallId&) const = default;

  // Big endian, so that their order is that of the ids.
  std::array<char, 16> bytes() const;
  // REQUIRES: 16 bytes.
  static CallId from_bytes(std::string_view bytes);

  std::string text() const;
  // Upper or lower case. Error invalid.
  static Result<CallId> parse(std::string_view text);

  // The `n`th call of the map that this is the first call of.
  CallId plus(uint32_t n) const;
  CallId minus(uint32_t n) const;
  // When it was accepted, by the node's clock or later.
  WallTime time() const {
    return WallTime(std::chrono::milliseconds(static_cast<int64_t>(high >> 16)));
  }
};

inline constexpr uint32_t sequences_per_millisecond = 1u << 24;

class CallIdSource {
 public:
  // All ids will be greater than `last`.
  explicit CallIdSource(CallId last = {}) : last_(last) {}
  // The first of `count` ids in a row. REQUIRES 1 <= count < sequences_per_millisecond.
  CallId take(WallTime now, uint32_t count = 1);
  CallId last() const { return last_; }

 private:
  uint64_t random56();

  CallId last_;
  std::array<uint64_t, 64> pool_ = {};
  size_t left_ = 0;
};

}  // namespace weft::call

template <>
struct std::hash<weft::call::CallId> {
  size_t operator()(const weft::call::CallId& id) const noexcept {
    return static_cast<size_t>((id.high * 0x9e37'79b9'7f4a'7c15u) ^ id.low);
  }
};
