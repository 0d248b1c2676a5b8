// One request and its answer. Whoever handles it keeps the shared_ptr until it has answered, now or
// at any later time; in between nothing of the connection is blocked.
//
//     handler(exchange) ──► respond(Response)                          once
//                      └──► stream(200, headers) ─► write … end()      once
//
// An exchange that is dropped without an answer is answered with 500; a stream that is dropped
// without an end() breaks the connection, so the client can tell.
//
// Thread safety: everything here belongs to the thread of the server's event loop, dropping the
// last reference too. From another thread, post to that loop.
#pragma once

#include <functional>
#include <memory>

#include "net/message.h"

namespace weft::net {

class Session;
class Stream;

// Bytes of bodies that wait for their answers, on one server.
struct BodyBudget {
  size_t left;
};

class Exchange : public std::enable_shared_from_this<Exchange> {
 public:
  // Made by Session.
  explicit Exchange(uint64_t number) : number_(number) {}
  ~Exchange();
  Exchange(const Exchange&) = delete;
  Exchange& operator=(const Exchange&) = delete;

  const Request& request() const { return request_; }
  std::string take_body() { return request_.take_body(); }

  // REQUIRES: neither respond() nor stream() was called before. Does nothing when gone().
  void respond(Response response);
  // An answer whose body comes in pieces: chunked, or as long as a Content-Length among `headers`
  // says. The same requirement.
  std::shared_ptr<Stream> stream(unsigned status, const std::vector<Header>& headers);

  // The client can't get the answer any more, or not surely: the connection broke, or the client
  // said that it sends nothing more, which one that died has said as well. (A client that only
  // closed its side still gets what is answered.) Called once, at the latest when the answer is
  // whole; may answer. Called at once when it has happened already.
  void on_gone(std::function<void()> callback);
  // The connection is lost: answers go nowhere.
  bool gone() const { return lost_; }

 private:
  friend class Session;
  friend class Stream;

  void tell_gone();  // once

  Session* session_ = nullptr;  // while this is one of its slots
  uint64_t number_;
  Request request_;
  std::function<void()> on_gone_;
  std::shared_ptr<BodyBudget> budget_;  // of which the body has taken:
  size_t charged_ = 0;
  size_t max_body_ = 0;     // while it is received
  bool answered_ = false;   // respond() or stream()
  bool streaming_ = false;  // stream() without end() yet
  bool left_ = false;       // the client went, and on_gone_ was told
  bool lost_ = false;
};

// The body of an answer, in pieces. Thread safety: see Exchange.
class Stream {
 public:
  // Made by Exchange.
  explicit Stream(std::shared_ptr<Exchange> exchange) : exchange_(std::move(exchange)) {}
  ~Stream();
  Stream(const Stream&) = delete;
  Stream& operator=(const Stream&) = delete;

  // Never blocks and never refuses: look at queued(), and go on in on_drained(). False when the
  // client is gone. REQUIRES: not ended.
  bool write(Body piece);
  void end();
  bool gone() const { return exchange_->gone(); }

  // Bytes that were written and that the operating system has not taken yet, those of earlier
  // answers on the connection included.
  size_t queued() const;
  // Called, each time, when queued() has fallen to 0 after it was more. May write and end.
  void on_drained(std::function<void()> callback);

 private:
  std::shared_ptr<Exchange> exchange_;
};

}  // namespace weft::net
