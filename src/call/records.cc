#include "call/records.h"

#include <cstring>

#include "base/archive.h"
#include "xxhash.h"

namespace weft::call {

namespace {

// --- the fixed heads, as they are stored (little endian)

struct CommonHead {
  int64_t accepted_us;
  std::array<uint64_t, 2> parent;
  uint32_t version;
  uint32_t count;
  uint32_t back_off_ms;
  uint32_t lists_bytes;
  uint64_t time_limit_ms;
  uint32_t trace_bytes;
  uint16_t attempts;
  uint8_t policy;
  uint8_t has_parent;
};
struct AcceptedHead {
  uint64_t input_bytes;
  uint32_t index;
  uint32_t common_bytes;  // 0: of a map
};
struct BegunHead {
  int64_t started_us;
  uint64_t attempt;
};
struct EndedHead {
  int64_t accepted_us;
  int64_t started_us;
  int64_t ended_us;
  int64_t cpu_us;
  uint64_t peak_memory_bytes;
  uint64_t input_bytes;
  uint64_t output_bytes;
  uint64_t log_bytes;
  std::array<uint64_t, 2> parent;
  uint32_t version;
  int32_t exit_code;
  uint32_t message_bytes;
  uint32_t backtrace_bytes;
  uint16_t trace_bytes;
  uint16_t attempt;
  uint16_t attempts;
  uint16_t core;
  uint8_t reason;
  uint8_t flags;
  std::array<uint8_t, 6> unused;
};
struct IdempotencyHead {
  std::array<uint64_t, 2> first;
  std::array<uint64_t, 2> fingerprint;
  int64_t accepted_us;
  uint64_t count;
};

enum EndedFlag : uint8_t { cold = 1, output_apart = 2, log_apart = 4, has_parent = 8 };

int64_t microseconds(WallTime time) { return time.time_since_epoch().count(); }
WallTime wall_time(int64_t us) { return WallTime(std::chrono::microseconds(us)); }
std::array<uint64_t, 2> words(const std::optional<CallId>& id) {
  return id ? std::array<uint64_t, 2>{id->high, id->low} : std::array<uint64_t, 2>{};
}

std::unexpected<Error> damaged(std::string_view what) {
  return error(Error::Kind::corrupt, "the ledger is damaged: {} is not as it was written", what);
}

template <class Head>
void append(std::string& out, const Head& head) {
  static_assert(std::has_unique_object_representations_v<Head>);
  out.append(reinterpret_cast<const char*>(&head), sizeof head);
}

// Takes a record apart; after one piece too many it is not ok, and everything is empty.
class Pieces {
 public:
  explicit Pieces(std::string_view bytes) : left_(bytes) {}
  template <class Head>
  Head head() {
    Head head = {};
    std::string_view bytes = take(sizeof head);
    if (bytes.size() == sizeof head) {
      std::memcpy(&head, bytes.data(), bytes.size());
    }
    return head;
  }
  std::string_view take(uint64_t size) {
    if (size > left_.size()) {
      ok_ = false;
      left_ = {};
      return {};
    }
    std::string_view piece = left_.substr(0, size);
    left_.remove_prefix(size);
    return piece;
  }
  bool whole() const { return ok_ && left_.empty(); }

