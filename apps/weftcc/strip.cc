#include "strip.h"

#include <algorithm>
#include <map>

#include "process.h"
#include "wasm_file.h"

namespace weft::cc {

namespace {

constexpr std::string_view tool = "llvm-strip-22";

// The first line of an executable program, or nothing.
std::string first_line(const Bytes& bytes) {
  if (bytes.size() < 2 || bytes[0] != '#' || bytes[1] != '!') {
    return {};
  }
  auto end = std::ranges::find(bytes, static_cast<uint8_t>('\n'));
  return end == bytes.end() ? std::string() : std::string(bytes.begin(), end + 1);
}

}  // namespace

Result<int> strip(std::vector<std::string> arguments) {
  std::map<std::string, std::string> lines;  // taken off the files, to be put back
  for (const std::string& argument : arguments) {
    auto bytes = read_file(argument);
    if (!bytes) {
      continue;  // an option, or a file that llvm-strip will complain about
    }
    std::string line = first_line(*bytes);
    if (!line.empty()) {
      bytes->erase(bytes->begin(), bytes->begin() + std::ssize(line));
      TRY_VOID(write_file(argument, *bytes));
      lines[argument] = line;
    }
  }
  arguments.insert(arguments.begin(), std::string(tool));
  auto finished = run(arguments, Streams::pass_on);
  for (const auto& [path, line] : lines) {
    TRY(bytes, read_file(path));
    bytes.insert(bytes.begin(), line.begin(), line.end());
    TRY_VOID(write_file(path, bytes));
  }
  TRY(done, std::move(finished));
  return done.exit_code;
}

}  // namespace weft::cc
