// What goes over the wire: a request as it was received, a response as it is to be sent.
//
// Thread safety: values. A Request computes its decoded parts when they are first asked for, so it
// belongs to one thread at a time.
#pragma once

#include <boost/container/small_vector.hpp>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "net/url.h"

namespace weft::net {

struct Header {
  std::string name;
  std::string value;
};
struct HeaderView {
  std::string_view name;
  std::string_view value;
};

// Letter case of ASCII does not count, as in names of headers.
bool same_name(std::string_view a, std::string_view b);

enum class Method { get, head, post, put, delete_, patch, options, other };

// Who is at the other end of a connection.
struct Peer {
  std::string address;  // "127.0.0.1:51000", "[::1]:51000"
  bool loopback = false;
  bool tls = false;
};

class Request {
 public:
  Method method() const { return method_; }
  std::string_view method_name() const { return view(method_name_); }
  // As sent.
  std::string_view target() const { return view(target_); }
  // The target's path, still encoded; "*" for OPTIONS *.
  std::string_view path() const { return view(path_); }
  std::string_view query_string() const { return view(query_); }
  // Decoded. "/" has none, "/a/" has two: "a" and "".
  const std::vector<std::string>& segments() const;
  const std::vector<Query>& queries() const;
  // The first value of that name.
  std::optional<std::string_view> query(std::string_view name) const;

  size_t header_count() const { return headers_.size(); }
  HeaderView header_at(size_t index) const;
  // The first value of that name.
  std::optional<std::string_view> header(std::string_view name) const;

  const std::string& body() const { return body_; }
  std::string take_body() { return std::move(body_); }

  const Peer& peer() const { return *peer_; }
  bool is_loopback() const { return peer_->loopback; }
  bool is_tls() const { return peer_->tls; }
  unsigned version() const { return version_; }  // 10 or 11
  // What the client asks for; the server may close the connection all the same.
  bool keep_alive() const { return keep_alive_; }

 private:
  friend class RequestParser;
  friend class Session;

  struct Range {
    uint32_t begin = 0;
    uint32_t size = 0;
  };
  struct Field {
    Range name;
    Range value;
  };
  std::string_view view(Range range) const { return {text_.data() + range.begin, range.size}; }
  Range keep(std::string_view text);

  std::string text_;  // all that the ranges point into
  Range method_name_, target_, path_, query_;
  boost::container::small_vector<Field, 12> headers_;
  std::string body_;
  std::shared_ptr<const Peer> peer_;
  Method method_ = Method::other;
  unsigned version_ = 11;
  bool keep_alive_ = false;
  mutable std::optional<std::vector<std::string>> segments_;
  mutable std::optional<std::vector<Query>> queries_;
};

// The content of a response: its own string, or a range of one that others share, which is sent
// without being copied.
class Body {
 public:
  Body() = default;
  Body(std::string text) : content_(std::move(text)) {}  // NOLINT(*-explicit-*)
  Body(const char* text) : content_(std::string(text)) {}
  Body(std::shared_ptr<const std::string> shared);
  // REQUIRES: offset + size <= shared->size().
  Body(std::shared_ptr<const std::string> shared, size_t offset, size_t size);

  size_t size() const { return view().size(); }
  std::string_view view() const;

 private:
  friend class Output;
  struct Shared {
    std::shared_ptr<const std::string> text;
    size_t offset;
    size_t size;
  };
  std::variant<std::string, Shared> content_;
};

// Content-Length, Transfer-Encoding, Connection and Date are the server's; a Connection: close
// among the headers is heeded. A header whose bytes would break the message is answered with 500
// in its place.
struct Response {
  unsigned status = 200;
  std::vector<Header> headers;
  Body body;
};

// An RFC 9457 document. `type` is a word that never changes, like "body-too-large", and becomes
// urn:weft:problem:body-too-large; the title is the same for all of a type, the detail says what to
// do about this one.
Response problem(unsigned status, std::string_view type, std::string_view title,
                 std::string_view detail);
// The same with an answer to "when may I come again?".
Response problem(unsigned status, std::string_view type, std::string_view title,
                 std::string_view detail, unsigned retry_after_seconds);

std::string_view reason_phrase(unsigned status);
bool is_header_name(std::string_view text);   // a token
bool is_header_value(std::string_view text);  // no control characters but tabs

}  // namespace weft::net
