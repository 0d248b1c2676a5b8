#include <nlohmann/json.hpp>

#include "net/wired.h"

namespace weft::net {
namespace {

using testing::EndsWith;
using testing::HasSubstr;
using testing::Not;
using testing::StartsWith;

TEST_F(Wired, a_request_is_taken_apart) {
  say("POST /v1/a%2Fb/?x=1&y=%20+&z HTTP/1.1\r\nHost: h\r\nX-Word:  two words \r\n"
      "content-length: 3\r\n\r\nabc");
  ASSERT_EQ(asked.size(), 1u);
  const Request& request = asked[0]->request();
  EXPECT_EQ(request.method(), Method::post);
  EXPECT_EQ(request.method_name(), "POST");
  EXPECT_EQ(request.target(), "/v1/a%2Fb/?x=1&y=%20+&z");
  EXPECT_EQ(request.path(), "/v1/a%2Fb/");
  EXPECT_EQ(request.segments(), (std::vector<std::string>{"v1", "a/b", ""}));
  EXPECT_EQ(request.queries(), (std::vector<Query>{{"x", "1"}, {"y", "  "}, {"z", ""}}));
  EXPECT_EQ(request.query("y"), "  ");
  EXPECT_EQ(request.query("w"), std::nullopt);
  EXPECT_EQ(request.header("x-word"), "two words");
  EXPECT_EQ(request.header("X-Other"), std::nullopt);
  EXPECT_EQ(request.header_count(), 3u);
  EXPECT_EQ(request.body(), "abc");
  EXPECT_EQ(request.version(), 11u);
  EXPECT_TRUE(request.is_loopback());
  asked[0]->respond({});
}

TEST_F(Wired, an_answer_has_a_length_and_the_connection_stays) {
  handler = echo;
  std::string answer = say("POST / HTTP/1.1\r\nHost: h\r\nContent-Length: 2\r\n\r\nhi");
  EXPECT_THAT(answer, StartsWith("HTTP/1.1 200 OK\r\nContent-Length: 2\r\nDate: "));
  EXPECT_THAT(answer, EndsWith(" GMT\r\n\r\nhi"));
  EXPECT_FALSE(session().finished());
  EXPECT_THAT(say("GET / HTTP/1.1\r\nHost: h\r\n\r\n"), HasSubstr("Content-Length: 0\r\n"));
}

TEST_F(Wired, a_request_may_come_byte_by_byte) {
  handler = echo;
  std::string request =
      "\r\nPOST /a?b HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked\r\n\r\n"
      "3;x=y\r\nabc\r\n2\r\nde\r\n0\r\nTrailer: t\r\n\r\n";
  std::string answer;
  for (char c : request) {
    answer += say({&c, 1});
  }
  EXPECT_EQ(body_of(answer), "abcde");
}

TEST_F(Wired, answers_come_in_the_order_of_the_requests) {
  for (char c : {'a', 'b', 'c'}) {
    say(std::string("GET /") + c + " HTTP/1.1\r\nHost: h\r\n\r\n");
  }
  ASSERT_EQ(asked.size(), 3u);
  asked[2]->respond({.body = "third"});
  asked[1]->respond({.body = "second"});
  asked.pop_back();
  EXPECT_EQ(sent(), "");
  asked[0]->respond({.body = "first"});
  std::string answers = sent();
  size_t second = answers.find("second");
  EXPECT_LT(answers.find("first"), second);
  EXPECT_LT(second, answers.find("third"));
  EXPECT_NE(answers.find("third"), answers.npos);
}

TEST_F(Wired, a_pipeline_in_one_packet_is_answered_in_one) {
  handler = echo;
  std::string requests;
  for (int i = 0; i < 10; ++i) {
    requests += "POST / HTTP/1.1\r\nHost: h\r\nContent-Length: 1\r\n\r\n" + std::to_string(i);
  }
  session().receive(requests);
  iovec vectors[4];
  EXPECT_EQ(session().output().gather(vectors), 1u);
  EXPECT_EQ(site->requests, 10u);
}

TEST_F(Wired, no_more_requests_run_at_once_than_the_limit) {
  options.limits.max_pipelined = 2;
  std::string requests;
  for (int i = 0; i < 5; ++i) {
    requests += "GET / HTTP/1.1\r\nHost: h\r\n\r\n";
  }
  say(requests);
  EXPECT_EQ(asked.size(), 2u);
  EXPECT_FALSE(session().wants_input());
  EXPECT_FALSE(session().can_resume());
  asked[0]->respond({});
  EXPECT_TRUE(session().can_resume());
  session().resume();
  EXPECT_EQ(asked.size(), 3u);
  EXPECT_EQ(site->requests, 3u);
}

TEST_F(Wired, a_client_that_takes_no_answers_gets_no_requests_read) {
  handler = [](std::shared_ptr<Exchange> exchange) {
    exchange->respond({.body = std::string(100'000, 'x')});
  };
  std::string requests;
  for (int i = 0; i < 15; ++i) {
    requests += "GET / HTTP/1.1\r\nHost: h\r\n\r\n";
  }
  session().receive(requests);
  EXPECT_EQ(site->requests, 3u);  // 256 KiB
  sent();
  session().resume();
  EXPECT_EQ(site->requests, 6u);
}

TEST_F(Wired, http_1_0_closes_unless_asked) {
  handler = echo;
  EXPECT_THAT(say("GET / HTTP/1.0\r\nConnection: keep-alive\r\n\r\n"),
              HasSubstr("Connection: keep-alive\r\n"));
  EXPECT_FALSE(session().finished());
  EXPECT_THAT(say("GET / HTTP/1.0\r\n\r\n"), HasSubstr("Connection: close\r\n"));
  EXPECT_TRUE(session().finished());
}

TEST_F(Wired, connection_close_is_the_last_request) {
  handler = echo;
  std::string request = "GET / HTTP/1.1\r\nHost: h\r\nConnection: close\r\n\r\n";
  EXPECT_THAT(say(request + request), HasSubstr("Connection: close\r\n"));
  EXPECT_TRUE(session().finished());
  EXPECT_EQ(site->requests, 1u);
}

TEST_F(Wired, head_is_answered_without_the_body) {
  handler = [](std::shared_ptr<Exchange> exchange) { exchange->respond({.body = "12345"}); };
  std::string answer = say("HEAD / HTTP/1.1\r\nHost: h\r\n\r\n");
  EXPECT_THAT(answer, HasSubstr("Content-Length: 5\r\n"));
  EXPECT_THAT(answer, EndsWith("\r\n\r\n"));
}

TEST_F(Wired, statuses_without_a_body_have_none) {
  handler = [](std::shared_ptr<Exchange> exchange) {
    exchange->respond({.status = 204, .body = "12345"});
  };
  std::string answer = say("GET / HTTP/1.1\r\nHost: h\r\n\r\n");
  EXPECT_THAT(answer, StartsWith("HTTP/1.1 204 No Content\r\n"));
  EXPECT_THAT(answer, Not(HasSubstr("Content-Length")));
  EXPECT_THAT(answer, EndsWith("\r\n\r\n"));
}

TEST_F(Wired, expect_100_continue_is_told_to_go_on) {
  EXPECT_EQ(say("POST / HTTP/1.1\r\nHost: h\r\nExpect: 100-continue\r\nContent-Length: 1\r\n\r\n"),
            "HTTP/1.1 100 Continue\r\n\r\n");
  say("x");
  ASSERT_EQ(asked.size(), 1u);
  EXPECT_EQ(asked[0]->request().body(), "x");
}

TEST_F(Wired, continue_waits_for_the_answers_before_it) {
  EXPECT_EQ(say("GET / HTTP/1.1\r\nHost: h\r\n\r\n"
                "POST / HTTP/1.1\r\nHost: h\r\nExpect: 100-continue\r\nContent-Length: 1\r\n\r\n"),
            "");
  asked[0]->respond({.body = "first"});
  EXPECT_THAT(sent(), EndsWith("firstHTTP/1.1 100 Continue\r\n\r\n"));
}

TEST_F(Wired, a_body_that_is_announced_too_large_is_refused_before_it_comes) {
  options.limits.max_body_bytes = [](const Request& head) {
    return head.path() == "/deploy" ? 1000u : 10u;
  };
  EXPECT_THAT(say("POST /deploy HTTP/1.1\r\nHost: h\r\nExpect: 100-continue\r\n"
                  "Content-Length: 1000\r\n\r\n"),
              StartsWith("HTTP/1.1 100 "));
  say(std::string(1000, 'x'));
  asked[0]->respond({});
  sent();
  std::string answer = say("POST / HTTP/1.1\r\nHost: h\r\nContent-Length: 11\r\n\r\n");
  EXPECT_THAT(answer, StartsWith("HTTP/1.1 413 "));
  EXPECT_THAT(answer, HasSubstr("Connection: close\r\n"));
  auto document = nlohmann::json::parse(body_of(answer));
  EXPECT_EQ(document["type"], "urn:weft:problem:body-too-large");
  EXPECT_EQ(document["status"], 413);
  EXPECT_TRUE(session().finished());
}

TEST_F(Wired, a_chunked_body_is_refused_when_it_grows_too_large) {
  options.limits.max_body_bytes = [](const Request&) { return 5u; };
  std::string head = "POST / HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked\r\n\r\n";
  EXPECT_EQ(say(head + "5\r\nabcde\r\n"), "");
  EXPECT_THAT(say("1\r\nf\r\n"), StartsWith("HTTP/1.1 413 "));
}

TEST_F(Wired, the_budget_for_bodies_is_shared_and_given_back) {
  options.limits.body_budget_bytes = 10;
  say("POST / HTTP/1.1\r\nHost: h\r\nContent-Length: 8\r\n\r\n12345678");
  asked[0]->respond({});
  sent();
  asked.clear();
  say("POST / HTTP/1.1\r\nHost: h\r\nContent-Length: 8\r\n\r\n12345678");
  ASSERT_EQ(asked.size(), 1u);
  say("POST / HTTP/1.1\r\nHost: h\r\nContent-Length: 3\r\n\r\n");
  asked[0]->respond({});
  asked.clear();
  std::string answers = sent();
  EXPECT_THAT(answers, HasSubstr("HTTP/1.1 503 "));
  EXPECT_THAT(answers, HasSubstr("Retry-After: 1\r\n"));
  EXPECT_EQ(site->budget->left, 10u);
}

TEST_F(Wired, an_exchange_that_is_dropped_is_answered_with_500) {
  say("GET / HTTP/1.1\r\nHost: h\r\n\r\n");
  asked.clear();
  EXPECT_THAT(sent(), StartsWith("HTTP/1.1 500 "));
  EXPECT_FALSE(session().finished());
}

TEST_F(Wired, headers_of_an_answer_cannot_break_it) {
  handler = [](std::shared_ptr<Exchange> exchange) {
    exchange->respond({.headers = {{"X-Guest", "a\r\nSet-Cookie: b"}}});
  };
  std::string answer = say("GET / HTTP/1.1\r\nHost: h\r\n\r\n");
  EXPECT_THAT(answer, StartsWith("HTTP/1.1 500 "));
  EXPECT_THAT(answer, Not(HasSubstr("Set-Cookie")));
}

TEST_F(Wired, a_stream_is_chunked) {
  say("GET / HTTP/1.1\r\nHost: h\r\n\r\n");
  auto stream = asked[0]->stream(200, {{"Content-Type", "text/event-stream"}});
  std::string head = sent();
  EXPECT_THAT(head, HasSubstr("Transfer-Encoding: chunked\r\n"));
  stream->write("hello");
  stream->write(std::string(16, 'x'));
  EXPECT_EQ(sent(), "5\r\nhello\r\n10\r\nxxxxxxxxxxxxxxxx\r\n");
  stream->end();
  EXPECT_EQ(sent(), "0\r\n\r\n");
  EXPECT_FALSE(session().finished());
}

TEST_F(Wired, a_stream_with_a_length_is_not_chunked) {
  say("GET / HTTP/1.1\r\nHost: h\r\n\r\n");
  auto stream = asked[0]->stream(200, {{"Content-Length", "6"}});
  stream->write("abc");
  stream->write("def");
  stream->end();
  EXPECT_THAT(sent(), EndsWith("GMT\r\n\r\nabcdef"));
}

TEST_F(Wired, a_stream_that_is_dropped_breaks_the_connection) {
  say("GET / HTTP/1.1\r\nHost: h\r\n\r\n");
  auto stream = asked[0]->stream(200, {});
  asked.clear();
  stream->write("half");
  stream.reset();
  EXPECT_THAT(sent(), EndsWith("4\r\nhalf\r\n"));
  EXPECT_TRUE(session().finished());
  EXPECT_TRUE(session().cut());
}

TEST_F(Wired, a_stream_for_http_1_0_ends_with_the_connection) {
  say("GET / HTTP/1.0\r\nConnection: keep-alive\r\n\r\n");
  auto stream = asked[0]->stream(200, {});
  stream->write("all");
  stream->end();
  std::string answer = sent();
  EXPECT_THAT(answer, HasSubstr("Connection: close\r\n"));
  EXPECT_THAT(answer, EndsWith("\r\n\r\nall"));
  EXPECT_TRUE(session().finished());
}

TEST_F(Wired, a_stream_goes_on_when_what_it_wrote_is_taken) {
  say("GET / HTTP/1.1\r\nHost: h\r\n\r\n");
  auto stream = asked[0]->stream(200, {});
  sent();
  int pieces = 0;
  auto fill = [&] {
    while (stream->queued() < 100'000 && pieces < 20) {
      ++pieces;
      stream->write(std::string(30'000, 'x'));
    }
  };
  stream->on_drained(fill);
  fill();
  EXPECT_EQ(pieces, 4);
  sent(stream->queued() - 1);
  EXPECT_EQ(pieces, 4);
  sent(1);
  EXPECT_EQ(pieces, 8);
  while (!session().output().empty()) {
    sent(session().output().size());
  }
  EXPECT_EQ(pieces, 20);
  stream->end();
}

TEST_F(Wired, a_client_that_goes_is_noticed_while_its_request_runs) {
  int gone = 0;
  handler = [&](std::shared_ptr<Exchange> exchange) {
    exchange->on_gone([&] { ++gone; });
    asked.push_back(std::move(exchange));
  };
  say("GET / HTTP/1.1\r\nHost: h\r\n\r\n");
  session().end_of_input();
  EXPECT_EQ(gone, 1);
  EXPECT_FALSE(asked[0]->gone());
  asked[0]->respond({.body = "for a half-closed client"});
  EXPECT_THAT(sent(), EndsWith("for a half-closed client"));
  EXPECT_TRUE(session().finished());
  session().lose();
  EXPECT_EQ(gone, 1);
}

TEST_F(Wired, a_lost_connection_tells_everyone_and_answers_go_nowhere) {
  int gone = 0;
  handler = [&](std::shared_ptr<Exchange> exchange) {
    exchange->on_gone([&] { ++gone; });
    asked.push_back(std::move(exchange));
  };
  say("GET / HTTP/1.1\r\nHost: h\r\n\r\nGET / HTTP/1.1\r\nHost: h\r\n\r\n");
  auto stream = asked[0]->stream(200, {});
  session().lose();
  EXPECT_EQ(gone, 2);
  EXPECT_TRUE(asked[1]->gone());
  EXPECT_FALSE(stream->write("x"));
  stream->end();
  asked[1]->respond({});
  hang_up();
}

TEST_F(Wired, slow_heads_slow_bodies_and_idle_connections_end) {
  handler = echo;
  say("GET / HT");
  wait(options.timeouts.header - std::chrono::seconds(1));
  EXPECT_FALSE(session().finished());
  wait(std::chrono::seconds(2));
  EXPECT_THAT(sent(), StartsWith("HTTP/1.1 408 "));
  EXPECT_TRUE(session().finished());
}

TEST_F(Wired, a_body_below_the_minimum_rate_ends) {
  handler = echo;
  say("POST / HTTP/1.1\r\nHost: h\r\nContent-Length: 1000000\r\n\r\n" + std::string(20'000, 'x'));
  wait(std::chrono::seconds(15));  // 1333 bytes a second
  EXPECT_FALSE(session().finished());
  wait(std::chrono::seconds(5));
  EXPECT_THAT(sent(), StartsWith("HTTP/1.1 408 "));
}

TEST_F(Wired, an_idle_connection_ends_but_not_one_whose_request_runs) {
  say("GET / HTTP/1.1\r\nHost: h\r\n\r\n");
  wait(std::chrono::hours(1));
  EXPECT_FALSE(session().finished());
  asked[0]->respond({});
  sent();
  wait(std::chrono::seconds(74));
  EXPECT_FALSE(session().finished());
  wait(std::chrono::seconds(2));
  EXPECT_TRUE(session().finished());
}

TEST_F(Wired, draining_answers_what_runs_and_closes) {
  say("GET / HTTP/1.1\r\nHost: h\r\n\r\n");
  site->draining = true;
  session().drain();
  EXPECT_FALSE(session().finished());
  asked[0]->respond({});
  EXPECT_THAT(sent(), HasSubstr("Connection: close\r\n"));
  EXPECT_TRUE(session().finished());
}

TEST_F(Wired, large_bodies_are_not_copied) {
  auto shared = std::make_shared<const std::string>(1'000'000, 'x');
  handler = [&](std::shared_ptr<Exchange> exchange) {
    exchange->respond({.body = {shared, 10, 500'000}});
  };
  session().receive("GET / HTTP/1.1\r\nHost: h\r\n\r\n");
  iovec vectors[4];
  ASSERT_EQ(session().output().gather(vectors), 2u);
  EXPECT_EQ(vectors[1].iov_base, shared->data() + 10);
  EXPECT_EQ(vectors[1].iov_len, 500'000u);
}

}  // namespace
}  // namespace weft::net
