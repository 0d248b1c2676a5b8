// Forgetting, in small steps. Results go in order of acceptance, from the oldest; a call that ran
// for long is passed by until it is its time.
#include <algorithm>

#include "call/ledger.h"

namespace weft::call {

struct Ledger::Step {
  store::Batch batch;
  Collected collected;
  struct Gone {
    Reason reason;
    uint64_t bytes;
  };
  std::vector<Gone> results;
};

namespace {

uint64_t kept_bytes(const store::Entry& entry, const EndedRecord& record) {
  return entry.value.size() + (record.output_apart ? record.output_bytes : 0) +
         (record.log_apart ? record.log_bytes : 0);
}

}  // namespace

// What was there when the ledger was opened is counted first, a step at a time.
Result<void> Ledger::count_step() {
  std::string after;
  {
    std::lock_guard lock(mutex_);
    if (*counted_to_ != CallId{}) {
      after = id_key(Table::ended, *counted_to_).text();
    }
  }
  TRY(entries, store_.scan({.prefix = "e", .after = after, .limit = options_.collect_step}));
  std::lock_guard lock(mutex_);
  bool over = entries.size() < options_.collect_step;
  for (const store::Entry& entry : entries) {
    TRY(id, id_of_key(entry.key));
    TRY(record, decode_ended(entry.value));
    if (id > opened_last_) {
      over = true;
      break;
    }
    if (!ended_since_.contains(id)) {
      ++kept_.ended[static_cast<size_t>(record.reason)];
      kept_.kept_bytes += kept_bytes(entry, record);
    }
    counted_to_ = id;
  }
  if (over) {
    counted_to_.reset();
    ended_since_.clear();
  }
  return {};
}

Result<void> Ledger::collect_results(Step& step) {
  WallTime oldest = clock_.now() - options_.keep_results;
  uint64_t bytes = 0;
  {
    std::lock_guard lock(mutex_);
    bytes = kept_.kept_bytes;
  }
  TRY(entries, store_.scan({.prefix = "e", .limit = options_.collect_step}));
  for (const store::Entry& entry : entries) {
    TRY(id, id_of_key(entry.key));
    bool too_much = bytes > options_.keep_bytes;
    if (!too_much && id.time() > oldest + std::chrono::milliseconds(1)) {
      break;  // it ended after it was accepted, and so did all that follow
    }
    TRY(record, decode_ended(entry.value));
    if (!too_much && record.ended > oldest) {
      continue;
    }
    std::lock_guard lock(mutex_);
    if (live_.find(id) != nullptr || !names_.knows(record.version)) {
      continue;
    }
    store::Batch& batch = step.batch;
    batch.erase(entry.key);
    batch.erase(index_key(names_.function_of(record.version), record.reason, id));
    if (record.output_apart) {
      batch.erase(id_key(Table::output, id));
    }
    if (record.log_apart) {
      batch.erase(id_key(Table::log, id));
    }
    if (record.parent) {
      batch.erase(RecordKey(Table::parent).add(*record.parent).add(id));
    }
    uint64_t size = kept_bytes(entry, record);
    bytes -= std::min(bytes, size);
    step.results.push_back({record.reason, size});
  }
  step.collected.calls = step.results.size();
  step.collected.more = entries.size() == options_.collect_step && !step.results.empty();
  return {};
}

Result<void> Ledger::collect_keys(Step& step) {
  WallTime oldest = clock_.now() - options_.keep_keys;
  TRY(entries, store_.scan({.prefix = "k", .after = keys_cursor_, .limit = options_.collect_step}));
  for (const store::Entry& entry : entries) {
    TRY(record, decode_idempotency(entry.value));
    if (record.accepted < oldest) {
      step.batch.erase(entry.key);
      ++step.collected.keys;
    }
  }
  bool over = entries.size() < options_.collect_step;
  keys_cursor_ = over ? "" : entries.back().key;
  step.collected.more |= !over;
  return {};
}

void Ledger::collect(CollectDone done) {
  bool counting = false;
  CallId last;
  {
    std::unique_lock lock(mutex_);
    if (std::exchange(collecting_, true)) {
      lock.unlock();
      return done(error(Error::Kind::conflict, "a step of collecting is under way"));
    }
    counting = counted_to_.has_value();
    last = ids_.last();
  }
  auto step = std::make_unique<Step>();
  Result<void> read;
  if (counting) {
    read = count_step();
    step->collected.more = true;
  } else {
    read = collect_results(*step);
    read = read ? collect_keys(*step) : read;
  }
  auto finish = [this, done = std::move(done)](Step& finished, Result<void> result) mutable {
    {
      std::lock_guard lock(mutex_);
      collecting_ = false;
      for (const Step::Gone& forgotten : finished.results) {
        if (result) {
          --kept_.ended[static_cast<size_t>(forgotten.reason)];
          kept_.kept_bytes -= forgotten.bytes;
        }
      }
    }
    result ? done(finished.collected) : done(std::unexpected(std::move(result).error()));
  };
  if (!read || step->batch.empty()) {
    return finish(*step, std::move(read));
  }
  // Ids stay above those that are forgotten.
  auto bytes = last.bytes();
  step->batch.put(RecordKey(Table::meta).add("last"), std::string_view(bytes.data(), bytes.size()));
  store::Batch batch = std::move(step->batch);
  commit(std::move(batch),
         [step = std::move(step), finish = std::move(finish)](Result<void> written) mutable {
           finish(*step, std::move(written));
         });
}

}  // namespace weft::call
