#include "api/tokens.h"

#include <openssl/rand.h>
#include <openssl/sha.h>

#include <algorithm>
#include <array>
#include <span>

#include "base/archive.h"

namespace weft::api {

namespace {

constexpr std::array<std::string_view, 4> scope_names = {"invoke", "deploy", "read", "admin"};
constexpr std::string_view prefix = "weft_";
constexpr char table = 'T';
constexpr uint32_t record_format = 1;

struct Record {
  uint32_t format = record_format;
  std::string hash;
  std::string name;
  std::vector<uint8_t> scopes;
  std::vector<std::string> spaces;
  int64_t created_us = 0;
  int64_t expires_us = 0;  // 0: never
};
template <class A>
void fields(A& a, Record& r) {
  a(r.format, r.hash, r.name, r.scopes, r.spaces, r.created_us, r.expires_us);
}

std::string sha256(std::string_view text) {
  std::array<unsigned char, SHA256_DIGEST_LENGTH> digest{};
  SHA256(reinterpret_cast<const unsigned char*>(text.data()), text.size(), digest.data());
  return {reinterpret_cast<const char*>(digest.data()), digest.size()};
}

std::string random_text(size_t length) {
  constexpr std::string_view letters =
      "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";
  static_assert(letters.size() == 64);
  std::string text(length, '\0');
  CHECK(RAND_bytes(reinterpret_cast<unsigned char*>(text.data()), static_cast<int>(length)) == 1);
  for (char& c : text) {
    c = letters[static_cast<unsigned char>(c) % 64];
  }
  return text;
}

}  // namespace

std::string_view name(Scope scope) { return scope_names[static_cast<size_t>(scope)]; }

std::optional<Scope> scope_named(std::string_view name) {
  const auto* found = std::ranges::find(scope_names, name);
  return found == scope_names.end()
             ? std::nullopt
             : std::optional(static_cast<Scope>(found - scope_names.begin()));
}

bool Token::allows(Scope scope, std::string_view space) const {
  bool scoped = std::ranges::find(scopes, scope) != scopes.end() ||
                std::ranges::find(scopes, Scope::admin) != scopes.end();
  return scoped && std::ranges::any_of(spaces, [&](const std::string& allowed) {
           return allowed == "*" || allowed == space;
         });
}

Result<std::unique_ptr<Tokens>> Tokens::open(store::Store& store, const Clock& clock) {
  std::unique_ptr<Tokens> tokens(new Tokens(store, clock));
  store::Range range{.prefix = std::string(1, table)};
  while (true) {
    TRY(entries, store.scan(range));
    for (const store::Entry& entry : entries) {
      auto record = archive_read<Record>(entry.value);
      if (!record || record->format != record_format) {
        return error(Error::Kind::corrupt, "a token's record is damaged, or of a newer weft");
      }
      Token token{.id = entry.key.substr(1), .name = record->name, .spaces = record->spaces};
      for (uint8_t scope : record->scopes) {
        token.scopes.push_back(static_cast<Scope>(scope % scope_names.size()));
      }
      token.created = WallTime(std::chrono::microseconds(record->created_us));
      if (record->expires_us != 0) {
        token.expires = WallTime(std::chrono::microseconds(record->expires_us));
      }
      tokens->hashes_[record->hash] = token.id;
      tokens->tokens_[token.id] = std::move(token);
    }
    if (entries.size() < range.limit) {
      return tokens;
    }
    range.after = entries.back().key;
  }
}

Result<Tokens::Created> Tokens::create(Token token) {
  if (token.scopes.empty() || token.spaces.empty()) {
    return error(Error::Kind::invalid, "a token has at least one scope and one namespace");
  }
  constexpr size_t id_length = 12;
  constexpr size_t secret_length = 43;
  token.id = random_text(id_length);
  token.created = clock_.now();
  std::string secret = std::string(prefix) + random_text(secret_length);
  Record record{.hash = sha256(secret),
                .name = token.name,
                .spaces = token.spaces,
                .created_us = token.created.time_since_epoch().count()};
  record.scopes.reserve(token.scopes.size());
  for (Scope scope : token.scopes) {
    record.scopes.push_back(static_cast<uint8_t>(scope));
  }
  if (token.expires) {
    record.expires_us = token.expires->time_since_epoch().count();
  }
  store::Batch batch;
  batch.put(std::string(1, table) + token.id, archive_write(record));
  TRY_VOID(store::commit_and_wait(store_, std::move(batch)));
  std::lock_guard lock(mutex_);
  hashes_[record.hash] = token.id;
  tokens_[token.id] = token;
  return Created{std::move(token), std::move(secret)};
}

Result<void> Tokens::revoke(const std::string& id) {
  {
    std::lock_guard lock(mutex_);
    if (!tokens_.contains(id)) {
      return error(Error::Kind::not_found, "there is no token {}", id);
    }
  }
  store::Batch batch;
  batch.erase(std::string(1, table) + id);
  TRY_VOID(store::commit_and_wait(store_, std::move(batch)));
  std::lock_guard lock(mutex_);
  tokens_.erase(id);
  std::erase_if(hashes_, [&](const auto& entry) { return entry.second == id; });
  return {};
}

std::vector<Token> Tokens::list() const {
  std::lock_guard lock(mutex_);
  std::vector<Token> tokens;
  tokens.reserve(tokens_.size());
  for (const auto& [id, token] : tokens_) {
    tokens.push_back(token);
  }
  return tokens;
}

bool Tokens::empty() const {
  std::lock_guard lock(mutex_);
  return tokens_.empty();
}

std::optional<Token> Tokens::find(std::string_view secret) const {
  if (!secret.starts_with(prefix)) {
    return std::nullopt;
  }
  std::string hash = sha256(secret);
  std::lock_guard lock(mutex_);
  auto found = hashes_.find(hash);
  if (found == hashes_.end()) {
    return std::nullopt;
  }
  const Token& token = tokens_.at(found->second);
  if (token.expires && *token.expires <= clock_.now()) {
    return std::nullopt;
  }
  return token;
}

}  // namespace weft::api
