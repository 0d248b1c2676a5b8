// Whatever a client sends, in whatever pieces: the session lives, keeps little, and what it says is
// HTTP, held against Beast's parser of responses.
//
// The input: a byte each step. Its low bits say what happens, the rest how much of it: a piece of
// the bytes behind it comes in; a waiting exchange is answered, streamed to, ended or dropped; the
// client takes output, leaves, or lets time pass.
#include <boost/beast/http/parser.hpp>
#include <boost/beast/http/string_body.hpp>
#include <cstdlib>
#include <deque>

#include "net/session.h"

namespace weft::net {
namespace {

namespace http = boost::beast::http;

constexpr size_t max_header_bytes = 2048;
constexpr size_t max_body_bytes = 4096;

class Run final : private Session::Wire {
 public:
  Run() : site_(options(), [this](auto exchange) { handle(std::move(exchange)); }) {}

  void step(unsigned action, size_t amount, std::string_view& input) {
    switch (action) {
      case 0:
      case 1:
      case 2: {
        size_t size = std::min(input.size(), action == 0 ? amount : amount * 32);
        if (session_.wants_input()) {
          session_.receive(input.substr(0, size));
          input.remove_prefix(size);
        }
        break;
      }
      case 3:
        answer(amount);
        break;
      case 4:
        stream(amount);
        break;
      case 5:
        take(amount * 64);
        break;
      case 6:
        clock_ += std::chrono::seconds(amount);
        site_.look_at_clock();
        session_.sweep();
        break;
      default:
        leave(amount);
        break;
    }
    if (session_.can_resume()) {
      session_.resume();
    }
    session_.trim();
  }

  // All that is still open is closed, and all that was sent is looked at.
  void finish() {
    streams_.clear();
    waiting_.clear();
    take(-1);
    check_answers();
    session_.lose();
    CHECK(site_.budget->left == budget, "the budget for bodies came back");
  }

 private:
  static constexpr size_t budget = 10'000;

  Options options() {
    Options options;
    options.limits.max_header_bytes = max_header_bytes;
    options.limits.max_body_bytes = [](const Request&) { return max_body_bytes; };
    options.limits.body_budget_bytes = budget;
    options.limits.max_pipelined = 4;
    options.now = [this] { return clock_; };
    return options;
  }

  void changed() override {}

  void handle(std::shared_ptr<Exchange> exchange) {
    const Request& request = exchange->request();
    CHECK(request.body().size() <= max_body_bytes);
    CHECK(request.target().size() <= max_header_bytes);
    for (const std::string& segment : request.segments()) {
      CHECK(segment.size() <= max_header_bytes);
    }
    (void)request.queries();
    exchange->on_gone([this] { ++gone_; });
    heads_.push_back(request.method() == Method::head);
    waiting_.push_back(std::move(exchange));
    CHECK(waiting_.size() + streams_.size() <= 16);
  }

  void answer(size_t amount) {
    if (!waiting_.empty()) {
      size_t index = amount % waiting_.size();
      std::shared_ptr<Exchange> exchange = waiting_[index];
      waiting_.erase(waiting_.begin() + static_cast<ptrdiff_t>(index));
      if (amount % 5 != 0) {
        exchange->respond(
            {.status = amount % 7 == 0 ? 204U : 200U, .body = std::string(amount * 1000, 'b')});
      }
    }
  }

  void stream(size_t amount) {
    if (amount % 4 == 0 && !waiting_.empty()) {
      streams_.push_back(waiting_.front()->stream(200, {}));
      waiting_.pop_front();
    } else if (!streams_.empty()) {
      if (amount % 4 == 1) {
        streams_.front()->end();
        streams_.pop_front();
      } else {
        streams_.front()->write(std::string(amount, 's'));
      }
    }
  }

  void leave(size_t amount) {
    if (amount == 0) {
      session_.lose();
      lost_ = true;
    } else if (amount < 4) {
      session_.client_left();
    } else if (amount < 8 && session_.wants_input()) {
      session_.end_of_input();
    } else if (amount == 9) {
      site_.draining = true;
      session_.drain();
    }
  }

  void take(size_t most) {
    while (most > 0 && !session_.output().empty()) {
      iovec vectors[3];
      session_.output().gather(vectors);
      size_t size = std::min(vectors[0].iov_len, most);
      sent_.append(static_cast<const char*>(vectors[0].iov_base), size);
      session_.output().consume(size);
      session_.drained();
      most -= size;
    }
  }

  // Each answer is well-formed; only the last may be cut off.
  void check_answers() {
    std::string_view rest = sent_;
    for (size_t index = 0; !rest.empty();) {
      http::response_parser<http::string_body> parser;
      parser.body_limit(boost::none);
      parser.eager(true);
      parser.skip(index < heads_.size() && heads_[index]);
      boost::system::error_code ec;
      size_t taken = 0;
      while (taken < rest.size() && !parser.is_done() && !ec) {
        taken += parser.put({rest.data() + taken, rest.size() - taken}, ec);
      }
      CHECK(!ec || ec == http::error::need_more, "an answer is malformed: {}", ec.message());
      rest.remove_prefix(taken);
      if (!parser.is_done()) {
        CHECK(session_.finished() || lost_, "an answer is not whole");
        return;
      }
      index += parser.get().result_int() == 100 ? 0 : 1;
    }
  }

  std::chrono::steady_clock::time_point clock_{std::chrono::hours(1)};
  Site site_;
  Session session_{site_, std::make_shared<const Peer>(), *this};
  std::deque<std::shared_ptr<Exchange>> waiting_;
  std::deque<std::shared_ptr<Stream>> streams_;
  std::vector<bool> heads_;
  std::string sent_;
  int gone_ = 0;
  bool lost_ = false;
};

}  // namespace
}  // namespace weft::net

// The first byte says how many of the next are steps; the rest is what the client sends.
extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  if (size < 1) {
    return 0;
  }
  size_t steps = std::min<size_t>(data[0], size - 1);
  std::string_view input(reinterpret_cast<const char*>(data) + 1 + steps, size - 1 - steps);
  weft::net::Run run;
  for (size_t i = 1; i <= steps; ++i) {
    run.step(data[i] & 7, data[i] >> 3, input);
  }
  for (size_t left = 0; left != input.size();) {
    left = input.size();
    run.step(1, 31, input);
  }
  run.finish();
  return 0;
}
