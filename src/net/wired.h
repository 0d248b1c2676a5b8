// One connection whose client and whose handler are a test.
#pragma once

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "net/session.h"

namespace weft::net {

class Wired : public testing::Test, public Session::Wire {
 protected:
  Wired() {
    options.now = [this] { return clock; };
  }

  Session& session() {
    if (!session_) {
      site = std::make_unique<Site>(options, [this](std::shared_ptr<Exchange> exchange) {
        if (handler) {
          handler(std::move(exchange));
        } else {
          asked.push_back(std::move(exchange));
        }
      });
      auto peer = std::make_shared<const Peer>(Peer{"127.0.0.1:1", true, false});
      session_ = std::make_unique<Session>(*site, peer, *this);
    }
    return *session_;
  }
  void hang_up() { session_.reset(); }

  // What the server sends back at once.
  std::string say(std::string_view bytes) {
    session().receive(bytes);
    return sent();
  }
  std::string sent(size_t most = -1) {
    std::string text;
    iovec vectors[4];
    while (text.size() < most && !session().output().empty()) {
      session().output().gather(vectors);
      size_t size = std::min(vectors[0].iov_len, most - text.size());
      text.append(static_cast<char*>(vectors[0].iov_base), size);
      session().output().consume(size);
    }
    session().drained();
    return text;
  }
  void wait(std::chrono::nanoseconds time) {
    clock += time;
    site->look_at_clock();
    session().sweep();
  }
  void changed() override { ++changes; }

  Options options;
  Handler handler;  // or the exchanges go here:
  std::vector<std::shared_ptr<Exchange>> asked;
  std::chrono::steady_clock::time_point clock{std::chrono::hours(1)};
  int changes = 0;
  std::unique_ptr<Site> site;

 private:
  std::unique_ptr<Session> session_;
};

inline void echo(std::shared_ptr<Exchange> exchange) {
  std::string body = exchange->take_body();
  exchange->respond({.body = std::move(body)});
}

inline std::string body_of(std::string_view answer) {
  size_t end = answer.find("\r\n\r\n");
  return end == answer.npos ? "" : std::string(answer.substr(end + 4));
}

}  // namespace weft::net
