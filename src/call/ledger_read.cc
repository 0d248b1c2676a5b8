// What can be asked of calls.
#include <algorithm>
#include <queue>

#include "call/ledger.h"

namespace weft::call {

namespace {

std::unexpected<Error> unknown(CallId id) {
  return error(Error::Kind::not_found,
               "call {} is not known: never accepted here, or its result "
               "was collected",
               id.text());
}

}  // namespace

Call Ledger::describe(CallId id, const Live& live) const {
  const Common& c = *live.common;
  Call call;
  call.id = id;
  call.state = live.state;
  call.function = names_.function(live.function);
  call.version = names_.version(c.version);
  call.attempt = live.attempt;
  call.attempts = c.policy.attempts;
  call.accepted = c.accepted;
  call.started = live.started;
  call.input_bytes = live.input_bytes;
  call.parent = c.parent;
  call.trace = c.trace;
  return call;
}

Call Ledger::describe(CallId id, const EndedRecord& r) const {
  Call call;
  call.id = id;
  call.state = State::ended;
  call.function = names_.function(names_.function_of(r.version));
  call.version = names_.version(r.version);
  call.attempt = r.attempt;
  call.attempts = r.attempts;
  call.accepted = r.accepted;
  call.started = r.started;
  call.input_bytes = r.input_bytes;
  call.parent = r.parent;
  call.trace = r.trace;
  call.reason = r.reason;
  call.ended = r.ended;
  call.exit_code = r.exit_code;
  call.message = r.message;
  call.backtrace = r.backtrace;
  call.cpu = r.cpu;
  call.peak_memory_bytes = r.peak_memory_bytes;
  call.core = r.core;
  call.cold = r.cold;
  call.output_bytes = r.output_bytes;
  call.log_bytes = r.log_bytes;
  return call;
}

Result<std::string> Ledger::ended_record(CallId id) {
  TRY(bytes, store_.get(id_key(Table::ended, id)));
  if (!bytes) {
    return unknown(id);
  }
  return *std::move(bytes);
}

Result<Call> Ledger::find(CallId id) {
  {
    std::lock_guard lock(mutex_);
    if (const Live* live = live_.find(id)) {
      return describe(id, *live);
    }
  }
  TRY(bytes, ended_record(id));
  TRY(record, decode_ended(bytes));
  std::lock_guard lock(mutex_);
  if (!names_.knows(record.version)) {
    return error(Error::Kind::corrupt, "the ledger is damaged: call {} is of no function",
                 id.text());
  }
  return describe(id, record);
}

Result<std::string> Ledger::ended_bytes(CallId id, Table table) {
  {
    std::lock_guard lock(mutex_);
    if (live_.find(id) != nullptr) {
      return error(Error::Kind::conflict, "call {} has not ended", id.text());
    }
  }
  TRY(bytes, ended_record(id));
  TRY(record, decode_ended(bytes));
  bool apart = table == Table::output ? record.output_apart : record.log_apart;
  if (!apart) {
    return std::string(table == Table::output ? record.output : record.log);
  }
  TRY(found, store_.get(id_key(table, id)));
  if (!found) {
    return unknown(id);  // collected in this moment
  }
  return *std::move(found);
}

Result<std::string> Ledger::output(CallId id) { return ended_bytes(id, Table::output); }
Result<std::string> Ledger::log(CallId id) { return ended_bytes(id, Table::log); }

Result<Submission> Ledger::submission(CallId id) {
  Submission s;
  {
    std::lock_guard lock(mutex_);
    const Live* live = live_.find(id);
    if (live == nullptr) {
      return error(Error::Kind::conflict, "call {} is not known, or has ended", id.text());
    }
    const Common& c = *live->common;
    s.function = names_.function(live->function);
    s.version = names_.version(c.version);
    s.policy = c.policy;
    s.time_limit = c.time_limit;
    s.parent = c.parent;
    s.trace = c.trace;
  }
  auto gone = [&] { return error(Error::Kind::conflict, "call {} has ended", id.text()); };
  TRY(bytes, store_.get(id_key(Table::accepted, id)));
  if (!bytes) {
    return gone();
  }
  TRY(record, decode_accepted(*bytes));
  s.input = record.input;
  if (record.input_apart) {
    TRY(input, store_.get(id_key(Table::input, id)));
    if (!input) {
      return gone();
    }
    s.input = *std::move(input);
  }
  if (!record.common) {
    TRY(shared, store_.get(id_key(Table::group, id.minus(record.index))));
    if (!shared) {
      return gone();
    }
    TRY(common, decode_common(*shared));
    record.common = std::move(common);
  }
  TRY_VOID(decode_lists(record.common->lists, s.arguments, s.environment));
  return s;
}

Result<std::vector<CallId>> Ledger::children(CallId id, size_t limit) {
  TRY(entries, store_.scan({.prefix = id_key(Table::parent, id).text(), .limit = limit}));
  std::vector<CallId> children;
  for (const store::Entry& entry : entries) {
    TRY(first, id_of_key(entry.key));
    TRY(count, decode_number(entry.value));
    for (uint32_t i = 0; i < count && children.size() < limit; ++i) {
      children.push_back(first.plus(i));
    }
  }
  return children;
}

std::vector<Pending> Ledger::pending(std::optional<CallId> after, size_t limit) {
  std::lock_guard lock(mutex_);
  std::vector<Pending> found;
  for (auto [id, live] : live_.waiting(after, limit)) {
    found.push_back({id, names_.function(live->function), names_.version(live->common->version),
                     live->attempt, live->not_before});
  }
  return found;
}

Counts Ledger::counts() {
  std::lock_guard lock(mutex_);
  Counts counts = kept_;
  counts.accepted = live_.accepted();
  counts.running = live_.running();
  counts.complete = !counted_to_;
  return counts;
}

// --- lists

namespace {

// The ended calls of one function and reason, newest first, read as they are needed.
class IndexRun {
 public:
  IndexRun(store::Store& store, std::string prefix, std::optional<CallId> before, size_t chunk)
      : store_(store), prefix_(std::move(prefix)), chunk_(chunk) {
    if (before) {
      auto bytes = before->bytes();
      after_ = prefix_ + std::string(bytes.data(), bytes.size());
    }
  }
  // The next id, or none at the end.
  Result<std::optional<CallId>> front() {
    if (at_ == entries_.size() && !over_) {
      TRY(entries, store_.scan({.prefix = prefix_,
                                .after = after_,
                                .direction = store::Direction::backward,
                                .limit = chunk_,
                                .values = store::Values::without}));
      over_ = entries.size() < chunk_;
      at_ = 0;
      entries_ = std::move(entries);
      if (!entries_.empty()) {
        after_ = entries_.back().key;
      }
    }
    if (at_ == entries_.size()) {
      return std::nullopt;
    }
    TRY(id, id_of_key(entries_[at_].key));
    return id;
  }
  void pop() { ++at_; }

