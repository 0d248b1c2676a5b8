#include "net/connection.h"

#include <sys/epoll.h>

#include <utility>

namespace weft::net {
namespace {

// One connection's turn, before others have theirs.
constexpr int max_reads = 4;
constexpr size_t max_vectors = 16;

}  // namespace

Connection::Connection(Hub& hub, std::unique_ptr<Transport> transport,
                       std::shared_ptr<const Peer> peer)
    : hub_(hub),
      transport_(std::move(transport)),
      session_(hub.site(), std::move(peer), *this),
      since_(hub.site().now),
      watched_(EPOLLIN | EPOLLRDHUP) {}

Connection::~Connection() {
  busy_ = true;  // what the session says while it is destroyed comes too late
}

void Connection::ready(uint32_t events) {
  busy_ = true;
  trimmed_ = false;
  blocked_ = false;
  if (lingering_) {
    discard();
  } else {
    if ((events & (EPOLLIN | EPOLLRDHUP | EPOLLERR | EPOLLHUP)) != 0 || transport_->wants_write()) {
      read();
    }
    if ((events & (EPOLLERR | EPOLLHUP)) != 0 && !session_.wants_input()) {
      session_.lose();
    } else if ((events & EPOLLRDHUP) != 0 && !std::exchange(leaving_told_, true)) {
      session_.client_left();
    }
  }
  busy_ = false;
  settle();
}

void Connection::read() {
  for (int i = 0; i < max_reads && session_.wants_input(); ++i) {
    std::span<char> scratch = hub_.scratch();
    Moved moved = transport_->read(scratch);
    switch (moved.kind) {
      case Moved::Kind::bytes:
        session_.receive({scratch.data(), moved.bytes});
        if (moved.bytes < scratch.size() && !transport_->holds_input()) {
          return;
        }
        break;
      case Moved::Kind::later:
        return;
      case Moved::Kind::end:
        input_ended_ = leaving_told_ = true;
        session_.end_of_input();
        return;
      case Moved::Kind::broken:
        input_ended_ = true;
        session_.lose();
        return;
    }
  }
}

void Connection::flush() {
  Output& output = session_.output();
  while (!output.empty() && !blocked_) {
    iovec vectors[max_vectors];
    size_t used = output.gather(vectors);
    Moved moved = transport_->write(std::span(vectors).first(used));
    since_ = hub_.site().now;
    if (moved.kind == Moved::Kind::bytes) {
      output.consume(moved.bytes);
    } else if (moved.kind == Moved::Kind::later) {
      blocked_ = true;
    } else {
      input_ended_ = true;
      session_.lose();
    }
  }
}

// Does all that can be done without waiting.
void Connection::settle() {
  if (busy_ || closed_) {
    again_ = true;
    return;
  }
  busy_ = true;
  do {
    again_ = false;
    flush();
    if (session_.output().empty()) {
      session_.drained();
    }
    if (session_.can_resume()) {
      session_.resume();
      again_ = true;
    } else if (transport_->holds_input() && session_.wants_input() && !blocked_) {
      read();
      again_ = true;
    }
    again_ = again_ || (!session_.output().empty() && !blocked_);
  } while (again_ && !lingering_);
  busy_ = false;
  if (session_.finished() && session_.output().empty() && !lingering_) {
    if (session_.cut()) {
      transport_->abort();
    }
    if (session_.cut() || input_ended_) {
      close();
      return;
    }
    transport_->finish();
    lingering_ = true;
    since_ = hub_.site().now;
  }
  watch_what_matters();
}

void Connection::changed() {
  if (busy_) {
    again_ = true;
  } else if (!closed_) {
    settle();
  }
}

void Connection::discard() {
  for (int i = 0; i < max_reads; ++i) {
    Moved moved = transport_->read(hub_.scratch());
    if (moved.kind == Moved::Kind::later) {
      return;
    }
    if (moved.kind != Moved::Kind::bytes) {
      close();
      return;
    }
  }
}

void Connection::watch_what_matters() {
  if (closed_) {
    return;
  }
  uint32_t events = 0;
  if (lingering_) {
    events = EPOLLIN;
  } else {
    events |= session_.wants_input() ? EPOLLIN : 0U;
    events |= leaving_told_ ? 0U : EPOLLRDHUP;
    events |= blocked_ || transport_->wants_write() ? EPOLLOUT : 0U;
  }
  if (events != std::exchange(watched_, events)) {
    hub_.watch(*this);
  }
}

void Connection::sweep() {
  const Timeouts& timeouts = hub_.site().options.timeouts;
  auto waited = hub_.site().now - since_;
  if (lingering_) {
    if (waited > timeouts.linger) {
      close();
    }
  } else if (blocked_ && waited > timeouts.write) {
    transport_->abort();
    close();
  } else {
    session_.sweep();
    if (!closed_ && session_.idle() && !std::exchange(trimmed_, true)) {
      session_.trim();
    }
  }
}

void Connection::drain() {
  if (lingering_) {
    return;
  }
  if (session_.idle()) {
    close();
  } else {
    session_.drain();
  }
}

void Connection::drop() { close(); }

void Connection::close() {
  if (std::exchange(closed_, true)) {
    return;
  }
  hub_.closed(*this);
  transport_->close();
  bool before = std::exchange(busy_, true);
  session_.lose();
  busy_ = before;
}

}  // namespace weft::net
