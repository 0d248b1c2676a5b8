#include "net/client.h"

#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/x509v3.h>
#include <sys/stat.h>

#include <cstdio>
#include <filesystem>
#include <fstream>

#include "base/temporary_directory.h"
#include "net/raw_client.h"

namespace weft::net {
namespace {

using testing::HasSubstr;

void echo(std::shared_ptr<Exchange> exchange) {
  std::string body = exchange->take_body();
  exchange->respond({.headers = {{"X-Method", std::string(exchange->request().method_name())}},
                     .body = std::move(body)});
}

Client client_of(const RunningServer& running, Client::Options options = {},
                 std::string_view scheme = "http") {
  auto client = Client::to(fmt::format("{}://{}", scheme, running.server->address()), options);
  CHECK(client.has_value(), "{}", client ? "" : client.error().message());
  return *std::move(client);
}

class TemporaryFolder : public TemporaryDirectory {
 public:
  std::string write(std::string_view name, std::string_view content) const {
    std::ofstream(file(name)) << content;
    return file(name);
  }
};

TEST(Client, many_requests_go_over_one_connection) {
  RunningServer running({}, echo);
  Client client = client_of(running);
  for (int i = 0; i < 5; ++i) {
    auto answer = client.post("/", std::to_string(i));
    ASSERT_TRUE(answer) << answer.error().message();
    EXPECT_EQ(answer->status, 200u);
    EXPECT_EQ(answer->body, std::to_string(i));
    EXPECT_EQ(answer->header("x-method"), "POST");
  }
  auto head = client.send({.method = "HEAD", .target = "/"});
  ASSERT_TRUE(head);
  EXPECT_EQ(head->body, "");
  EXPECT_EQ(running.numbers().accepted, 1u);
}

TEST(Client, says_what_to_do_when_nothing_listens) {
  std::string address;
  {
    RunningServer running({}, echo);
    address = running.server->address();
  }
  auto client = Client::to("http://" + address);
  ASSERT_TRUE(client);
  auto answer = client->get("/");
  ASSERT_FALSE(answer);
  EXPECT_EQ(answer.error().message(),
            fmt::format("nothing listens at {}: is `weft up` running?", address));
}

TEST(Client, a_connection_that_the_server_closed_meanwhile_is_made_anew) {
  int requests = 0;
  RunningServer running({}, [&](std::shared_ptr<Exchange> exchange) {
    exchange->respond({.headers = {{"Connection", "close"}}, .body = std::to_string(++requests)});
  });
  Client client = client_of(running);
  EXPECT_EQ(client.get("/")->body, "1");
  EXPECT_EQ(client.post("/", "x")->body, "2");
  EXPECT_EQ(running.numbers().accepted, 2u);
}

TEST(Client, a_file_is_sent_from_where_it_lies) {
  TemporaryFolder folder;
  std::string content(3'000'000, 'x');
  content += "end";
  RunningServer running({}, echo);
  Client client = client_of(running);
  auto answer =
      client.send({.method = "PUT", .target = "/", .body_file = folder.write("body", content)});
  ASSERT_TRUE(answer) << answer.error().message();
  EXPECT_TRUE(answer->body == content);
  auto missing = client.send({.method = "PUT", .body_file = folder.file("missing")});
  ASSERT_FALSE(missing);
  EXPECT_THAT(missing.error().message(), HasSubstr("missing"));
}

TEST(Client, what_is_no_regular_file_is_sent_in_chunks) {
  TemporaryFolder folder;
  std::string pipe = folder.file("pipe");
  ASSERT_EQ(mkfifo(pipe.c_str(), 0600), 0);
  RunningServer running({}, echo);
  Client client = client_of(running);
  std::thread writer([&] { std::ofstream(pipe) << std::string(200'000, 'y'); });
  auto answer = client.send({.method = "POST", .target = "/", .body_file = pipe});
  writer.join();
  ASSERT_TRUE(answer) << answer.error().message();
  EXPECT_TRUE(answer->body == std::string(200'000, 'y'));
}

TEST(Client, an_answer_is_handed_on_piece_by_piece) {
  RunningServer running({}, [](std::shared_ptr<Exchange> exchange) {
    auto stream = exchange->stream(200, {{"X-Kind", "stream"}});
    for (int i = 0; i < 100; ++i) {
      stream->write(std::string(1000, 'x'));
    }
    stream->end();
  });
  Client client = client_of(running);
  size_t size = 0;
  std::string kind;
  auto answer = client.send(
      {.on_body =
           [&](std::string_view piece) {
             size += piece.size();
             return true;
           },
       .on_head = [&](unsigned,
                      const std::vector<Header>& headers) { kind = headers.at(0).value; }});
  ASSERT_TRUE(answer) << answer.error().message();
  EXPECT_TRUE(answer->whole);
  EXPECT_EQ(answer->body, "");
  EXPECT_EQ(size, 100'000u);
  EXPECT_EQ(kind, "stream");
  auto enough = client.send({.on_body = [&](std::string_view) { return false; }});
  ASSERT_TRUE(enough);
  EXPECT_FALSE(enough->whole);
  EXPECT_TRUE(client.get("/")) << "on a new connection";
}

TEST(Client, an_answer_that_breaks_off_is_an_error) {
  RunningServer running({}, [](std::shared_ptr<Exchange> exchange) {
    auto stream = exchange->stream(200, {});
    stream->write("half");
  });
  auto answer = client_of(running).get("/");
  ASSERT_FALSE(answer);
  EXPECT_EQ(answer.error().kind(), Error::Kind::io);
}

TEST(Client, an_answer_that_is_too_large_is_an_error) {
  RunningServer running({}, echo);
  Client client = client_of(running, {.max_body_bytes = 10});
  EXPECT_TRUE(client.post("/", "0123456789"));
  auto answer = client.post("/", "0123456789+");
  ASSERT_FALSE(answer);
  EXPECT_EQ(answer.error().kind(), Error::Kind::exhausted);
}

TEST(Client, a_refusal_arrives_though_the_body_is_not_sent_yet) {
  Options options;
  options.limits.max_body_bytes = [](const Request&) { return 10u; };
  RunningServer running(options, echo);
  Client client = client_of(running);
  auto answer = client.post("/", std::string(10'000'000, 'x'));
  ASSERT_TRUE(answer) << answer.error().message();
  EXPECT_EQ(answer->status, 413u);
  EXPECT_THAT(answer->body, HasSubstr("urn:weft:problem:body-too-large"));
}

TEST(Client, a_server_that_says_nothing_is_given_up) {
  std::vector<std::shared_ptr<Exchange>> kept;
  RunningServer running({}, [&](auto exchange) { kept.push_back(std::move(exchange)); });
  auto answer = client_of(running, {.stalled = std::chrono::milliseconds(1)}).get("/");
  ASSERT_FALSE(answer);
  EXPECT_THAT(answer.error().message(), HasSubstr("has not said anything for 1 ms"));
  running.loop.run([&] { kept.clear(); });
}

TEST(Client, requests_cannot_be_smuggled_in) {
  RunningServer running({}, echo);
  Client client = client_of(running);
  EXPECT_FALSE(client.get("/ HTTP/1.1\r\nX: y"));
  EXPECT_FALSE(client.get("nothing"));
  EXPECT_FALSE(client.send({.headers = {{"X", "a\r\nY: b"}}}));
  EXPECT_EQ(running.numbers().accepted, 0u);
}

// A key and a certificate for 127.0.0.1 and localhost that it signs itself.
TlsFiles make_certificate(const TemporaryFolder& folder, std::string_view name) {
  EVP_PKEY* key = EVP_EC_gen("P-256");
  X509* certificate = X509_new();
  X509_set_version(certificate, 2);
  ASN1_INTEGER_set(X509_get_serialNumber(certificate), 1);
  X509_gmtime_adj(X509_getm_notBefore(certificate), -3600);
  X509_gmtime_adj(X509_getm_notAfter(certificate), 3600);
  X509_set_pubkey(certificate, key);
  X509_NAME* subject = X509_get_subject_name(certificate);
  X509_NAME_add_entry_by_txt(subject, "CN", MBSTRING_ASC,
                             reinterpret_cast<const unsigned char*>(name.data()),
                             static_cast<int>(name.size()), -1, 0);
  X509_set_issuer_name(certificate, subject);
  X509_EXTENSION* names =
      X509V3_EXT_conf_nid(nullptr, nullptr, NID_subject_alt_name, "IP:127.0.0.1,DNS:localhost");
  X509_add_ext(certificate, names, -1);
  X509_EXTENSION_free(names);
  X509_sign(certificate, key, EVP_sha256());
  TlsFiles files{folder.file(fmt::format("{}.pem", name)),
                 folder.file(fmt::format("{}.key", name))};
  FILE* out = fopen(files.certificate.c_str(), "w");
  PEM_write_X509(out, certificate);
  fclose(out);
  out = fopen(files.key.c_str(), "w");
  PEM_write_PrivateKey(out, key, nullptr, nullptr, 0, nullptr, nullptr);
  fclose(out);
  X509_free(certificate);
  EVP_PKEY_free(key);
  return files;
}

TEST(Tls, requests_go_over_a_connection_whose_certificate_is_trusted) {
  TemporaryFolder folder;
  TlsFiles files = make_certificate(folder, "one");
  Options options;
  options.tls = files;
  bool was_tls = false;
  RunningServer running(options, [&](std::shared_ptr<Exchange> exchange) {
    was_tls = exchange->request().is_tls();
    echo(std::move(exchange));
  });
  Client client = client_of(running, {.ca_file = files.certificate}, "https");
  for (std::string body : {std::string("small"), std::string(3'000'000, 'x')}) {
    auto answer = client.post("/", body);
    ASSERT_TRUE(answer) << answer.error().message();
    EXPECT_TRUE(answer->body == body);
  }
  EXPECT_TRUE(was_tls);
  EXPECT_EQ(running.numbers().accepted, 1u);
  auto by_name = Client::to("https://localhost:" + std::to_string(client.url().port),
                            {.ca_file = files.certificate});
  EXPECT_TRUE(by_name->get("/"));
}

TEST(Tls, a_certificate_that_is_not_trusted_is_an_error_that_says_so) {
  TemporaryFolder folder;
  Options options;
  options.tls = make_certificate(folder, "one");
  RunningServer running(options, echo);
  TlsFiles other = make_certificate(folder, "other");
  auto answer = client_of(running, {.ca_file = other.certificate}, "https").get("/");
  ASSERT_FALSE(answer);
  EXPECT_THAT(answer.error().message(), HasSubstr("certificate"));
  EXPECT_EQ(running.numbers().requests, 0u);
}

TEST(Tls, a_client_without_tls_is_dropped) {
  TemporaryFolder folder;
  Options options;
  options.tls = make_certificate(folder, "one");
  RunningServer running(options, echo);
  auto answer = client_of(running).get("/");
  EXPECT_FALSE(answer);
}

TEST(Tls, a_new_certificate_is_used_when_it_is_reloaded) {
  TemporaryFolder folder;
  Options options;
  options.tls = make_certificate(folder, "one");
  RunningServer running(options, echo);
  TlsFiles second = make_certificate(folder, "two");
  std::filesystem::copy_file(second.certificate, options.tls->certificate,
                             std::filesystem::copy_options::overwrite_existing);
  auto bad = running.loop.run([&] { return running.server->reload_tls(); });
  ASSERT_FALSE(bad) << "the key is another one's";
  EXPECT_THAT(bad.error().message(), HasSubstr("one.key"));
  Client client = client_of(running, {.ca_file = second.certificate}, "https");
  EXPECT_FALSE(client.get("/")) << "the old one is still in use";
  std::filesystem::copy_file(second.key, options.tls->key,
                             std::filesystem::copy_options::overwrite_existing);
  EXPECT_TRUE(running.loop.run([&] { return running.server->reload_tls(); }));
  EXPECT_TRUE(client.get("/"));
}

TEST(Tls, files_that_are_none_are_errors_that_name_them) {
  TemporaryFolder folder;
  boost::asio::io_context events;
  Options options;
  options.tls = {.certificate = folder.file("none"), .key = folder.file("none")};
  auto server = Server::listen(events, options, echo);
  ASSERT_FALSE(server);
  EXPECT_THAT(server.error().message(), HasSubstr(folder.file("none")));
}

TEST(Tls, a_client_that_hangs_up_is_noticed_while_its_answer_streams) {
  TemporaryFolder folder;
  Options options;
  options.tls = make_certificate(folder, "one");
  std::promise<void> gone;
  std::shared_ptr<Stream> stream;
  RunningServer running(options, [&](std::shared_ptr<Exchange> exchange) {
    exchange->on_gone([&] { gone.set_value(); });
    stream = exchange->stream(200, {});
    stream->write("enough for this client");
  });
  Client client = client_of(running, {.ca_file = options.tls->certificate}, "https");
  auto answer = client.send({.on_body = [](std::string_view) { return false; }});
  ASSERT_TRUE(answer) << answer.error().message();
  gone.get_future().wait();
  running.loop.run([&] { stream.reset(); });
}

}  // namespace
}  // namespace weft::net
