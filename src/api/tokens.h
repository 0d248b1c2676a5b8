// Who may do what: tokens with scopes, for namespaces.
//
// A token is "weft_" and 43 characters that nobody guesses; the store keeps its SHA-256 only (table
// 'T': id → record). Every request with one is looked up in memory.
//
// Thread safety: any thread.
#pragma once

#include <map>
#include <mutex>
#include <optional>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "base/clock.h"
#include "base/result.h"
#include "store/store.h"

namespace weft::api {

enum class Scope : uint8_t { invoke, deploy, read, admin };  // admin includes the others
std::string_view name(Scope scope);
std::optional<Scope> scope_named(std::string_view name);

struct Token {
  std::string id;
  std::string name;
  std::vector<Scope> scopes;
  std::vector<std::string> spaces;  // "*": all
  WallTime created;
  std::optional<WallTime> expires;

  bool allows(Scope scope, std::string_view space) const;
};

class Tokens {
 public:
  static Result<std::unique_ptr<Tokens>> open(store::Store& store, const Clock& clock);

  struct Created {
    Token token;
    std::string secret;  // shown once
  };
  // Writes it and waits for that: not on a core. Error invalid (no scopes, no namespaces).
  Result<Created> create(Token token);
  // The same. Error not_found.
  Result<void> revoke(const std::string& id);
  std::vector<Token> list() const;
  bool empty() const;

  // The token that this secret is of; none when there is none, or it has expired.
  std::optional<Token> find(std::string_view secret) const;

 private:
  Tokens(store::Store& store, const Clock& clock) : store_(store), clock_(clock) {}

  store::Store& store_;
  const Clock& clock_;
  mutable std::mutex mutex_;
  std::map<std::string, Token> tokens_;                  // by id
  std::unordered_map<std::string, std::string> hashes_;  // to ids
};

}  // namespace weft::api
