#include "answers.h"

#include <algorithm>
#include <cmath>

#include "messages.h"

namespace weft::cli {

namespace {

const Json nothing;
const Json no_list = Json::array();
const Json no_object = Json::object();

const Json& member(const Json& object, std::string_view key) {
  if (!object.is_object()) {
    return nothing;
  }
  auto found = object.find(key);
  return found == object.end() ? nothing : *found;
}

// Of UTF-8, the bytes that begin a character.
size_t width_of(std::string_view text) {
  return static_cast<size_t>(std::ranges::count_if(
      text, [](char c) { return (static_cast<unsigned char>(c) & 0xc0) != 0x80; }));
}

}  // namespace

std::string text_at(const Json& object, std::string_view key) {
  const Json& value = member(object, key);
  return value.is_string() ? value.get<std::string>() : "";
}

double number_at(const Json& object, std::string_view key) {
  const Json& value = member(object, key);
  return value.is_number() ? value.get<double>() : 0;
}

const Json& list_at(const Json& object, std::string_view key) {
  const Json& value = member(object, key);
  return value.is_array() ? value : no_list;
}

const Json& object_at(const Json& object, std::string_view key) {
  const Json& value = member(object, key);
  return value.is_object() ? value : no_object;
}

std::string cell_at(const Json& object, std::string_view key) {
  const Json& value = member(object, key);
  if (value.is_string()) {
    return value.get<std::string>();
  }
  return value.is_number() || value.is_boolean() ? json_line(value) : "-";
}

Result<Json> parse_answer(std::string_view body) {
  Json value = Json::parse(body, nullptr, false);
  if (value.is_discarded()) {
    return error(Error::Kind::invalid, "the answer is no JSON; is this a weft node?");
  }
  return value;
}

std::string json_line(const Json& value) {
  return value.dump(-1, ' ', false, Json::error_handler_t::replace);
}

std::string json_text(const Json& value) {
  return value.dump(2, ' ', false, Json::error_handler_t::replace) + "\n";
}

bool is_utf8(std::string_view text) {
  // The library's own check, so that what passes here is written there as it is.
  Json value(text);
  return Json::parse(json_line(value)).get_ref<const std::string&>() == text;
}

std::string base64(std::string_view bytes) {
  constexpr std::string_view digits =
      "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
  std::string out;
  for (size_t i = 0; i < bytes.size(); i += 3) {
    uint32_t word = 0;
    for (size_t j = 0; j < 3; ++j) {
      word = word << 8 | (i + j < bytes.size() ? static_cast<unsigned char>(bytes[i + j]) : 0);
    }
    for (size_t j = 0; j < 4; ++j) {
      out += i + j > bytes.size() ? '=' : digits[word >> (18 - 6 * j) & 63];
    }
  }
  return out;
}

void add_output(Json& call, std::string_view output) {
  if (is_utf8(output)) {
    call["output"] = output;
  } else {
    call["output_base64"] = base64(output);
  }
}

std::string microseconds_text(double us) {
  if (us < 1000) {
    return fmt::format("{:.0f} µs", us);
  }
  if (us < 1e6) {
    return fmt::format("{:.{}f} ms", us / 1e3, us < 1e5 ? 1 : 0);
  }
  if (us < 60e6) {
    return fmt::format("{:.1f} s", us / 1e6);
  }
  double minutes = std::floor(us / 60e6);
  if (minutes < 60) {
    return fmt::format("{:.0f}m {:.0f}s", minutes, std::floor(us / 1e6 - minutes * 60));
  }
  double hours = std::floor(minutes / 60);
  return hours < 48 ? fmt::format("{:.0f}h {:.0f}m", hours, minutes - hours * 60)
                    : fmt::format("{:.0f}d {:.0f}h", std::floor(hours / 24), std::fmod(hours, 24));
}

std::string moment_text(std::string_view rfc3339) {
  constexpr size_t seconds_end = 19;
  if (rfc3339.size() < seconds_end) {
    return rfc3339.empty() ? "-" : std::string(rfc3339);
  }
  std::string text(rfc3339.substr(0, seconds_end));
  text[10] = ' ';
  return text;
}

std::string table_text(const std::vector<std::vector<std::string>>& rows) {
  std::vector<size_t> widths;
  std::vector<std::vector<std::string>> cells;
  for (const auto& row : rows) {
    auto& line = cells.emplace_back();
    for (size_t i = 0; i < row.size(); ++i) {
      line.push_back(printable(row[i]));
      widths.resize(std::max(widths.size(), i + 1));
      widths[i] = std::max(widths[i], width_of(line.back()));
    }
  }
  std::string out;
  for (const auto& line : cells) {
    for (size_t i = 0; i < line.size(); ++i) {
      out += line[i];
      if (i + 1 < line.size()) {
        out += std::string(widths[i] + 2 - width_of(line[i]), ' ');
      }
    }
    out += "\n";
  }
  return out;
}

std::string problem_name(const Json& problem) {
  constexpr std::string_view prefix = "urn:weft:problem:";
  std::string type = text_at(problem, "type");
  return type.starts_with(prefix) ? type.substr(prefix.size()) : type;
}

Error problem_of(const net::Client::Answer& answer, std::string_view server) {
  Json problem = Json::parse(answer.body, nullptr, false);
  std::string name = problem_name(problem);
  std::string detail = text_at(problem, "detail");
  if (detail.empty()) {
    detail = text_at(problem, "title");
  }
  if (detail.empty()) {
    return {Error::Kind::io, fmt::format("{} answered {} without saying why; is it a weft node?",
                                         server, answer.status)};
  }
  for (const Json& reason : list_at(problem, "reasons")) {
    detail +=
        fmt::format("; {}", reason.is_string() ? reason.get<std::string>() : json_line(reason));
  }
  if (name == "unauthorized") {
    detail += "; set WEFT_TOKEN, or the token of a profile (`weft help token`)";
  }
  if (std::string_view after = answer.header("Retry-After"); !after.empty()) {
    detail += fmt::format("; try again in {} s", after);
  }
  auto kind = answer.status == 404   ? Error::Kind::not_found
              : answer.status == 409 ? Error::Kind::conflict
              : answer.status < 404  ? Error::Kind::denied
              : answer.status < 500  ? Error::Kind::invalid
                                     : Error::Kind::io;
  return {kind, fmt::format("{} ({})", detail, server)};
}

}  // namespace weft::cli
