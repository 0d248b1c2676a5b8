// A specification script as commands, whichever format it was read from: .wast text (text_reader.h)
// or the .json of wast2json (json_reader.h). Modules are binaries by now, or refused.
//
// Source: the script format of the specification's interpreter (WebAssembly/spec,
// interpreter/README.md, "Scripts"). Thread safety: values.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "wast/values.h"

namespace weft::wast {

// A module of a script. Text is turned into a binary when the script is read; when libwabt does not
// parse it, `refused` has its words and `bytes` is empty.
struct ModuleSource {
  std::vector<uint8_t> bytes;
  std::optional<std::string> refused;
};

struct Action {
  enum class Kind : uint8_t { invoke, get };
  Kind kind = Kind::invoke;
  std::string module;  // "$M"; empty: the last one
  std::string field;   // name of the export
  std::vector<Literal> args;
};

struct Command {
  enum class Kind : uint8_t {
    module,                 // source, name
    register_module,        // name, as
    action,                 // action
    assert_return,          // action, expected
    assert_trap,            // action, text
    assert_exhaustion,      // action, text
    assert_exception,       // action
    assert_malformed,       // source, text
    assert_invalid,         // source, text
    assert_unlinkable,      // source, text
    assert_uninstantiable,  // source, text
  };
  Kind kind = Kind::module;
  uint32_t line = 0;
  ModuleSource source;
  std::string name;  // of a module in the script, "$M"; may be empty
  std::string as;    // the name under which it offers its exports to later modules
  Action action;
  std::vector<Expected> expected;
  std::string text;  // of the failure that is expected
};

struct Script {
  std::vector<Command> commands;
};

std::string_view name(Command::Kind kind);

}  // namespace weft::wast
