// What a node says about itself, on standard error: a line for each event, text where a person
// reads it, JSON for machines.
//
//     2026-11-24T17:05:13.000042Z info weft 0.1.0 is up url=http://127.0.0.1:8080
//     {"time":"2026-11-24T17:05:13.000042Z","level":"info","message":"weft 0.1.0 is up","url":"…"}
//
// Thread safety: any thread; a line is one write.
#pragma once

#include <nlohmann/json.hpp>
#include <string_view>

#include "manifest/node_config.h"

namespace weft::cli {

class NodeLog {
 public:
  using Level = manifest::NodeConfig::LogLevel;
  using Format = manifest::NodeConfig::LogFormat;

  NodeLog(Format format, Level lowest);

  void info(std::string_view message, const nlohmann::json& fields) const {
    write(Level::info, message, fields);
  }
  void warning(std::string_view message, const nlohmann::json& fields) const {
    write(Level::warning, message, fields);
  }

 private:
  void write(Level level, std::string_view message, const nlohmann::json& fields) const;

  bool as_json_;
  Level lowest_;
};

}  // namespace weft::cli
