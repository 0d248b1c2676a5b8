// What a process finds that starts: names, calls that have not ended, the last id.
#include <algorithm>

#include "call/ledger.h"

namespace weft::call {

namespace {

constexpr size_t page = 1000;

// Calls `visit` with each entry of a table, in order.
template <class Visit>
Result<void> each(store::Store& store, Table table, Visit visit,
                  store::Values values = store::Values::with) {
  std::string prefix(1, static_cast<char>(table));
  for (std::string after;;) {
    TRY(entries, store.scan({.prefix = prefix, .after = after, .limit = page, .values = values}));
    for (const store::Entry& entry : entries) {
      TRY_VOID(visit(entry));
    }
    if (entries.size() < page) {
      return {};
    }
    after = entries.back().key;
  }
}

const End lost_end = {.reason = Reason::lost,
                      .message = "The node stopped while the call was running."};

}  // namespace

Result<std::unique_ptr<Ledger>> Ledger::open(store::Store& store, const Clock& clock,
                                             Options options) {
  CHECK(options.map_max < sequences_per_millisecond && options.collect_step > 0);
  std::unique_ptr<Ledger> ledger(new Ledger(store, clock, options));
  TRY_VOID(ledger->recover());
  return ledger;
}

Result<void> Ledger::recover() {
  TRY_VOID(check_format());
  TRY_VOID(names_.load(store_));
  TRY(last, last_id());
  ids_ = CallIdSource(last);
  opened_last_ = last;
  TRY_VOID(read_live());
  return find_kept_reasons();
}

Result<void> Ledger::check_format() {
  std::string key = RecordKey(Table::meta).add("format").text();
  TRY(found, store_.get(key));
  if (!found) {
    store::Batch batch;
    batch.put(key, encode_number(ledger_format));
    return store::commit_and_wait(store_, std::move(batch));
  }
  TRY(format, decode_number(*found));
  if (format > ledger_format) {
    return error(Error::Kind::unsupported,
                 "the ledger of calls was written by a newer version of weft (format {}, this one "
                 "knows {}); use that version, or another data directory",
                 format, ledger_format);
  }
  return {};
}

// The greatest id that is kept, or was when something was collected.
Result<CallId> Ledger::last_id() {
  CallId last;
  TRY(noted, store_.get(RecordKey(Table::meta).add("last")));
  if (noted) {
    TRY(id, id_of_key("m" + *noted));
    last = id;
  }
  for (const char* table : {"a", "e"}) {
    TRY(found, store_.scan({.prefix = table,
                            .direction = store::Direction::backward,
                            .limit = 1,
                            .values = store::Values::without}));
    if (!found.empty()) {
      TRY(id, id_of_key(found[0].key));
      last = std::max(last, id);
    }
  }
  return last;
}

Result<void> Ledger::read_live() {
  std::unordered_map<CallId, std::shared_ptr<const Common>> maps;
  TRY_VOID(each(store_, Table::group, [&](const store::Entry& entry) -> Result<void> {
    TRY(id, id_of_key(entry.key));
    TRY(common, decode_common(entry.value));
    common.lists = {};
    maps.emplace(id, std::make_shared<const Common>(std::move(common)));
    return {};
  }));
  std::unordered_map<CallId, BegunRecord> begun;
  TRY_VOID(each(store_, Table::begun, [&](const store::Entry& entry) -> Result<void> {
    TRY(id, id_of_key(entry.key));
    TRY(record, decode_begun(entry.value));
    begun.emplace(id, record);
    return {};
  }));
  std::vector<CallId> lost;
  WallTime now = clock_.now();
  TRY_VOID(each(store_, Table::accepted, [&](const store::Entry& entry) -> Result<void> {
    TRY(id, id_of_key(entry.key));
    TRY(record, decode_accepted(entry.value));
    Live live = {.index = record.index, .input_bytes = record.input_bytes};
    if (record.common) {
      record.common->lists = {};
      live.common = std::make_shared<const Common>(*std::move(record.common));
    } else if (auto map = maps.find(id.minus(record.index)); map != maps.end()) {
      live.common = map->second;
      ++map_left_[map->first];
    }
    if (live.common == nullptr || !names_.knows(live.common->version)) {
      return error(Error::Kind::corrupt, "the ledger is damaged: call {} lacks its other records",
                   id.text());
    }
    live.function = names_.function_of(live.common->version);
    if (auto before = begun.find(id); before != begun.end()) {
      const Policy& policy = live.common->policy;
      live.attempt = before->second.attempt;
      live.started = before->second.started;
      live.not_before = now + policy.wait_after(live.attempt);
      if (policy.kind == Policy::Kind::at_most_once || live.attempt >= policy.attempts) {
        lost.push_back(id);
      }
    }
    live_.add(id, std::move(live));
    return {};
  }));
  store::Batch orphans;
  for (const auto& [first, common] : maps) {
    if (!map_left_.contains(first)) {
      orphans.erase(id_key(Table::group, first));
    }
  }
  if (!orphans.empty()) {
    TRY_VOID(store::commit_and_wait(store_, std::move(orphans)));
  }
  return end_lost(lost);
}

Result<void> Ledger::end_lost(const std::vector<CallId>& lost) {
  for (size_t begin = 0; begin < lost.size(); begin += page) {
    std::vector<CallId> some(
        lost.begin() + static_cast<ptrdiff_t>(begin),
        lost.begin() + static_cast<ptrdiff_t>(std::min(begin + page, lost.size())));
    std::vector<uint64_t> kept_bytes(some.size());
    store::Batch batch;
    for (size_t i = 0; i < some.size(); ++i) {
      note_end(some[i]);
      batch.append(end_batch(some[i], *live_.find(some[i]), lost_end, &kept_bytes[i]));
    }
    TRY_VOID(store::commit_and_wait(store_, std::move(batch)));
    for (size_t i = 0; i < some.size(); ++i) {
      end_written(some[i], kept_bytes[i], Reason::lost, {});
    }
  }
  return {};
}

// One look for each function and reason.
Result<void> Ledger::find_kept_reasons() {
  for (uint32_t function = 0; function < names_.functions(); ++function) {
    for (size_t reason = 0; reason < reasons; ++reason) {
      TRY(found, store_.scan({.prefix = index_prefix(function, static_cast<Reason>(reason)).text(),
                              .limit = 1,
                              .values = store::Values::without}));
      if (!found.empty()) {
        names_.kept_reasons(function) |= static_cast<uint8_t>(1u << reason);
      }
    }
  }
  return {};
}

}  // namespace weft::call
