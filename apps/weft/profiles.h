// Which server the commands of a node's client talk to, and as whom.
//
// ~/.config/weft/profiles.toml ($XDG_CONFIG_HOME/weft/profiles.toml):
//
//   [profile.work]
//   url = "https://weft.example:8443"
//   token = "weft_…"
//   ca = "/etc/ssl/work.pem"         certificates to trust; those of the system when left out
//   namespace = "shop"
//
// The first of these decides, with its own token: --server, --profile, $WEFT_SERVER, the profile
// `default`, a node on this machine. A profile's token goes to that profile's server alone.
// Thread safety: values; functions.
#pragma once

#include <filesystem>
#include <map>
#include <string>

#include "base/result.h"

namespace weft::cli {

struct Profile {
  std::string url;
  std::string token;
  std::string ca_file;
  std::string ns;
};

constexpr std::string_view local_server = "http://127.0.0.1:8080";

struct ServerChoice {
  std::string server;   // --server
  std::string profile;  // --profile
  std::string ca_file;  // --ca
  std::string ns;       // --namespace
};

// Errors: the file is there and wrong (with line and column); no such profile.
Result<Profile> choose_server(const ServerChoice& choice);

// Warns of a file with tokens that others may read.
Result<std::map<std::string, Profile>> read_profiles(const std::filesystem::path& file);

}  // namespace weft::cli
