// What the ledger keeps in the store. A key's first byte is its table:
//
//     m name              format number; the last id                       one each
//     f function          namespace, name                                  kept for ever
//     v version           function, version                                kept for ever
//     a id                accepted: what is needed to run it, input        until it has ended
//     g id of the first   what all calls of a map have in common           until the last has ended
//     b id                begun: which attempt, when                       until it has ended
//     i id                an input above 4 KiB                             until it has ended
//     e id                ended: how, times, small output and log          until collected
//     o id, l id          output, log above 1 KiB                          until collected
//     x function reason id     index of e                                  until collected
//     p parent id         how many calls from id on have this parent       until collected
//     k namespace 0 key   idempotency: id, fingerprint                     until collected
//
// So recovery reads what has not ended and nothing else, a call costs four small writes and two
// erasures, and all but x and k grow at their ends. Functions and versions are numbers in records;
// numbers in keys are big endian, for the order. A value is a fixed head, which counts the pieces
// that follow it. The store guards values by a checksum; decoding trusts nothing all the same.
//
// Thread safety: values.
#pragma once

#include <array>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "base/result.h"
#include "call/call.h"
#include "call/call_id.h"

namespace weft::call {

inline constexpr uint32_t ledger_format = 1;
inline constexpr size_t input_inline_max = size_t{4} << 10;
inline constexpr size_t output_inline_max = size_t{1} << 10;

enum class Table : char {
  meta = 'm',
  function = 'f',
  version = 'v',
  accepted = 'a',
  group = 'g',
  begun = 'b',
  input = 'i',
  ended = 'e',
  output = 'o',
  log = 'l',
  index = 'x',
  parent = 'p',
  key = 'k',
};

// --- keys: a few bytes each, without allocation

class RecordKey {
 public:
  explicit RecordKey(Table table) { add(std::string_view(reinterpret_cast<char*>(&table), 1)); }
  RecordKey& add(std::string_view bytes);
  RecordKey& add(uint32_t number);
  RecordKey& add(CallId id);
  operator std::string_view() const { return {bytes_.data(), size_}; }
  std::string text() const { return std::string(bytes_.data(), size_); }

 private:
  std::array<char, 255> bytes_;
  size_t size_ = 0;
};

inline RecordKey id_key(Table table, CallId id) { return RecordKey(table).add(id); }
RecordKey index_key(uint32_t function, Reason reason, CallId id);
RecordKey index_prefix(uint32_t function, Reason reason);
// The id that a key ends in. Error corrupt.
Result<CallId> id_of_key(std::string_view key);
Result<uint32_t> number_of_key(std::string_view key);
// REQUIRES valid sizes (call.h).
RecordKey idempotency_key(std::string_view name_space, std::string_view key);

// --- values

// What the calls of a map have in common; a single call has one of its own.
struct Common {
  uint32_t version = 0;
  uint32_t count = 1;
  Policy policy;
  std::chrono::milliseconds time_limit{0};
  WallTime accepted;
  std::optional<CallId> parent;
  std::string trace;
  std::string lists;  // arguments and environment, encoded
};

struct AcceptedRecord {
  std::optional<Common> common;  // none: of a map, then the group has it
  uint32_t index = 0;            // in the map
  uint64_t input_bytes = 0;
  bool input_apart = false;
  std::string_view input;  // unless apart
};

struct BegunRecord {
  uint16_t attempt = 0;
  WallTime started;
};

struct EndedRecord {
  uint32_t version = 0;
  Reason reason = Reason::returned;
  int32_t exit_code = 0;
  uint16_t attempt = 0;
  uint16_t attempts = 1;
  uint16_t core = 0;
  bool cold = false;
  bool output_apart = false;
  bool log_apart = false;
  WallTime accepted;
  WallTime started;
  WallTime ended;
  std::chrono::microseconds cpu{0};
  uint64_t peak_memory_bytes = 0;
  uint64_t input_bytes = 0;
  uint64_t output_bytes = 0;
  uint64_t log_bytes = 0;
  std::optional<CallId> parent;
  // These show the bytes that were decoded, or what is to be encoded.
  std::string_view trace;
  std::string_view message;
  std::string_view backtrace;
  std::string_view output;  // unless apart
  std::string_view log;     // unless apart
};

struct IdempotencyRecord {
  CallId first;
  uint32_t count = 1;
  std::array<uint64_t, 2> fingerprint = {};
  WallTime accepted;
  bool operator==(const IdempotencyRecord&) const = default;
};

std::string encode_common(const Common& common);
// `input` is written unless it is apart. `common` is nullptr for a call of a map.
std::string encode_accepted(const Common* common, uint32_t index, std::string_view input);
std::string encode_begun(const BegunRecord& record);
std::string encode_ended(const EndedRecord& record);
std::string encode_idempotency(const IdempotencyRecord& record);
std::string encode_lists(const std::vector<std::string>& arguments,
                         const std::vector<std::string>& environment);
std::string encode_number(uint32_t number);

// Errors: corrupt.
Result<Common> decode_common(std::string_view bytes);
Result<AcceptedRecord> decode_accepted(std::string_view bytes);
Result<BegunRecord> decode_begun(std::string_view bytes);
Result<EndedRecord> decode_ended(std::string_view bytes);
Result<IdempotencyRecord> decode_idempotency(std::string_view bytes);
[[nodiscard]] Result<void> decode_lists(std::string_view bytes, std::vector<std::string>& arguments,
                                        std::vector<std::string>& environment);
Result<uint32_t> decode_number(std::string_view bytes);

// Of what a retry with the same idempotency key has to agree in: function, arguments, environment,
// inputs. Not the version: a retry may come after a new one was deployed.
std::array<uint64_t, 2> fingerprint(const Submission& common, const std::string* inputs,
                                    size_t count);

}  // namespace weft::call
