// TLS by OpenSSL on a socket of ours. OpenSSL's own socket BIO writes with write(2), which raises
// SIGPIPE; the BIO here sends.
#include <openssl/err.h>
#include <openssl/ssl.h>
#include <sys/socket.h>

#include <cerrno>

#include "net/transport.h"

namespace weft::net {
namespace {

int fd_of(BIO* bio) { return static_cast<int>(reinterpret_cast<intptr_t>(BIO_get_data(bio))); }

int bio_write(BIO* bio, const char* bytes, size_t size, size_t* done) {
  BIO_clear_retry_flags(bio);
  ssize_t sent = ::send(fd_of(bio), bytes, size, MSG_NOSIGNAL);
  if (sent < 0 && (errno == EAGAIN || errno == EINTR)) {
    BIO_set_retry_write(bio);
  }
  *done = sent > 0 ? static_cast<size_t>(sent) : 0;
  return sent > 0 ? 1 : 0;
}

int bio_read(BIO* bio, char* bytes, size_t size, size_t* done) {
  BIO_clear_retry_flags(bio);
  ssize_t got = ::recv(fd_of(bio), bytes, size, 0);
  if (got < 0 && (errno == EAGAIN || errno == EINTR)) {
    BIO_set_retry_read(bio);
  }
  *done = got > 0 ? static_cast<size_t>(got) : 0;
  return got > 0 ? 1 : 0;
}

long bio_control(BIO*, int command, long, void*) { return command == BIO_CTRL_FLUSH ? 1 : 0; }

BIO* socket_bio(int fd) {
  static const BIO_METHOD* const method = [] {
    BIO_METHOD* made = BIO_meth_new(BIO_get_new_index() | BIO_TYPE_SOURCE_SINK, "weft socket");
    BIO_meth_set_write_ex(made, bio_write);
    BIO_meth_set_read_ex(made, bio_read);
    BIO_meth_set_ctrl(made, bio_control);
    return made;
  }();
  BIO* bio = BIO_new(method);
  CHECK(bio != nullptr, "OpenSSL has no memory");
  BIO_set_data(bio, reinterpret_cast<void*>(static_cast<intptr_t>(fd)));
  BIO_set_init(bio, 1);
  return bio;
}

// The first of OpenSSL's errors, in its words; clears them.
std::string openssl_words() {
  unsigned long code = ERR_peek_error();
  if (code == 0) {
    return "the connection broke";
  }
  const char* reason = ERR_reason_error_string(code);
  std::string text = reason != nullptr ? reason
                     : ERR_SYSTEM_ERROR(code)
                         ? std::generic_category().message(ERR_GET_REASON(code))
                         : "unknown error";
  ERR_clear_error();
  return text;
}

class Tls final : public Transport {
 public:
  Tls(UniqueFd socket, std::shared_ptr<const TlsContext> context, SSL* ssl)
      : Transport(std::move(socket)), context_(std::move(context)), ssl_(ssl) {
    BIO* bio = socket_bio(fd());
    SSL_set_bio(ssl_, bio, bio);
  }
  ~Tls() override { SSL_free(ssl_); }

  Moved read(std::span<char> into) override {
    size_t got = 0;
    ERR_clear_error();
    return outcome(SSL_read_ex(ssl_, into.data(), into.size(), &got), got);
  }

  Moved write(std::span<const iovec> pieces) override {
    // One record a piece: what is small was put together before.
    size_t sent = 0;
    ERR_clear_error();
    return outcome(SSL_write_ex(ssl_, pieces[0].iov_base, pieces[0].iov_len, &sent), sent);
  }

  void finish() override {
    if (!broken_ && SSL_is_init_finished(ssl_) != 0) {
      ERR_clear_error();
      SSL_shutdown(ssl_);
    }
    ERR_clear_error();
    ::shutdown(fd(), SHUT_WR);
  }

  bool holds_input() const override { return SSL_pending(ssl_) > 0; }
  bool wants_write() const override { return wants_write_; }
  std::string fault() const override { return fault_; }

