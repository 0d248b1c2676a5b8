// The half of Session that turns answers into bytes.
#include <charconv>

#include "net/session.h"

namespace weft::net {
namespace {

void append_number(std::string& out, uint64_t number, int base = 10) {
  char digits[24];
  auto [end, fault] = std::to_chars(std::begin(digits), std::end(digits), number, base);
  CHECK(fault == std::errc());
  out.append(digits, end);
}

void append_header(std::string& out, std::string_view name, std::string_view value) {
  out.append(name).append(": ").append(value).append("\r\n");
}

bool is_the_servers(std::string_view name) {
  return same_name(name, "Transfer-Encoding") || same_name(name, "Connection") ||
         same_name(name, "Date");
}

const Header* find(const std::vector<Header>& headers, std::string_view name) {
  for (const Header& header : headers) {
    if (same_name(header.name, name)) {
      return &header;
    }
  }
  return nullptr;
}

bool is_sendable(unsigned status, const std::vector<Header>& headers) {
  if (status < 200 || status > 599) {
    return false;
  }
  for (const Header& header : headers) {
    if (!is_header_name(header.name) || !is_header_value(header.value)) {
      return false;
    }
  }
  return true;
}

Response unsendable() {
  return problem(500, "bad-answer", "The answer could not be sent",
                 "its status is none, or a header has a character that is not allowed");
}

bool has_no_body(unsigned status) { return status == 204 || status == 304; }

std::optional<uint64_t> length_in(const std::vector<Header>& headers) {
  const Header* header = find(headers, "Content-Length");
  uint64_t length = 0;
  if (header == nullptr) {
    return std::nullopt;
  }
  const char* last = header->value.data() + header->value.size();
  auto [end, fault] = std::from_chars(header->value.data(), last, length);
  return fault == std::errc() && end == last ? std::optional(length) : std::nullopt;
}

}  // namespace

std::string_view Site::date() {
  time_t seconds = std::chrono::system_clock::to_time_t(std::chrono::system_clock::now());
  if (seconds != dated_) {
    dated_ = seconds;
    std::tm parts = {};
    gmtime_r(&seconds, &parts);
    char text[40];
    date_.assign(text, strftime(text, sizeof text, "%a, %d %b %Y %H:%M:%S GMT", &parts));
  }
  return date_;
}

Session::Slot& Session::slot_of(const Exchange& exchange) {
  size_t index = exchange.number_ - first_number_;
  CHECK(index < slots_.size() && slots_[index].exchange == &exchange);
  return slots_[index];
}

// `length` is nothing when the body is chunked or goes on until the connection is closed.
void Session::put_head(Slot& slot, unsigned status, const std::vector<Header>& headers,
                       std::optional<uint64_t> length) {
  if (const Header* connection = find(headers, "Connection")) {
    slot.keep_alive = slot.keep_alive && !same_name(connection->value, "close");
  }
  slot.keep_alive = slot.keep_alive && !site_.draining && slot.framing != Framing::until_close;
  Output& output = output_of(slot);
  std::string& out = output.open();
  size_t before = out.size();
  out.append("HTTP/1.1 ");
  append_number(out, status);
  out.append(" ").append(reason_phrase(status)).append("\r\n");
  for (const Header& header : headers) {
    if (!is_the_servers(header.name) && !same_name(header.name, "Content-Length")) {
      append_header(out, header.name, header.value);
    }
  }
  if (length && !has_no_body(status)) {
    out.append("Content-Length: ");
    append_number(out, *length);
    out.append("\r\n");
  }
  if (slot.framing == Framing::chunked) {
    out.append("Transfer-Encoding: chunked\r\n");
  }
  if (!slot.keep_alive) {
    out.append("Connection: close\r\n");
  } else if (slot.http10) {
    out.append("Connection: keep-alive\r\n");
  }
  append_header(out, "Date", site_.date());
  out.append("\r\n");
  output.close(before);
}

void Session::answer_slot(Slot& slot, Response response) {
  if (!is_sendable(response.status, response.headers)) {
    response = unsendable();
  }
  uint64_t length = response.body.size();
  if (slot.head_only && length == 0) {
    length = length_in(response.headers).value_or(0);
  }
  put_head(slot, response.status, response.headers, length);
  if (!slot.head_only && !has_no_body(response.status)) {
    output_of(slot).add(std::move(response.body));
  }
  slot.complete = true;
}

void Session::answer(Exchange& exchange, Response response) {
  answer_slot(slot_of(exchange), std::move(response));
  advance();
}

void Session::begin_stream(Exchange& exchange, unsigned status,
                           const std::vector<Header>& headers) {
  Slot& slot = slot_of(exchange);
  if (!is_sendable(status, headers)) {
    // What the stream is given goes nowhere.
    detach(slot);
    answer_slot(slot, unsendable());
    advance();
    return;
  }
  auto length = has_no_body(status) ? std::optional<uint64_t>(0) : length_in(headers);
  slot.framing = length ? Framing::length : slot.http10 ? Framing::until_close : Framing::chunked;
  slot.left = length.value_or(0);
  put_head(slot, status, headers, length);
  changed();
}

void Session::write(Exchange& exchange, Body piece) {
  Slot& slot = slot_of(exchange);
  if (slot.framing == Framing::length) {
    CHECK(piece.size() <= slot.left, "a stream has written more than its Content-Length");
    slot.left -= piece.size();
  }
  if (slot.head_only) {
    return;
  }
  Output& output = output_of(slot);
  if (slot.framing == Framing::chunked) {
    std::string& out = output.open();
    size_t before = out.size();
    append_number(out, piece.size(), 16);
    out.append("\r\n");
    output.close(before);
  }
  output.add(std::move(piece));
  if (slot.framing == Framing::chunked) {
    output.append("\r\n");
  }
  slot.undrained = true;
  changed();
}

void Session::end(Exchange& exchange) {
  Slot& slot = slot_of(exchange);
  if (slot.framing == Framing::chunked && !slot.head_only) {
    output_of(slot).append("0\r\n\r\n");
  }
  if (slot.framing == Framing::length && slot.left > 0 && !slot.head_only) {
    slot.cut = true;  // shorter than it was announced
    slot.keep_alive = false;
  }
  slot.complete = true;
  advance();
}

// The exchange is being destroyed.
void Session::let_go(Exchange& exchange) {
  Slot& slot = slot_of(exchange);
  slot.exchange = nullptr;
  if (slot.complete) {
    return;
  }
  if (exchange.answered_) {
    slot.cut = true;
    slot.keep_alive = false;
    slot.complete = true;
  } else {
    answer_slot(slot, problem(500, "no-answer", "The request was not answered",
                              "this is a fault of the server; its log may say more"));
  }
  advance();
}

size_t Session::queued(const Exchange& exchange) const {
  size_t index = exchange.number_ - first_number_;
  CHECK(index < slots_.size());
  return output_.size() + (index > 0 ? slots_[index].waiting.size() : 0);
}

void Session::on_drained(Exchange& exchange, std::function<void()> callback) {
  slot_of(exchange).on_drained = std::move(callback);
}

}  // namespace weft::net
