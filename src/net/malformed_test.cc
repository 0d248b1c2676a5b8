#include <nlohmann/json.hpp>

#include "net/wired.h"

namespace weft::net {
namespace {

using testing::HasSubstr;
using testing::StartsWith;

struct Malformed {
  const char* what;
  std::string bytes;
  int status;
};
void PrintTo(const Malformed& malformed, std::ostream* out) { *out << malformed.what; }

class Refused : public Wired, public testing::WithParamInterface<Malformed> {};

TEST_P(Refused, a_malformed_request_gets_a_problem_document_and_the_connection_ends) {
  handler = echo;
  options.limits.max_header_bytes = 4096;
  std::string answer = say(GetParam().bytes);
  EXPECT_THAT(answer, StartsWith("HTTP/1.1 " + std::to_string(GetParam().status) + " "));
  EXPECT_THAT(answer, HasSubstr("Content-Type: application/problem+json\r\n"));
  auto document = nlohmann::json::parse(body_of(answer));
  EXPECT_EQ(document["status"], GetParam().status);
  EXPECT_THAT(document["type"].get<std::string>(), StartsWith("urn:weft:problem:"));
  EXPECT_EQ(site->requests, 0u);
  EXPECT_TRUE(session().finished());
}

std::string with_headers(std::string_view headers) {
  return fmt::format("POST / HTTP/1.1\r\nHost: h\r\n{}\r\n", headers);
}
std::string target(std::string_view target) {
  return fmt::format("GET {} HTTP/1.1\r\nHost: h\r\n\r\n", target);
}

INSTANTIATE_TEST_SUITE_P(
    Wire, Refused,
    testing::Values(
        Malformed{"no HTTP", "hello\r\n\r\n", 400},
        Malformed{"TLS", std::string("\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03", 11), 400},
        Malformed{"version 2", "GET / HTTP/2.0\r\nHost: h\r\n\r\n", 400},
        Malformed{"version 0.9", "GET / HTTP/0.9\r\nHost: h\r\n\r\n", 400},
        Malformed{"bare LF", "GET / HTTP/1.1\nHost: h\n\n", 400},
        Malformed{"no host", "GET / HTTP/1.1\r\n\r\n", 400},
        Malformed{"two hosts", with_headers("Host: i\r\n"), 400},
        Malformed{"bad host", "GET / HTTP/1.1\r\nHost: a/b\r\n\r\n", 400},
        Malformed{"both lengths",
                  with_headers("Content-Length: 3\r\nTransfer-Encoding: chunked\r\n"), 400},
        Malformed{"both lengths, the other way",
                  with_headers("Transfer-Encoding: chunked\r\nContent-Length: 3\r\n"), 400},
        Malformed{"two different lengths",
                  with_headers("Content-Length: 3\r\nContent-Length: 4\r\n"), 400},
        Malformed{"a list of lengths", with_headers("Content-Length: 3, 4\r\n"), 400},
        Malformed{"negative length", with_headers("Content-Length: -1\r\n"), 400},
        Malformed{"length with plus", with_headers("Content-Length: +1\r\n"), 400},
        Malformed{"hexadecimal length", with_headers("Content-Length: 0x1\r\n"), 400},
        Malformed{"length over 64 bits", with_headers("Content-Length: 99999999999999999999\r\n"),
                  400},
        Malformed{"gzip encoding", with_headers("Transfer-Encoding: gzip\r\n"), 501},
        Malformed{"gzip, chunked", with_headers("Transfer-Encoding: gzip, chunked\r\n"), 501},
        Malformed{"chunked twice", with_headers("Transfer-Encoding: chunked, chunked\r\n"), 501},
        Malformed{"chunked in two lines",
                  with_headers("Transfer-Encoding: chunked\r\nTransfer-Encoding: chunked\r\n"),
                  400},
        Malformed{"xchunked", with_headers("Transfer-Encoding: xchunked\r\n"), 501},
        Malformed{"chunked in 1.0",
                  "POST / HTTP/1.0\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n", 400},
        Malformed{"space before colon", with_headers("Content-Length : 3\r\n"), 400},
        Malformed{"folded", with_headers("X: a\r\n b\r\n"), 400},
        Malformed{"folded by tab", with_headers("X: a\r\n\tb\r\n"), 400},
        Malformed{"folded first", "GET / HTTP/1.1\r\n Host: h\r\n\r\n", 400},
        Malformed{"NUL in value", with_headers({"X: a\0b\r\n", 8}), 400},
        Malformed{"CR in value", with_headers("X: a\rb\r\n"), 400},
        Malformed{"no name", with_headers(": a\r\n"), 400},
        Malformed{"no colon", with_headers("abc\r\n"), 400},
        Malformed{"bad chunk", with_headers("Transfer-Encoding: chunked\r\n") + "x\r\n", 400},
        Malformed{"chunk longer than said",
                  with_headers("Transfer-Encoding: chunked\r\n") + "1\r\nabc\r\n0\r\n\r\n", 400},
        Malformed{"chunk size over 64 bits",
                  with_headers("Transfer-Encoding: chunked\r\n") + "fffffffffffffffff\r\n", 400},
        Malformed{"unknown expectation", with_headers("Expect: tea\r\n"), 417},
        Malformed{"relative target", target("v1"), 400}, Malformed{"asterisk", target("*"), 400},
        Malformed{"ftp", target("ftp://h/x"), 400},
        Malformed{"no authority", target("http:///x"), 400},
        Malformed{"bad escape", target("/%4"), 400}, Malformed{"bad escape 2", target("/%zz"), 400},
        Malformed{"NUL escape", target("/a%00"), 400}, Malformed{"fragment", target("/a#b"), 400},
        Malformed{"connect", "CONNECT h:1 HTTP/1.1\r\nHost: h\r\n\r\n", 501},
        Malformed{"long target", target("/" + std::string(5000, 'a')), 431},
        Malformed{"endless target", "GET /" + std::string(5000, 'a'), 431},
        Malformed{"long headers", with_headers("X: " + std::string(5000, 'a') + "\r\n"), 431},
        Malformed{"many headers", with_headers([] {
                    std::string many;
                    for (int i = 0; i < 200; ++i) {
                      many += "A: b\r\n";
                    }
                    return many;
                  }()),
                  431}));

TEST_F(Wired, the_other_forms_of_a_target_are_understood) {
  say("GET http://example.org:80/a?b HTTP/1.1\r\nHost: h\r\n\r\n"
      "GET http://example.org?b HTTP/1.1\r\nHost: h\r\n\r\n"
      "OPTIONS * HTTP/1.1\r\nHost: h\r\n\r\n"
      "GET /?x HTTP/1.1\r\nHost: h\r\n\r\n");
  ASSERT_EQ(asked.size(), 4u);
  EXPECT_EQ(asked[0]->request().path(), "/a");
  EXPECT_EQ(asked[0]->request().query_string(), "b");
  EXPECT_EQ(asked[1]->request().path(), "/");
  EXPECT_EQ(asked[1]->request().query_string(), "b");
  EXPECT_EQ(asked[2]->request().path(), "*");
  EXPECT_TRUE(asked[2]->request().segments().empty());
  EXPECT_EQ(asked[3]->request().path(), "/");
  EXPECT_EQ(asked[3]->request().query("x"), "");
}

TEST_F(Wired, a_header_in_many_small_packets_is_limited_too) {
  options.limits.max_header_bytes = 1000;
  std::string answer = say("GET / HTTP/1.1\r\nHost: h\r\n");
  for (int i = 0; i < 200 && answer.empty(); ++i) {
    answer = say("A: bcdefghi\r\n");
  }
  EXPECT_THAT(answer, StartsWith("HTTP/1.1 431 "));
}

TEST_F(Wired, a_chunk_extension_is_limited) {
  say(with_headers("Transfer-Encoding: chunked\r\n"));
  std::string answer = say("1;");
  for (int i = 0; i < 200 && answer.empty(); ++i) {
    answer = say(std::string(1000, 'x'));
  }
  EXPECT_THAT(answer, StartsWith("HTTP/1.1 400 "));
}

}  // namespace
}  // namespace weft::net
