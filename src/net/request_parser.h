// Bytes to a Request: Beast's parser, and the rules it leaves to its user. Whatever two parsers
// could read differently is refused, since a proxy before this server may be the other one (RFC
// 9112 section 11.2).
//
// Thread safety: none needed; one request of one connection.
#pragma once

#include <boost/beast/http/basic_parser.hpp>

#include "net/message.h"

namespace weft::net {

class RequestParser final : public boost::beast::http::basic_parser<true> {
 public:
  // What the parser asks its connection. An answer instead of nothing ends the request with it.
  class Judge {
   public:
    virtual ~Judge() = default;
    // The head is whole; `length` is nothing when the body is chunked.
    virtual std::optional<Response> accept_head(Request& request,
                                                std::optional<uint64_t> length) = 0;
    // So many more bytes of a chunked body are there.
    virtual std::optional<Response> accept_body(Request& request, size_t more) = 0;
  };

  // The three outlive the parser.
  RequestParser(Request& request, Judge& judge, size_t max_header_bytes);

  // Takes what can be taken, at most one request. What is not taken has to come again with more
  // behind it. After is_done() or a refusal nothing more may be fed.
  size_t feed(std::string_view bytes);
  const std::optional<Response>& refusal() const { return refusal_; }

 private:
  using string_view = boost::beast::string_view;
  using error_code = boost::beast::error_code;
  using field = boost::beast::http::field;

  void on_request_impl(boost::beast::http::verb method, string_view name, string_view target,
                       int version, error_code& ec) override;
  void on_response_impl(int, string_view, int, error_code&) override {}
  void on_field_impl(field known, string_view name, string_view value, error_code& ec) override;
  void on_header_impl(error_code& ec) override;
  void on_body_init_impl(const boost::optional<uint64_t>& length, error_code& ec) override;
  size_t on_body_impl(string_view bytes, error_code& ec) override;
  void on_chunk_header_impl(uint64_t, string_view, error_code&) override {}
  size_t on_chunk_body_impl(uint64_t left, string_view bytes, error_code& ec) override;
  void on_finish_impl(error_code&) override {}

  void refuse(Response answer, error_code& ec);
  void refuse(unsigned status, std::string_view type, std::string_view detail, error_code& ec);
  std::optional<Response> split_target();
  std::optional<Response> look_at_host();
  Response too_large_header() const;

  Request& request_;
  Judge& judge_;
  size_t max_header_bytes_;
  size_t header_bytes_ = 0;
  std::string_view input_;  // what is being fed
  std::string_view host_;
  unsigned hosts_ = 0;
  bool chunked_ = false;
  std::optional<Response> refusal_;
};

}  // namespace weft::net
