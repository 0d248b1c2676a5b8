// HTTP on one connection without the connection: bytes in, requests to the handler, answers in the
// order of the requests, bytes out. What moves the bytes is Connection; tests and the fuzzer move
// them by hand.
//
//     receive(bytes) ─► parser ─► slot ─► handler(exchange)
//                                  │          │ respond, stream     (any slot, any time)
//     output() ◄── the first slot ─┘ ◄────────┘
//
// Invariants: there are at most Limits::max_pipelined slots; only the first slot's bytes are in
// output(); an exchange points to its session exactly as long as the session may reach it.
//
// Thread safety: none needed; one thread.
#pragma once

#include <chrono>
#include <ctime>

#include "net/exchange.h"
#include "net/options.h"
#include "net/output.h"
#include "net/request_parser.h"

namespace weft::net {

using Handler = std::function<void(std::shared_ptr<Exchange>)>;

// What the sessions of one server have in common.
struct Site {
  Site(Options site_options, Handler site_handler);
  void look_at_clock();
  std::string_view date();  // for the header

  Options options;
  Handler handler;
  std::shared_ptr<BodyBudget> budget;
  std::chrono::steady_clock::time_point now;  // as of the last look
  bool draining = false;
  uint64_t requests = 0;

 private:
  std::string date_;
  time_t dated_ = -1;
};

class Session final : private RequestParser::Judge {
 public:
  // Whoever moves the bytes.
  class Wire {
   public:
    virtual ~Wire() = default;
    // Something has changed from outside receive(): there is output, input is wanted again, or the
    // end is near. May be called while a handler runs.
    virtual void changed() = 0;
  };

  // `site` and `wire` outlive the session.
  Session(Site& site, std::shared_ptr<const Peer> peer, Wire& wire);
  ~Session() override;
  Session(const Session&) = delete;
  Session& operator=(const Session&) = delete;

  // Bytes from the client. REQUIRES: wants_input().
  void receive(std::string_view bytes);
  // There are whole requests that receive() had to keep back and that can be looked at now.
  bool can_resume() const { return held_ && may_parse(); }
  void resume() { receive({}); }
  // The client sends no more, though there may be input that was not received yet.
  void client_left();
  // There is no more input.
  void end_of_input();
  // Nothing can be sent any more; all exchanges are told.
  void lose();
  // What the clock demands; at intervals.
  void sweep();
  // No further request after those that run.
  void drain();

  Output& output() { return output_; }
  // Output was taken; streams may go on.
  void drained();
  bool wants_input() const;
  // All is said: what is in output() is the last.
  bool finished() const { return finished_; }
  // The last answer is not whole; the client has to see that the connection broke.
  bool cut() const { return cut_; }
  // Waits for a request and has none of it.
  bool idle() const;
  // Gives back what an idle one keeps for its next request.
  void trim();

 private:
  friend class Exchange;
  friend class Stream;

  enum class Framing { fixed, chunked, length, until_close };

  struct Slot {
    Exchange* exchange = nullptr;  // null once it has let go
    Output waiting;                // what is to be sent when this slot is the first
    uint64_t left = 0;             // of a stream with a length
    std::function<void()> on_drained;
    Framing framing = Framing::fixed;
    bool complete = false;
    bool keep_alive = false;
    bool head_only = false;
    bool http10 = false;
    bool undrained = false;  // a stream has written since it was last told
    bool cut = false;        // a stream that was dropped in its middle
  };

  std::optional<Response> accept_head(Request& request, std::optional<uint64_t> length) override;
  std::optional<Response> accept_body(Request& request, size_t more) override;
  std::optional<Response> charge(size_t bytes);

  bool may_parse() const;
  bool parse(std::string_view& bytes);
  void begin_request();
  void hand_over();
  void refuse(Response answer);

  // For Exchange and Stream.
  void answer(Exchange& exchange, Response response);
  void begin_stream(Exchange& exchange, unsigned status, const std::vector<Header>& headers);
  void write(Exchange& exchange, Body piece);
  void end(Exchange& exchange);
  void let_go(Exchange& exchange);
  size_t queued(const Exchange& exchange) const;
  void on_drained(Exchange& exchange, std::function<void()> callback);

  Slot& slot_of(const Exchange& exchange);
  Output& output_of(Slot& slot) { return &slot == slots_.data() ? output_ : slot.waiting; }
  void put_head(Slot& slot, unsigned status, const std::vector<Header>& headers,
                std::optional<uint64_t> length);
  void answer_slot(Slot& slot, Response response);
  void advance();
  void changed();
  static std::shared_ptr<Exchange> detach(Slot& slot);

  Site& site_;
  std::shared_ptr<const Peer> peer_;
  Wire& wire_;
  Output output_;
  boost::container::small_vector<Slot, 1> slots_;
  uint64_t first_number_ = 0;  // of slots_[0]
  std::string kept_;           // input that is not parsed yet
  std::shared_ptr<Exchange> incoming_;
  std::unique_ptr<RequestParser> parser_;        // of incoming_
  std::chrono::steady_clock::time_point since_;  // the beginning of what is waited for
  uint32_t busy_ = 0;          // > 0: inside receive(), so that output is collected
  bool continue_due_ = false;  // 100 Continue is to be sent when all before it is
  bool held_ = false;          // kept_ may hold a whole request
  bool input_ended_ = false;
  bool no_more_requests_ = false;
  bool finished_ = false;
  bool cut_ = false;
};

}  // namespace weft::net
