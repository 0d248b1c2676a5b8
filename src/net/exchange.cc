#include "net/exchange.h"

#include "net/session.h"

namespace weft::net {

Exchange::~Exchange() {
  if (session_ != nullptr) {
    session_->let_go(*this);
  }
  if (budget_) {
    budget_->left += charged_;
  }
}

void Exchange::respond(Response response) {
  CHECK(!answered_, "an exchange is answered once");
  answered_ = true;
  on_gone_ = nullptr;
  if (session_ != nullptr) {
    session_->answer(*this, std::move(response));
  }
}

std::shared_ptr<Stream> Exchange::stream(unsigned status, const std::vector<Header>& headers) {
  CHECK(!answered_, "an exchange is answered once");
  answered_ = streaming_ = true;
  if (session_ != nullptr) {
    session_->begin_stream(*this, status, headers);
  }
  return std::make_shared<Stream>(shared_from_this());
}

void Exchange::on_gone(std::function<void()> callback) {
  if (answered_ && !streaming_) {
    return;
  }
  if (left_) {
    callback();
  } else {
    on_gone_ = std::move(callback);
  }
}

void Exchange::tell_gone() {
  if (!std::exchange(left_, true) && on_gone_) {
    // The callback may answer, which drops it.
    auto callback = std::exchange(on_gone_, nullptr);
    callback();
  }
}

Stream::~Stream() {
  // Without an end() the exchange finds, when it goes, that its answer is not whole.
}

bool Stream::write(Body piece) {
  CHECK(exchange_->streaming_, "a stream is not written to after its end");
  if (exchange_->session_ != nullptr && piece.size() > 0) {
    exchange_->session_->write(*exchange_, std::move(piece));
  }
  return !gone();
}

void Stream::end() {
  CHECK(exchange_->streaming_, "a stream is ended once");
  exchange_->streaming_ = false;
  exchange_->on_gone_ = nullptr;
  if (exchange_->session_ != nullptr) {
    exchange_->session_->end(*exchange_);
  }
}

size_t Stream::queued() const {
  return exchange_->session_ == nullptr ? 0 : exchange_->session_->queued(*exchange_);
}

void Stream::on_drained(std::function<void()> callback) {
  if (exchange_->session_ != nullptr) {
    exchange_->session_->on_drained(*exchange_, std::move(callback));
  }
}

}  // namespace weft::net
