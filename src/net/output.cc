#include "net/output.h"

#include <utility>

namespace weft::net {
namespace {

// Up to here copying is cheaper than a piece of its own.
constexpr size_t copied = 16 * 1024;
// A text that has grown to this is closed, so that what was sent of it can be given back.
constexpr size_t full = 64 * 1024;

}  // namespace

std::string& Output::open() {
  if (pieces_.empty() || pieces_.back().is_body || pieces_.back().own.size() >= full) {
    pieces_.emplace_back();
  }
  return pieces_.back().own;
}

void Output::append(std::string_view text) {
  open().append(text);
  size_ += text.size();
}

void Output::add(Body&& body) {
  if (body.size() <= copied) {
    append(body.view());
    return;
  }
  size_ += body.size();
  pieces_.push_back({{}, std::move(body), true});
}

void Output::add(Output&& other) {
  if (empty() && other.offset_ == 0) {
    std::swap(*this, other);
  } else {
    CHECK(other.offset_ == 0);
    for (size_t i = other.first_; i < other.pieces_.size(); ++i) {
      Piece& piece = other.pieces_[i];
      add(piece.is_body ? std::move(piece.body) : Body(std::move(piece.own)));
    }
  }
  other.clear();
}

size_t Output::gather(std::span<iovec> vectors) const {
  size_t used = 0;
  size_t skip = offset_;
  for (size_t i = first_; i < pieces_.size() && used < vectors.size(); ++i) {
    std::string_view left = pieces_[i].view().substr(std::exchange(skip, 0));
    if (!left.empty()) {
      vectors[used++] = {const_cast<char*>(left.data()), left.size()};
    }
  }
  return used;
}

void Output::consume(size_t bytes) {
  CHECK(bytes <= size_);
  size_ -= bytes;
  if (size_ == 0) {
    clear();
    return;
  }
  offset_ += bytes;
  while (offset_ >= pieces_[first_].view().size()) {
    offset_ -= pieces_[first_].view().size();
    pieces_[first_++] = Piece();
  }
  if (first_ > 32 && first_ > pieces_.size() / 2) {
    pieces_.erase(pieces_.begin(), pieces_.begin() + static_cast<ptrdiff_t>(first_));
    first_ = 0;
  }
}

void Output::clear() {
  // The next answer will be as long as the last one, mostly.
  if (!pieces_.empty() && !pieces_[0].is_body && pieces_[0].own.capacity() <= full) {
    pieces_.resize(1);
    pieces_[0].own.clear();
  } else {
    pieces_.clear();
  }
  first_ = offset_ = size_ = 0;
}

void Output::trim() {
  if (empty()) {
    pieces_ = {};
  }
}

}  // namespace weft::net
