// A node, as the commands of its client see it: which one (profiles.h), and requests to it.
// Thread safety: main thread only.
#pragma once

#include <chrono>
#include <string>
#include <string_view>
#include <vector>

#include "answers.h"
#include "command.h"
#include "net/client.h"
#include "profiles.h"

namespace weft::cli {

// The options that all these commands have: --server, --profile, --namespace, --ca, --json.
struct RemoteOptions {
  ServerChoice choice;
  bool json = false;
};
void declare_remote(CLI::App& app, RemoteOptions& options);

// "name", or "namespace/name" whatever --namespace says.
struct FunctionName {
  std::string ns;
  std::string name;

  std::string text() const { return ns + "/" + name; }
  std::string path() const;  // /v1/functions/…
};

class Remote {
 public:
  using Call = net::Client::Call;
  using Answer = net::Client::Answer;

  // Sends nothing yet. A server that says nothing for `patience` is given up.
  static Result<Remote> open(const RemoteOptions& options,
                             std::chrono::milliseconds patience = std::chrono::seconds(60));

  const std::string& ns() const { return profile_.ns; }
  const std::string& server() const { return profile_.url; }
  Result<FunctionName> function(std::string_view text) const;

  // Any status is an answer.
  Result<Answer> exchange(const Call& call) { return client_.send(call); }
  // A status of 400 or more is an error.
  Result<Answer> send(const Call& call);
  Result<Json> get(const std::string& target);
  // All elements of the list `key` of all pages, at most `limit`.
  Result<Json> list(const std::string& target, std::string_view key, size_t limit);

 private:
  Remote(Profile profile, net::Client client)
      : profile_(std::move(profile)), client_(std::move(client)) {}

  Profile profile_;
  net::Client client_;
};

// A target's query, piece by piece.
class Target {
 public:
  explicit Target(std::string path) : text_(std::move(path)) {}
  Target& with(std::string_view name, std::string_view value);
  Target& with_if(std::string_view name, std::string_view value);  // when there is a value
  const std::string& text() const { return text_; }

 private:
  std::string text_;
};

// "/v1/calls/ID".
std::string call_path(std::string_view id);

}  // namespace weft::cli
