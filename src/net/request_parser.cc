#include "net/request_parser.h"

#include <algorithm>

namespace weft::net {

namespace http = boost::beast::http;

namespace {

constexpr size_t max_headers = 128;
// A chunk's size line, or all trailers.
constexpr size_t max_chunk_head = 16 * 1024;

std::string_view standard(boost::beast::string_view text) { return {text.data(), text.size()}; }

Method method_of(http::verb verb) {
  switch (verb) {
    case http::verb::get:
      return Method::get;
    case http::verb::head:
      return Method::head;
    case http::verb::post:
      return Method::post;
    case http::verb::put:
      return Method::put;
    case http::verb::delete_:
      return Method::delete_;
    case http::verb::patch:
      return Method::patch;
    case http::verb::options:
      return Method::options;
    default:
      return Method::other;
  }
}

struct Fault {
  std::string_view type;
  std::string_view detail;
};

Fault describe(const boost::system::error_code& ec) {
  if (ec == http::error::bad_version) {
    return {"bad-request-line", "the request line does not end in HTTP/1.1 or HTTP/1.0"};
  }
  if (ec == http::error::bad_method || ec == http::error::bad_target) {
    return {"bad-request-line", "the request line is not 'METHOD target HTTP/1.1'"};
  }
  if (ec == http::error::bad_content_length || ec == http::error::multiple_content_length) {
    return {"bad-length",
            "Content-Length is no number, is there twice with different values, or "
            "stands beside Transfer-Encoding"};
  }
  if (ec == http::error::bad_transfer_encoding) {
    return {"bad-length", "Transfer-Encoding is there twice, or stands beside Content-Length"};
  }
  if (ec == http::error::bad_chunk || ec == http::error::bad_chunk_extension) {
    return {"bad-chunk", "the body's chunks are not 'SIZE CRLF bytes CRLF'"};
  }
  return {"bad-header",
          "a header line is not 'Name: value' followed by CR and LF, or has a control "
          "character"};
}

std::string_view title_of(unsigned status) {
  return status == 501   ? "Not supported"
         : status == 431 ? "The request's header is too large"
                         : "The request is malformed";
}

}  // namespace

RequestParser::RequestParser(Request& request, Judge& judge, size_t max_header_bytes)
    : request_(request), judge_(judge), max_header_bytes_(max_header_bytes) {
  header_limit(static_cast<uint32_t>(max_header_bytes + 1));
  body_limit(boost::none);  // the judge limits it
  eager(true);
}

Response RequestParser::too_large_header() const {
  return problem(431, "header-too-large", title_of(431),
                 fmt::format("request line and headers may have {} bytes in {} headers",
                             max_header_bytes_, max_headers));
}

size_t RequestParser::feed(std::string_view bytes) {
  input_ = bytes;
  boost::system::error_code ec;
  bool in_head = !is_header_done();
  size_t taken = put({bytes.data(), bytes.size()}, ec);
  if (refusal_) {
    return taken;
  }
  if (in_head) {
    header_bytes_ += taken;
    if (!is_header_done() && header_bytes_ + (bytes.size() - taken) > max_header_bytes_) {
      ec = http::error::header_limit;
    }
  } else if (ec == http::error::need_more && bytes.size() - taken > max_chunk_head) {
    ec = http::error::bad_chunk;
  }
  if (ec == http::error::header_limit) {
    refusal_ = too_large_header();
  } else if (ec && ec != http::error::need_more) {
    auto [type, detail] = describe(ec);
    refusal_ = problem(400, type, title_of(400), detail);
  }
  return taken;
}

void RequestParser::refuse(Response answer, error_code& ec) {
  refusal_ = std::move(answer);
  ec = http::error::bad_value;
}

void RequestParser::refuse(unsigned status, std::string_view type, std::string_view detail,
                           error_code& ec) {
  refuse(problem(status, type, title_of(status), detail), ec);
}

void RequestParser::on_request_impl(http::verb method, string_view name, string_view target,
                                    int version, error_code&) {
  request_.text_.reserve(512);
  request_.method_ = method_of(method);
  request_.method_name_ = request_.keep(standard(name));
  request_.target_ = request_.keep(standard(target));
  request_.version_ = static_cast<unsigned>(version);
}

void RequestParser::on_field_impl(field known, string_view name, string_view value,
                                  error_code& ec) {
  if (is_header_done()) {
    return;  // a trailer: nobody asked for it
  }
  // Beast unfolds a value that goes on in the next line, elsewhere than in the input.
  if (!value.empty() &&
      (value.data() < input_.data() || value.data() >= input_.data() + input_.size())) {
    return refuse(400, "bad-header", "a header goes on in a second line, which is obsolete", ec);
  }
  if (request_.headers_.size() == max_headers ||
      request_.text_.size() + name.size() + value.size() > max_header_bytes_) {
    return refuse(too_large_header(), ec);
  }
  if (known == field::transfer_encoding) {
    if (!same_name(standard(value), "chunked")) {
      return refuse(501, "transfer-encoding", "the only Transfer-Encoding known here is chunked",
                    ec);
    }
    chunked_ = true;
  } else if (known == field::host) {
    ++hosts_;
  }
  request_.headers_.push_back({request_.keep(standard(name)), request_.keep(standard(value))});
}

// Finds path and query in one of the forms of RFC 9112 section 3.2.
std::optional<Response> RequestParser::split_target() {
  std::string_view target = request_.target();
  auto bad = [](std::string_view detail) {
    return problem(400, "bad-target", title_of(400), detail);
  };
  if (request_.method_name() == "CONNECT") {
    return problem(501, "no-proxy", title_of(501), "CONNECT is for proxies; this is none");
  }
  size_t begin = 0;
  if (target == "*") {
    if (request_.method() != Method::options) {
      return bad("only OPTIONS may have the target *");
    }
  } else if (!target.starts_with('/')) {
    // absolute-form: the scheme and the host say nothing that the path needs.
    size_t scheme = target.find("://");
    std::string_view name = target.substr(0, scheme);
    if (scheme == target.npos || (!same_name(name, "http") && !same_name(name, "https"))) {
      return bad("the target is neither a path like /v1/node nor an http URL");
    }
    begin = std::min(target.find_first_of("/?", scheme + 3), target.size());
    auto authority = Authority::parse(target.substr(scheme + 3, begin - scheme - 3));
    if (!authority || authority->host.empty()) {
      return bad("the target's URL names no host");
    }
  }
  std::string_view rest = target.substr(begin);
  if (rest.contains('#') || !is_percent_encoding(rest)) {
    return bad(
        "the target has a # or a % that is not followed by two hexadecimal digits "
        "(%00 is not allowed)");
  }
  auto at = [&](size_t from, size_t to) {
    return Request::Range{static_cast<uint32_t>(request_.target_.begin + begin + from),
                          static_cast<uint32_t>(to - from)};
  };
  size_t question = std::min(rest.find('?'), rest.size());
  request_.path_ = at(0, question);
  request_.query_ = at(std::min(question + 1, rest.size()), rest.size());
  if (question == 0) {
    request_.path_ = request_.keep("/");  // http://host and http://host?query
  }
  return std::nullopt;
}

std::optional<Response> RequestParser::look_at_host() {
  auto bad = [](std::string_view detail) {
    return problem(400, "bad-host", title_of(400), detail);
  };
  if (hosts_ > 1) {
    return bad("there is more than one Host header");
  }
  if (hosts_ == 0) {
    return request_.version_ >= 11 ? std::optional(bad("HTTP/1.1 wants a Host header"))
                                   : std::nullopt;
  }
  auto host = Authority::parse(*request_.header("Host"));
  return host ? std::nullopt : std::optional(bad(host.error().message()));
}

void RequestParser::on_header_impl(error_code& ec) {
  if (chunked_ && request_.version_ < 11) {
    return refuse(400, "bad-length", "HTTP/1.0 has no Transfer-Encoding", ec);
  }
  for (auto look : {&RequestParser::split_target, &RequestParser::look_at_host}) {
    if (auto wrong = (this->*look)()) {
      return refuse(std::move(*wrong), ec);
    }
  }
  request_.keep_alive_ = keep_alive();
  std::optional<uint64_t> length;
  if (!chunked_) {
    length = content_length().value_or(0);
  }
  if (auto refused = judge_.accept_head(request_, length)) {
    refuse(std::move(*refused), ec);
  }
}

void RequestParser::on_body_init_impl(const boost::optional<uint64_t>& length, error_code&) {
  if (length) {
    request_.body_.reserve(*length);
  }
}

size_t RequestParser::on_body_impl(string_view bytes, error_code&) {
  request_.body_.append(bytes.data(), bytes.size());
  return bytes.size();
}

size_t RequestParser::on_chunk_body_impl(uint64_t, string_view bytes, error_code& ec) {
  if (auto refused = judge_.accept_body(request_, bytes.size())) {
    refuse(std::move(*refused), ec);
  } else {
    request_.body_.append(bytes.data(), bytes.size());
  }
  return bytes.size();
}

}  // namespace weft::net
