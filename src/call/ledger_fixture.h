// A ledger over the store in memory, for tests.
//
// Thread safety: a test's.
#pragma once

#include <gtest/gtest.h>

#include <memory>
#include <string>
#include <vector>

#include "call/ledger.h"
#include "store/memory_store.h"

namespace weft::call {

class LedgerTest : public testing::Test {
 protected:
  using Ms = std::chrono::milliseconds;

  void SetUp() override { ledger_ = Ledger::open(*store_, clock_, options_).value(); }
  void TearDown() override {
    store_->resume();  // or the ledger would wait for answers
    ledger_.reset();
  }

  // The process dies and another one starts.
  void restart() {
    store_->crash();
    ledger_.reset();
    store_ = std::make_unique<store::MemoryStore>(store_->contents());
    ledger_ = Ledger::open(*store_, clock_, options_).value();
  }

  static Submission call_of(std::string input = "input", std::string function = "f") {
    Submission s;
    s.function = {"space", std::move(function)};
    s.version = "v1";
    s.input = std::move(input);
    return s;
  }
  static Submission retried(uint16_t attempts, Ms back_off = Ms(1000)) {
    Submission s = call_of();
    s.policy = {Policy::Kind::at_least_once, attempts, back_off};
    return s;
  }
  static End returned(std::string output = "output") {
    End end;
    end.output = std::move(output);
    return end;
  }

  // What the answer was; fails when none has come.
  template <class T>
  struct Answer {
    std::optional<Result<T>> result;
    auto taker() {
      return [this](Result<T> r) { result.emplace(std::move(r)); };
    }
  };
  Result<Accepted> accept(const Submission& s) {
    Answer<Accepted> answer;
    ledger_->accept(s, answer.taker());
    return answer.result.value();
  }
  CallId accept_call(const Submission& s = call_of()) { return accept(s).value().first; }
  Result<uint16_t> running(CallId id) {
    Answer<uint16_t> answer;
    ledger_->running(id, answer.taker());
    return answer.result.value();
  }
  Result<void> ended(CallId id, const End& end) {
    Answer<void> answer;
    ledger_->ended(id, end, answer.taker());
    return answer.result.value();
  }
  Result<void> cancel(CallId id) {
    Answer<void> answer;
    ledger_->cancel(id, answer.taker());
    return answer.result.value();
  }
  void run(CallId id, const End& end) {
    ASSERT_TRUE(running(id));
    ASSERT_TRUE(ended(id, end));
  }
  CallId ran(const End& end = returned(), const Submission& s = call_of()) {
    CallId id = accept_call(s);
    run(id, end);
    return id;
  }
  Result<Collected> collect() {
    Answer<Collected> answer;
    ledger_->collect(answer.taker());
    return answer.result.value();
  }
  Collected collect_all() {
    Collected sum;
    for (bool more = true; more;) {
      Collected step = collect().value();
      sum.calls += step.calls;
      sum.keys += step.keys;
      more = step.more;
    }
    return sum;
  }
  std::vector<CallId> pending() {
    std::vector<CallId> ids;
    for (const Pending& p : ledger_->pending({}, 1000)) {
      ids.push_back(p.id);
    }
    return ids;
  }
  static Error::Kind kind(const auto& result) { return result.error().kind(); }

  FakeClock clock_;
  Ledger::Options options_;
  std::unique_ptr<store::MemoryStore> store_ = std::make_unique<store::MemoryStore>();
  std::unique_ptr<Ledger> ledger_;
};

}  // namespace weft::call
