// The bytes of one socket, plain or through TLS. Nothing here blocks, and a peer that hung up never
// raises SIGPIPE.
//
// Thread safety: a Transport belongs to one thread; a TlsContext may be shared.
#pragma once

#include <sys/uio.h>

#include <memory>
#include <span>
#include <string>

#include "base/result.h"
#include "base/unique_fd.h"
#include "net/options.h"

struct ssl_ctx_st;

namespace weft::net {

// What a read or write has done. `later` means: nothing now; try again when the socket is ready for
// what wants_write() says.
struct Moved {
  enum class Kind { bytes, later, end, broken };
  Kind kind = Kind::bytes;
  size_t bytes = 0;
};

class Transport {
 public:
  explicit Transport(UniqueFd socket) : socket_(std::move(socket)) {}
  virtual ~Transport() = default;
  Transport(const Transport&) = delete;
  Transport& operator=(const Transport&) = delete;

  // `end` when the peer sends no more. REQUIRES: `into` is not empty.
  virtual Moved read(std::span<char> into) = 0;
  // REQUIRES: there is something to write.
  virtual Moved write(std::span<const iovec> pieces) = 0;
  // Says that no more will be written.
  virtual void finish() = 0;
  // True when read() may have more though the socket has not.
  virtual bool holds_input() const { return false; }
  // What `later` waits for, in reading too: TLS may have to write in order to read.
  virtual bool wants_write() const = 0;
  // What was the matter when something was `broken`, in the words of the system or of OpenSSL.
  virtual std::string fault() const = 0;

  int fd() const { return socket_.value(); }
  void close() { socket_.reset(); }
  // Closes so that the peer sees a broken connection.
  void abort();

 protected:
  UniqueFd socket_;
};

class TlsContext {
 public:
  // Error invalid or not_found names the file and what is wrong with it.
  static Result<std::shared_ptr<const TlsContext>> for_server(const TlsFiles& files);
  // Trusts the certificates of `ca_file`, of the system when it is empty.
  static Result<std::shared_ptr<const TlsContext>> for_client(const std::string& ca_file);
  ~TlsContext();
  TlsContext(const TlsContext&) = delete;
  TlsContext& operator=(const TlsContext&) = delete;

  ssl_ctx_st* raw() const { return context_; }

 private:
  explicit TlsContext(ssl_ctx_st* context) : context_(context) {}
  ssl_ctx_st* context_;
};

std::unique_ptr<Transport> plain_transport(UniqueFd socket);
std::unique_ptr<Transport> tls_server_transport(UniqueFd socket,
                                                std::shared_ptr<const TlsContext> context);
// Breaks when the certificate is not for `host`, a name or an address, or not trusted.
std::unique_ptr<Transport> tls_client_transport(UniqueFd socket,
                                                std::shared_ptr<const TlsContext> context,
                                                const std::string& host);

}  // namespace weft::net
