#include "call/ledger.h"

#include <algorithm>

namespace weft::call {

namespace {

std::unexpected<Error> too_long(std::string_view what, size_t size, size_t most) {
  return error(Error::Kind::invalid, "{} has {} bytes; {} is the most", what, size, most);
}

Result<void> check_text(std::string_view what, std::string_view text, size_t most) {
  if (text.size() > most) {
    return too_long(what, text.size(), most);
  }
  if (text.find('\0') != std::string_view::npos) {
    return error(Error::Kind::invalid, "{} contains a zero byte", what);
  }
  return {};
}

Result<void> check(const Submission& s, const std::string* inputs, uint32_t count) {
  TRY_VOID(check_text("the namespace", s.function.name_space, name_max_bytes));
  TRY_VOID(check_text("the function's name", s.function.name, name_max_bytes));
  TRY_VOID(check_text("the version", s.version, version_max_bytes));
  TRY_VOID(check_text("the idempotency key", s.idempotency_key, idempotency_key_max_bytes));
  TRY_VOID(check_text("the trace context", s.trace, trace_max_bytes));
  size_t lists = 0;
  for (const auto* list : {&s.arguments, &s.environment}) {
    for (const std::string& text : *list) {
      lists += text.size() + sizeof(uint64_t);
    }
  }
  if (lists > lists_max_bytes) {
    return too_long("the list of arguments and variables", lists, lists_max_bytes);
  }
  for (uint32_t i = 0; i < count; ++i) {
    if (inputs[i].size() > bytes_max) {
      return too_long("the input", inputs[i].size(), bytes_max);
    }
  }
  if (s.policy.attempts == 0) {
    return error(Error::Kind::invalid, "a call needs one attempt at least");
  }
  if (s.time_limit.count() < 0 || s.policy.back_off.count() < 0) {
    return error(Error::Kind::invalid, "a time limit or back-off is negative");
  }
  return {};
}

}  // namespace

struct Ledger::Acceptance {
  std::shared_ptr<Common> common;
  CallId first;
  uint32_t function = 0;
  std::vector<uint64_t> input_bytes;
  std::optional<IdempotencyRecord> record;
  std::string record_key;
  AcceptDone done;
};

Ledger::~Ledger() {
  std::unique_lock lock(mutex_);
  answered_.wait(lock, [this] { return unanswered_ == 0; });
}

void Ledger::commit(store::Batch batch, store::Done done) {
  struct Answered {
    void operator()(Ledger* ledger) const {
      std::lock_guard lock(ledger->mutex_);
      --ledger->unanswered_;
      ledger->answered_.notify_all();
    }
  };
  {
    std::lock_guard lock(mutex_);
    ++unanswered_;
  }
  std::unique_ptr<Ledger, Answered> missing(this);
  store_.commit(std::move(batch), [missing = std::move(missing),
                                   done = std::move(done)](Result<void> written) mutable {
    done(std::move(written));
    done = nullptr;
  });
}

// --- accepting

Result<void> Ledger::admit(uint32_t count) {
  if (live_.size() + accepting_ + count > options_.live_max) {
    return error(Error::Kind::exhausted, "{} calls have not ended, {} are the most",
                 live_.size() + accepting_, options_.live_max);
  }
  accepting_ += count;
  return {};
}

void Ledger::accept(const Submission& submission, AcceptDone done) {
  accept_all(submission, &submission.input, 1, std::move(done));
}

void Ledger::accept_map(const Submission& common, const std::vector<std::string>& inputs,
                        AcceptDone done) {
  if (inputs.empty() || inputs.size() > options_.map_max) {
    return done(error(Error::Kind::invalid, "a map of {} inputs: 1 to {} are possible",
                      inputs.size(), options_.map_max));
  }
  accept_all(common, inputs.data(), static_cast<uint32_t>(inputs.size()), std::move(done));
}

void Ledger::accept_all(const Submission& common, const std::string* inputs, uint32_t count,
                        AcceptDone done) {
  if (auto valid = check(common, inputs, count); !valid) {
    return done(std::unexpected(std::move(valid).error()));
  }
  constexpr std::chrono::milliseconds longest = std::chrono::hours(24 * 365);
  Acceptance acceptance;
  Policy policy = common.policy;
  policy.back_off = std::min(policy.back_off, longest);
  acceptance.common =
      std::make_shared<Common>(Common{.count = count,
                                      .policy = policy,
                                      .time_limit = std::min(common.time_limit, longest),
                                      .accepted = clock_.now(),
                                      .parent = common.parent,
                                      .trace = common.trace,
                                      .lists = encode_lists(common.arguments, common.environment)});
  acceptance.done = std::move(done);
  Common& c = *acceptance.common;
  store::Batch batch;
  {
    std::unique_lock lock(mutex_);
    if (auto admitted = admit(count); !admitted) {
      lock.unlock();
      return acceptance.done(std::unexpected(std::move(admitted).error()));
    }
    c.version = names_.number(common.function, common.version, batch);
    acceptance.function = names_.function_of(c.version);
    acceptance.first = ids_.take(c.accepted, count);
  }
  CallId first = acceptance.first;
  if (!common.idempotency_key.empty()) {
    acceptance.record = {first, count, fingerprint(common, inputs, count), c.accepted};
    acceptance.record_key =
        idempotency_key(common.function.name_space, common.idempotency_key).text();
    batch.require_absent(acceptance.record_key);
    batch.put(acceptance.record_key, encode_idempotency(*acceptance.record));
  }
  if (count > 1) {
    batch.put(id_key(Table::group, first), encode_common(c));
  }
  if (c.parent) {
    batch.put(RecordKey(Table::parent).add(*c.parent).add(first), encode_number(count));
  }
  acceptance.input_bytes.reserve(count);
  for (uint32_t i = 0; i < count; ++i) {
    CallId id = first.plus(i);
    batch.put(id_key(Table::accepted, id), encode_accepted(count > 1 ? nullptr : &c, i, inputs[i]));
    if (inputs[i].size() > input_inline_max) {
      batch.put(id_key(Table::input, id), inputs[i]);
    }
    acceptance.input_bytes.push_back(inputs[i].size());
  }
  c.lists = {};  // read again when the call is run after a restart
  commit(std::move(batch),
         [this, acceptance = std::move(acceptance)](Result<void> written) mutable {
           accept_written(acceptance, std::move(written));
         });
}

void Ledger::accept_written(Acceptance& acceptance, Result<void> written) {
  const Common& c = *acceptance.common;
  {
    std::lock_guard lock(mutex_);
    accepting_ -= c.count;
    if (written) {
      names_.written(c.version);
      for (uint32_t i = 0; i < c.count; ++i) {
        live_.add(acceptance.first.plus(i), {.common = acceptance.common,
                                             .function = acceptance.function,
                                             .index = i,
                                             .input_bytes = acceptance.input_bytes[i]});
      }
      if (c.count > 1) {
        map_left_[acceptance.first] = c.count;
      }
    }
  }
  if (written) {
    return acceptance.done(Accepted{acceptance.first, c.count});
  }
  if (acceptance.record && written.error().kind() == Error::Kind::conflict) {
    return acceptance.done(accepted_before(*acceptance.record, acceptance.record_key));
  }
  acceptance.done(std::unexpected(std::move(written).error()));
}

Result<Accepted> Ledger::accepted_before(const IdempotencyRecord& now, std::string_view key) {
  TRY(found, store_.get(key));
  if (!found) {
    return error(Error::Kind::exhausted, "the idempotency key was just forgotten; ask again");
  }
  TRY(before, decode_idempotency(*found));
  if (before.fingerprint != now.fingerprint || before.count != now.count) {
    return error(Error::Kind::conflict,
                 "the idempotency key was used for call {}, which had another input; take another "
                 "key",
                 before.first.text());
  }
  return Accepted{before.first, before.count, true};
}

// --- running

void Ledger::running(CallId id, RunningDone done) {
  std::unique_lock lock(mutex_);
  Live* live = live_.find(id);
  if (live == nullptr || live->state != State::accepted || live->busy) {
    lock.unlock();
    return done(live == nullptr
                    ? error(Error::Kind::not_found, "no call {} waits to be run", id.text())
                    : error(Error::Kind::conflict, "call {} has begun already", id.text()));
  }
  WallTime before = live->started;
  bool wait = live->common->policy.kind == Policy::Kind::at_most_once;
  uint16_t attempt = ++live->attempt;
  live->started = std::max(clock_.now(), live->common->accepted);
  live->busy = wait;
  live_.set_state(id, State::running);
  store::Batch batch;
  batch.put(id_key(Table::begun, id), encode_begun({attempt, live->started}));
  lock.unlock();
  if (!wait) {
    commit(std::move(batch), [](Result<void>) {});  // a lost count is an attempt more
    return done(attempt);
  }
  commit(std::move(batch),
         [this, id, attempt, before, done = std::move(done)](Result<void> written) mutable {
           {
             std::lock_guard lock_again(mutex_);
             Live* begun = live_.find(id);
             CHECK(begun != nullptr && begun->busy);
             begun->busy = false;
             if (!written) {
               --begun->attempt;
               begun->started = before;
               live_.set_state(id, State::accepted);
             }
           }
           written ? done(attempt) : done(std::unexpected(std::move(written).error()));
         });
}

Result<WallTime> Ledger::again(CallId id) {
  std::lock_guard lock(mutex_);
  Live* live = live_.find(id);
  if (live == nullptr) {
    return error(Error::Kind::not_found, "no call {} is running", id.text());
  }
  const Policy& policy = live->common->policy;
  if (live->state != State::running || live->busy) {
    return error(Error::Kind::conflict, "call {} is not running", id.text());
  }
  if (policy.kind == Policy::Kind::at_most_once || live->attempt >= policy.attempts) {
    return error(Error::Kind::conflict, "call {} has had its attempts", id.text());
  }
  live->not_before = clock_.now() + policy.wait_after(live->attempt);
  live_.set_state(id, State::accepted);
  return live->not_before;
}

// --- ending

void Ledger::ended(CallId id, const End& end, Done done) {
  end_call(id, State::running, end, std::move(done));
}

void Ledger::cancel(CallId id, Done done) {
  end_call(id, State::accepted,
           {.reason = Reason::cancelled, .message = "The call was cancelled before it began."},
           std::move(done));
}

// Before its record can be seen: then count_step() leaves it to end_written().
void Ledger::note_end(CallId id) {
  if (counted_to_ && id <= opened_last_) {
    ended_since_.insert(id);
  }
}

void Ledger::end_call(CallId id, State from, const End& end, Done done) {
  if (end.output.size() > bytes_max || end.log.size() > bytes_max) {
    return done(
        too_long("the output or log", std::max(end.output.size(), end.log.size()), bytes_max));
  }
  uint64_t kept_bytes = 0;
  std::unique_lock lock(mutex_);
  Live* live = live_.find(id);
  if (live == nullptr || live->state != from || live->busy) {
    State state = live == nullptr ? State::ended : live->state;
    lock.unlock();
    return done(live == nullptr
                    ? error(Error::Kind::not_found, "call {} is not known, or has ended", id.text())
                    : error(Error::Kind::conflict, "call {} is {}, and cannot be ended as {}",
                            id.text(), name(state), name(from)));
  }
  live->busy = true;
  note_end(id);
  Live copy = *live;
  lock.unlock();
  store::Batch batch = end_batch(id, copy, end, &kept_bytes);
  commit(std::move(batch), [this, id, kept_bytes, reason = end.reason,
                            done = std::move(done)](Result<void> written) mutable {
    end_written(id, kept_bytes, reason, written);
    done(std::move(written));
  });
}

store::Batch Ledger::end_batch(CallId id, const Live& live, const End& end, uint64_t* kept_bytes) {
  const Common& c = *live.common;
  WallTime earliest = std::max(c.accepted, live.started);
  EndedRecord record = {.version = c.version,
                        .reason = end.reason,
                        .exit_code = end.exit_code,
                        .attempt = live.attempt,
                        .attempts = c.policy.attempts,
                        .core = end.core,
                        .cold = end.cold,
                        .output_apart = end.output.size() > output_inline_max,
                        .log_apart = end.log.size() > output_inline_max,
                        .accepted = c.accepted,
                        .started = live.started,
                        .ended = std::max(clock_.now(), earliest),
                        .cpu = end.cpu,
                        .peak_memory_bytes = end.peak_memory_bytes,
                        .input_bytes = live.input_bytes,
                        .output_bytes = end.output.size(),
                        .log_bytes = end.log.size(),
                        .parent = c.parent,
                        .trace = c.trace,
                        .message = std::string_view(end.message).substr(0, message_max_bytes),
                        .backtrace = std::string_view(end.backtrace).substr(0, backtrace_max_bytes),
                        .output = end.output,
                        .log = end.log};
  store::Batch batch;
  batch.erase(id_key(Table::accepted, id));
  if (live.attempt > 0) {
    batch.erase(id_key(Table::begun, id));
  }
  if (live.input_bytes > input_inline_max) {
    batch.erase(id_key(Table::input, id));
  }
  std::string ended = encode_ended(record);
  *kept_bytes = ended.size();
  batch.put(id_key(Table::ended, id), ended);
  batch.put(index_key(live.function, end.reason, id), "");
  if (record.output_apart) {
    batch.put(id_key(Table::output, id), end.output);
    *kept_bytes += end.output.size();
  }
  if (record.log_apart) {
    batch.put(id_key(Table::log, id), end.log);
    *kept_bytes += end.log.size();
  }
  return batch;
}

void Ledger::end_written(CallId id, uint64_t kept_bytes, Reason reason,
                         const Result<void>& written) {
  std::optional<CallId> map_is_over;
  {
    std::lock_guard lock(mutex_);
    if (!written) {
      live_.find(id)->busy = false;
      return;
    }
    Live live = live_.erase(id);
    names_.kept_reasons(live.function) |= static_cast<uint8_t>(1u << static_cast<unsigned>(reason));
    ++kept_.ended[static_cast<size_t>(reason)];
    kept_.kept_bytes += kept_bytes;
    if (live.of_map()) {
      auto left = map_left_.find(id.minus(live.index));
      if (--left->second == 0) {
        map_is_over = left->first;
        map_left_.erase(left);
      }
    }
  }
  if (map_is_over) {
    store::Batch batch;
    batch.erase(id_key(Table::group, *map_is_over));
    commit(std::move(batch), [](Result<void>) {});  // else the next open() does it
  }
}

}  // namespace weft::call
