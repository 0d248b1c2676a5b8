#include "profiles.h"

#include <sys/stat.h>

#include <cstdlib>
#include <vector>

#include "base/suggestion.h"
#include "manifest/names.h"
#include "manifest/table_reader.h"
#include "messages.h"

namespace weft::cli {

namespace {

constexpr manifest::Key root_keys[] = {{"profile", "tables", "", ""}};
constexpr manifest::Key profile_keys[] = {{"url", "text", "required", ""},
                                          {"token", "text", "none", ""},
                                          {"ca", "text", "none", ""},
                                          {"namespace", "text", "default", ""}};

std::string variable(const char* name) {
  const char* value = std::getenv(name);
  return value == nullptr ? "" : value;
}

std::filesystem::path profiles_file() {
  if (std::string config = variable("XDG_CONFIG_HOME"); !config.empty()) {
    return std::filesystem::path(config) / "weft/profiles.toml";
  }
  return std::filesystem::path(variable("HOME")) / ".config/weft/profiles.toml";
}

Result<Profile> read_profile(const std::string& name, const manifest::Value& value) {
  TRY(table, manifest::TableReader::open(value, fmt::format("[profile.{}]", name), profile_keys));
  Profile profile;
  TRY_VOID(table.read("url", profile.url));
  TRY_VOID(table.read("token", profile.token));
  TRY_VOID(table.read("ca", profile.ca_file));
  TRY_VOID(table.read_parsed("namespace", profile.ns, [](std::string_view text) {
    return manifest::parse_name(text, "a namespace");
  }));
  if (profile.url.empty()) {
    return error(Error::Kind::invalid, "{}: [profile.{}] has no url; write url = \"https://HOST\"",
                 table.where(), name);
  }
  return profile;
}

Result<Profile> find_profile(const std::string& name) {
  std::filesystem::path file = profiles_file();
  TRY(profiles, read_profiles(file));
  auto found = profiles.find(name);
  if (found != profiles.end()) {
    return found->second;
  }
  std::vector<std::string_view> names;
  names.reserve(profiles.size());
  for (const auto& [known, profile] : profiles) {
    names.push_back(known);
  }
  return error(Error::Kind::not_found, "no profile {} in {}{}", name, file.string(),
               suggestion(name, names));
}

Result<Profile> choose_profile(const ServerChoice& choice) {
  std::string token = variable("WEFT_TOKEN");
  if (!choice.server.empty()) {
    return Profile{.url = choice.server, .token = token};
  }
  if (!choice.profile.empty()) {
    return find_profile(choice.profile);
  }
  if (std::string server = variable("WEFT_SERVER"); !server.empty()) {
    return Profile{.url = server, .token = token};
  }
  TRY(profiles, read_profiles(profiles_file()));
  Profile profile{.url = std::string(local_server)};
  if (auto found = profiles.find("default"); found != profiles.end()) {
    profile = found->second;
  }
  if (!token.empty()) {
    profile.token = token;
  }
  return profile;
}

}  // namespace

Result<std::map<std::string, Profile>> read_profiles(const std::filesystem::path& file) {
  std::map<std::string, Profile> profiles;
  struct stat status = {};
  if (stat(file.c_str(), &status) != 0) {
    return profiles;
  }
  TRY(text, manifest::read_document(file));
  TRY(root, manifest::parse_toml(text, file.string()));
  TRY(table, manifest::TableReader::open(root, "profiles", root_keys));
  const manifest::Value* all = table.find("profile");
  if (all == nullptr) {
    return profiles;
  }
  TRY(named, manifest::TableReader::open_named(*all, "[profile]"));
  bool has_token = false;
  for (const manifest::Member& member : named.members()) {
    TRY(profile, read_profile(member.key, member.value));
    has_token = has_token || !profile.token.empty();
    profiles[member.key] = std::move(profile);
  }
  if (has_token && (status.st_mode & 077) != 0) {
    warn("{} holds tokens and others may read it; chmod 600 {}", file.string(), file.string());
  }
  return profiles;
}

Result<Profile> choose_server(const ServerChoice& choice) {
  if (!choice.server.empty() && !choice.profile.empty()) {
    return error(Error::Kind::invalid, "--server and --profile both name a server; give one");
  }
  TRY(profile, choose_profile(choice));
  if (!choice.ca_file.empty()) {
    profile.ca_file = choice.ca_file;
  }
  std::string ns = choice.ns.empty() ? variable("WEFT_NAMESPACE") : choice.ns;
  if (!ns.empty()) {
    TRY(name, manifest::parse_name(ns, "a namespace"));
    profile.ns = name;
  }
  if (profile.ns.empty()) {
    profile.ns = "default";
  }
  return profile;
}

}  // namespace weft::cli
