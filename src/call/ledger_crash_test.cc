// Crashes at every boundary between two commits, compared with a simple model of what was promised.
//
// A run is a random series of steps against a ledger whose store holds commits back: some are
// released at a time, with their answers; then the process "dies" after a given number of commits,
// with or without the last one's answer, and another starts on what was written. The model knows
// only the answers it was given.
#include <gmock/gmock.h>
#include <rapidcheck.h>

#include <map>

#include "call/ledger.h"
#include "store/memory_store.h"

namespace weft::call {
namespace {

// What a client and the node know of a call.
struct Known {
  bool at_most_once = true;
  uint16_t attempts = 1;
  uint16_t begun = 0;    // answers of running(), and attempts of earlier processes
  bool running = false;  // by the process that lives now
  bool asked = false;    // something is under way
  bool unsure = false;   // it may have begun: the answer was io
  bool end_acknowledged = false;
  bool lost = false;
  std::string output;  // of the end that was asked for
  bool end_asked = false;
};

class World {
 public:
  World() { start(); }
  ~World() { stop(); }

  void step() {
    switch (*rc::gen::weightedElement<int>(
        {{6, 0}, {2, 1}, {8, 2}, {8, 3}, {2, 4}, {2, 5}, {8, 6}, {2, 7}, {2, 8}, {1, 9}})) {
      case 0:
        return accept(*rc::gen::element<std::string>("", "", "", "k1", "k2", "k3"));
      case 1:
        return accept_map();
      case 2:
        return begin();
      case 3:
        return end();
      case 4:
        return again();
      case 5:
        return cancel();
      case 6:
        return store_->release(*rc::gen::inRange<size_t>(1, 5));
      case 7:
        return ledger_->collect([](Result<Collected>) {});
      case 8:
        return clock_.advance(std::chrono::seconds(*rc::gen::inRange(-5, 10)));
      default:
        return store_->fail_next(1, Error(Error::Kind::exhausted, "no room"));
    }
  }

  // The process dies after some more commits.
  void crash() {
    size_t commits = *rc::gen::inRange<size_t>(0, store_->held() + 1);
    if (commits > 0) {
      store_->crash_after(commits, *rc::gen::arbitrary<bool>()
                                       ? store::MemoryStore::LastAnswer::told
                                       : store::MemoryStore::LastAnswer::lost);
      store_->release(commits);
    }
    stop();
    store_ = std::make_unique<store::MemoryStore>(store_->contents());
    start();
    check();
  }

 private:
  void start() {
    Ledger::Options options;
    options.keep_results = std::chrono::hours(1000);  // what is collected cannot be compared
    options.collect_step = 3;
    ledger_ = Ledger::open(*store_, clock_, options).value();
    store_->hold();
  }
  void stop() {
    store_->crash();
    ledger_.reset();
  }

  void accept(const std::string& key) {
    Submission s;
    s.function = {"space", *rc::gen::element<std::string>("f", "g", "h")};
    s.version = *rc::gen::element<std::string>("1", "2");
    s.input = std::string(*rc::gen::element<size_t>(3, input_inline_max + 1), 'x');
    s.idempotency_key = key;
    uint16_t attempts = *rc::gen::element<uint16_t>(0, 0, 1, 3);
    if (attempts > 0) {
      s.policy = {Policy::Kind::at_least_once, attempts, std::chrono::milliseconds(10)};
    }
    ledger_->accept(s, [this, s, attempts](Result<Accepted> r) {
      if (!r) {
        return;
      }
      if (!r->existing) {
        RC_ASSERT(r->first > last_ || !s.idempotency_key.empty());
        last_ = std::max(last_, r->first);
        calls_[r->first] = {attempts == 0, std::max<uint16_t>(attempts, 1)};
      }
      if (!s.idempotency_key.empty()) {
        auto known = keys_.emplace(s.idempotency_key, r->first);
        RC_ASSERT(known.first->second == r->first);
      }
    });
  }

  void accept_map() {
    Submission s;
    s.function = {"space", "map"};
    s.version = "1";
    std::vector<std::string> inputs(*rc::gen::inRange<size_t>(1, 5), "input");
    size_t count = inputs.size();
    ledger_->accept_map(s, inputs, [this, count](Result<Accepted> r) {
      for (uint32_t i = 0; r && i < count; ++i) {
        calls_[r->first.plus(i)] = {};
      }
    });
  }

  // A call out of those that `fits`; none: nullptr.
  std::pair<const CallId, Known>* any(auto fits) {
    std::vector<std::pair<const CallId, Known>*> fitting;
    for (auto& call : calls_) {
      if (!call.second.asked && !call.second.end_acknowledged && fits(call.second)) {
        fitting.push_back(&call);
      }
    }
    // (By number: a case that is tried again has other addresses.)
    return fitting.empty() ? nullptr : fitting[*rc::gen::inRange<size_t>(0, fitting.size())];
  }

  void begin() {
    auto* call = any([](const Known& k) { return !k.running; });
    if (call == nullptr) {
      return;
    }
    CallId id = call->first;
    call->second.asked = true;
    ledger_->running(id, [this, id](Result<uint16_t> r) {
      Known& k = calls_[id];
      k.asked = false;
      k.unsure = !r && r.error().kind() == Error::Kind::io;
      if (r) {
        ++k.begun;
        k.running = true;
        RC_ASSERT(!k.at_most_once || k.begun == 1);  // the promise of at most once
        RC_ASSERT(*r <= k.begun);
      }
    });
  }

