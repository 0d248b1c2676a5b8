#include "net/url.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace weft::net {
namespace {

TEST(PercentEncoding, decodes_what_it_encodes) {
  std::string all;
  for (int i = 1; i < 256; ++i) {
    all += static_cast<char>(i);
  }
  EXPECT_EQ(percent_decode(percent_encode(all)), all);
  EXPECT_EQ(percent_encode("a b/ü~"), "a%20b%2F%C3%BC~");
}

TEST(PercentEncoding, escapes_that_are_none_are_refused) {
  for (auto text : {"%", "%4", "%zz", "a%2", "%0g", "%00", "%%41"}) {
    EXPECT_EQ(percent_decode(text), std::nullopt) << text;
    EXPECT_FALSE(is_percent_encoding(text)) << text;
  }
  EXPECT_EQ(percent_decode("%41%2f"), "A/");
}

TEST(Path, segments_are_cut_before_they_are_decoded) {
  using Segments = std::vector<std::string>;
  EXPECT_EQ(path_segments("/"), Segments());
  EXPECT_EQ(path_segments(""), Segments());
  EXPECT_EQ(path_segments("*"), Segments());
  EXPECT_EQ(path_segments("/a"), (Segments{"a"}));
  EXPECT_EQ(path_segments("/a/"), (Segments{"a", ""}));
  EXPECT_EQ(path_segments("//a"), (Segments{"", "a"}));
  EXPECT_EQ(path_segments("/a%2Fb/c%20+"), (Segments{"a/b", "c +"}));
}

TEST(Query, names_and_values_are_decoded) {
  using Queries = std::vector<Query>;
  EXPECT_EQ(query_values(""), Queries());
  EXPECT_EQ(query_values("&&"), Queries());
  EXPECT_EQ(query_values("a=1&b&c=&d=x=y&e%26=%3d+"),
            (Queries{{"a", "1"}, {"b", ""}, {"c", ""}, {"d", "x=y"}, {"e&", "= "}}));
}

TEST(Authority, has_a_host_and_perhaps_a_port) {
  EXPECT_EQ(Authority::parse("h")->port, std::nullopt);
  EXPECT_EQ(Authority::parse("127.0.0.1:80")->port, 80);
  EXPECT_EQ(Authority::parse("[::1]:8080")->host, "::1");
  EXPECT_EQ(Authority::parse("[::1]:8080")->text(), "[::1]:8080");
  for (auto text :
       {"::1", "h:x", "h:70000", "[::1", "[]:1", "[x]:1", "a b", "a/b", "h:1:2", "h:+1", "u@h"}) {
    EXPECT_FALSE(Authority::parse(text)) << text;
  }
}

TEST(Url, has_a_scheme_a_host_a_port_and_a_target) {
  auto url = Url::parse("https://example.org/a?b");
  ASSERT_TRUE(url);
  EXPECT_TRUE(url->tls);
  EXPECT_EQ(url->port, 443);
  EXPECT_EQ(url->target, "/a?b");
  EXPECT_EQ(url->authority(), "example.org");
  EXPECT_EQ(url->origin(), "https://example.org:443");
  EXPECT_EQ(Url::parse("127.0.0.1:8080")->origin(), "http://127.0.0.1:8080");
  EXPECT_EQ(Url::parse("http://[::1]:8080")->authority(), "[::1]:8080");
  EXPECT_EQ(Url::parse("http://h?x")->target, "/?x");
}

TEST(Url, what_is_none_is_refused) {
  for (auto text : {"", "ftp://h", "http://", "http://u@h/", "http://h/#f", "http://h/ a",
                    "http://h/%4", "http://h:99999/"}) {
    EXPECT_FALSE(Url::parse(text)) << text;
  }
}

}  // namespace
}  // namespace weft::net
