// Reads the settings of one table: what is not known, of the wrong type or out of range is an error
// that says where and what to write instead.
//
//   TRY(table, TableReader::open(value, "[limits]", limit_keys));
//   TRY_VOID(table.read_size("memory", limits.memory_bytes, {64 << 10, 4ULL << 30}));
//
// A key that is not there leaves its variable as it is. Thread safety: values; a reader refers to
// the value that it reads.
#pragma once

#include <chrono>
#include <map>
#include <optional>
#include <set>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/quantity.h"
#include "base/result.h"
#include "manifest/document.h"
#include "manifest/key.h"

namespace weft::manifest {

template <class T>
struct Range {
  T least;
  T most;
};

class TableReader {
 public:
  using Texts = std::map<std::string, std::string>;

  // `name` is the table's in messages. Error: no table, or a key that is not among `keys`.
  static Result<TableReader> open(const Value& value, std::string_view name,
                                  std::span<const Key> keys);
  // A table whose keys are names that the user chose.
  static Result<TableReader> open_named(const Value& value, std::string_view name);

  const Value::Table& members() const { return *table_; }
  const Value* find(std::string_view key) const;
  const std::string& where() const { return *where_; }

  Result<void> read(std::string_view key, bool& value) const;
  Result<void> read(std::string_view key, std::string& value) const;
  Result<void> read(std::string_view key, std::vector<std::string>& values) const;
  Result<void> read(std::string_view key, Texts& values) const;
  Result<void> read_count(std::string_view key, uint32_t& value, Range<uint32_t> range) const;
  // "8M" or a number of bytes.
  Result<void> read_size(std::string_view key, uint64_t& bytes, Range<uint64_t> range) const;
  // "5s" or a number of seconds.
  Result<void> read_time(std::string_view key, std::chrono::nanoseconds& time,
                         Range<std::chrono::nanoseconds> range) const;

  // A text of a syntax of its own; `parse` gives a Result<T>.
  template <class T, class Parse>
  Result<void> read_parsed(std::string_view key, T& value, Parse parse) const {
    std::string text;
    TRY_VOID(read(key, text));
    const Value* found = find(key);
    if (found == nullptr) {
      return {};
    }
    auto parsed = parse(text);
    if (!parsed) {
      return std::unexpected(parsed.error().in(found->where));
    }
    value = *std::move(parsed);
    return {};
  }
  // A list of these.
  template <class T, class Parse>
  Result<void> read_parsed(std::string_view key, std::vector<T>& values, Parse parse) const {
    std::vector<std::string> texts;
    TRY_VOID(read(key, texts));
    for (size_t i = 0; i < texts.size(); ++i) {
      auto parsed = parse(texts[i]);
      if (!parsed) {
        return std::unexpected(parsed.error().in((*find(key)->list())[i].where));
      }
      values.push_back(*std::move(parsed));
    }
    return {};
  }

 private:
  TableReader(const Value::Table& table, const std::string& where)
      : table_(&table), where_(&where) {}

  const Value::Table* table_;
  const std::string* where_;
};

// One of these words, each with its value; else an error that lists them.
template <class T>
struct Word {
  std::string_view name;
  T value;
};
template <class T>
Result<T> parse_word(std::string_view text, std::span<const Word<T>> words) {
  std::string known;
  for (const Word<T>& word : words) {
    if (word.name == text) {
      return word.value;
    }
    known += fmt::format("{}\"{}\"", known.empty() ? "" : ", ", word.name);
  }
  return error(Error::Kind::invalid, "\"{}\" is not one of {}", text, known);
}
template <class T>
std::string_view word_of(T value, std::span<const Word<T>> words) {
  for (const Word<T>& word : words) {
    if (word.value == value) {
      return word.name;
    }
  }
  return "?";
}

// The error of an unknown key.
Error unknown_key(const Member& member, std::string_view table, std::span<const Key> keys);

}  // namespace weft::manifest
