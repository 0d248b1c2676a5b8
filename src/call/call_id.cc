#include "call/call_id.h"

#include <sys/random.h>

#include <cerrno>
#include <cstring>

namespace weft::call {

namespace {

constexpr std::string_view alphabet = "0123456789ABCDEFGHJKMNPQRSTVWXYZ";
constexpr size_t text_characters = 26;
constexpr unsigned random_bits = 56;
constexpr uint64_t random_mask = (uint64_t{1} << random_bits) - 1;

using Number = unsigned __int128;

Number number(CallId id) { return Number{id.high} << 64 | id.low; }
CallId id_of(Number n) { return {static_cast<uint64_t>(n >> 64), static_cast<uint64_t>(n)}; }

constexpr uint8_t no_digit = 0xff;

constexpr std::array<uint8_t, 256> make_digits() {
  std::array<uint8_t, 256> digits = {};
  digits.fill(no_digit);
  for (size_t i = 0; i < alphabet.size(); ++i) {
    auto character = static_cast<uint8_t>(alphabet[i]);
    digits[character] = static_cast<uint8_t>(i);
    if (alphabet[i] >= 'A') {
      digits[character + ('a' - 'A')] = static_cast<uint8_t>(i);
    }
  }
  return digits;
}
constexpr std::array<uint8_t, 256> digits = make_digits();

}  // namespace

std::array<char, 16> CallId::bytes() const {
  std::array<uint64_t, 2> words = {__builtin_bswap64(high), __builtin_bswap64(low)};
  std::array<char, 16> bytes;
  std::memcpy(bytes.data(), words.data(), sizeof words);
  return bytes;
}

CallId CallId::from_bytes(std::string_view bytes) {
  CHECK(bytes.size() == 16);
  std::array<uint64_t, 2> words;
  std::memcpy(words.data(), bytes.data(), sizeof words);
  return {__builtin_bswap64(words[0]), __builtin_bswap64(words[1])};
}

std::string CallId::text() const {
  std::string text(text_characters, '0');
  Number n = number(*this);
  for (size_t i = text_characters; i-- > 0; n >>= 5) {
    text[i] = alphabet[static_cast<size_t>(n & 31)];
  }
  return text;
}

Result<CallId> CallId::parse(std::string_view text) {
  auto wrong = [&] {
    return error(Error::Kind::invalid, "'{}' is no call id: that has {} letters and digits",
                 text.substr(0, 40), text_characters);
  };
  if (text.size() != text_characters || text[0] > '7') {
    return wrong();
  }
  Number n = 0;
  for (char c : text) {
    unsigned digit = digits[static_cast<uint8_t>(c)];
    if (digit == no_digit) {
      return wrong();
    }
    n = n << 5 | digit;
  }
  return id_of(n);
}

CallId CallId::plus(uint32_t n) const { return id_of(number(*this) + (Number{n} << random_bits)); }
CallId CallId::minus(uint32_t n) const { return id_of(number(*this) - (Number{n} << random_bits)); }

uint64_t CallIdSource::random56() {
  if (left_ == 0) {
    ssize_t got = 0;
    do {
      got = ::getrandom(pool_.data(), sizeof pool_, 0);
    } while (got < 0 && errno == EINTR);
    CHECK(got == sizeof pool_, "getrandom gave {} bytes", got);
    left_ = pool_.size();
  }
  return pool_[--left_] & random_mask;
}

CallId CallIdSource::take(WallTime now, uint32_t count) {
  CHECK(count > 0 && count < sequences_per_millisecond);
  auto since = std::chrono::duration_cast<std::chrono::milliseconds>(now.time_since_epoch());
  auto milliseconds = static_cast<uint64_t>(std::max<int64_t>(since.count(), 0));
  Number earliest = Number{milliseconds & ((uint64_t{1} << 48) - 1)} << 80;
  Number next = (number(last_) >> random_bits) + 1;  // milliseconds and sequence
  next = std::max(next, earliest >> random_bits);
  CallId first = id_of(next << random_bits | random56());
  last_ = first.plus(count - 1);
  return first;
}

}  // namespace weft::call
