// What a server answers, for people: members of JSON that may be missing or of another type, times,
// tables. Thread safety: functions.
#pragma once

#include <nlohmann/json.hpp>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "net/client.h"

namespace weft::cli {

using Json = nlohmann::json;

// What is not there, or of another type, is empty.
std::string text_at(const Json& object, std::string_view key);
double number_at(const Json& object, std::string_view key);
const Json& list_at(const Json& object, std::string_view key);
const Json& object_at(const Json& object, std::string_view key);
// "-" for what is not there.
std::string cell_at(const Json& object, std::string_view key);

Result<Json> parse_answer(std::string_view body);
// One line; what is no UTF-8 is replaced.
std::string json_line(const Json& value);
std::string json_text(const Json& value);  // indented, with a line end

// Is it a text that JSON can hold?
bool is_utf8(std::string_view text);
std::string base64(std::string_view bytes);
// As "output", or "output_base64" when it is no text.
void add_output(Json& call, std::string_view output);

std::string microseconds_text(double microseconds);  // "812 µs", "1.2 ms", "3.4 s", "2h 5m"
std::string moment_text(std::string_view rfc3339);   // "2026-11-24 17:12:13"

// Columns as wide as their widest cell; the first row is the heading. Control characters of cells
// are escaped.
std::string table_text(const std::vector<std::vector<std::string>>& rows);

// An answer of status 400 or more: what it says went wrong, and what to do when weft knows.
Error problem_of(const net::Client::Answer& answer, std::string_view server);
// "call-trapped" of urn:weft:problem:call-trapped.
std::string problem_name(const Json& problem);

}  // namespace weft::cli