 private:
  store::Store& store_;
  std::string prefix_;
  std::string after_;
  size_t chunk_;
  std::vector<store::Entry> entries_;
  size_t at_ = 0;
  bool over_ = false;
};

// The newest `limit` ids of all runs.
Result<std::vector<CallId>> merge(std::vector<IndexRun>& runs, size_t limit) {
  std::priority_queue<std::pair<CallId, size_t>> fronts;
  auto push = [&](size_t i) -> Result<void> {
    TRY(front, runs[i].front());
    if (front) {
      fronts.emplace(*front, i);
    }
    return {};
  };
  for (size_t i = 0; i < runs.size(); ++i) {
    TRY_VOID(push(i));
  }
  std::vector<CallId> ids;
  while (!fronts.empty() && ids.size() < limit) {
    auto [id, run] = fronts.top();
    fronts.pop();
    ids.push_back(id);
    runs[run].pop();
    TRY_VOID(push(run));
  }
  return ids;
}

}  // namespace

Result<CallPage> Ledger::list(const CallFilter& filter, std::optional<CallId> cursor,
                              size_t limit) {
  CHECK(!filter.function || filter.name_space, "a function needs its namespace");
  limit = std::max<size_t>(limit, 1);
  std::vector<Call> found;
  std::vector<IndexRun> runs;
  {
    std::lock_guard lock(mutex_);
    std::vector<uint32_t> functions = names_.find(filter.name_space, filter.function);
    size_t chunk = functions.size() > 1 ? limit / functions.size() + 2 : limit + 1;
    for (uint32_t function : functions) {
      for (State state : {State::accepted, State::running}) {
        if (filter.reason || filter.state.value_or(state) != state) {
          continue;
        }
        for (auto [id, live] : live_.newest(function, state, cursor, limit + 1)) {
          found.push_back(describe(id, *live));
        }
      }
      for (size_t r = 0; r < reasons; ++r) {
        auto reason = static_cast<Reason>(r);
        bool wanted = filter.state.value_or(State::ended) == State::ended &&
                      filter.reason.value_or(reason) == reason;
        if (wanted && (names_.kept_reasons(function) >> r & 1) != 0) {
          runs.emplace_back(store_, index_prefix(function, reason).text(), cursor, chunk);
        }
      }
    }
  }
  TRY(ids, merge(runs, limit + 1));
  for (CallId id : ids) {
    auto call = find(id);
    if (call) {
      found.push_back(*std::move(call));
    } else if (call.error().kind() != Error::Kind::not_found) {  // that: collected meanwhile
      return std::unexpected(std::move(call).error());
    }
  }
  // A call that ended meanwhile may be there twice: as what it became, then.
  std::ranges::sort(found, [](const Call& a, const Call& b) {
    return a.id != b.id ? a.id > b.id : a.state > b.state;
  });
  auto twice = std::ranges::unique(found, {}, &Call::id);
  found.erase(twice.begin(), twice.end());
  CallPage page;
  if (found.size() > limit) {
    found.resize(limit);
    page.next = found.back().id;
  }
  page.calls = std::move(found);
  return page;
}

}  // namespace weft::call
