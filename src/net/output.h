// Bytes on their way to a client, in order. Short texts are put together, so that a head and its
// small body, or the answers of a pipeline, leave in one system call; large bodies stay where they
// are.
//
// Thread safety: none needed; one connection, one thread.
#pragma once

#include <sys/uio.h>

#include <span>

#include "net/message.h"

namespace weft::net {

class Output {
 public:
  bool empty() const { return size_ == 0; }
  size_t size() const { return size_; }

  // A text to append to; `done` has to be called behind it.
  std::string& open();
  void close(size_t size_before) { size_ += pieces_.back().own.size() - size_before; }

  void append(std::string_view text);
  void add(Body&& body);
  void add(Output&& other);  // leaves the other one empty

  // The first bytes, as many as fit into `vectors`; how many of these were used.
  size_t gather(std::span<iovec> vectors) const;
  // The first `bytes` are sent. REQUIRES: bytes <= size().
  void consume(size_t bytes);
  void clear();
  // Gives back what an empty one keeps for the next answer.
  void trim();

 private:
  // Content from `offset` on: of `own`, or of `body` when it is large.
  struct Piece {
    std::string own;
    Body body;
    bool is_body = false;
    std::string_view view() const { return is_body ? body.view() : std::string_view(own); }
  };

  std::vector<Piece> pieces_;
  size_t first_ = 0;   // the first piece that is not sent
  size_t offset_ = 0;  // what is sent of it
  size_t size_ = 0;
};

}  // namespace weft::net
