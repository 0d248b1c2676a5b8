#include "net/server.h"

#include <sys/resource.h>
#include <sys/wait.h>

#include <boost/asio/steady_timer.hpp>
#include <set>

#include "net/raw_client.h"

namespace weft::net {
namespace {

using testing::EndsWith;
using testing::HasSubstr;
using testing::StartsWith;

constexpr std::string_view get = "GET / HTTP/1.1\r\nHost: h\r\n\r\n";

void echo(std::shared_ptr<Exchange> exchange) {
  std::string body = exchange->take_body();
  exchange->respond({.body = std::move(body)});
}

// A clock that stands until it is moved, read from any thread.
struct Clock {
  std::atomic<int64_t> seconds = 1000;
  std::function<std::chrono::steady_clock::time_point()> now() {
    return [this] {
      return std::chrono::steady_clock::time_point(std::chrono::seconds(seconds.load()));
    };
  }
};

// Looks at the clock all the time.
Options with_clock(Clock& clock) {
  Options options;
  options.now = clock.now();
  options.timeouts.sweep = std::chrono::milliseconds(1);
  return options;
}

TEST(Server, answers_over_a_socket_and_keeps_the_connection) {
  RunningServer running({}, echo);
  RawClient client(running.server->address());
  for (int i = 0; i < 3; ++i) {
    client.send("POST / HTTP/1.1\r\nHost: h\r\nContent-Length: 5\r\n\r\nhello");
    EXPECT_THAT(client.read_until("hello"), StartsWith("HTTP/1.1 200 OK\r\n"));
  }
  auto numbers = running.numbers();
  EXPECT_EQ(numbers.connections, 1u);
  EXPECT_EQ(numbers.accepted, 1u);
  EXPECT_EQ(numbers.requests, 3u);
  EXPECT_EQ(numbers.body_bytes, 0u);
}

TEST(Server, large_bodies_go_both_ways) {
  Options options;
  options.limits.max_body_bytes = [](const Request&) { return 50'000'000u; };
  RunningServer running(options, echo);
  RawClient client(running.server->address());
  std::string body(20'000'000, 'x');
  body.replace(body.size() - 3, 3, "end");
  std::thread sender([&] {
    client.send(
        fmt::format("POST / HTTP/1.1\r\nHost: h\r\nConnection: close\r\n"
                    "Content-Length: {}\r\n\r\n",
                    body.size()));
    client.send(body);
  });
  std::string answer = client.read_all();
  sender.join();
  EXPECT_THAT(answer.substr(0, 100), StartsWith("HTTP/1.1 200 OK\r\n"));
  EXPECT_TRUE(answer.ends_with(body));
}

TEST(Server, an_address_that_is_taken_is_an_error_that_says_so) {
  RunningServer running({}, echo);
  boost::asio::io_context events;
  auto second = Server::listen(events, {.address = running.server->address()}, echo);
  ASSERT_FALSE(second);
  EXPECT_EQ(second.error().kind(), Error::Kind::conflict);
  EXPECT_THAT(second.error().message(), HasSubstr("another program"));
  for (auto address : {"", "127.0.0.1", ":80", "h:x", "[::1:80"}) {
    auto bad = Server::listen(events, {.address = address}, echo);
    ASSERT_FALSE(bad) << address;
    EXPECT_EQ(bad.error().kind(), Error::Kind::invalid);
  }
}

TEST(Server, a_client_that_hangs_up_is_noticed_while_its_request_runs) {
  std::promise<void> asked, gone;
  std::shared_ptr<Exchange> kept;
  RunningServer running({}, [&](std::shared_ptr<Exchange> exchange) {
    exchange->on_gone([&] { gone.set_value(); });
    kept = std::move(exchange);
    asked.set_value();
  });
  RawClient client(running.server->address());
  client.send(get);
  asked.get_future().wait();
  client.close();
  gone.get_future().wait();
  running.loop.run([&] { kept.reset(); });
}

TEST(Server, a_client_that_hangs_up_is_noticed_when_nothing_more_is_read_from_it) {
  std::promise<void> asked, gone;
  std::shared_ptr<Exchange> kept;
  RunningServer running({}, [&](std::shared_ptr<Exchange> exchange) {
    exchange->on_gone([&] { gone.set_value(); });
    kept = std::move(exchange);
    asked.set_value();
  });
  RawClient client(running.server->address());
  client.send("GET / HTTP/1.1\r\nHost: h\r\nConnection: close\r\n\r\n");
  asked.get_future().wait();
  client.close();
  gone.get_future().wait();
  running.loop.run([&] { kept.reset(); });
}

TEST(Server, a_client_that_closed_its_side_gets_its_answer) {
  RunningServer running({}, echo);
  RawClient client(running.server->address());
  client.send(std::string(get) + std::string(get));
  client.finish();
  std::string answers = client.read_all();
  EXPECT_EQ(answers.find("HTTP/1.1 200"), 0u);
  EXPECT_NE(answers.find("HTTP/1.1 200", 1), std::string::npos);
  EXPECT_FALSE(client.was_reset());
}

TEST(Server, a_refusal_reaches_a_client_that_goes_on_sending) {
  Options options;
  options.limits.max_body_bytes = [](const Request&) { return 10u; };
  RunningServer running(options, echo);
  RawClient client(running.server->address());
  client.send("POST / HTTP/1.1\r\nHost: h\r\nContent-Length: 300000\r\n\r\n");
  client.send(std::string(300'000, 'x'));
  client.finish();
  EXPECT_THAT(client.read_all(), StartsWith("HTTP/1.1 413 "));
  EXPECT_FALSE(client.was_reset());
}

TEST(Server, a_stream_waits_for_a_client_that_does_not_read) {
  constexpr size_t piece = 256 * 1024;
  std::promise<size_t> first_stop;
  std::shared_ptr<Stream> stream;
  size_t written = 0;
  size_t most_queued = 0;
  constexpr size_t all = 64 * piece;
  RunningServer running({}, [&](std::shared_ptr<Exchange> exchange) {
    stream = exchange->stream(200, {{"Content-Length", std::to_string(all)}});
    auto fill = [&] {
      while (stream && stream->queued() < piece && written < all) {
        stream->write(std::string(piece, 'x'));
        written += piece;
        most_queued = std::max(most_queued, stream->queued());
      }
      if (stream && written == all) {
        stream->end();
        stream.reset();
      }
    };
    stream->on_drained(fill);
    fill();
    first_stop.set_value(written);
  });
  RawClient client(running.server->address());
  client.send("GET / HTTP/1.1\r\nHost: h\r\nConnection: close\r\n\r\n");
  EXPECT_LT(first_stop.get_future().get(), all);
  std::string answer = client.read_all();
  EXPECT_EQ(answer.size() - answer.find("\r\n\r\n") - 4, all);
  EXPECT_LE(running.loop.run([&] { return most_queued; }), 2 * piece);
}

TEST(Server, a_client_that_takes_nothing_is_dropped) {
  Clock clock;
  std::promise<void> asked, gone;
  std::shared_ptr<Stream> stream;
  RunningServer running(with_clock(clock), [&](std::shared_ptr<Exchange> exchange) {
    exchange->on_gone([&] { gone.set_value(); });
    stream = exchange->stream(200, {});
    stream->write(std::string(30'000'000, 'x'));
    asked.set_value();
  });
  RawClient client(running.server->address());
  client.send(get);
  asked.get_future().wait();
  clock.seconds += 100;
  gone.get_future().wait();
  running.loop.run([&] { stream.reset(); });
  client.read_all();
  EXPECT_TRUE(client.was_reset());
}

TEST(Server, a_half_sent_request_is_dropped_in_time) {
  Clock clock;
  RunningServer running(with_clock(clock), echo);
  RawClient client(running.server->address());
  client.send(std::string(get) + "GET / HTTP/1.1\r\nHo");
  client.read_until("\r\n\r\n");
  clock.seconds += 11;
  EXPECT_THAT(client.read_until("\r\n\r\n"), StartsWith("HTTP/1.1 408 "));
  client.read_all();
}

TEST(Server, idle_connections_are_closed_in_time) {
  Clock clock;
  RunningServer running(with_clock(clock), echo);
  RawClient silent(running.server->address());
  RawClient client(running.server->address());
  client.send(get);
  client.read_until("\r\n\r\n");
  clock.seconds += 76;
  EXPECT_EQ(client.read_all(), "");
  EXPECT_EQ(silent.read_all(), "");
  EXPECT_FALSE(client.was_reset());
}

TEST(Server, there_are_no_more_connections_than_the_limit) {
  Options options;
  options.limits.max_connections = 2;
  RunningServer running(options, echo);
  RawClient first(running.server->address());
  RawClient second(running.server->address());
  for (RawClient* client : {&first, &second}) {
    client->send(get);
    client->read_until("\r\n\r\n");
  }
  RawClient third(running.server->address());
  std::string answer = third.read_all();
  EXPECT_THAT(answer, StartsWith("HTTP/1.1 503 "));
  EXPECT_THAT(answer, HasSubstr("Retry-After: 1\r\n"));
  EXPECT_THAT(answer, HasSubstr("too-many-connections"));
  EXPECT_EQ(running.numbers().refused, 1u);
}

TEST(Server, draining_finishes_what_runs_and_accepts_no_more) {
  std::promise<void> asked, drained;
  std::shared_ptr<Exchange> kept;
  RunningServer running({}, [&](std::shared_ptr<Exchange> exchange) {
    kept = std::move(exchange);
    asked.set_value();
  });
  RawClient idle(running.server->address());
  RawClient client(running.server->address());
  client.send(get);
  asked.get_future().wait();
  std::string address = running.server->address();
  running.loop.run(
      [&] { running.server->drain(std::chrono::hours(1), [&] { drained.set_value(); }); });
  EXPECT_EQ(idle.read_all(), "");
  boost::asio::io_context events;
  EXPECT_TRUE(Server::listen(events, {.address = address}, echo)) << "the address is free again";
  running.loop.run([&] {
    kept->respond({.body = "late"});
    kept.reset();
  });
  std::string answer = client.read_all();
  EXPECT_THAT(answer, HasSubstr("Connection: close\r\n"));
  EXPECT_THAT(answer, EndsWith("late"));
  client.close();
  drained.get_future().wait();
  EXPECT_EQ(running.numbers().connections, 0u);
}

TEST(Server, draining_ends_at_its_deadline) {
  std::promise<void> asked, gone, drained;
  std::shared_ptr<Exchange> kept;
  RunningServer running({}, [&](std::shared_ptr<Exchange> exchange) {
    exchange->on_gone([&] { gone.set_value(); });
    kept = std::move(exchange);
    asked.set_value();
  });
  RawClient client(running.server->address());
  client.send(get);
  asked.get_future().wait();
  running.loop.run(
      [&] { running.server->drain(std::chrono::milliseconds(1), [&] { drained.set_value(); }); });
  drained.get_future().wait();
  gone.get_future().wait();
  client.read_all();
  running.loop.run([&] { kept.reset(); });
}

TEST(Server, connections_are_dealt_evenly_to_servers_that_share_an_address) {
  LoopThread second_loop;
  std::atomic<int> first_requests = 0, second_requests = 0;
  auto counting = [](std::atomic<int>& count) {
    return [&count](std::shared_ptr<Exchange> exchange) {
      ++count;
      exchange->respond({});
    };
  };
  RunningServer first({}, counting(first_requests));
  std::unique_ptr<Server> second;
  first.loop.run([&] {
    auto made = first.server->share(second_loop.events, counting(second_requests));
    ASSERT_TRUE(made);
    second = *std::move(made);
  });
  EXPECT_EQ(second->address(), first.server->address());
  std::vector<std::unique_ptr<RawClient>> clients;
  for (int i = 0; i < 10; ++i) {
    clients.push_back(std::make_unique<RawClient>(first.server->address()));
    clients.back()->send(get);
    EXPECT_THAT(clients.back()->read_until("\r\n\r\n"), StartsWith("HTTP/1.1 200"));
  }
  EXPECT_EQ(first_requests, 5);
  EXPECT_EQ(second_requests, 5);
  second_loop.run([&] { second.reset(); });
  RawClient after(first.server->address());
  after.send(get);
  EXPECT_THAT(after.read_until("\r\n\r\n"), StartsWith("HTTP/1.1 200"));
  EXPECT_EQ(first_requests, 6);
}

TEST(Server, ten_thousand_connections_stay_open_and_work) {
  constexpr int connections = 10'000;
  rlimit limit = {};
  getrlimit(RLIMIT_NOFILE, &limit);
  if (limit.rlim_max < connections + 100) {
    GTEST_SKIP() << "needs " << connections + 100 << " file descriptors; the hard limit is "
                 << limit.rlim_max << " (ulimit -Hn)";
  }
  rlimit raised = {limit.rlim_max, limit.rlim_max};
  ASSERT_EQ(setrlimit(RLIMIT_NOFILE, &raised), 0);
  int up[2], down[2];  // to the clients' process, which has descriptors of its own; and back
  ASSERT_EQ(pipe(up), 0);
  ASSERT_EQ(pipe(down), 0);
  pid_t child = fork();  // before there is a second thread
  if (child == 0) {
    ::close(up[1]);
    char address[32] = {};
    std::vector<std::unique_ptr<RawClient>> clients;
    if (::read(up[0], address, sizeof address) > 0) {
      for (int i = 0; i < connections; ++i) {
        clients.push_back(std::make_unique<RawClient>(address));
      }
    }
    int good = 0;
    for (int round = 0; round < 2; ++round) {
      for (auto& client : clients) {
        client->send(get);
      }
      for (auto& client : clients) {
        good += client->read_until("\r\n\r\n").starts_with("HTTP/1.1 200") ? 1 : 0;
      }
    }
    bool told = ::write(down[1], &good, sizeof good) == sizeof good;
    char wait = 0;
    told = told && ::read(up[0], &wait, 1) == 0;  // until the test closes it
    _exit(told ? 0 : 1);
  }
  ::close(up[0]);
  {
    RunningServer running({}, echo);
    const std::string& address = running.server->address();
    ASSERT_GT(::write(up[1], address.c_str(), address.size() + 1), 0);
    int good = 0;
    ASSERT_EQ(::read(down[0], &good, sizeof good), static_cast<ssize_t>(sizeof good));
    EXPECT_EQ(good, 2 * connections);
    EXPECT_EQ(running.numbers().connections, static_cast<size_t>(connections));
    ::close(up[1]);
  }
  int status = 0;
  ASSERT_EQ(waitpid(child, &status, 0), child);
  EXPECT_EQ(status, 0);
  ::close(down[0]);
  ::close(down[1]);
  setrlimit(RLIMIT_NOFILE, &limit);
}

}  // namespace
}  // namespace weft::net
