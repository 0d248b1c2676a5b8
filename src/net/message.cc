#include "net/message.h"

#include <algorithm>
#include <nlohmann/json.hpp>

namespace weft::net {
namespace {

char lower(char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c + 32) : c; }

}  // namespace

bool same_name(std::string_view a, std::string_view b) {
  return a.size() == b.size() &&
         std::ranges::equal(a, b, [](char x, char y) { return lower(x) == lower(y); });
}

Request::Range Request::keep(std::string_view text) {
  Range range{static_cast<uint32_t>(text_.size()), static_cast<uint32_t>(text.size())};
  text_ += text;
  return range;
}

const std::vector<std::string>& Request::segments() const {
  if (!segments_) {
    segments_ = path_segments(path());
  }
  return *segments_;
}

const std::vector<Query>& Request::queries() const {
  if (!queries_) {
    queries_ = query_values(query_string());
  }
  return *queries_;
}

std::optional<std::string_view> Request::query(std::string_view name) const {
  for (const Query& one : queries()) {
    if (one.name == name) {
      return one.value;
    }
  }
  return std::nullopt;
}

HeaderView Request::header_at(size_t index) const {
  CHECK(index < headers_.size());
  return {view(headers_[index].name), view(headers_[index].value)};
}

std::optional<std::string_view> Request::header(std::string_view name) const {
  for (const Field& field : headers_) {
    if (same_name(view(field.name), name)) {
      return view(field.value);
    }
  }
  return std::nullopt;
}

Body::Body(std::shared_ptr<const std::string> shared) {
  size_t size = shared->size();
  content_ = Shared{std::move(shared), 0, size};
}

Body::Body(std::shared_ptr<const std::string> shared, size_t offset, size_t size) {
  CHECK(offset <= shared->size() && size <= shared->size() - offset);
  content_ = Shared{std::move(shared), offset, size};
}

std::string_view Body::view() const {
  if (const auto* own = std::get_if<std::string>(&content_)) {
    return *own;
  }
  const auto& shared = std::get<Shared>(content_);
  return std::string_view(*shared.text).substr(shared.offset, shared.size);
}

Response problem(unsigned status, std::string_view type, std::string_view title,
                 std::string_view detail) {
  nlohmann::ordered_json document = {{"type", fmt::format("urn:weft:problem:{}", type)},
                                     {"title", title},
                                     {"status", status},
                                     {"detail", detail}};
  // Details may quote what a client sent, which need not be UTF-8.
  auto replace = nlohmann::ordered_json::error_handler_t::replace;
  return Response{.status = status,
                  .headers = {{"Content-Type", "application/problem+json"}},
                  .body = document.dump(-1, ' ', false, replace) + "\n"};
}

Response problem(unsigned status, std::string_view type, std::string_view title,
                 std::string_view detail, unsigned retry_after_seconds) {
  Response response = problem(status, type, title, detail);
  response.headers.push_back({"Retry-After", std::to_string(retry_after_seconds)});
  return response;
}

std::string_view reason_phrase(unsigned status) {
  struct Phrase {
    unsigned status;
    std::string_view text;
  };
  // IANA's registry of HTTP status codes.
  static constexpr Phrase phrases[] = {
      {100, "Continue"},
      {200, "OK"},
      {201, "Created"},
      {202, "Accepted"},
      {204, "No Content"},
      {206, "Partial Content"},
      {301, "Moved Permanently"},
      {302, "Found"},
      {303, "See Other"},
      {304, "Not Modified"},
      {307, "Temporary Redirect"},
      {308, "Permanent Redirect"},
      {400, "Bad Request"},
      {401, "Unauthorized"},
      {403, "Forbidden"},
      {404, "Not Found"},
      {405, "Method Not Allowed"},
      {406, "Not Acceptable"},
      {408, "Request Timeout"},
      {409, "Conflict"},
      {410, "Gone"},
      {411, "Length Required"},
      {412, "Precondition Failed"},
      {413, "Content Too Large"},
      {414, "URI Too Long"},
      {415, "Unsupported Media Type"},
      {416, "Range Not Satisfiable"},
      {417, "Expectation Failed"},
      {422, "Unprocessable Content"},
      {428, "Precondition Required"},
      {429, "Too Many Requests"},
      {431, "Request Header Fields Too Large"},
      {500, "Internal Server Error"},
      {501, "Not Implemented"},
      {502, "Bad Gateway"},
      {503, "Service Unavailable"},
      {504, "Gateway Timeout"},
      {505, "HTTP Version Not Supported"},
      {507, "Insufficient Storage"},
  };
  for (const Phrase& phrase : phrases) {
    if (phrase.status == status) {
      return phrase.text;
    }
  }
  return "Unknown";
}

bool is_header_name(std::string_view text) {
  return !text.empty() && std::ranges::all_of(text, [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
           std::string_view("!#$%&'*+-.^_`|~").contains(c);
  });
}

bool is_header_value(std::string_view text) {
  return std::ranges::all_of(
      text, [](char c) { return c == '\t' || (static_cast<unsigned char>(c) >= ' ' && c != 127); });
}

}  // namespace weft::net