 private:
  std::string_view left_;
  bool ok_ = true;
};

}  // namespace

// --- keys

RecordKey& RecordKey::add(std::string_view bytes) {
  CHECK(bytes.size() <= bytes_.size() - size_);
  std::memcpy(bytes_.data() + size_, bytes.data(), bytes.size());
  size_ += bytes.size();
  return *this;
}

RecordKey& RecordKey::add(uint32_t number) {
  number = __builtin_bswap32(number);
  return add(std::string_view(reinterpret_cast<char*>(&number), sizeof number));
}

RecordKey& RecordKey::add(CallId id) {
  auto bytes = id.bytes();
  return add(std::string_view(bytes.data(), bytes.size()));
}

RecordKey index_prefix(uint32_t function, Reason reason) {
  auto byte = static_cast<char>(reason);
  return RecordKey(Table::index).add(function).add(std::string_view(&byte, 1));
}

RecordKey index_key(uint32_t function, Reason reason, CallId id) {
  return index_prefix(function, reason).add(id);
}

RecordKey idempotency_key(std::string_view name_space, std::string_view key) {
  return RecordKey(Table::key).add(name_space).add(std::string_view("\0", 1)).add(key);
}

Result<CallId> id_of_key(std::string_view key) {
  constexpr size_t id_bytes = 16;
  if (key.size() <= id_bytes) {
    return damaged("a key");
  }
  return CallId::from_bytes(key.substr(key.size() - id_bytes));
}

Result<uint32_t> number_of_key(std::string_view key) {
  uint32_t number = 0;
  if (key.size() != 1 + sizeof number) {
    return damaged("a key");
  }
  std::memcpy(&number, key.data() + 1, sizeof number);
  return __builtin_bswap32(number);
}

// --- values

std::string encode_common(const Common& c) {
  CommonHead head = {
      .accepted_us = microseconds(c.accepted),
      .parent = words(c.parent),
      .version = c.version,
      .count = c.count,
      .back_off_ms = static_cast<uint32_t>(c.policy.back_off.count()),
      .lists_bytes = static_cast<uint32_t>(c.lists.size()),
      .time_limit_ms = static_cast<uint64_t>(c.time_limit.count()),
      .trace_bytes = static_cast<uint32_t>(c.trace.size()),
      .attempts = c.policy.attempts,
      .policy = static_cast<uint8_t>(c.policy.kind),
      .has_parent = c.parent.has_value(),
  };
  std::string out;
  out.reserve(sizeof head + c.lists.size() + c.trace.size());
  append(out, head);
  return out.append(c.lists).append(c.trace);
}

Result<Common> decode_common(std::string_view bytes) {
  Pieces pieces(bytes);
  auto head = pieces.head<CommonHead>();
  std::string_view lists = pieces.take(head.lists_bytes);
  std::string_view trace = pieces.take(head.trace_bytes);
  bool valid = pieces.whole() && head.count > 0 && head.attempts > 0 && head.has_parent <= 1 &&
               head.policy <= static_cast<uint8_t>(Policy::Kind::at_least_once) &&
               head.time_limit_ms <= INT64_MAX / 1'000'000;
  if (!valid) {
    return damaged("what was accepted");
  }
  Common c;
  c.version = head.version;
  c.count = head.count;
  c.policy = {static_cast<Policy::Kind>(head.policy), head.attempts,
              std::chrono::milliseconds(head.back_off_ms)};
  c.time_limit = std::chrono::milliseconds(head.time_limit_ms);
  c.accepted = wall_time(head.accepted_us);
  if (head.has_parent != 0) {
    c.parent = CallId{head.parent[0], head.parent[1]};
  }
  c.trace = trace;
  c.lists = lists;
  return c;
}

std::string encode_accepted(const Common* common, uint32_t index, std::string_view input) {
  std::string shared = common != nullptr ? encode_common(*common) : std::string();
  AcceptedHead head = {.input_bytes = input.size(),
                       .index = index,
                       .common_bytes = static_cast<uint32_t>(shared.size())};
  bool apart = input.size() > input_inline_max;
  std::string out;
  out.reserve(sizeof head + shared.size() + (apart ? 0 : input.size()));
  append(out, head);
  out += shared;
  if (!apart) {
    out += input;
  }
  return out;
}

Result<AcceptedRecord> decode_accepted(std::string_view bytes) {
  Pieces pieces(bytes);
  auto head = pieces.head<AcceptedHead>();
  std::string_view common = pieces.take(head.common_bytes);
  AcceptedRecord record;
  record.index = head.index;
  record.input_bytes = head.input_bytes;
  record.input_apart = head.input_bytes > input_inline_max;
  record.input = record.input_apart ? "" : pieces.take(head.input_bytes);
  if (!pieces.whole()) {
    return damaged("an accepted call");
  }
  if (!common.empty()) {
    TRY(decoded, decode_common(common));
    record.common = std::move(decoded);
  }
  return record;
}

std::string encode_begun(const BegunRecord& record) {
  std::string out;
  append(out, BegunHead{microseconds(record.started), record.attempt});
  return out;
}

Result<BegunRecord> decode_begun(std::string_view bytes) {
  Pieces pieces(bytes);
  auto head = pieces.head<BegunHead>();
  if (!pieces.whole() || head.attempt == 0 || head.attempt > UINT16_MAX) {
    return damaged("a call that had begun");
  }
  return BegunRecord{static_cast<uint16_t>(head.attempt), wall_time(head.started_us)};
}

std::string encode_ended(const EndedRecord& r) {
  EndedHead head = {
      .accepted_us = microseconds(r.accepted),
      .started_us = microseconds(r.started),
      .ended_us = microseconds(r.ended),
      .cpu_us = r.cpu.count(),
      .peak_memory_bytes = r.peak_memory_bytes,
      .input_bytes = r.input_bytes,
      .output_bytes = r.output_bytes,
      .log_bytes = r.log_bytes,
      .parent = words(r.parent),
      .version = r.version,
      .exit_code = r.exit_code,
      .message_bytes = static_cast<uint32_t>(r.message.size()),
      .backtrace_bytes = static_cast<uint32_t>(r.backtrace.size()),
      .trace_bytes = static_cast<uint16_t>(r.trace.size()),
      .attempt = r.attempt,
      .attempts = r.attempts,
      .core = r.core,
      .reason = static_cast<uint8_t>(r.reason),
      .flags = static_cast<uint8_t>((r.cold ? cold : 0) | (r.output_apart ? output_apart : 0) |
                                    (r.log_apart ? log_apart : 0) | (r.parent ? has_parent : 0)),
      .unused = {},
  };
  std::string_view output = r.output_apart ? std::string_view() : r.output;
  std::string_view log = r.log_apart ? std::string_view() : r.log;
  std::string out;
  out.reserve(sizeof head + r.trace.size() + r.message.size() + r.backtrace.size() + output.size() +
              log.size());
  append(out, head);
  return out.append(r.trace).append(r.message).append(r.backtrace).append(output).append(log);
}

Result<EndedRecord> decode_ended(std::string_view bytes) {
  Pieces pieces(bytes);
  auto head = pieces.head<EndedHead>();
  EndedRecord r;
  r.output_apart = (head.flags & output_apart) != 0;
  r.log_apart = (head.flags & log_apart) != 0;
  r.trace = pieces.take(head.trace_bytes);
  r.message = pieces.take(head.message_bytes);
  r.backtrace = pieces.take(head.backtrace_bytes);
  r.output = r.output_apart ? "" : pieces.take(head.output_bytes);
  r.log = r.log_apart ? "" : pieces.take(head.log_bytes);
  if (!pieces.whole() || head.reason >= reasons) {
    return damaged("an ended call");
  }
  r.version = head.version;
  r.reason = static_cast<Reason>(head.reason);
  r.exit_code = head.exit_code;
  r.attempt = head.attempt;
  r.attempts = head.attempts;
  r.core = head.core;
  r.cold = (head.flags & cold) != 0;
  r.accepted = wall_time(head.accepted_us);
  r.started = wall_time(head.started_us);
  r.ended = wall_time(head.ended_us);
  r.cpu = std::chrono::microseconds(head.cpu_us);
  r.peak_memory_bytes = head.peak_memory_bytes;
  r.input_bytes = head.input_bytes;
  r.output_bytes = head.output_bytes;
  r.log_bytes = head.log_bytes;
  if ((head.flags & has_parent) != 0) {
    r.parent = CallId{head.parent[0], head.parent[1]};
  }
  return r;
}

std::string encode_idempotency(const IdempotencyRecord& record) {
  std::string out;
  append(out, IdempotencyHead{words(record.first), record.fingerprint,
                              microseconds(record.accepted), record.count});
  return out;
}

Result<IdempotencyRecord> decode_idempotency(std::string_view bytes) {
  Pieces pieces(bytes);
  auto head = pieces.head<IdempotencyHead>();
  if (!pieces.whole() || head.count == 0 || head.count > UINT32_MAX) {
    return damaged("an idempotency key");
  }
  return IdempotencyRecord{{head.first[0], head.first[1]},
                           static_cast<uint32_t>(head.count),
                           head.fingerprint,
                           wall_time(head.accepted_us)};
}

std::string encode_lists(const std::vector<std::string>& arguments,
                         const std::vector<std::string>& environment) {
  if (arguments.empty() && environment.empty()) {
    return {};
  }
  ArchiveWriter writer;
  writer(const_cast<std::vector<std::string>&>(arguments),
         const_cast<std::vector<std::string>&>(environment));
  return writer.take();
}

Result<void> decode_lists(std::string_view bytes, std::vector<std::string>& arguments,
                          std::vector<std::string>& environment) {
  if (bytes.empty()) {
    return {};
  }
  ArchiveReader reader(bytes);
  reader(arguments, environment);
  if (!reader.ok() || !reader.at_end()) {
    return damaged("a call's arguments");
  }
  return {};
}

std::string encode_number(uint32_t number) {
  return {reinterpret_cast<char*>(&number), sizeof number};
}

Result<uint32_t> decode_number(std::string_view bytes) {
  uint32_t number = 0;
  if (bytes.size() != sizeof number) {
    return damaged("a number");
  }
  std::memcpy(&number, bytes.data(), sizeof number);
  return number;
}

std::array<uint64_t, 2> fingerprint(const Submission& common, const std::string* inputs,
                                    size_t count) {
  std::unique_ptr<XXH3_state_t, decltype([](XXH3_state_t* s) { XXH3_freeState(s); })> owner(
      XXH3_createState());
  CHECK(owner != nullptr, "no memory");
  XXH3_state_t* state = owner.get();
  XXH3_128bits_reset(state);
  auto add = [&](std::string_view bytes) {
    uint64_t size = bytes.size();
    XXH3_128bits_update(state, &size, sizeof size);
    XXH3_128bits_update(state, bytes.data(), bytes.size());
  };
  add(common.function.name);
  for (const auto* list : {&common.arguments, &common.environment}) {
    uint64_t size = list->size();
    XXH3_128bits_update(state, &size, sizeof size);
    for (const std::string& text : *list) {
      add(text);
    }
  }
  for (size_t i = 0; i < count; ++i) {
    add(inputs[i]);
  }
  XXH128_hash_t hash = XXH3_128bits_digest(state);
  return {hash.low64, hash.high64};
}

}  // namespace weft::call
