#include "call/names.h"

#include "call/records.h"

namespace weft::call {

namespace {

constexpr size_t page = 1000;

std::unexpected<Error> damaged() {
  return error(Error::Kind::corrupt, "the ledger is damaged: its list of functions has gaps");
}

}  // namespace

Result<void> Names::load(store::Store& store) {
  // Numbers that a failed batch took may be missing at the end, and nowhere else: a later number
  // came with its function.
  for (std::string after;;) {
    TRY(entries, store.scan({.prefix = "f", .after = after, .limit = page}));
    for (const store::Entry& entry : entries) {
      TRY(number, number_of_key(entry.key));
      size_t zero = entry.value.find('\0');
      if (number < functions_.size() || zero == std::string::npos) {
        return damaged();
      }
      while (functions_.size() < number) {
        functions_.push_back({nullptr, {}});
      }
      add_function({entry.value.substr(0, zero), entry.value.substr(zero + 1)});
      after = entry.key;
    }
    if (entries.size() < page) {
      break;
    }
  }
  for (std::string after;;) {
    TRY(entries, store.scan({.prefix = "v", .after = after, .limit = page}));
    for (const store::Entry& entry : entries) {
      TRY(number, number_of_key(entry.key));
      TRY(function, decode_number(std::string_view(entry.value).substr(0, sizeof(uint32_t))));
      if (number < versions_.size() || function >= functions_.size() ||
          functions_[function].name == nullptr) {
        return damaged();
      }
      versions_.resize(number);  // gaps: numbers that nothing refers to
      versions_.push_back({function, entry.value.substr(sizeof(uint32_t)), true});
      functions_[function].versions.emplace(versions_.back().text, number);
      after = entry.key;
    }
    if (entries.size() < page) {
      return {};
    }
  }
}

uint32_t Names::add_function(const FunctionName& name) {
  auto number = static_cast<uint32_t>(functions_.size());
  auto added = by_name_.emplace(name, number).first;
  functions_.push_back({&added->first, {}});
  return number;
}

uint32_t Names::number(const FunctionName& function, const std::string& version,
                       store::Batch& batch) {
  auto known = by_name_.find(function);
  uint32_t f = known != by_name_.end() ? known->second : add_function(function);
  auto& versions = functions_[f].versions;
  auto found = versions.find(version);
  if (found == versions.end()) {
    found = versions.emplace(version, static_cast<uint32_t>(versions_.size())).first;
    versions_.push_back({f, version, false});
  }
  uint32_t v = found->second;
  if (!versions_[v].written) {
    batch.put(RecordKey(Table::function).add(f),
              function.name_space + std::string(1, '\0') + function.name);
    batch.put(RecordKey(Table::version).add(v), encode_number(f) + version);
  }
  return v;
}

std::vector<uint32_t> Names::find(const std::optional<std::string>& name_space,
                                  const std::optional<std::string>& name) const {
  std::vector<uint32_t> found;
  if (name) {
    auto one = by_name_.find({name_space.value_or(""), *name});
    if (one != by_name_.end()) {
      found.push_back(one->second);
    }
    return found;
  }
  auto at = name_space ? by_name_.lower_bound({*name_space, ""}) : by_name_.begin();
  for (; at != by_name_.end() && (!name_space || at->first.name_space == *name_space); ++at) {
    found.push_back(at->second);
  }
  return found;
}

}  // namespace weft::call
