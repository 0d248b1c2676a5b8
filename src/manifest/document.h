// What a TOML file or a JSON text holds, in one form: the rules for settings (table_reader.h) are
// written once for both, and each value knows where it stands.
//
// Input may be anybody's: both parsers bound depth, number and names (below), refuse keys that are
// given twice and text that is no UTF-8. Thread safety: values; no shared state.
#pragma once

#include <cstdint>
#include <filesystem>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "base/result.h"

namespace weft::manifest {

struct Member;

struct Value {
  using List = std::vector<Value>;
  using Table = std::vector<Member>;  // in the order of the text (TOML: of the names)
  struct Other {};                    // null, or a date of TOML: nothing that a setting can be

  // "weft.toml:3:8" (file, line, column) or "Weft-Function#/limits/memory" (JSON pointer).
  std::string where;
  std::variant<Other, bool, int64_t, double, std::string, List, Table> data;

  const std::string* text() const { return std::get_if<std::string>(&data); }
  const List* list() const { return std::get_if<List>(&data); }
  const Table* table() const { return std::get_if<Table>(&data); }
};

struct Member {
  std::string key;
  std::string where;  // of the key
  Value value;
};

// `source` stands in front of each position. Errors: what is no TOML or JSON, with its line and
// column; more than the bounds below.
Result<Value> parse_toml(std::string_view text, std::string_view source);
Result<Value> parse_json(std::string_view text, std::string_view source);

// The text of such a file. Errors: it cannot be read, or is longer than max_document_bytes.
Result<std::string> read_document(const std::filesystem::path& file);

constexpr size_t max_document_bytes = 1 << 20;
constexpr size_t max_document_depth = 8;
constexpr size_t max_document_values = 10000;
constexpr size_t max_table_members = 1000;
constexpr size_t max_key_bytes = 256;

}  // namespace weft::manifest
