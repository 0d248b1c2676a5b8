#include "wast/wast.h"

#include <algorithm>

#include "wast/converter.h"
#include "wast/json_reader.h"
#include "wast/read_file.h"
#include "wast/runner.h"
#include "wast/text_reader.h"

namespace weft::wast {

namespace {

Result<Script> read_script(const std::string& path, const Options& options) {
  if (path.ends_with(".json")) {
    return read_json(path);
  }
  TRY(bytes, read_file(path));
  auto script = read_wast({reinterpret_cast<const char*>(bytes.data()), bytes.size()});
  if (script || script.error().kind() != Error::Kind::unsupported) {
    return script;
  }
  std::string converter = options.wast2json.empty() ? find_converter() : options.wast2json;
  if (converter.empty()) {
    return error(Error::Kind::unsupported,
                 "libwabt 1.0.32 does not parse it ({}), and no newer wast2json is found: run "
                 "scripts/setup suites, or set WEFT_WAST2JSON",
                 script.error().message());
  }
  return convert(converter, path);
}

}  // namespace

size_t Summary::passed() const {
  return static_cast<size_t>(
      std::count_if(verdicts.begin(), verdicts.end(), [](const Verdict& v) { return v.passed; }));
}

Result<Summary> run_script(const std::string& path, const Options& options) {
  TRY(script, read_script(path, options));
  Runner runner(options);
  Summary summary;
  for (Command& command : script.commands) {
    summary.verdicts.push_back(runner.run(std::move(command)));
  }
  return summary;
}

}  // namespace weft::wast