 private:
  Moved outcome(int good, size_t bytes) {
    wants_write_ = false;
    if (good == 1) {
      return {Moved::Kind::bytes, bytes};
    }
    switch (SSL_get_error(ssl_, good)) {
      case SSL_ERROR_WANT_READ:
        return {Moved::Kind::later};
      case SSL_ERROR_WANT_WRITE:
        wants_write_ = true;
        return {Moved::Kind::later};
      case SSL_ERROR_ZERO_RETURN:
        return {Moved::Kind::end};
      default:
        broken_ = true;
        fault_ = openssl_words();
        if (long verdict = SSL_get_verify_result(ssl_); verdict != X509_V_OK) {
          fault_ = X509_verify_cert_error_string(verdict);
        }
        return {Moved::Kind::broken};
    }
  }

  std::shared_ptr<const TlsContext> context_;
  SSL* ssl_;
  std::string fault_;
  bool wants_write_ = false;
  bool broken_ = false;
};

}  // namespace

TlsContext::~TlsContext() { SSL_CTX_free(context_); }

Result<std::shared_ptr<const TlsContext>> TlsContext::for_server(const TlsFiles& files) {
  SSL_CTX* raw = SSL_CTX_new(TLS_server_method());
  CHECK(raw != nullptr, "OpenSSL has no memory");
  std::shared_ptr<const TlsContext> context(new TlsContext(raw));
  SSL_CTX_set_min_proto_version(raw, TLS1_2_VERSION);
  SSL_CTX_set_mode(raw, SSL_MODE_ENABLE_PARTIAL_WRITE | SSL_MODE_ACCEPT_MOVING_WRITE_BUFFER |
                            SSL_MODE_RELEASE_BUFFERS);
  SSL_CTX_set_options(raw, SSL_OP_NO_RENEGOTIATION | SSL_OP_NO_COMPRESSION);
  ERR_clear_error();
  if (SSL_CTX_use_certificate_chain_file(raw, files.certificate.c_str()) != 1) {
    return error(Error::Kind::invalid, "the TLS certificate '{}' cannot be used: {}",
                 files.certificate, openssl_words());
  }
  if (SSL_CTX_use_PrivateKey_file(raw, files.key.c_str(), SSL_FILETYPE_PEM) != 1 ||
      SSL_CTX_check_private_key(raw) != 1) {
    return error(Error::Kind::invalid, "the TLS key '{}' cannot be used with '{}': {}", files.key,
                 files.certificate, openssl_words());
  }
  return context;
}

Result<std::shared_ptr<const TlsContext>> TlsContext::for_client(const std::string& ca_file) {
  SSL_CTX* raw = SSL_CTX_new(TLS_client_method());
  CHECK(raw != nullptr, "OpenSSL has no memory");
  std::shared_ptr<const TlsContext> context(new TlsContext(raw));
  SSL_CTX_set_min_proto_version(raw, TLS1_2_VERSION);
  SSL_CTX_set_verify(raw, SSL_VERIFY_PEER, nullptr);
  SSL_CTX_set_mode(raw, SSL_MODE_ENABLE_PARTIAL_WRITE | SSL_MODE_ACCEPT_MOVING_WRITE_BUFFER);
  ERR_clear_error();
  if (ca_file.empty()) {
    SSL_CTX_set_default_verify_paths(raw);
  } else if (SSL_CTX_load_verify_file(raw, ca_file.c_str()) != 1) {
    return error(Error::Kind::invalid, "the certificates to trust cannot be read from '{}': {}",
                 ca_file, openssl_words());
  }
  return context;
}

std::unique_ptr<Transport> tls_server_transport(UniqueFd socket,
                                                std::shared_ptr<const TlsContext> context) {
  SSL* ssl = SSL_new(context->raw());
  CHECK(ssl != nullptr, "OpenSSL has no memory");
  SSL_set_accept_state(ssl);
  return std::make_unique<Tls>(std::move(socket), std::move(context), ssl);
}

std::unique_ptr<Transport> tls_client_transport(UniqueFd socket,
                                                std::shared_ptr<const TlsContext> context,
                                                const std::string& host) {
  SSL* ssl = SSL_new(context->raw());
  CHECK(ssl != nullptr, "OpenSSL has no memory");
  SSL_set_connect_state(ssl);
  if (X509_VERIFY_PARAM_set1_ip_asc(SSL_get0_param(ssl), host.c_str()) != 1) {
    ERR_clear_error();
    SSL_set1_host(ssl, host.c_str());
    SSL_set_tlsext_host_name(ssl, host.c_str());
  }
  return std::make_unique<Tls>(std::move(socket), std::move(context), ssl);
}

}  // namespace weft::net
