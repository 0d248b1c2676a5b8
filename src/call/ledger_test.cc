#include "call/ledger.h"

#include <gmock/gmock.h>

#include "call/ledger_fixture.h"

namespace weft::call {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;

constexpr auto conflict = Error::Kind::conflict;
constexpr auto exhausted = Error::Kind::exhausted;
constexpr auto invalid = Error::Kind::invalid;
constexpr auto not_found = Error::Kind::not_found;

TEST_F(LedgerTest, a_call_goes_from_accepted_to_ended) {
  CallId id = accept_call();
  Call call = ledger_->find(id).value();
  EXPECT_EQ(call.state, State::accepted);
  EXPECT_EQ(call.function, (FunctionName{"space", "f"}));
  EXPECT_EQ(call.version, "v1");
  EXPECT_EQ(call.input_bytes, 5);
  EXPECT_EQ(call.attempt, 0);
  EXPECT_EQ(call.accepted, clock_.now());

  clock_.advance(Ms(7));
  EXPECT_EQ(running(id).value(), 1);
  call = ledger_->find(id).value();
  EXPECT_EQ(call.state, State::running);
  EXPECT_EQ(call.started - call.accepted, Ms(7));

  clock_.advance(Ms(5));
  End end = returned("the output");
  end.reason = Reason::trapped;
  end.exit_code = 134;
  end.message = "unreachable";
  end.backtrace = "main";
  end.cpu = std::chrono::microseconds(1234);
  end.peak_memory_bytes = 65536;
  end.core = 3;
  end.cold = true;
  end.log = "line\n";
  ASSERT_TRUE(ended(id, end));
  call = ledger_->find(id).value();
  EXPECT_EQ(call.state, State::ended);
  EXPECT_EQ(call.reason, Reason::trapped);
  EXPECT_EQ(call.exit_code, 134);
  EXPECT_EQ(call.message, "unreachable");
  EXPECT_EQ(call.backtrace, "main");
  EXPECT_EQ(call.cpu.count(), 1234);
  EXPECT_EQ(call.peak_memory_bytes, 65536);
  EXPECT_EQ(call.core, 3);
  EXPECT_TRUE(call.cold);
  EXPECT_EQ(call.ended - call.started, Ms(5));
  EXPECT_EQ(call.function, (FunctionName{"space", "f"}));
  EXPECT_EQ(call.version, "v1");
  EXPECT_EQ(call.output_bytes, 10);
  EXPECT_EQ(ledger_->output(id).value(), "the output");
  EXPECT_EQ(ledger_->log(id).value(), "line\n");
}

TEST_F(LedgerTest, what_is_to_be_run_can_be_read_again) {
  Submission s = retried(4);
  s.input = std::string(input_inline_max + 1, 'x');
  s.arguments = {"a", "", "b c"};
  s.environment = {"K=V"};
  s.time_limit = Ms(2500);
  s.parent = CallId{1, 2};
  s.trace = "00-abc-def-01";
  CallId id = accept_call(s);
  for (int round = 0; round < 2; ++round) {
    Submission read = ledger_->submission(id).value();
    EXPECT_EQ(read.function, s.function);
    EXPECT_EQ(read.version, s.version);
    EXPECT_EQ(read.input, s.input);
    EXPECT_EQ(read.arguments, s.arguments);
    EXPECT_EQ(read.environment, s.environment);
    EXPECT_EQ(read.time_limit, s.time_limit);
    EXPECT_EQ(read.parent, s.parent);
    EXPECT_EQ(read.trace, s.trace);
    EXPECT_EQ(read.policy.attempts, 4);
    EXPECT_EQ(read.policy.back_off, Ms(1000));
    restart();
  }
  run(id, returned());
  EXPECT_EQ(kind(ledger_->submission(id)), conflict);
}

TEST_F(LedgerTest, states_are_left_in_their_order_only) {
  CallId id = accept_call();
  EXPECT_EQ(kind(ended(id, returned())), conflict);
  EXPECT_EQ(kind(ledger_->again(id)), conflict);
  EXPECT_EQ(kind(ledger_->output(id)), conflict);
  ASSERT_TRUE(running(id));
  EXPECT_EQ(kind(running(id)), conflict);
  EXPECT_EQ(kind(cancel(id)), conflict);
  EXPECT_EQ(kind(ledger_->again(id)), conflict);
  ASSERT_TRUE(ended(id, returned()));
  EXPECT_EQ(kind(running(id)), not_found);
  EXPECT_EQ(kind(ended(id, returned())), not_found);
  EXPECT_EQ(kind(cancel(id)), not_found);
  CallId nobody{7, 7};
  EXPECT_EQ(kind(ledger_->find(nobody)), not_found);
  EXPECT_EQ(kind(ledger_->output(nobody)), not_found);
  EXPECT_EQ(kind(running(nobody)), not_found);
}

TEST_F(LedgerTest, a_call_that_has_not_begun_can_be_cancelled) {
  CallId id = accept_call();
  ASSERT_TRUE(cancel(id));
  EXPECT_EQ(ledger_->find(id).value().reason, Reason::cancelled);
  restart();
  EXPECT_EQ(ledger_->find(id).value().reason, Reason::cancelled);
  EXPECT_THAT(pending(), ElementsAre());
}

TEST_F(LedgerTest, an_at_most_once_call_begins_when_that_is_durable) {
  CallId id = accept_call();
  store_->hold();
  Answer<uint16_t> begun;
  ledger_->running(id, begun.taker());
  EXPECT_FALSE(begun.result);
  EXPECT_EQ(kind(ended(id, returned())), conflict);
  EXPECT_EQ(kind(cancel(id)), conflict);
  store_->resume();
  EXPECT_EQ(begun.result.value().value(), 1);
}

TEST_F(LedgerTest, an_at_least_once_call_begins_at_once) {
  CallId id = accept_call(retried(2));
  store_->hold();
  EXPECT_EQ(running(id).value(), 1);
  store_->resume();
}

TEST_F(LedgerTest, accepted_calls_are_pending_after_a_crash_in_order_of_acceptance) {
  std::vector<CallId> ids;
  for (int i = 0; i < 50; ++i) {
    ids.push_back(accept_call(call_of("x", "f" + std::to_string(i % 7))));
    clock_.advance(i % 3 == 0 ? Ms(-1000) : Ms(1));
  }
  EXPECT_EQ(pending(), ids);
  restart();
  EXPECT_EQ(pending(), ids);
  auto page = ledger_->pending(ids[9], 5);
  ASSERT_EQ(page.size(), 5);
  EXPECT_EQ(page[0].id, ids[10]);
  EXPECT_EQ(page[0].function.name, "f3");
  EXPECT_LE(page[0].not_before, clock_.now());
}

TEST_F(LedgerTest, a_call_that_ran_at_most_once_is_lost_by_a_crash) {
  CallId id = accept_call();
  ASSERT_TRUE(running(id));
  clock_.advance(Ms(10));
  restart();
  EXPECT_THAT(pending(), ElementsAre());
  Call call = ledger_->find(id).value();
  EXPECT_EQ(call.reason, Reason::lost);
  EXPECT_THAT(call.message, HasSubstr("stopped"));
  EXPECT_EQ(call.ended - call.started, Ms(10));
  restart();
  EXPECT_EQ(ledger_->find(id).value().reason, Reason::lost);
}

TEST_F(LedgerTest, a_call_that_ran_at_least_once_runs_again_while_attempts_are_left) {
  CallId id = accept_call(retried(2));
  EXPECT_EQ(running(id).value(), 1);
  restart();
  auto again = ledger_->pending({}, 10);
  ASSERT_EQ(again.size(), 1);
  EXPECT_EQ(again[0].attempt, 1);
  EXPECT_EQ(again[0].not_before, clock_.now() + Ms(1000));
  EXPECT_EQ(running(id).value(), 2);
  restart();
  EXPECT_THAT(pending(), ElementsAre());
  EXPECT_EQ(ledger_->find(id).value().reason, Reason::lost);
  EXPECT_EQ(ledger_->find(id).value().attempt, 2);
}

TEST_F(LedgerTest, a_failed_attempt_is_put_back_until_there_are_none_left) {
  CallId id = accept_call(retried(3));
  ASSERT_TRUE(running(id));
  EXPECT_EQ(ledger_->again(id).value(), clock_.now() + Ms(1000));
  EXPECT_EQ(pending(), std::vector{id});
  ASSERT_TRUE(running(id));
  EXPECT_EQ(ledger_->again(id).value(), clock_.now() + Ms(2000));
  EXPECT_EQ(running(id).value(), 3);
  EXPECT_EQ(kind(ledger_->again(id)), conflict);
  ASSERT_TRUE(ended(id, {.reason = Reason::trapped}));
  EXPECT_EQ(ledger_->find(id).value().attempt, 3);
}

TEST_F(LedgerTest, a_map_is_accepted_whole_and_its_calls_end_singly) {
  Submission common = call_of();
  common.arguments = {"shared"};
  std::vector<std::string> inputs = {"a", std::string(input_inline_max + 9, 'b'), ""};
  Answer<Accepted> answer;
  size_t before = store_->stats().batches;
  ledger_->accept_map(common, inputs, answer.taker());
  EXPECT_EQ(store_->stats().batches, before + 1);
  Accepted accepted = answer.result.value().value();
  EXPECT_EQ(accepted.count, 3);
  restart();
  std::vector<CallId> ids = {accepted.first, accepted.first.plus(1), accepted.first.plus(2)};
  EXPECT_EQ(pending(), ids);
  for (size_t i = 0; i < ids.size(); ++i) {
    Submission s = ledger_->submission(ids[i]).value();
    EXPECT_EQ(s.input, inputs[i]);
    EXPECT_THAT(s.arguments, ElementsAre("shared"));
  }
  run(ids[1], returned("second"));
  restart();
  EXPECT_EQ(ledger_->output(ids[1]).value(), "second");
  run(ids[0], returned());
  EXPECT_EQ(store_->scan({.prefix = "g"}).value().size(), 1);
  run(ids[2], returned());
  for (const char* table : {"g", "a", "b", "i"}) {
    EXPECT_TRUE(store_->scan({.prefix = table}).value().empty()) << table;
  }
}

TEST_F(LedgerTest, the_same_key_and_input_give_the_same_call) {
  Submission s = call_of();
  s.idempotency_key = "once";
  CallId first = accept_call(s);
  Accepted again = accept(s).value();
  EXPECT_EQ(again.first, first);
  EXPECT_TRUE(again.existing);
  run(first, returned());
  s.version = "v2";  // a new version was deployed between the tries
  EXPECT_EQ(accept(s).value().first, first);
  restart();
  EXPECT_EQ(accept(s).value().first, first);
  EXPECT_THAT(pending(), ElementsAre());

  Submission other = s;
  other.input = "another";
  EXPECT_EQ(kind(accept(other)), conflict);
  EXPECT_THAT(accept(other).error().message(), HasSubstr(first.text()));
  other = s;
  other.function.name_space = "elsewhere";
  EXPECT_NE(accept(other).value().first, first);
  Answer<Accepted> map;
  ledger_->accept_map(s, {s.input, s.input}, map.taker());
  EXPECT_EQ(kind(*map.result), conflict);
}

TEST_F(LedgerTest, two_who_come_at_once_with_one_key_get_one_call) {
  Submission s = call_of();
  s.idempotency_key = "once";
  store_->hold();
  Answer<Accepted> a;
  Answer<Accepted> b;
  ledger_->accept(s, a.taker());
  ledger_->accept(s, b.taker());
  store_->resume();
  EXPECT_FALSE(a.result.value().value().existing);
  EXPECT_TRUE(b.result.value().value().existing);
  EXPECT_EQ(a.result.value().value().first, b.result.value().value().first);
  EXPECT_EQ(ledger_->counts().accepted, 1);
}

TEST_F(LedgerTest, children_are_found_by_their_parent) {
  CallId parent = accept_call();
  Submission s = call_of();
  s.parent = parent;
  CallId one = accept_call(s);
  Answer<Accepted> map;
  ledger_->accept_map(s, {"1", "2"}, map.taker());
  CallId two = map.result.value().value().first;
  run(one, returned());
  restart();
  EXPECT_THAT(ledger_->children(parent, 10).value(), ElementsAre(one, two, two.plus(1)));
  EXPECT_THAT(ledger_->children(parent, 2).value(), ElementsAre(one, two));
  EXPECT_THAT(ledger_->children(one, 10).value(), ElementsAre());
  EXPECT_EQ(ledger_->find(one).value().parent, parent);
}

TEST_F(LedgerTest, large_outputs_and_logs_are_kept_apart) {
  End end = returned(std::string(3'000'000, 'o'));
  end.log = std::string(5000, 'l');
  CallId id = ran(end);
  EXPECT_LT(store_->get(id_key(Table::ended, id)).value()->size(), 300);
  restart();
  EXPECT_EQ(ledger_->output(id).value(), end.output);
  EXPECT_EQ(ledger_->log(id).value(), end.log);
  EXPECT_EQ(ledger_->find(id).value().output_bytes, 3'000'000);
}

TEST_F(LedgerTest, what_is_too_long_is_refused_by_name) {
  Submission s = call_of();
  s.function.name = std::string(name_max_bytes + 1, 'n');
  EXPECT_EQ(kind(accept(s)), invalid);
  EXPECT_THAT(accept(s).error().message(), HasSubstr("function's name has 65 bytes; 64"));
  s = call_of();
  s.idempotency_key = std::string(idempotency_key_max_bytes + 1, 'k');
  EXPECT_EQ(kind(accept(s)), invalid);
  s = call_of();
  s.idempotency_key = std::string("a\0b", 3);
  EXPECT_EQ(kind(accept(s)), invalid);
  s = call_of();
  s.arguments.assign(10'000, "");
  EXPECT_EQ(kind(accept(s)), invalid);
  s = call_of();
  s.policy.attempts = 0;
  EXPECT_EQ(kind(accept(s)), invalid);
  Answer<Accepted> empty;
  ledger_->accept_map(call_of(), {}, empty.taker());
  EXPECT_EQ(kind(*empty.result), invalid);
  EXPECT_EQ(ledger_->counts().accepted, 0);
}

TEST_F(LedgerTest, messages_and_backtraces_are_cut) {
  CallId id = ran({.reason = Reason::trapped,
                   .message = std::string(message_max_bytes + 1, 'm'),
                   .backtrace = std::string(backtrace_max_bytes + 1, 'b')});
  EXPECT_EQ(ledger_->find(id).value().message.size(), message_max_bytes);
  EXPECT_EQ(ledger_->find(id).value().backtrace.size(), backtrace_max_bytes);
}

TEST_F(LedgerTest, a_full_disk_leaves_everything_as_it_was) {
  Error full(exhausted, "no room");
  CallId id = accept_call();
  store_->fail_next(1, full);
  EXPECT_EQ(kind(accept(call_of())), exhausted);
  EXPECT_EQ(pending(), std::vector{id});
  store_->fail_next(1, full);
  EXPECT_EQ(kind(running(id)), exhausted);
  EXPECT_EQ(ledger_->find(id).value().state, State::accepted);
  EXPECT_EQ(running(id).value(), 1);
  store_->fail_next(1, full);
  EXPECT_EQ(kind(ended(id, returned())), exhausted);
  EXPECT_EQ(ledger_->find(id).value().state, State::running);
  EXPECT_TRUE(ended(id, returned()));
  CallId other = accept_call();
  store_->fail_next(1, full);
  EXPECT_EQ(kind(cancel(other)), exhausted);
  EXPECT_EQ(pending(), std::vector{other});
}

TEST_F(LedgerTest, a_function_is_written_again_when_its_first_call_failed) {
  store_->fail_next(1, Error(exhausted, "no room"));
  EXPECT_FALSE(accept(call_of("x", "new")));
  CallId id = accept_call(call_of("x", "new"));
  restart();
  EXPECT_EQ(ledger_->find(id).value().function.name, "new");
}

TEST_F(LedgerTest, an_acceptance_whose_answer_was_lost_may_run_after_a_crash) {
  store_->lose_answers(1);
  EXPECT_EQ(kind(accept(call_of())), Error::Kind::io);
  EXPECT_THAT(pending(), ElementsAre());
  restart();
  EXPECT_EQ(pending().size(), 1);
}

TEST_F(LedgerTest, more_live_calls_than_allowed_are_refused) {
  options_.live_max = 3;
  restart();
  accept_call();
  Answer<Accepted> map;
  ledger_->accept_map(call_of(), {"1", "2", "3"}, map.taker());
  EXPECT_EQ(kind(*map.result), exhausted);
  CallId id = accept_call();
  accept_call();
  EXPECT_EQ(kind(accept(call_of())), exhausted);
  ASSERT_TRUE(cancel(id));
  EXPECT_TRUE(accept(call_of()));
}

TEST_F(LedgerTest, a_ledger_of_a_newer_version_is_refused) {
  store::Batch batch;
  batch.put(RecordKey(Table::meta).add("format"), encode_number(ledger_format + 1));
  ASSERT_TRUE(store::commit_and_wait(*store_, std::move(batch)));
  auto opened = Ledger::open(*store_, clock_, options_);
  ASSERT_FALSE(opened);
  EXPECT_EQ(kind(opened), Error::Kind::unsupported);
  EXPECT_THAT(opened.error().message(), HasSubstr("newer version"));
}

TEST_F(LedgerTest, a_damaged_record_is_an_error_that_says_so) {
  CallId id = accept_call();
  CallId over = ran();
  for (auto key : {id_key(Table::accepted, id), id_key(Table::ended, over)}) {
    store::Batch batch;
    batch.put(key, "nonsense");
    ASSERT_TRUE(store::commit_and_wait(*store_, std::move(batch)));
  }
  EXPECT_EQ(kind(ledger_->find(over)), Error::Kind::corrupt);
  EXPECT_EQ(kind(ledger_->submission(id)), Error::Kind::corrupt);
  EXPECT_EQ(kind(Ledger::open(*store_, clock_, options_)), Error::Kind::corrupt);
}

TEST_F(LedgerTest, durations_are_not_negative_when_the_clock_jumps_back) {
  CallId id = accept_call();
  clock_.advance(-std::chrono::hours(5));
  ASSERT_TRUE(running(id));
  clock_.advance(-std::chrono::hours(5));
  ASSERT_TRUE(ended(id, returned()));
  Call call = ledger_->find(id).value();
  EXPECT_GE(call.started, call.accepted);
  EXPECT_GE(call.ended, call.started);
  EXPECT_GT(accept_call(), id);
  restart();
  EXPECT_GT(accept_call(), id);
}

}  // namespace
}  // namespace weft::call
