// What of the world a guest is given on the command line: directories, variables, arguments, and
// the standard streams of weft. Thread safety: main thread only.
#pragma once

#include <chrono>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "command.h"
#include "faaslet/faaslet.h"
#include "faaslet/offered_imports.h"
#include "guest_api/log.h"
#include "wasi/config.h"

namespace weft::cli {

struct Grants {
  std::vector<wasi::GrantedDirectory> directories;
  std::vector<std::string> variables;  // "NAME=VALUE"
};

// What the program is told of the call that it serves: this run of it.
struct CallSettings {
  std::string function;  // the program's name
  std::optional<std::chrono::nanoseconds> timeout = {};
  guest_api::Level log_level = guest_api::Level::info;
};

// --dir, and for a program that starts also --env.
void declare_directories(CLI::App& app, Grants& grants);
void declare_variables(CLI::App& app, Grants& grants);
void declare_log_level(CLI::App& app, guest_api::Level& level);

// The granted directories are there and can be opened. Compiling comes after this, so that nobody
// waits for a typing error.
Result<void> check_directories(const Grants& grants);

// WASI with the grants, and the call with its log on standard error; `args` begin with the
// program's name. A write to a pipe that nobody reads ends the guest, and weft dies of SIGPIPE, as
// a native program would, unless that was ignored when weft started.
faaslet::ImportFactory import_factory(const Context& context, Grants grants,
                                      std::vector<std::string> args, CallSettings settings);

// Ended by a write to a pipe that nobody reads?
bool is_broken_pipe(const host::Outcome& outcome);

// What an unknown program may import.
Result<faaslet::OfferedImports> offered_imports(const Context& context);

}  // namespace weft::cli