  void end() {
    auto* call = any([](const Known& k) { return k.running; });
    if (call == nullptr) {
      return;
    }
    CallId id = call->first;
    End end;
    end.output = fmt::format("output {} of {}", ++outputs_, id.text());
    end.output.resize(*rc::gen::element<size_t>(40, output_inline_max + 1), ' ');
    call->second.asked = true;
    call->second.end_asked = true;
    call->second.output = end.output;
    ledger_->ended(id, end, [this, id](Result<void> r) {
      Known& k = calls_[id];
      k.asked = false;
      k.end_acknowledged = r.has_value();
      k.end_asked = r || r.error().kind() == Error::Kind::io;
      k.running = !r.has_value();
    });
  }

  void again() {
    auto* call = any([](const Known& k) { return k.running; });
    if (call == nullptr) {
      return;
    }
    Known& k = call->second;
    auto r = ledger_->again(call->first);
    RC_ASSERT(r || k.at_most_once || k.begun >= k.attempts);
    k.running = !r;
  }

  void cancel() {
    auto* call = any([](const Known& k) { return !k.running; });
    if (call == nullptr) {
      return;
    }
    CallId id = call->first;
    call->second.asked = true;
    call->second.end_asked = true;
    call->second.output = "";
    ledger_->cancel(id, [this, id](Result<void> r) {
      Known& k = calls_[id];
      k.asked = false;
      k.end_acknowledged = r.has_value();
      k.end_asked = r || r.error().kind() == Error::Kind::io;
    });
  }

  // What was acknowledged is there, in the only states that are possible.
  void check() {
    std::vector<Pending> pending = ledger_->pending({}, 100'000);
    RC_ASSERT(std::ranges::is_sorted(pending, {}, &Pending::id));
    std::map<CallId, Pending> waits;
    for (const Pending& p : pending) {
      waits[p.id] = p;
    }
    for (auto& [id, k] : calls_) {
      Call call = ledger_->find(id).value();  // nothing acknowledged is lost
      RC_ASSERT(call.state != State::running);
      RC_ASSERT((call.state == State::accepted) == waits.contains(id));
      if (k.end_acknowledged) {
        RC_ASSERT(call.state == State::ended);
        RC_ASSERT((call.reason == Reason::lost) == k.lost);
      } else if (call.state == State::accepted) {
        RC_ASSERT(!k.at_most_once || k.begun == 0);
        RC_ASSERT(waits[id].attempt <= k.begun);
        RC_ASSERT(ledger_->submission(id).has_value());
      } else if (call.reason == Reason::lost) {
        RC_ASSERT(k.begun > 0 || k.asked || k.unsure);
        RC_ASSERT(k.at_most_once || call.attempt == k.attempts);
        k.end_acknowledged = true;
        k.lost = true;
        k.output = "";
      } else {
        RC_ASSERT(k.end_asked);
        k.end_acknowledged = true;
      }
      if (call.state == State::ended) {
        RC_ASSERT(ledger_->output(id).value() == k.output);
      }
      k.asked = false;
      k.unsure = false;
      k.running = false;
      k.end_asked = k.end_acknowledged;
    }
    // Nothing stays behind: each record belongs to a call that can be found.
    size_t live = waits.size();
    RC_ASSERT(store_->scan({.prefix = "a", .limit = 100'000}).value().size() == live);
    RC_ASSERT(store_->scan({.prefix = "b", .limit = 100'000}).value().size() <= live);
    RC_ASSERT(store_->scan({.prefix = "i", .limit = 100'000}).value().size() <= live);
    RC_ASSERT(store_->scan({.prefix = "e", .limit = 100'000}).value().size() ==
              store_->scan({.prefix = "x", .limit = 100'000}).value().size());
    // Of calls that nobody was told of, the node now knows.
    for (const Pending& p : pending) {
      if (!calls_.contains(p.id)) {
        Submission s = ledger_->submission(p.id).value();
        Known k{s.policy.kind == Policy::Kind::at_most_once, s.policy.attempts, p.attempt};
        RC_ASSERT(!k.at_most_once || p.attempt == 0);
        calls_[p.id] = k;
      }
    }
  }

  FakeClock clock_;
  std::unique_ptr<store::MemoryStore> store_ = std::make_unique<store::MemoryStore>();
  std::unique_ptr<Ledger> ledger_;
  std::map<CallId, Known> calls_;
  std::map<std::string, CallId> keys_;
  CallId last_;
  int outputs_ = 0;
};

TEST(LedgerCrash, whatever_commit_a_crash_comes_after_the_ledger_keeps_its_promises) {
  setenv("RC_PARAMS", "seed=20261124 max_success=300", 0);
  EXPECT_TRUE(rc::check([] {
    World world;
    int lives = *rc::gen::inRange(1, 5);
    for (int life = 0; life < lives; ++life) {
      int steps = *rc::gen::inRange(1, 60);
      for (int i = 0; i < steps; ++i) {
        world.step();
      }
      world.crash();
    }
  }));
}

}  // namespace
}  // namespace weft::call
