#include "manifest/table_reader.h"

#include <algorithm>
#include <cmath>

#include "base/suggestion.h"

namespace weft::manifest {

namespace {

using std::chrono::nanoseconds;

std::unexpected<Error> wrong(const Value& value, std::string_view key, std::string_view wanted) {
  return error(Error::Kind::invalid, "{}: {} is {}", value.where, key, wanted);
}

Result<void> check_text(const Value& value, std::string_view key) {
  if (value.text()->find('\0') != std::string::npos) {
    return wrong(value, key, "a text without NUL characters");
  }
  return {};
}

template <class T>
Result<void> check_range(const Value& value, std::string_view key, T number, Range<T> range,
                         std::string (*text)(T)) {
  if (number < range.least || number > range.most) {
    return error(Error::Kind::invalid, "{}: {} is {}; it has to be {} to {}", value.where, key,
                 text(number), text(range.least), text(range.most));
  }
  return {};
}

std::string number_text(int64_t number) { return fmt::format("{}", number); }

}  // namespace

Error unknown_key(const Member& member, std::string_view table, std::span<const Key> keys) {
  std::vector<std::string_view> names;
  for (const Key& key : keys) {
    names.push_back(key.name);
  }
  constexpr size_t longest = 80;  // of somebody's key in a message of ours
  std::string hint = suggestion(member.key, names);
  return {
      Error::Kind::invalid,
      fmt::format("{}: unknown key {} in {}{}", member.where, member.key.substr(0, longest), table,
                  hint.empty() ? fmt::format("; known are {}", fmt::join(names, ", ")) : hint)};
}

Result<TableReader> TableReader::open(const Value& value, std::string_view name,
                                      std::span<const Key> keys) {
  TRY(reader, open_named(value, name));
  for (const Member& member : *reader.table_) {
    if (std::ranges::find(keys, member.key, &Key::name) == keys.end()) {
      return std::unexpected(unknown_key(member, name, keys));
    }
  }
  return reader;
}

Result<TableReader> TableReader::open_named(const Value& value, std::string_view name) {
  const Value::Table* table = value.table();
  if (table == nullptr) {
    return wrong(value, name, "a table of names and values");
  }
  return TableReader(*table, value.where);
}

const Value* TableReader::find(std::string_view key) const {
  auto found = std::ranges::find(*table_, key, &Member::key);
  return found == table_->end() ? nullptr : &found->value;
}

Result<void> TableReader::read(std::string_view key, bool& value) const {
  if (const Value* found = find(key)) {
    const bool* boolean = std::get_if<bool>(&found->data);
    if (boolean == nullptr) {
      return wrong(*found, key, "true or false");
    }
    value = *boolean;
  }
  return {};
}

Result<void> TableReader::read(std::string_view key, std::string& value) const {
  if (const Value* found = find(key)) {
    if (found->text() == nullptr) {
      return wrong(*found, key, "a text in quotes");
    }
    TRY_VOID(check_text(*found, key));
    value = *found->text();
  }
  return {};
}

Result<void> TableReader::read(std::string_view key, std::vector<std::string>& values) const {
  const Value* found = find(key);
  if (found == nullptr) {
    return {};
  }
  if (found->list() == nullptr) {
    return wrong(*found, key, "a list of texts, [\"…\", \"…\"]");
  }
  for (const Value& item : *found->list()) {
    if (item.text() == nullptr) {
      return wrong(item, key, "a list of texts, [\"…\", \"…\"]");
    }
    TRY_VOID(check_text(item, key));
    values.push_back(*item.text());
  }
  return {};
}

Result<void> TableReader::read(std::string_view key, Texts& values) const {
  const Value* found = find(key);
  if (found == nullptr) {
    return {};
  }
  TRY(table, open_named(*found, key));
  for (const Member& member : table.members()) {
    if (member.value.text() == nullptr) {
      return wrong(member.value, member.key, "a text in quotes");
    }
    TRY_VOID(check_text(member.value, member.key));
    values[member.key] = *member.value.text();
  }
  return {};
}

Result<void> TableReader::read_count(std::string_view key, uint32_t& value,
                                     Range<uint32_t> range) const {
  if (const Value* found = find(key)) {
    const int64_t* number = std::get_if<int64_t>(&found->data);
    if (number == nullptr) {
      return wrong(*found, key, fmt::format("a number, {} to {}", range.least, range.most));
    }
    TRY_VOID(check_range<int64_t>(*found, key, *number, {range.least, range.most}, number_text));
    value = static_cast<uint32_t>(*number);
  }
  return {};
}

Result<void> TableReader::read_size(std::string_view key, uint64_t& bytes,
                                    Range<uint64_t> range) const {
  const Value* found = find(key);
  if (found == nullptr) {
    return {};
  }
  uint64_t size = 0;
  if (const int64_t* number = std::get_if<int64_t>(&found->data)) {
    size = *number < 0 ? 0 : static_cast<uint64_t>(*number);
  } else if (found->text() == nullptr) {
    return wrong(*found, key, "a size, \"64K\", \"8M\" or \"1G\"");
  } else if (auto parsed = parse_size(*found->text())) {
    size = *parsed;
  } else {
    return std::unexpected(parsed.error().in(fmt::format("{}: {}", found->where, key)));
  }
  TRY_VOID(check_range<uint64_t>(*found, key, size, range, size_value));
  bytes = size;
  return {};
}

Result<void> TableReader::read_time(std::string_view key, nanoseconds& time,
                                    Range<nanoseconds> range) const {
  const Value* found = find(key);
  if (found == nullptr) {
    return {};
  }
  std::string text;
  if (const int64_t* number = std::get_if<int64_t>(&found->data)) {
    text = fmt::format("{}", *number);
  } else if (const double* real = std::get_if<double>(&found->data)) {
    text = fmt::format("{:f}", *real);
  } else if (found->text() != nullptr) {
    text = *found->text();
  } else {
    return wrong(*found, key, "a time, \"200ms\", \"5s\" or \"2h\"");
  }
  auto parsed = parse_duration(text);
  if (!parsed) {
    return std::unexpected(parsed.error().in(fmt::format("{}: {}", found->where, key)));
  }
  TRY_VOID(check_range<nanoseconds>(*found, key, *parsed, range, duration_text));
  time = *parsed;
  return {};
}

std::string key_table(std::span<const Key> keys) {
  std::string out = "| key | value | default | meaning |\n|---|---|---|---|\n";
  for (const Key& key : keys) {
    out += fmt::format("| `{}` | {} | {} | {} |\n", key.name, key.form, key.standard, key.meaning);
  }
  return out;
}

}  // namespace weft::manifest
