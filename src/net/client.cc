#include "net/client.h"

#include <fcntl.h>
#include <netdb.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <sys/stat.h>

#include <algorithm>
#include <boost/beast/http/basic_parser.hpp>
#include <cerrno>
#include <utility>

#include "net/endpoint.h"
#include "net/transport.h"

namespace weft::net {

namespace http = boost::beast::http;

namespace {

constexpr size_t piece_bytes = 64 * 1024;

// Collects an answer, or hands its body on.
class AnswerParser final : public http::basic_parser<false> {
 public:
  AnswerParser(const Client::Call& call, size_t max_body_bytes)
      : call_(call), max_body_bytes_(max_body_bytes) {
    header_limit(256 * 1024);
    body_limit(boost::none);
    eager(true);
    skip(call.method == "HEAD");
  }

  Client::Answer answer;
  bool enough = false;  // on_body has said so
  bool too_large = false;

 private:
  using string_view = boost::beast::string_view;
  using error_code = boost::beast::error_code;

  void on_request_impl(http::verb, string_view, string_view, int, error_code&) override {}
  void on_response_impl(int status, string_view, int, error_code&) override {
    answer.status = static_cast<unsigned>(status);
  }
  void on_field_impl(http::field, string_view name, string_view value, error_code&) override {
    if (!is_header_done()) {
      answer.headers.push_back({std::string(name), std::string(value)});
    }
  }
  void on_header_impl(error_code&) override {
    if (answer.status >= 200 && call_.on_head) {
      call_.on_head(answer.status, answer.headers);
    }
  }
  void on_body_init_impl(const boost::optional<uint64_t>&, error_code&) override {}
  size_t on_body_impl(string_view bytes, error_code& ec) override {
    take({bytes.data(), bytes.size()}, ec);
    return bytes.size();
  }
  void on_chunk_header_impl(uint64_t, string_view, error_code&) override {}
  size_t on_chunk_body_impl(uint64_t, string_view bytes, error_code& ec) override {
    return on_body_impl(bytes, ec);
  }
  void on_finish_impl(error_code&) override {}

  void take(std::string_view bytes, error_code& ec) {
    if (call_.on_body && answer.status < 300) {
      enough = !call_.on_body(bytes);
    } else {
      too_large = bytes.size() > max_body_bytes_ - answer.body.size();
      if (!too_large) {
        answer.body += bytes;
      }
    }
    if (enough || too_large) {
      ec = http::error::end_of_stream;
    }
  }

  const Client::Call& call_;
  size_t max_body_bytes_;
};

// A request's bytes, piece by piece.
class Source {
 public:
  static Result<Source> open(const Client::Call& call, const Client::Options& options,
                             const Url& url);

  // The bytes to send next; empty at the end.
  Result<std::string> next();
  // From the beginning again; false when the file cannot be read twice.
  bool rewind() {
    if (file_ && ::lseek(file_.value(), 0, SEEK_SET) != 0) {
      return false;
    }
    started_ = ended_ = false;
    return true;
  }

 private:
  std::string head_;
  std::string body_;
  std::string path_;
  UniqueFd file_;
  bool chunked_ = false;
  bool started_ = false;
  bool ended_ = false;
};

Result<Source> Source::open(const Client::Call& call, const Client::Options& options,
                            const Url& url) {
  Source source;
  uint64_t size = call.body.size();
  if (call.body_file.empty()) {
    source.body_ = call.body;
  } else {
    source.path_ = call.body_file;
    source.file_ = UniqueFd(::open(call.body_file.c_str(), O_RDONLY | O_CLOEXEC));
    struct stat status = {};
    if (!source.file_ || ::fstat(source.file_.value(), &status) != 0) {
      return io_error(errno, fmt::format("opening {}", call.body_file));
    }
    source.chunked_ = !S_ISREG(status.st_mode);
    size = static_cast<uint64_t>(status.st_size);
  }
  bool bad_target = std::ranges::any_of(call.target, [](char c) { return c <= ' ' || c == 127; });
  if (!is_header_name(call.method) || bad_target || !call.target.starts_with('/')) {
    return error(Error::Kind::invalid, "'{} {}' is no request: spaces have to be percent-encoded",
                 call.method, call.target);
  }
  source.head_ =
      fmt::format("{} {} HTTP/1.1\r\nHost: {}\r\n", call.method, call.target, url.authority());
  for (const auto* headers : {&options.headers, &call.headers}) {
    for (const Header& header : *headers) {
      if (!is_header_name(header.name) || !is_header_value(header.value)) {
        return error(Error::Kind::invalid, "the header '{}' has a character that is not allowed",
                     header.name);
      }
      source.head_ += fmt::format("{}: {}\r\n", header.name, header.value);
    }
  }
  if (source.chunked_) {
    source.head_ += "Transfer-Encoding: chunked\r\n";
  } else if (size > 0 || call.method == "POST" || call.method == "PUT") {
    source.head_ += fmt::format("Content-Length: {}\r\n", size);
  }
  source.head_ += "\r\n";
  return source;
}

Result<std::string> Source::next() {
  if (!std::exchange(started_, true)) {
    ended_ = !file_;
    return head_ + body_;
  }
  if (ended_) {
    return std::string();
  }
  std::string piece(piece_bytes, '\0');
  ssize_t got = ::read(file_.value(), piece.data(), piece.size());
  if (got < 0) {
    return io_error(errno, fmt::format("reading {}", path_));
  }
  piece.resize(static_cast<size_t>(got));
  ended_ = got == 0;
  if (chunked_) {
    return ended_ ? "0\r\n\r\n" : fmt::format("{:x}\r\n{}\r\n", piece.size(), piece);
  }
  return piece;
}

bool may_be_repeated(std::string_view method) {
  return method == "GET" || method == "HEAD" || method == "PUT" || method == "DELETE";
}

}  // namespace

class Client::Link {
 public:
  Link(Url link_url, Options link_options)
      : url(std::move(link_url)), options(std::move(link_options)) {}

