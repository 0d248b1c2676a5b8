#include "net/session.h"

#include <utility>

namespace weft::net {
namespace {

// With more than this to send no further request is looked at.
constexpr size_t max_output = 256 * 1024;
constexpr std::string_view please_continue = "HTTP/1.1 100 Continue\r\n\r\n";

Response body_too_large(size_t limit) {
  return problem(413, "body-too-large", "The request's body is too large",
                 fmt::format("a body here may have {} bytes", limit));
}

}  // namespace

Site::Site(Options site_options, Handler site_handler)
    : options(std::move(site_options)),
      handler(std::move(site_handler)),
      budget(std::make_shared<BodyBudget>(options.limits.body_budget_bytes)),
      now(options.now()) {}

void Site::look_at_clock() { now = options.now(); }

Session::Session(Site& site, std::shared_ptr<const Peer> peer, Wire& wire)
    : site_(site), peer_(std::move(peer)), wire_(wire), since_(site.now) {}

Session::~Session() { lose(); }

bool Session::idle() const { return slots_.empty() && !incoming_ && output_.empty(); }

void Session::trim() {
  output_.trim();
  slots_.shrink_to_fit();
  kept_.shrink_to_fit();
}

bool Session::may_parse() const {
  return !finished_ && !no_more_requests_ && slots_.size() < site_.options.limits.max_pipelined &&
         output_.size() < max_output;
}

bool Session::wants_input() const { return may_parse() && !input_ended_; }

void Session::receive(std::string_view bytes) {
  ++busy_;
  std::string before = std::move(kept_);
  kept_.clear();
  if (!before.empty()) {
    before += bytes;
    bytes = before;
  }
  while (may_parse() && parse(bytes)) {
  }
  if (!no_more_requests_ && !finished_) {
    kept_ = bytes;
  }
  held_ = !kept_.empty() && !may_parse();
  --busy_;
}

// Takes what it can from the front of `bytes`; true when there may be another request behind it.
bool Session::parse(std::string_view& bytes) {
  if (!incoming_) {
    while (bytes.starts_with("\r\n")) {
      bytes.remove_prefix(2);  // empty lines before a request (RFC 9112 section 2.2)
    }
    if (bytes.empty() || bytes == "\r") {
      return false;
    }
    begin_request();
  }
  bytes.remove_prefix(parser_->feed(bytes));
  if (parser_->refusal()) {
    refuse(*parser_->refusal());
    return false;
  }
  if (!parser_->is_done()) {
    return false;
  }
  hand_over();
  return !bytes.empty();
}

void Session::begin_request() {
  incoming_ = std::make_shared<Exchange>(first_number_ + slots_.size());
  incoming_->request_.peer_ = peer_;
  RequestParser::Judge& judge = *this;
  parser_ = std::make_unique<RequestParser>(incoming_->request_, judge,
                                            site_.options.limits.max_header_bytes);
  since_ = site_.now;
}

std::optional<Response> Session::charge(size_t bytes) {
  if (bytes == 0) {
    return std::nullopt;
  }
  if (bytes > site_.budget->left) {
    return problem(503, "too-many-bodies", "The server has too many requests to read yours",
                   "try again in a second", 1);
  }
  site_.budget->left -= bytes;
  incoming_->budget_ = site_.budget;
  incoming_->charged_ += bytes;
  return std::nullopt;
}

std::optional<Response> Session::accept_head(Request& request, std::optional<uint64_t> length) {
  size_t limit = site_.options.limits.max_body_bytes(request);
  if (length.value_or(0) > limit) {
    return body_too_large(limit);
  }
  incoming_->max_body_ = limit;
  if (auto refused = charge(length.value_or(0))) {
    return refused;
  }
  auto expect = request.header("Expect");
  if (expect && request.version() >= 11) {
    if (!same_name(*expect, "100-continue")) {
      return problem(417, "expectation", "The expectation cannot be met",
                     "the only Expect known here is 100-continue");
    }
    if (length != 0) {
      if (slots_.empty()) {
        output_.append(please_continue);
      } else {
        continue_due_ = true;
      }
    }
  }
  since_ = site_.now;
  return std::nullopt;
}

std::optional<Response> Session::accept_body(Request& request, size_t more) {
  if (more > incoming_->max_body_ - request.body().size()) {
    return body_too_large(incoming_->max_body_);
  }
  return charge(more);
}

void Session::hand_over() {
  auto exchange = std::exchange(incoming_, nullptr);
  parser_.reset();
  const Request& request = exchange->request_;
  Slot& slot = slots_.emplace_back();
  slot.exchange = exchange.get();
  slot.keep_alive = request.keep_alive();
  slot.head_only = request.method() == Method::head;
  slot.http10 = request.version() < 11;
  exchange->session_ = this;
  no_more_requests_ = !slot.keep_alive || site_.draining;
  continue_due_ = false;
  ++site_.requests;
  site_.handler(std::move(exchange));
}

// Answers what is being received, as the last of this connection.
void Session::refuse(Response answer) {
  Slot& slot = slots_.emplace_back();
  slot.head_only = incoming_ && incoming_->request_.method() == Method::head;
  parser_.reset();
  incoming_.reset();
  no_more_requests_ = true;
  continue_due_ = false;
  answer_slot(slot, std::move(answer));
  advance();
}

void Session::client_left() {
  std::vector<std::shared_ptr<Exchange>> told;
  for (Slot& slot : slots_) {
    if (slot.exchange != nullptr) {
      told.push_back(slot.exchange->shared_from_this());
    }
  }
  for (auto& exchange : told) {
    exchange->tell_gone();
  }
}

void Session::end_of_input() {
  input_ended_ = no_more_requests_ = true;
  parser_.reset();
  incoming_.reset();
  kept_ = {};
  client_left();
  advance();
}

// The slot's exchange, which from here on does not know the session.
std::shared_ptr<Exchange> Session::detach(Slot& slot) {
  Exchange* exchange = std::exchange(slot.exchange, nullptr);
  if (exchange == nullptr) {
    return nullptr;
  }
  exchange->session_ = nullptr;
  return exchange->shared_from_this();
}

void Session::lose() {
  finished_ = no_more_requests_ = true;
  parser_.reset();
  incoming_.reset();
  std::vector<std::shared_ptr<Exchange>> told;
  for (Slot& slot : slots_) {
    if (auto exchange = detach(slot)) {
      exchange->lost_ = true;
      told.push_back(std::move(exchange));
    }
  }
  first_number_ += slots_.size();
  slots_.clear();
  output_.clear();
  for (auto& exchange : told) {
    exchange->tell_gone();
  }
}

void Session::sweep() {
  const Timeouts& timeouts = site_.options.timeouts;
  auto waited = site_.now - since_;
  if (incoming_ && wants_input()) {
    if (!parser_->is_header_done()) {
      if (waited > timeouts.header) {
        refuse(problem(408, "slow-header", "The request came too slowly",
                       "its header was not whole in time"));
      }
    } else if (waited > timeouts.body) {
      auto seconds = std::chrono::duration<double>(waited).count();
      auto wanted = seconds * static_cast<double>(timeouts.body_bytes_per_second);
      if (static_cast<double>(incoming_->request_.body().size()) < wanted) {
        refuse(problem(408, "slow-body", "The request came too slowly",
                       fmt::format("a body has to come at {} bytes a second",
                                   timeouts.body_bytes_per_second)));
      }
    }
  } else if (idle() && waited > timeouts.idle) {
    no_more_requests_ = true;
    advance();
  }
}

void Session::drain() {
  if (!incoming_) {
    no_more_requests_ = true;
    kept_ = {};
    advance();
  }
}

void Session::drained() {
  if (slots_.empty() || !slots_[0].undrained || !output_.empty()) {
    return;
  }
  uint64_t number = first_number_;
  slots_[0].undrained = false;
  auto callback = std::exchange(slots_[0].on_drained, nullptr);
  if (callback) {
    ++busy_;
    callback();
    --busy_;
    if (!slots_.empty() && first_number_ == number && !slots_[0].on_drained) {
      slots_[0].on_drained = std::move(callback);
    }
  }
}

void Session::changed() {
  if (busy_ == 0) {
    wire_.changed();
  }
}

// Lets the slots that are complete go, from the front, and what follows them be sent.
void Session::advance() {
  while (!slots_.empty() && slots_[0].complete) {
    bool last = !slots_[0].keep_alive;
    cut_ = cut_ || slots_[0].cut;
    detach(slots_[0]);
    slots_.erase(slots_.begin());
    ++first_number_;
    since_ = incoming_ ? since_ : site_.now;
    if (last && !slots_.empty()) {
      // The client was told that the connection ends here.
      Output sent;
      std::swap(sent, output_);
      lose();
      std::swap(sent, output_);
    } else if (!slots_.empty()) {
      output_.add(std::move(slots_[0].waiting));
    }
    if (last) {
      no_more_requests_ = true;
      parser_.reset();
      incoming_.reset();
    }
  }
  if (slots_.empty()) {
    if (std::exchange(continue_due_, false) && incoming_) {
      output_.append(please_continue);
    }
    finished_ = finished_ || (no_more_requests_ && !incoming_);
  }
  changed();
}

}  // namespace weft::net