  Result<void> connect();
  Result<Answer> send(const Call& call);

  Url url;
  Options options;
  std::shared_ptr<const TlsContext> tls;

 private:
  Result<UniqueFd> connected_socket();
  Result<UniqueFd> try_address(const addrinfo& address);
  bool is_dead();
  Result<Answer> exchange(Source& source, const Call& call);
  Result<bool> write_some(Source& source);
  Result<bool> read_some(AnswerParser& parser);
  Result<bool> parse(AnswerParser& parser);
  Result<void> wait(short events);
  std::unexpected<Error> broken() const;

  std::unique_ptr<Transport> transport_;
  std::string input_;   // not parsed yet
  std::string output_;  // being sent
  size_t sent_ = 0;     // of output_
  bool sent_all_ = false;
  bool came_ = false;  // a byte of the answer
};

Result<UniqueFd> Client::Link::try_address(const addrinfo& address) {
  UniqueFd fd(::socket(address.ai_family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0));
  if (!fd) {
    return io_error(errno, "making a socket");
  }
  int fault = ::connect(fd.value(), address.ai_addr, address.ai_addrlen) == 0 ? 0 : errno;
  if (fault == EINPROGRESS) {
    pollfd poll = {fd.value(), POLLOUT, 0};
    if (::poll(&poll, 1, static_cast<int>(options.connect.count())) == 0) {
      fault = ETIMEDOUT;
    } else {
      socklen_t size = sizeof fault;
      ::getsockopt(fd.value(), SOL_SOCKET, SO_ERROR, &fault, &size);
    }
  }
  if (fault == ECONNREFUSED) {
    return error(Error::Kind::not_found, "nothing listens at {}: is `weft up` running?",
                 Authority{url.host, url.port}.text());
  }
  if (fault == ETIMEDOUT) {
    return error(Error::Kind::io,
                 "{} does not answer: is the address right, and does no firewall stand between?",
                 Authority{url.host, url.port}.text());
  }
  if (fault != 0) {
    return io_error(fault, fmt::format("connecting to {}", url.origin()));
  }
  int on = 1;
  ::setsockopt(fd.value(), IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
  return fd;
}

Result<UniqueFd> Client::Link::connected_socket() {
  addrinfo hints = {};
  hints.ai_socktype = SOCK_STREAM;
  addrinfo* raw = nullptr;
  int fault = getaddrinfo(url.host.c_str(), std::to_string(url.port).c_str(), &hints, &raw);
  if (fault != 0) {
    return error(Error::Kind::not_found, "there is no host '{}': {}", url.host,
                 gai_strerror(fault));
  }
  std::unique_ptr<addrinfo, decltype(&freeaddrinfo)> found(raw, &freeaddrinfo);
  Result<UniqueFd> last = error(Error::Kind::not_found, "the host '{}' has no address", url.host);
  for (const addrinfo* address = raw; address != nullptr && !last; address = address->ai_next) {
    last = try_address(*address);
  }
  return last;
}

Result<void> Client::Link::connect() {
  input_.clear();
  TRY(socket, connected_socket());
  if (!url.tls) {
    transport_ = plain_transport(std::move(socket));
    return {};
  }
  if (!tls) {
    TRY(context, TlsContext::for_client(options.ca_file));
    tls = std::move(context);
  }
  transport_ = tls_client_transport(std::move(socket), tls, url.host);
  return {};
}

// True when the server has closed a kept connection.
bool Client::Link::is_dead() {
  char byte = 0;
  return !input_.empty() || transport_->read({&byte, 1}).kind != Moved::Kind::later;
}

std::unexpected<Error> Client::Link::broken() const {
  return error(Error::Kind::io, "the connection to {} broke: {}{}", url.origin(),
               transport_->fault(),
               url.tls && !came_ ? " (is it a TLS server, and is its certificate trusted?)" : "");
}

Result<void> Client::Link::wait(short events) {
  pollfd poll = {transport_->fd(), events, 0};
  int ready = 0;
  do {
    ready = ::poll(&poll, 1, static_cast<int>(options.stalled.count()));
  } while (ready < 0 && errno == EINTR);
  if (ready == 0) {
    return error(Error::Kind::io, "{} has not said anything for {} ms", url.origin(),
                 options.stalled.count());
  }
  return {};
}

// True when something moved, or when there is nothing to send.
Result<bool> Client::Link::write_some(Source& source) {
  if (sent_ == output_.size() && !sent_all_) {
    TRY(piece, source.next());
    output_ = std::move(piece);
    sent_ = 0;
    sent_all_ = output_.empty();
  }
  if (sent_all_) {
    return true;
  }
  iovec piece = {output_.data() + sent_, output_.size() - sent_};
  Moved moved = transport_->write({&piece, 1});
  if (moved.kind == Moved::Kind::bytes) {
    sent_ += moved.bytes;
    return true;
  }
  if (moved.kind == Moved::Kind::later) {
    return false;
  }
  // The server may have answered before it closed.
  sent_all_ = true;
  return true;
}

// True when the answer is whole.
Result<bool> Client::Link::parse(AnswerParser& parser) {
  boost::system::error_code ec;
  while (!input_.empty() && !parser.is_done() && !ec) {
    size_t taken = parser.put({input_.data(), input_.size()}, ec);
    input_.erase(0, taken);
  }
  if (parser.too_large) {
    return error(Error::Kind::exhausted, "{}'s answer has more than {} bytes", url.origin(),
                 options.max_body_bytes);
  }
  if (ec && ec != http::error::need_more && !parser.enough) {
    return error(Error::Kind::invalid, "what answers at {} does not speak HTTP/1.1: {}",
                 url.origin(), ec.message());
  }
  return parser.is_done() || parser.enough;
}

// True when the answer is whole.
Result<bool> Client::Link::read_some(AnswerParser& parser) {
  std::string bytes(piece_bytes, '\0');
  Moved moved = transport_->read(bytes);
  boost::system::error_code ec;
  switch (moved.kind) {
    case Moved::Kind::bytes:
      came_ = true;
      input_.append(bytes, 0, moved.bytes);
      return parse(parser);
    case Moved::Kind::later: {
      bool writing = !sent_all_ || transport_->wants_write();
      TRY_VOID(wait(static_cast<short>(writing ? POLLIN | POLLOUT : POLLIN)));
      return false;
    }
    case Moved::Kind::end:
      if (parser.got_some()) {
        parser.put_eof(ec);
        if (!ec) {
          return true;
        }
      }
      return error(Error::Kind::io, "{} closed the connection {} its answer", url.origin(),
                   came_ ? "in the middle of" : "before");
    case Moved::Kind::broken:
      return broken();
  }
  return false;
}

Result<Client::Answer> Client::Link::exchange(Source& source, const Call& call) {
  output_.clear();
  sent_ = 0;
  sent_all_ = came_ = false;
  std::optional<AnswerParser> parser;
  parser.emplace(call, options.max_body_bytes);
  bool whole = false;
  while (!whole) {
    TRY(moved, write_some(source));
    if (moved && !sent_all_) {
      continue;
    }
    TRY(done, read_some(*parser));
    // An interim answer (1xx) has another one behind it.
    while (done && parser->answer.status < 200 && !parser->enough) {
      parser.emplace(call, options.max_body_bytes);
      TRY(next, parse(*parser));
      done = next;
    }
    whole = done;
  }
  parser->answer.whole = !parser->enough;
  if (!sent_all_ || parser->enough || !parser->keep_alive()) {
    transport_.reset();
  }
  return std::move(parser->answer);
}

Result<Client::Answer> Client::Link::send(const Call& call) {
  TRY(source, Source::open(call, options, url));
  bool kept = transport_ && !is_dead();
  if (!kept) {
    TRY_VOID(connect());
  }
  auto answer = exchange(source, call);
  if (!answer) {
    transport_.reset();
    if (kept && !came_ && may_be_repeated(call.method) && source.rewind()) {
      TRY_VOID(connect());
      answer = exchange(source, call);
    }
  }
  if (!answer) {
    transport_.reset();
  }
  return answer;
}

std::string_view Client::Answer::header(std::string_view name) const {
  for (const Header& one : headers) {
    if (same_name(one.name, name)) {
      return one.value;
    }
  }
  return {};
}

Client::Client(std::unique_ptr<Link> link) : link_(std::move(link)) {}
Client::~Client() = default;
Client::Client(Client&&) noexcept = default;
Client& Client::operator=(Client&&) noexcept = default;

Result<Client> Client::to(std::string_view url, Options options) {
  TRY(parsed, Url::parse(url));
  return Client(std::make_unique<Link>(std::move(parsed), std::move(options)));
}

Result<Client::Answer> Client::send(const Call& call) { return link_->send(call); }

Result<Client::Answer> Client::get(std::string target) {
  return send({.target = std::move(target)});
}

Result<Client::Answer> Client::post(std::string target, std::string body) {
  return send({.method = "POST", .target = std::move(target), .body = std::move(body)});
}

const Url& Client::url() const { return link_->url; }

}  // namespace weft::net
